#include "review_show.h"

#include <stdlib.h>
#include <sysexits.h>

#include "opt.h"
#include "review_list.h"
#include "view.h"

#define RELATED_MAX  20 /* decisions about one message */
#define SHOW_MATCHES 10 /* that an id's beginning may name before the search is given up */

typedef int found_shown(void *context, json_t *record); /* an exit status */

static bool is_held(const struct window *window, const json_t *record)
{
	struct span id = csp_review_text(record, "decision");

	for (size_t i = 0; i < window->count; i++) {
		if (csp_span_equal(csp_review_text(csp_window_at(window, i), "decision"), id))
			return true;
	}
	return false;
}

struct finding {
	struct window window;
	bool failed;
};

/* A record that was written anew after a fault stands in a journal twice. */
static bool find_record(void *context, json_t *record)
{
	struct finding *finding = context;
	json_t *displaced;

	if (!is_held(&finding->window, record))
		finding->failed = !csp_window_take(&displaced, &finding->window, record);
	return !finding->failed && finding->window.count < SHOW_MATCHES;
}

static int show_found(const struct window *window, const char *id, found_shown *show, void *context)
{
	if (window->count == 0) {
		csp_cli_error("no decision's id begins with '%s'", id);
		return EX_NOINPUT;
	}
	if (window->count > 1) {
		csp_cli_error("'%s' is the beginning of more than one id:", id);
		for (size_t i = 0; i < window->count; i++)
			csp_cli_error("  %.*s", SPAN_ARG(csp_review_text(csp_window_at(window, i),
									 "decision")));
		return EX_DATAERR;
	}
	return show(context, csp_window_at(window, 0));
}

static int find_one(struct review_call *call, const struct review_source *source, const char *id,
		    found_shown *show, void *context)
{
	struct finding finding = {.failed = false};
	struct review_counts counts = {0};
	int status;

	call->filter.outcomes = true;
	call->filter.id = csp_span_from(id);
	const struct review_query query = {.filter = &call->filter, .limit = SHOW_MATCHES};
	csp_window_init(&finding.window, 0);
	status = source->index
			 ? csp_review_source_select(&counts, source, &query, true, find_record,
						    &finding)
			 : csp_review_source_read(&counts, source, call, find_record, &finding);
	csp_review_tell_damage(&counts);
	if (status == EX_OK && finding.failed)
		status = csp_review_output_error();
	else if (status == EX_OK)
		status = show_found(&finding.window, id, show, context);
	csp_window_dispose(&finding.window);
	return status;
}

struct asking {
	const struct review_call *call;
	const struct review_source *source;
};

/* ---- show ---- */

static bool keep_related(void *context, json_t *record)
{
	struct finding *finding = context;
	json_t *displaced;

	finding->failed = !csp_window_take(&displaced, &finding->window, record);
	json_decref(displaced);
	return !finding->failed;
}

static int show_related(const struct asking *asking, const json_t *record)
{
	struct finding finding = {.failed = false};
	int status;

	csp_window_init(&finding.window, RELATED_MAX);
	status = csp_review_source_related(asking->source, asking->call, record, keep_related,
					   &finding);
	if (status == EX_OK && (finding.failed || !csp_view_related(&finding.window)))
		status = csp_review_output_error();
	csp_window_dispose(&finding.window);
	return status;
}

static int show_record(void *context, json_t *record)
{
	const struct asking *asking = context;
	int status;

	if (asking->call->json)
		return csp_view_json(record) ? EX_OK : csp_review_output_error();
	if (!csp_view_record(record))
		return csp_review_output_error();
	status = show_related(asking, record);
	if (status == EX_OK && !csp_view_advice(record))
		status = csp_review_output_error();
	return status;
}

int csp_review_show(struct review_call *call, const struct review_source *source, const char *id)
{
	struct asking asking = {call, source};

	return find_one(call, source, id, show_record, &asking);
}

/* ---- release ---- */

static int show_release(void *context, json_t *record)
{
	(void)context;
	if (!csp_span_equal(csp_review_text(record, "action"), SPAN_LIT("quarantine"))) {
		csp_cli_error("this message was not held");
		return 1;
	}
	return csp_view_release(record) ? EX_OK : csp_review_output_error();
}

int csp_review_release(struct review_call *call, const struct review_source *source, const char *id)
{
	return find_one(call, source, id, show_release, NULL);
}

/* ---- mark ---- */

static int take_record(void *context, json_t *record)
{
	*(json_t **)context = json_incref(record);
	return EX_OK;
}

static bool is_verdict(struct span text)
{
	return csp_span_equal(text, SPAN_LIT("confirmed")) ||
	       csp_span_equal(text, SPAN_LIT("false-positive"));
}

/* Decisions in the journals, each named by its id or the beginning of it; the caller's to release, found or not. */
static int find_all(json_t **records, struct review_call *call, const struct review_source *source,
		    char **ids, size_t count)
{
	int status = EX_OK;

	for (size_t i = 0; status == EX_OK && i < count; i++)
		status = find_one(call, source, ids[i], take_record, &records[i]);
	return status;
}

static int mark_all(json_t *const *records, const struct review_call *call,
		    struct review_source *source, struct span verdict, size_t count)
{
	struct review_mark *marks = calloc(count + 1, sizeof(*marks));
	int status;

	if (!marks)
		return csp_cli_no_memory();
	for (size_t i = 0; i < count; i++)
		marks[i] = (struct review_mark){
			.decision = csp_review_text(records[i], "decision"),
			.verdict = verdict,
			.note = csp_span_from(call->note),
			.time = call->now,
		};
	status = csp_review_source_mark(source, marks, count);
	free(marks);
	return status;
}

int csp_review_mark(struct review_call *call, struct review_source *source, size_t count,
		    char **words)
{
	struct span verdict = csp_span_from(count > 1 ? words[count - 1] : "");
	size_t ids = count > 1 ? count - 1 : 0;
	json_t **records;
	int status;

	if (!is_verdict(verdict))
		return csp_cli_usage("review", "mark takes one ID or more, then confirmed or "
					       "false-positive");
	records = calloc(count, sizeof(json_t *));
	if (!records)
		return csp_cli_no_memory();
	status = find_all(records, call, source, words, ids);
	if (status == EX_OK)
		status = mark_all(records, call, source, verdict, ids);
	for (size_t i = 0; i < ids; i++)
		json_decref(records[i]);
	free(records);
	return status;
}
