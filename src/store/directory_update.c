#include "directory_update.h"

#include <pthread.h>
#include <stdlib.h>

#include "directory_names.h"
#include "directory_remarks.h"

/* Sorting gets half for the statements, half for the names. */
#define MEMORY_DEFAULT ((size_t)192 << 20)
/* More than that is quicker built anew: each in its own place is a page or two to read and write. */
#define IN_PLACE_DEFAULT 20000
#define VALUE_MAX        ((size_t)64 << 20)
#define ARENA_MAX        ((size_t)64 << 20)
#define PROGRESS_EVERY   4096

struct directory_update {
	struct directory *directory;
	struct update_settings settings;
	pthread_mutex_t lock; /* of the sources */
	struct directory_sources sources;
	struct directory_head head; /* as it was, then as it will be */
	uint32_t replaced;          /* number; 0: none */
	uint64_t entries;           /* parties and names that are there */
	struct sorter sorter;
	struct changes changes;
	struct directory_target target;
	struct directory_names names;
	struct directory_remarks remarks;
	struct update_counts counts;
	struct arena arena; /* for one party */
	struct buf value;
};

/* How many names there will be is known once the parties are stored: until then, two for each. */
static void report_progress(void *context)
{
	const struct directory_update *update = context;
	const struct update_report *report = &update->settings.report;
	uint64_t statements = update->sorter.count, names = update->names.sorter.count;
	uint64_t old = update->target.building ? update->entries : 0;

	if (update->changes.done < statements && names < 2 * statements)
		names = 2 * statements;
	if (report->progress)
		report->progress(report->context,
				 update->changes.done + update->names.done + update->target.passed,
				 statements + names + old);
}

/* ---- beginning ---- */

/* What the update builds on. A directory that is to be built anew may be damaged. */
static enum directory_result look(struct directory_update *update)
{
	bool anew = update->settings.mode == UPDATE_REPLACE_ALL;
	struct directory_txn at = {.directory = update->directory};
	int code = mdb_txn_begin(update->directory->env, NULL, MDB_RDONLY, &at.txn);

	if (code)
		return csp_directory_result(code);
	bool whole = csp_directory_get_head(&update->head, &at) != COULD_NOT_TELL &&
		     csp_sources_load(&update->sources, &at);
	update->entries = csp_directory_count_entries(&at);
	mdb_txn_abort(at.txn);
	return whole || anew ? DIRECTORY_OK : DIRECTORY_FAILED;
}

static enum directory_result find_replaced(struct directory_update *update)
{
	if (update->settings.mode != UPDATE_REPLACE)
		return DIRECTORY_OK;
	return csp_directory_update_source(&update->replaced, update, update->settings.replaced);
}

static void forget_sources(struct directory_update *update)
{
	csp_sources_dispose(&update->sources);
	csp_sources_init(&update->sources);
	update->entries = 0;
}

static void init(struct directory_update *update)
{
	struct update_settings *settings = &update->settings;
	size_t memory = settings->memory ? settings->memory : MEMORY_DEFAULT;
	int folder = update->directory->folder;

	if (!settings->in_place_max)
		settings->in_place_max = IN_PLACE_DEFAULT;
	(void)pthread_mutex_init(&update->lock, NULL);
	csp_sources_init(&update->sources);
	csp_sorter_init(&update->sorter, folder, memory / 2);
	csp_changes_init(&update->changes, &update->sorter, &settings->report);
	csp_names_init(&update->names, folder, memory / 2);
	update->names.counts = &update->counts;
	update->names.report = &settings->report;
	update->names.tick = report_progress;
	update->names.context = update;
	csp_remarks_init(&update->remarks, settings, &update->counts);
	csp_arena_init(&update->arena, ARENA_MAX);
	csp_buf_init(&update->value, VALUE_MAX);
}

