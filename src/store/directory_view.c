#include "directory_view.h"

#include "directory_sources.h"
#include "facts.h"

#define WALK_MEMORY ((size_t)256 << 20)

static uint64_t count_of(const struct directory_read *read, enum codec_table table)
{
	MDB_stat shape;

	if (mdb_stat(read->at.txn, csp_directory_table(&read->at, table), &shape) != 0)
		return 0;
	return shape.ms_entries;
}

static bool copy_sources(struct directory_stats *out, struct arena *arena,
			 const struct directory_sources *sources)
{
	struct directory_source *items = csp_arena_alloc(arena, sources->count, sizeof(*items));

	if (!items)
		return false;
	for (size_t i = 0; i < sources->count; i++) {
		const struct source *source = &sources->items[i];
		items[i] = (struct directory_source){
			.customers = source->customers,
			.partners = source->partners,
			.exclusions = source->exclusions,
			.updated = source->updated,
		};
		if (!csp_arena_copy(arena, &items[i].name, source->name))
			return false;
		out->exclusions += source->exclusions;
	}
	out->sources = items;
	out->source_count = sources->count;
	return true;
}

static bool read_stats(struct directory_stats *out, struct directory_read *read,
		       struct arena *arena)
{
	struct directory_sources sources;
	struct directory_head head;

	if (csp_directory_get_head(&head, &read->at) == COULD_NOT_TELL)
		return false;
	*out = (struct directory_stats){
		.state = head.state,
		.customers = count_of(read, TABLE_CUSTOMERS),
		.partners = count_of(read, TABLE_PARTNERS),
		.domains = count_of(read, TABLE_DOMAINS),
		.addresses = count_of(read, TABLE_ADDRESSES),
		.updated = head.updated,
	};
	csp_sources_init(&sources);
	bool done = csp_sources_load(&sources, &read->at) && copy_sources(out, arena, &sources);
	csp_sources_dispose(&sources);
	return done;
}

enum directory_result csp_directory_stats(struct directory_stats *out, struct directory_read *read,
					  struct arena *arena)
{
	*out = (struct directory_stats){0};
	return read_stats(out, read, arena) ? DIRECTORY_OK : DIRECTORY_FAILED;
}

struct statement_list {
	struct directory_statement *items;
	size_t count, cap;
};

static bool add_statement(struct statement_list *list, struct arena *arena, enum entry_type type,
			  const struct facts_block *block)
{
	void *items = list->items;
	struct span party, names;

	if (!csp_arena_grow(arena, &items, &list->cap, list->count, sizeof(*list->items)) ||
	    !csp_arena_copy(arena, &party, block->party) ||
	    !csp_arena_copy(arena, &names, block->names))
		return false;
	list->items = items;
	struct directory_entry *entry = &list->items[list->count++].entry;
	return csp_facts_decode_party(entry, arena, type, party) &&
	       csp_facts_decode_names(entry, arena, names);
}

/* A party's value: what is known of the key that it stands under. */
struct stored_party {
	enum entry_type type;
	struct span key, value;
};

static enum codec_table table_of(enum entry_type type)
{
	return type == ENTRY_CUSTOMER ? TABLE_CUSTOMERS : TABLE_PARTNERS;
}

static bool read_statements(struct directory_statements *out, struct arena *arena,
			    const struct directory_sources *sources,
			    const struct stored_party *party)
{
	struct statement_list list = {0};
	struct codec_reader reader;
	struct facts_block block;
	struct span id;

	if (!csp_codec_open(&reader, table_of(party->type), party->key, party->value) ||
	    !csp_codec_unpack_id(&id, arena, party->key))
		return false;
	while (csp_facts_next_block(&block, &reader)) {
		const struct source *source = csp_sources_at(sources, block.source);
		if (!source || !add_statement(&list, arena, party->type, &block))
			return false;
		struct directory_statement *last = &list.items[list.count - 1];
		last->entry.customer.customer.id = last->entry.partner.partner.id = id;
		if (!csp_arena_copy(arena, &last->source, source->name))
			return false;
	}
	*out = (struct directory_statements){list.items, list.count};
	return !reader.failed && list.count > 0;
}

enum found csp_directory_statements(struct directory_statements *out, struct directory_read *read,
				    struct arena *arena, enum entry_type type, struct span id)
{
	char buffer[1 + CODEC_ID_MAX];
	struct stored_party party = {.type = type, .key = csp_codec_pack_id(buffer, id)};
	struct directory_sources sources;

	*out = (struct directory_statements){0};
	enum found found = csp_directory_get(&party.value, &read->at, table_of(type), party.key);
	if (found != FOUND)
		return found;
	csp_sources_init(&sources);
	bool whole = csp_sources_load(&sources, &read->at) &&
		     read_statements(out, arena, &sources, &party);
	csp_sources_dispose(&sources);
	return whole ? FOUND : COULD_NOT_TELL;
}

