#include "verb.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "opt.h"
#include "review_options.h"
#include "review_source.h"
#include "review_stats.h"
#include "view.h"

#define TABLE_ROWS     50   /* shown unless --limit says otherwise */
#define OUTCOME_WINDOW 1000 /* decisions that an outcome may lie behind its own */
#define RELATED_MAX    20   /* decisions about one message */
#define SHOW_MATCHES   10   /* that an id's beginning may name before the search is given up */

static int output_error(void)
{
	csp_cli_error("the result could not be written: %s", strerror(errno));
	return EX_IOERR;
}

static int read_journals(struct review_counts *counts, const struct review_call *call,
			 csp_review_each *each, void *context)
{
	int status = csp_review_source_read(counts, call, each, context);

	if (counts->damaged > 0)
		csp_cli_error("%" PRIu64 " damaged %s passed over", counts->damaged,
			      counts->damaged == 1 ? "line" : "lines");
	return status;
}

struct listing {
	struct window window;
	bool print_displaced;
	bool failed;
};

static bool list_record(void *context, json_t *record)
{
	struct listing *listing = context;
	json_t *displaced = NULL;

	if (csp_review_outcome_of(record).len > 0)
		listing->failed = !csp_window_join(&listing->window, record);
	else
		listing->failed = !csp_window_push(&displaced, &listing->window, record);
	if (displaced && listing->print_displaced)
		listing->failed = listing->failed || !csp_view_json(displaced);
	json_decref(displaced);
	return !listing->failed;
}

static bool print_listing(const struct listing *listing, const struct review_call *call)
{
	if (call->csv)
		return csp_view_csv(&listing->window);
	if (listing->window.count == 0)
		return true;
	if (!call->json)
		return csp_view_table(&listing->window);
	for (size_t i = 0; i < listing->window.count; i++) {
		if (!csp_view_json(csp_window_at(&listing->window, i)))
			return false;
	}
	return true;
}

/* What the result does not say: that there is none, or that there is more. */
static void tell_listing(const struct listing *listing, const struct review_counts *counts,
			 const struct review_call *call)
{
	if (counts->shown == 0)
		csp_cli_error("none of %" PRIu64 " decisions matches%s", counts->records,
			      call->filter.notable ? "; --all shows plain passes too" : "");
	else if (!listing->print_displaced && listing->window.count < counts->shown)
		csp_cli_error("the last %zu of %" PRIu64 " decisions; --limit 0 shows all",
			      listing->window.count, counts->shown);
}

static int run_list(struct review_call *call)
{
	struct listing listing = {.print_displaced = call->json && call->limit == 0};
	struct review_counts counts = {0};
	size_t limit = call->limit_text || call->json || call->csv ? call->limit : TABLE_ROWS;
	int status;

	call->filter.outcomes = true;
	call->filter.notable = !call->all && !csp_review_asks_for_passes(&call->filter);
	csp_window_init(&listing.window, listing.print_displaced ? OUTCOME_WINDOW : limit);
	status = read_journals(&counts, call, list_record, &listing);
	if (status == EX_OK && (listing.failed || !print_listing(&listing, call)))
		status = output_error();
	else if (status == EX_OK)
		tell_listing(&listing, &counts, call);
	csp_window_dispose(&listing.window);
	return status;
}

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