enum directory_result csp_directory_update_begin(struct directory_update **out,
						 struct directory *directory,
						 const struct update_settings *settings)
{
	struct directory_update *update = calloc(1, sizeof(*update));

	*out = NULL;
	if (!update)
		return DIRECTORY_FAILED;
	update->directory = directory;
	update->settings = *settings;
	init(update);
	enum directory_result result = csp_directory_lock(directory, settings->wait);
	if (result == DIRECTORY_OK)
		result = look(update);
	if (result == DIRECTORY_OK && settings->mode == UPDATE_REPLACE_ALL)
		forget_sources(update);
	if (result == DIRECTORY_OK)
		result = find_replaced(update);
	if (result == DIRECTORY_OK)
		*out = update;
	else
		csp_directory_update_abort(update);
	return result;
}

enum directory_result csp_directory_update_source(uint32_t *out, struct directory_update *update,
						  struct span name)
{
	enum directory_result result = DIRECTORY_OK;

	*out = 0;
	if (!csp_source_is_name(name))
		return DIRECTORY_REFUSED;
	(void)pthread_mutex_lock(&update->lock);
	struct source *source = csp_sources_find(&update->sources, name);
	if (!source)
		source = csp_sources_add(&update->sources, name);
	if (source) {
		source->updated = update->settings.now;
		*out = source->number;
	} else {
		result = DIRECTORY_FAILED;
	}
	(void)pthread_mutex_unlock(&update->lock);
	return result;
}

enum directory_result csp_directory_update_add(struct directory_update *update, struct span bytes)
{
	return csp_directory_result(csp_sorter_add(&update->sorter, bytes));
}

void csp_directory_update_keep_unnamed(struct directory_update *update)
{
	update->replaced = 0;
}

/* ---- storing ---- */

static enum directory_result take_claim(void *context, const struct party_claim *claim)
{
	struct directory_update *update = context;

	return csp_names_add(&update->names, claim);
}

/* A party's value as it will be, and what is to be said of it. */
static enum directory_result store_party(struct directory_update *update,
					 const struct party_changes *changes, struct span before,
					 uint32_t dropped)
{
	const struct party_merge merge = {
		.changes = changes,
		.before = before,
		.dropped = dropped,
		.state = update->head.state + 1,
		.sources = &update->sources,
		.arena = &update->arena,
		.claim = take_claim,
		.context = update,
	};

	csp_arena_reset(&update->arena);
	enum directory_result result = csp_party_merge(&update->value, &merge);
	if (result != DIRECTORY_OK)
		return result;
	struct span after = csp_buf_span(&update->value);
	update->counts.removed += before.len > 0 && after.len == 0;
	if (changes->count > 0 && changes->type == STATEMENT_CUSTOMER &&
	    !csp_remarks_customer(&update->remarks, changes, after))
		return DIRECTORY_FAILED;
	return csp_target_put(&update->target, changes->party, after);
}

static enum directory_result store_changes(struct directory_update *update,
					   const struct party_changes *changes)
{
	struct span before;
	enum directory_result result = csp_target_seek(&before, &update->target, changes->party);

	if (result != DIRECTORY_OK)
		return result;
	return store_party(update, changes, before, update->replaced);
}

static enum directory_result add_exclusions(struct directory_update *update,
					    const struct party_changes *changes)
{
	enum directory_result result = DIRECTORY_OK;

	for (size_t i = 0; i < changes->count && result == DIRECTORY_OK; i++)
		result = csp_names_add_exclusion(&update->names, changes->party,
						 changes->items[i].source, changes->items[i].place);
	update->counts.exclusions += changes->count > 0;
	return result;
}

/* An entry that no change came for, whose replaced source has not spoken of it anew. */
struct sweeper {
	struct directory_update *update;
	enum statement_type type;
};

static enum directory_result is_left_over(bool *out, void *context, struct span key,
					  struct span value)
{
	const struct sweeper *sweeper = context;
	const struct directory_update *update = sweeper->update;
	struct codec_reader reader;
	struct facts_block block;

