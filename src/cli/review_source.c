#include "review_source.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "opt.h"
#include "review_tail.h"

#define REVIEWER_SIZE 64

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

/* What is not named on the command line is the configuration's. */
struct source {
	struct conf *conf; /* NULL: not asked for */
	const char *const *journals;
	size_t journal_count;
	const char *configured; /* the one journal of the configuration */
	const char *marks;      /* NULL: none */
};

static int open_source(struct source *source, const struct review_call *call)
{
	*source = (struct source){.journals = call->journals,
				  .journal_count = call->journal_count,
				  .marks = call->marks};
	if (call->journal_count > 0)
		return EX_OK;
	int status = csp_cli_conf_status(
		csp_conf_read(&source->conf, call->conf, csp_cli_report_conf, NULL));
	if (status != EX_OK)
		return status;
	source->configured = source->conf->journal.path;
	source->journals = &source->configured;
	source->journal_count = 1;
	if (!source->marks)
		source->marks = source->conf->marks;
	return EX_OK;
}

static int marks_error(const struct review_marks *marks, const char *path)
{
	csp_cli_error("%s: %s", path, csp_review_marks_error(marks));
	return access(path, R_OK) != 0 && errno == EACCES ? EX_NOPERM : EX_IOERR;
}

/* Each record on its way from the journal to whoever asked. */
struct joining {
	struct review_marks *marks; /* NULL: there are none */
	const struct review_call *call;
	struct review_counts *counts;
	csp_review_each *each;
	void *context;
	bool failed;
};

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

static bool join(void *context, json_t *record)
{
	struct joining *joining = context;
	const struct review_call *call = joining->call;
	struct span id = csp_review_text(record, "decision");
	struct review_mark mark;
	bool marked = false;

	if (id.len > 0 && joining->marks) {
		enum review_marks_result found = csp_review_marks_find(&mark, joining->marks, id);
		marked = found == REVIEW_MARKS_OK;
		joining->failed =
			found == REVIEW_MARKS_FAILED || (marked && !set_mark(record, &mark));
	}
	if (joining->failed)
		return false;
	if (id.len > 0 && ((call->reviewed && !marked) || (call->unreviewed && marked))) {
		joining->counts->shown--;
		return true;
	}
	return joining->each(joining->context, record);
}

static int read_all(const struct source *source, struct joining *joining)
{
	int status = EX_OK;

	for (size_t i = 0; status == EX_OK && i < source->journal_count; i++) {
		if (!csp_review_read(joining->counts, source->journals[i], &joining->call->filter,
				     join, joining))
			status = journal_error(source->journals[i]);
		if (joining->failed && source->marks)
			status = marks_error(joining->marks, source->marks);
	}
	return status;
}

int csp_review_source_read(struct review_counts *counts, const struct review_call *call,
			   csp_review_each *each, void *context)
{
	struct joining joining = {.call = call, .counts = counts, .each = each, .context = context};
	struct source source;
	int status = open_source(&source, call);

	if (status == EX_OK && source.marks &&
	    csp_review_marks_open(&joining.marks, source.marks, false) == REVIEW_MARKS_FAILED)
		status = marks_error(joining.marks, source.marks);
	if (status == EX_OK)
		status = read_all(&source, &joining);
	csp_review_marks_close(joining.marks);
	csp_conf_free(source.conf);
	return status;
}

int csp_review_source_follow(const struct review_call *call)
{
	struct source source;
	int status = open_source(&source, call);

	if (status == EX_OK && source.journal_count > 1)
		status = csp_cli_usage("review", "tail follows one journal");
	else if (status == EX_OK)
		status = csp_review_tail(call, source.journals[0]);
	csp_conf_free(source.conf);
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

int csp_review_source_mark(const struct review_call *call, struct review_mark *marks, size_t count)
{
	struct review_marks *opened = NULL;
	char reviewer[REVIEWER_SIZE];
	struct source source;
	int status = open_source(&source, call);

	name_reviewer(reviewer);
	for (size_t i = 0; i < count; i++)
		marks[i].reviewer = csp_span_from(reviewer);
	if (status == EX_OK && !source.marks)
		status = csp_cli_usage("review",
				       "with --journal, name the file of marks with --marks");
	else if (status == EX_OK &&
		 (csp_review_marks_open(&opened, source.marks, true) != REVIEW_MARKS_OK ||
		  csp_review_marks_add(opened, marks, count) != REVIEW_MARKS_OK))
		status = marks_error(opened, source.marks);
	csp_review_marks_close(opened);
	csp_conf_free(source.conf);
	return status;
}