/* A record that was written anew after a fault stands in a journal twice. */
static bool find_record(void *context, json_t *record)
{
	struct listing *listing = context;
	json_t *displaced;

	if (csp_review_outcome_of(record).len > 0)
		listing->failed = !csp_window_join(&listing->window, record);
	else if (!is_held(&listing->window, record))
		listing->failed = !csp_window_push(&displaced, &listing->window, record);
	return !listing->failed && listing->window.count < SHOW_MATCHES;
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

/* Other decisions about the same message: it came again, or went on through another gateway. */
struct relating {
	const json_t *record;
	struct window window;
	bool failed;
};

static bool is_same(const json_t *a, const json_t *b, const char *name)
{
	struct span text = csp_review_text(a, name);

	return text.len > 0 && csp_span_equal(text, csp_review_text(b, name));
}

static bool find_related(void *context, json_t *record)
{
	struct relating *relating = context;
	json_t *displaced = NULL;

	if (csp_review_outcome_of(record).len > 0)
		relating->failed = !csp_window_join(&relating->window, record);
	else if (!is_same(record, relating->record, "decision") &&
		 (is_same(record, relating->record, "queue_id") ||
		  is_same(record, relating->record, "message_id")))
		relating->failed = !csp_window_push(&displaced, &relating->window, record);
	json_decref(displaced);
	return !relating->failed;
}

static int show_related(const struct review_call *call, const json_t *record)
{
	struct relating relating = {.record = record};
	struct review_call all = {
		.filter = {.since = INT64_MIN, .until = INT64_MAX, .outcomes = true},
		.conf = call->conf,
		.journal_count = call->journal_count,
		.marks = call->marks};
	struct review_counts counts = {0};
	int status;

	for (size_t i = 0; i < call->journal_count; i++)
		all.journals[i] = call->journals[i];
	csp_window_init(&relating.window, RELATED_MAX);
	status = csp_review_source_read(&counts, &all, find_related, &relating);
	if (status == EX_OK && (relating.failed || !csp_view_related(&relating.window)))
		status = output_error();
	csp_window_dispose(&relating.window);
	return status;
}

static int show_json(void *context, json_t *record)
{
	(void)context;
	return csp_view_json(record) ? EX_OK : output_error();
}

static int show_record(void *context, json_t *record)
{
	if (!csp_view_record(record))
		return output_error();
	int status = show_related(context, record);

	if (status == EX_OK && !csp_view_advice(record))
		status = output_error();
	return status;
}

static int show_release(void *context, json_t *record)
{
	(void)context;
	if (!csp_span_equal(csp_review_text(record, "action"), SPAN_LIT("quarantine"))) {
		csp_cli_error("this message was not held");
		return 1;
	}
	return csp_view_release(record) ? EX_OK : output_error();
}

static int run_show(struct review_call *call, const char *id, found_shown *show, void *context)
{
	struct listing found = {.failed = false};
	struct review_counts counts = {0};
	int status;

	call->filter.outcomes = true;
	call->filter.id = csp_span_from(id);
	csp_window_init(&found.window, 0);
	status = read_journals(&counts, call, find_record, &found);
	if (status == EX_OK && found.failed)
		status = output_error();
	else if (status == EX_OK)
		status = show_found(&found.window, id, show, context);
	csp_window_dispose(&found.window);
	return status;
}

static bool count_record(void *context, json_t *record)
{
	return csp_review_stats_add(context, record);
}

static int run_stats(struct review_call *call)
{
	struct review_stats *stats = csp_review_stats_new(call->by);
	struct review_counts counts = {0};
	int status;

	if (!stats)
		return csp_cli_no_memory();
	status = read_journals(&counts, call, count_record, stats);
	if (status == EX_OK && !csp_review_stats_print(stats, call->json))
		status = output_error();
	csp_review_stats_free(stats);
	return status;
}

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
static int find_all(json_t **records, struct review_call *call, char **ids, size_t count)
{
	int status = EX_OK;

	for (size_t i = 0; status == EX_OK && i < count; i++)
		status = run_show(call, ids[i], take_record, &records[i]);
	return status;
}

static int mark_all(json_t *const *records, const struct review_call *call, struct span verdict,
		    size_t count)
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
	status = csp_review_source_mark(call, marks, count);
	free(marks);
	return status;
}

/* words: "mark", ids, a verdict. */
static int run_mark(struct review_call *call, size_t count, char **words)
{
	struct span verdict = csp_span_from(count > 2 ? words[count - 1] : "");
	size_t ids = count > 2 ? count - 2 : 0;
	json_t **records;
	int status;

	if (!is_verdict(verdict))
		return csp_cli_usage("review", "mark takes one ID or more, then confirmed or "
					       "false-positive");
	records = calloc(count, sizeof(json_t *));
	if (!records)
		return csp_cli_no_memory();
	status = find_all(records, call, words + 1, ids);
	if (status == EX_OK)
		status = mark_all(records, call, verdict, ids);
	for (size_t i = 0; i < ids; i++)
		json_decref(records[i]);
	free(records);
	return status;
}

static found_shown *shown_by(const char *verb, bool json)
{
	if (strcmp(verb, "release") == 0)
		return show_release;
	if (strcmp(verb, "show") == 0)
		return json ? show_json : show_record;
	return NULL;
}

static int run_tail(struct review_call *call)
{
	call->filter.notable = !call->all && !csp_review_asks_for_passes(&call->filter);
	return csp_review_source_follow(call);
}

typedef int alone(struct review_call *call);

/* The verbs that take no id. */
static alone *alone_by(const char *verb)
{
	static const struct {
		const char *name;
		alone *run;
	} verbs[] = {{"list", run_list}, {"stats", run_stats}, {"tail", run_tail}};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, verb) == 0)
			return verbs[i].run;
	}
	return NULL;
}

static int run(struct review_call *call, int count, char **words)
{
	const char *verb = count > 0 ? words[0] : "list";
	alone *run_alone = alone_by(verb);
	found_shown *show = shown_by(verb, call->json);

	if (run_alone && count <= 1)
		return run_alone(call);
	if (strcmp(verb, "mark") == 0)
		return run_mark(call, (size_t)count, words);
	if (!show)
		return csp_cli_usage("review",
				     "'%s' is none of list, show, mark, stats, tail and release",
				     run_alone ? words[1] : verb);
	if (count != 2 || words[1][0] == '\0')
		return csp_cli_usage("review", "%s takes one ID", verb);
	return run_show(call, words[1], show, call);
}

int csp_verb_review(int argc, char **argv)
{
	struct review_call call;
	int status;

	tzset();
	status = csp_review_take_options(&call, argc, argv);
	if (status == EX_OK && call.help)
		status = fputs(csp_review_help, stdout) < 0 ? output_error() : EX_OK;
	else if (status == EX_OK)
		status = run(&call, argc - optind, argv + optind);
	if (status == EX_OK && fflush(stdout) != 0)
		status = output_error();
	csp_review_call_dispose(&call);
	return status;
}