	*out = false;
	if (!csp_codec_open(&reader, csp_party_table(sweeper->type), key, value))
		return DIRECTORY_FAILED;
	while (csp_facts_next_block(&block, &reader)) {
		if (block.source == update->replaced && block.generation <= update->head.state)
			*out = true;
	}
	return reader.failed ? DIRECTORY_FAILED : DIRECTORY_OK;
}

static enum directory_result drop_left_over(void *context, struct span key, struct span value)
{
	const struct sweeper *sweeper = context;
	const struct party_changes nothing = {.type = sweeper->type, .party = key};

	return store_party(sweeper->update, &nothing, value, sweeper->update->replaced);
}

/* All parties of one type; *party is read ahead, with *code as csp_changes_next gave it. */
static enum directory_result store_parties(struct directory_update *update,
					   struct party_changes *party, int *code,
					   enum statement_type type)
{
	struct sweeper sweeper = {update, type};
	const struct target_sweep sweep = {is_left_over, drop_left_over, &sweeper};
	uint64_t *counter =
		type == STATEMENT_CUSTOMER ? &update->counts.customers : &update->counts.partners;

	update->target.sweep = update->replaced ? &sweep : NULL;
	enum directory_result result =
		csp_target_open_table(&update->target, csp_party_table(type));
	while (result == DIRECTORY_OK && !*code && party->type == type) {
		if (party->count > 0) {
			result = store_changes(update, party);
			++*counter;
		}
		if (*counter % PROGRESS_EVERY == 0)
			report_progress(update);
		*code = csp_changes_next(party, &update->changes);
	}
	if (result == DIRECTORY_OK)
		result = csp_target_close_table(&update->target);
	update->target.sweep = NULL;
	return result;
}

static enum directory_result store_all(struct directory_update *update)
{
	struct party_changes party;
	int code = csp_changes_next(&party, &update->changes);
	enum directory_result result = store_parties(update, &party, &code, STATEMENT_CUSTOMER);

	if (result == DIRECTORY_OK)
		result = store_parties(update, &party, &code, STATEMENT_PARTNER);
	while (result == DIRECTORY_OK && !code) {
		result = add_exclusions(update, &party);
		code = csp_changes_next(&party, &update->changes);
	}
	if (result == DIRECTORY_OK && code != SORTER_END)
		result = csp_directory_result(code);
	return result;
}

/* What a source that is replaced has excluded goes; what it excludes now is in the changes. */
static enum directory_result drop_exclusions(struct directory_update *update)
{
	const struct source *source = csp_sources_at(&update->sources, update->replaced);
	const struct directory_txn *at =
		update->target.building ? &update->target.before : &update->target.at;

	if (!source || !source->exclusions || !at->txn)
		return DIRECTORY_OK;
	return csp_names_drop_exclusions(&update->names, at, SPAN_LIT(""), update->replaced);
}

static enum directory_result store(struct directory_update *update)
{
	int code = csp_sorter_sort(&update->sorter);

	if (code)
		return csp_directory_result(code);
	enum directory_result result = store_all(update);
	if (result == DIRECTORY_OK)
		result = drop_exclusions(update);
	if (result == DIRECTORY_OK)
		result = csp_names_store(&update->names, &update->target, &update->sources);
	return result;
}

static enum directory_result begin_target(struct directory_update *update)
{
	const struct update_settings *settings = &update->settings;
	const struct source *replaced = csp_sources_at(&update->sources, update->replaced);
	uint64_t touched = update->sorter.count;

	if (settings->mode == UPDATE_REPLACE_ALL)
		return csp_target_begin_anew(&update->target, update->directory, false);
	if (replaced)
		touched += replaced->customers + replaced->partners;
	if (touched <= settings->in_place_max)
		return csp_target_begin(&update->target, update->directory);
	return csp_target_begin_anew(&update->target, update->directory, true);
}

/* ---- the end ---- */

static enum directory_result commit(struct directory_update *update)
{
	if (update->settings.dry_run)
		return DIRECTORY_OK;
	update->head.state++;
	update->head.updated = update->settings.now;
	return csp_target_commit(&update->target, &update->head, &update->sources);
}