static bool list_exclusions(struct spans *out, struct arena *arena,
			    const struct directory_sources *sources, const struct claims *claims)
{
	struct span *items = csp_arena_alloc(arena, claims->count, sizeof(*items));

	if (!items)
		return false;
	for (size_t i = 0; i < claims->count; i++) {
		if (claims->items[i].kind != CLAIM_EXCLUSION)
			continue;
		const struct source *source = csp_sources_at(sources, claims->items[i].source);
		if (!source || !csp_arena_copy(arena, &items[out->count], source->name))
			return false;
		out->count++;
	}
	out->items = items;
	return true;
}

enum found csp_directory_exclusion(struct spans *out, struct directory_read *read,
				   struct arena *arena, struct span domain)
{
	struct claims *claims = csp_arena_alloc(arena, 1, sizeof(*claims));
	struct directory_sources sources;
	struct span value;

	*out = (struct spans){0};
	enum found found = csp_directory_get(&value, &read->at, TABLE_DOMAINS, domain);
	if (found != FOUND)
		return found;
	csp_sources_init(&sources);
	bool whole = claims && csp_claims_decode(claims, TABLE_DOMAINS, domain, value) &&
		     csp_sources_load(&sources, &read->at) &&
		     list_exclusions(out, arena, &sources, claims);
	csp_sources_dispose(&sources);
	if (!whole)
		return COULD_NOT_TELL;
	return out->count ? FOUND : NOT_FOUND;
}

struct walk {
	struct directory_read *read;
	struct directory_sources sources;
	struct arena arena; /* for one entry */
	enum entry_type type;
	directory_visit *visit;
	directory_visit_exclusion *visit_exclusion;
	void *context;
};

/* What ends a walk that the visitor has seen enough of: no entry gives it. */
#define SEEN_ENOUGH DIRECTORY_REFUSED

static enum directory_result visit_party(void *context, struct span key, struct span value)
{
	struct walk *walk = context;
	const struct stored_party party = {walk->type, key, value};
	struct directory_statements statements;

	csp_arena_reset(&walk->arena);
	if (!read_statements(&statements, &walk->arena, &walk->sources, &party))
		return DIRECTORY_FAILED;
	return walk->visit(walk->context, walk->type,
			   statements.items[0].entry.customer.customer.id, &statements)
		       ? DIRECTORY_OK
		       : SEEN_ENOUGH;
}

static enum directory_result visit_exclusions(void *context, struct span key, struct span value)
{
	struct walk *walk = context;
	enum directory_result result = DIRECTORY_OK;

	csp_arena_reset(&walk->arena);
	struct claims *claims = csp_arena_alloc(&walk->arena, 1, sizeof(*claims));
	if (!claims || !csp_claims_decode(claims, TABLE_DOMAINS, key, value))
		return DIRECTORY_FAILED;
	for (size_t i = 0; i < claims->count && result == DIRECTORY_OK; i++) {
		if (claims->items[i].kind != CLAIM_EXCLUSION)
			continue;
		const struct source *source =
			csp_sources_at(&walk->sources, claims->items[i].source);
		if (!source)
			return DIRECTORY_FAILED;
		if (!walk->visit_exclusion(walk->context, source->name, key))
			result = SEEN_ENOUGH;
	}
	return result;
}

static bool walk_begin(struct walk *walk)
{
	csp_sources_init(&walk->sources);
	csp_arena_init(&walk->arena, WALK_MEMORY);
	return csp_sources_load(&walk->sources, &walk->read->at);
}

static void walk_end(struct walk *walk)
{
	csp_sources_dispose(&walk->sources);
	csp_arena_dispose(&walk->arena);
}

enum directory_result csp_directory_walk(struct directory_read *read, directory_visit *visit,
					 void *context)
{
	struct walk walk = {
		.read = read, .type = ENTRY_CUSTOMER, .visit = visit, .context = context};
	enum directory_result result = walk_begin(&walk) ? DIRECTORY_OK : DIRECTORY_FAILED;

	if (result == DIRECTORY_OK)
		result = csp_directory_each(&read->at, TABLE_CUSTOMERS, visit_party, &walk);
	walk.type = ENTRY_PARTNER;
	if (result == DIRECTORY_OK)
		result = csp_directory_each(&read->at, TABLE_PARTNERS, visit_party, &walk);
	walk_end(&walk);
	return result == SEEN_ENOUGH ? DIRECTORY_OK : result;
}

enum directory_result csp_directory_walk_exclusions(struct directory_read *read,
						    directory_visit_exclusion *visit, void *context)
{
	struct walk walk = {.read = read, .visit_exclusion = visit, .context = context};
	enum directory_result result = walk_begin(&walk) ? DIRECTORY_OK : DIRECTORY_FAILED;
	bool any = false;

	for (size_t i = 0; i < walk.sources.count; i++)
		any = any || walk.sources.items[i].exclusions > 0;
	if (result == DIRECTORY_OK && any)
		result = csp_directory_each(&read->at, TABLE_DOMAINS, visit_exclusions, &walk);
	walk_end(&walk);
	return result == SEEN_ENOUGH ? DIRECTORY_OK : result;
}
