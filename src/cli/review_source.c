#include "review_source.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "opt.h"
#include "privacy.h"
#include "progress.h"
#include "record.h"
#include "review_folder.h"
#include "review_tail.h"

#define REVIEWER_SIZE 64
#define FOLDER_MAX    ((size_t)16 << 20)
#define RELATED_MAX   20 /* decisions about one message */

static int journal_error(const char *path)
{
	int error = errno;

	csp_cli_error("%s: %s", path, strerror(error));
	switch (error) {
	case EACCES:
	case EPERM:
		return EX_NOPERM;
	case ENOMEM:
		return EX_OSERR;
	case EIO:
		return EX_IOERR;
	default:
		return EX_NOINPUT;
	}
}

static int marks_error(const struct review_marks *marks, const char *path)
{
	csp_cli_error("%s: %s", path, csp_review_marks_error(marks));
	return access(path, R_OK) != 0 && errno == EACCES ? EX_NOPERM : EX_IOERR;
}

static int index_error(const struct review_source *source)
{
	csp_cli_error("%s: %s", source->conf->index, csp_review_index_error(source->index));
	return EX_IOERR;
}

/* ---- opening ---- */

/* The journal of the configuration, with the files it was before. */
static int list_journals(struct review_source *source)
{
	const char *journal = source->conf->journal.path;
	struct review_folder_file *files = NULL;
	size_t count = 0;

	if (!csp_review_folder_list(&files, &count, &source->arena, journal))
		return journal_error(journal);
	if (count == 0) {
		errno = ENOENT;
		return journal_error(journal);
	}
	const char **paths = csp_arena_alloc(&source->arena, count, sizeof(*paths));
	if (!paths)
		return csp_cli_no_memory();
	for (size_t i = 0; i < count; i++)
		paths[i] = files[i].path;
	source->journals = paths;
	source->journal_count = count;
	return EX_OK;
}

static int read_conf(struct review_source *source, const struct review_call *call)
{
	int status = csp_cli_conf_status(
		csp_conf_read(&source->conf, call->conf, csp_cli_report_conf, NULL));

	if (status == EX_OK && !source->marks_path)
		source->marks_path = source->conf->marks;
	return status;
}

static void show_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
	csp_progress_show(context, what, done, total, "");
}

static void tell_trouble(void *context, const char *path, int error)
{
	csp_progress_clear(context);
	csp_cli_error("%s: %s; passed over", path, strerror(error));
}

static enum review_index_result update_index(struct review_index_report *report,
					     const struct review_source *source, bool rebuild)
{
	struct progress progress;
	const struct review_index_call call = {
		.journal = source->conf->journal.path,
		.rebuild = rebuild,
		.progress = show_progress,
		.trouble = tell_trouble,
		.context = &progress,
	};

	csp_progress_init(&progress);
	enum review_index_result result = csp_review_index_update(report, source->index, &call);
	csp_progress_clear(&progress);
	return result;
}

static void close_index(struct review_source *source)
{
	csp_review_index_close(source->index);
	source->index = NULL;
}

static void use_index(struct review_source *source)
{
	struct review_index_report report = {0};
	enum review_index_result result;

	result = csp_review_index_open(&source->index, source->conf->index,
				       source->marks ? source->marks_path : NULL);
	if (result == REVIEW_INDEX_OK)
		result = update_index(&report, source, false);
	if (result == REVIEW_INDEX_FAILED) {
		csp_cli_error("%s: %s; the journal is read through, which takes longer",
			      source->conf->index, csp_review_index_error(source->index));
		close_index(source);
	} else if (!csp_review_index_is_complete(source->index) ||
		   csp_review_index_count(&source->decisions, source->index) != REVIEW_INDEX_OK) {
		csp_cli_error("%s is being made; the journal is read through, which takes longer",
			      source->conf->index);
		close_index(source);
	} else if (result == REVIEW_INDEX_BUSY) {
		csp_cli_error("somebody else is bringing the index up to date: the newest "
			      "decisions may be missing");
	}
}