static enum directory_result finish(struct directory_update *update)
{
	enum directory_result result = begin_target(update);
	if (result == DIRECTORY_OK)
		result = store(update);
	if (result == DIRECTORY_OK)
		result = csp_remarks_finish(&update->remarks, &update->target.at);
	report_progress(update);
	if (result == DIRECTORY_OK && update->settings.strict && update->changes.refused > 0)
		result = DIRECTORY_REFUSED;
	return result == DIRECTORY_OK ? commit(update) : result;
}

enum directory_result csp_directory_update_finish(struct update_counts *out,
						  struct directory_update *update)
{
	enum directory_result result = csp_directory_full_or(finish(update), update->directory);

	*out = update->counts;
	csp_directory_update_abort(update);
	return result;
}

/* What was said of a party ends by the road of every change: one that names no source. */
static enum directory_result remove_party(struct directory_update *update, enum statement_type type,
					  struct span party, uint32_t dropped)
{
	const struct party_changes nothing = {.type = type, .party = party};
	struct span before;
	enum directory_result result =
		csp_target_open_table(&update->target, csp_party_table(type));

	if (result == DIRECTORY_OK)
		result = csp_target_seek(&before, &update->target, party);
	if (result != DIRECTORY_OK || before.len == 0)
		return result;
	size_t len = before.len;
	result = store_party(update, &nothing, before, dropped);
	update->counts.removed = update->value.len != len;
	return result;
}

static enum directory_result remove_by_id(struct directory_update *update, enum statement_type type,
					  struct span id, uint32_t dropped)
{
	struct buf party;

	if (id.len == 0 || id.len > CODEC_ID_MAX)
		return DIRECTORY_OK;
	csp_buf_init(&party, 1 + CODEC_ID_MAX);
	csp_codec_id(&party, id);
	enum directory_result result = DIRECTORY_FAILED;
	if (!csp_buf_failed(&party))
		result = remove_party(update, type, csp_buf_span(&party), dropped);
	csp_buf_dispose(&party);
	return result;
}

static enum directory_result remove_one(struct directory_update *update, enum statement_type type,
					struct span id, uint32_t dropped)
{
	enum directory_result result = csp_target_begin(&update->target, update->directory);

	if (result != DIRECTORY_OK)
		return result;
	if (type != STATEMENT_EXCLUSION)
		return remove_by_id(update, type, id, dropped);
	result = csp_names_drop_exclusions(&update->names, &update->target.at, id, dropped);
	update->counts.removed = update->names.sorter.count > 0;
	return result;
}

/* A source that is not known has said nothing. */
enum directory_result csp_directory_update_remove(bool *found, struct directory_update *update,
						  enum statement_type type, struct span id,
						  struct span source)
{
	const struct source *known = csp_sources_find(&update->sources, source);
	enum directory_result result = DIRECTORY_OK;

	if (known || source.len == 0)
		result = remove_one(update, type, id, known ? known->number : SOURCE_EVERY);
	*found = result == DIRECTORY_OK && update->counts.removed > 0;
	if (*found)
		result = csp_names_store(&update->names, &update->target, &update->sources);
	if (*found && result == DIRECTORY_OK)
		result = commit(update);
	csp_directory_update_abort(update);
	return result;
}

void csp_directory_update_abort(struct directory_update *update)
{
	if (!update)
		return;
	if (update->target.directory)
		csp_target_abort(&update->target);
	csp_remarks_dispose(&update->remarks);
	csp_changes_dispose(&update->changes);
	csp_names_dispose(&update->names);
	csp_sorter_dispose(&update->sorter);
	csp_sources_dispose(&update->sources);
	csp_arena_dispose(&update->arena);
	csp_buf_dispose(&update->value);
	(void)pthread_mutex_destroy(&update->lock);
	csp_directory_unlock(update->directory);
	free(update);
}