int csp_review_source_open(struct review_source *out, const struct review_call *call)
{
	int status = EX_OK;

	*out = (struct review_source){.journals = call->journals,
				      .journal_count = call->journal_count,
				      .marks_path = call->marks};
	csp_arena_init(&out->arena, FOLDER_MAX);
	if (call->journal_count == 0) {
		status = read_conf(out, call);
		if (status == EX_OK)
			status = list_journals(out);
	}
	if (status == EX_OK && out->marks_path &&
	    csp_review_marks_open(&out->marks, out->marks_path, false) == REVIEW_MARKS_FAILED)
		status = marks_error(out->marks, out->marks_path);
	if (status == EX_OK && !call->unindexed && out->conf && out->conf->index[0] != '\0')
		use_index(out);
	return status;
}

static int hide_address(struct review_source *source, struct span *address)
{
	size_t at = csp_span_find(*address, '@');
	const char *key = source->conf->journal.privacy_key;
	struct buf hidden;

	if (at == 0 || at == address->len)
		return EX_OK;
	struct privacy *privacy = csp_privacy_new(key);
	if (!privacy) {
		csp_cli_error("%s: %s; the journal holds keyed hashes of addresses, and without "
			      "the key only domains can be looked for",
			      key, strerror(errno));
		return EX_NOPERM;
	}
	const struct record_options options = {.hide = csp_privacy_hide, .context = privacy};
	csp_buf_init(&hidden, FOLDER_MAX);
	csp_record_append_address(&hidden, &options, *address);
	bool ok = !csp_buf_failed(&hidden) &&
		  csp_arena_copy(&source->arena, address, csp_buf_span(&hidden));
	csp_buf_dispose(&hidden);
	csp_privacy_free(privacy);
	return ok ? EX_OK : csp_cli_no_memory();
}

int csp_review_source_hide(struct review_source *source, struct review_call *call)
{
	int status;

	if (!source->conf || source->conf->journal.privacy == PRIVACY_FULL)
		return EX_OK;
	if (call->filter.subject.len > 0)
		return csp_cli_usage("review", "the journal holds keyed hashes of subjects: they "
					       "cannot be looked for");
	status = hide_address(source, &call->filter.from);
	return status == EX_OK ? hide_address(source, &call->filter.to) : status;
}

void csp_review_source_close(struct review_source *source)
{
	close_index(source);
	csp_review_marks_close(source->marks);
	csp_conf_free(source->conf);
	csp_arena_dispose(&source->arena);
}

/* ---- records and what was said of them ---- */

static bool set_text(json_t *object, const char *name, struct span text)
{
	return json_object_set_new(object, name, json_stringn(text.data, text.len)) == 0;
}

static bool set_mark(json_t *record, const struct review_mark *mark)
{
	json_t *object = json_object();
	bool set = object && set_text(object, "verdict", mark->verdict) &&
		   set_text(object, "note", mark->note) &&
		   set_text(object, "reviewer", mark->reviewer) &&
		   json_object_set_new(object, "time", json_integer(mark->time)) == 0;

	return json_object_set_new(record, "mark", set ? object : json_null()) == 0 && set;
}

/* False: it failed. */
static bool join_mark(bool *marked, const struct review_source *source, json_t *record)
{
	struct span id = csp_review_text(record, "decision");
	struct review_mark mark;

	*marked = false;
	if (id.len == 0 || !source->marks)
		return true;
	enum review_marks_result found = csp_review_marks_find(&mark, source->marks, id);
	*marked = found == REVIEW_MARKS_OK;
	return found != REVIEW_MARKS_FAILED && (!*marked || set_mark(record, &mark));
}

/* Each record on its way from the journal to whoever asked. */
struct joining {
	const struct review_source *source;
	const struct review_call *call;
	struct review_counts *counts;
	csp_review_each *each;
	void *context;
	bool failed;
};

static bool join(void *context, json_t *record)
{
	struct joining *joining = context;
	const struct review_call *call = joining->call;
	bool marked;

	if (!join_mark(&marked, joining->source, record)) {
		joining->failed = true;
		return false;
	}
	if (csp_review_outcome_of(record).len == 0 &&
	    ((call->reviewed && !marked) || (call->unreviewed && marked))) {
		joining->counts->shown--;
		return true;
	}
	return joining->each(joining->context, record);
}

int csp_review_source_read(struct review_counts *counts, const struct review_source *source,
			   const struct review_call *call, csp_review_each *each, void *context)
{
	struct joining joining = {source, call, counts, each, context, false};
	int status = EX_OK;

	for (size_t i = 0; status == EX_OK && i < source->journal_count; i++) {
		const char *path = source->journals[i];
		bool read = csp_review_read(counts, path, &call->filter, join, &joining);
		/* As by the index: one that is old and damaged is passed over. */
		if (!read && source->conf && strcmp(path, source->conf->journal.path) != 0)
			csp_cli_error("%s: %s; passed over", path, strerror(errno));
		else if (!read)
			status = journal_error(path);
		if (joining.failed)
			status = marks_error(source->marks, source->marks_path);
	}
	return status;
}

/* ---- by the index ---- */

static enum review_index_result fetch(json_t **out, const struct review_source *source,
				      int64_t number, bool whole)
{
	return (whole ? csp_review_index_record : csp_review_index_row)(out, source->index, number);
}

/* Gives each of the numbers, the last one first where that is the order of time. */
static int give_all(struct review_counts *counts, const struct review_source *source,
		    const struct review_numbers *numbers, bool backwards, bool whole,
		    csp_review_each *each, void *context)
{
	bool more = true, marked;

	for (size_t i = 0; more && i < numbers->count; i++) {
		size_t at = backwards ? numbers->count - 1 - i : i;
		json_t *record;

		if (fetch(&record, source, numbers->items[at], whole) != REVIEW_INDEX_OK)
			return index_error(source);
		if (!record) {
			counts->gone++;
			continue;
		}
		if (!join_mark(&marked, source, record)) {
			json_decref(record);
			return marks_error(source->marks, source->marks_path);
		}
		counts->shown++;
		more = each(context, record);
		json_decref(record);
	}
	return EX_OK;
}

int csp_review_source_select(struct review_counts *counts, const struct review_source *source,
			     const struct review_query *query, bool whole, csp_review_each *each,
			     void *context)
{
	struct review_numbers numbers = {.items = NULL};
	int status;

	if (csp_review_index_select(&numbers, source->index, query) != REVIEW_INDEX_OK)
		return index_error(source);
	counts->records = source->decisions;
	counts->more = numbers.more;
	status = give_all(counts, source, &numbers, query->order == REVIEW_BY_TIME, whole, each,
			  context);
	free(numbers.items);
	return status;
}

/* ---- verdicts ---- */

struct telling {
	csp_review_each_fact *each;
	void *context;
	uint64_t sequence;
};

static bool tell_facts(void *context, json_t *record)
{
	struct telling *telling = context;

	return csp_review_outcome_of(record).len > 0 ||
	       csp_review_facts_of(record, ++telling->sequence, telling->each, telling->context);
}

int csp_review_source_facts(struct review_counts *counts, const struct review_source *source,
			    const struct review_call *call, csp_review_each_fact *each,
			    void *context)
{
	struct telling telling = {each, context, 0};
	const struct review_query query = {.filter = &call->filter,
					   .reviewed = call->reviewed,
					   .unreviewed = call->unreviewed};

	if (!source->index)
		return csp_review_source_read(counts, source, call, tell_facts, &telling);
	if (csp_review_index_facts(source->index, &query, each, context) == REVIEW_INDEX_OK)
		return EX_OK;
	return index_error(source);
}

/* ---- related decisions ---- */

struct relating {
	const json_t *record;
	csp_review_each *each;
	void *context;
};

static bool is_same(const json_t *a, const json_t *b, const char *name)
{
	struct span text = csp_review_text(a, name);

	return text.len > 0 && csp_span_equal(text, csp_review_text(b, name));
}

static bool relate(void *context, json_t *record)
{
	const struct relating *relating = context;

	if (is_same(record, relating->record, "decision"))
		return true;
	if (csp_review_outcome_of(record).len == 0 &&
	    !is_same(record, relating->record, "queue_id") &&
	    !is_same(record, relating->record, "message_id"))
		return true;
	return relating->each(relating->context, record);
}

int csp_review_source_related(const struct review_source *source, const struct review_call *call,
			      const json_t *record, csp_review_each *each, void *context)
{
	struct relating relating = {record, each, context};
	const struct review_call all = {
		.filter = {.since = INT64_MIN, .until = INT64_MAX, .outcomes = true},
		.conf = call->conf,
	};
	struct review_numbers numbers = {.items = NULL};
	struct review_counts counts = {0};
	int status;

	if (!source->index)
		return csp_review_source_read(&counts, source, &all, relate, &relating);
	if (csp_review_index_related(&numbers, source->index, csp_review_text(record, "queue_id"),
				     csp_review_text(record, "message_id"),
				     RELATED_MAX) != REVIEW_INDEX_OK)
		return index_error(source);
	status = give_all(&counts, source, &numbers, true, true, relate, &relating);
	free(numbers.items);
	return status;
}

/* ---- the verbs that are about the files themselves ---- */

int csp_review_source_index(const struct review_call *call)
{
	struct review_index_report report = {0};
	struct review_source source = {.marks_path = call->marks};
	enum review_index_result result = REVIEW_INDEX_FAILED;
	int status;

	if (call->journal_count > 0)
		return csp_cli_usage("review", "the index is of the configuration's journal");
	csp_arena_init(&source.arena, FOLDER_MAX);
	status = read_conf(&source, call);
	if (status == EX_OK && source.conf->index[0] == '\0') {
		csp_cli_error("%s: review.index is empty: there is no index", call->conf);
		status = EX_CONFIG;
	}
	if (status == EX_OK &&
	    csp_review_index_open(&source.index, source.conf->index, NULL) == REVIEW_INDEX_OK)
		result = update_index(&report, &source, call->rebuild);
	if (status == EX_OK && result == REVIEW_INDEX_BUSY) {
		csp_cli_error("%s: somebody else is bringing it up to date", source.conf->index);
		status = EX_TEMPFAIL;
	} else if (status == EX_OK && result == REVIEW_INDEX_FAILED) {
		status = index_error(&source);
	} else if (status == EX_OK) {
		printf("%" PRIu64 " decisions of %u %s, %" PRIu64 " of them new; %" PRIu64
		       " damaged lines passed over\n",
		       report.decisions, report.files, report.files == 1 ? "file" : "files",
		       report.added, report.damaged);
	}
	csp_review_source_close(&source);
	return status;
}

int csp_review_source_follow(const struct review_call *call)
{
	struct review_source source = {.journals = call->journals};
	int status = EX_OK;

	csp_arena_init(&source.arena, FOLDER_MAX);
	if (call->journal_count > 1)
		status = csp_cli_usage("review", "tail follows one journal");
	else if (call->journal_count == 0)
		status = read_conf(&source, call);
	if (status == EX_OK)
		status = csp_review_tail(call, call->journal_count ? call->journals[0]
								   : source.conf->journal.path);
	csp_review_source_close(&source);
	return status;
}

static void name_reviewer(char out[REVIEWER_SIZE])
{
	const struct passwd *entry = getpwuid(getuid());

	if (entry)
		(void)snprintf(out, REVIEWER_SIZE, "%s", entry->pw_name);
	else
		(void)snprintf(out, REVIEWER_SIZE, "uid %ld", (long)getuid());
}

int csp_review_source_mark(struct review_source *source, struct review_mark *marks, size_t count)
{
	struct review_marks *opened = NULL;
	char reviewer[REVIEWER_SIZE];
	int status = EX_OK;

	/* A reader of the same file would keep the writer waiting. */
	csp_review_marks_close(source->marks);
	source->marks = NULL;
	name_reviewer(reviewer);
	for (size_t i = 0; i < count; i++)
		marks[i].reviewer = csp_span_from(reviewer);
	if (!source->marks_path)
		status = csp_cli_usage("review",
				       "with --journal, name the file of marks with --marks");
	else if (csp_review_marks_open(&opened, source->marks_path, true) != REVIEW_MARKS_OK ||
		 csp_review_marks_add(opened, marks, count) != REVIEW_MARKS_OK)
		status = marks_error(opened, source->marks_path);
	csp_review_marks_close(opened);
	return status;
}
