#include "verb.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "opt.h"
#include "review_options.h"
#include "review_stats.h"
#include "view.h"

#define TABLE_ROWS     50   /* shown unless --limit says otherwise */
#define OUTCOME_WINDOW 1000 /* decisions that an outcome may lie behind its own */
#define SHOW_MATCHES   10   /* that an id's beginning may name before the search is given up */

static int journal_of_conf(const char **path, struct conf **conf, const char *file)
{
	int status = csp_cli_conf_status(csp_conf_read(conf, file, csp_cli_report_conf, NULL));

	if (status == EX_OK)
		*path = (*conf)->journal.path;
	return status;
}

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

static int read_journals(struct review_counts *counts, const struct review_call *call,
			 csp_review_each *each, void *context)
{
	struct conf *conf = NULL;
	const char *configured;
	const char *const *paths = call->journals;
	size_t count = call->journal_count;
	int status = EX_OK;

	if (count == 0) {
		status = journal_of_conf(&configured, &conf, call->conf);
		paths = &configured;
		count = 1;
	}
	for (size_t i = 0; status == EX_OK && i < count; i++) {
		if (!csp_review_read(counts, paths[i], &call->filter, each, context))
			status = journal_error(paths[i]);
	}
	csp_conf_free(conf);
	if (counts->damaged > 0)
		csp_cli_error("%" PRIu64 " damaged %s passed over", counts->damaged,
			      counts->damaged == 1 ? "line" : "lines");
	return status;
}

static int output_error(void)
{
	csp_cli_error("the result could not be written: %s", strerror(errno));
	return EX_IOERR;
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

typedef int found_shown(json_t *record); /* an exit status */

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

static int show_found(const struct window *window, const char *id, found_shown *show)
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
	return show(csp_window_at(window, 0));
}

static int show_json(json_t *record)
{
	return csp_view_json(record) ? EX_OK : output_error();
}

static int show_record(json_t *record)
{
	return csp_view_record(record) && csp_view_advice(record) ? EX_OK : output_error();
}

static int show_release(json_t *record)
{
	if (!csp_span_equal(csp_review_text(record, "action"), SPAN_LIT("quarantine"))) {
		csp_cli_error("this message was not held");
		return 1;
	}
	return csp_view_release(record) ? EX_OK : output_error();
}

static int run_show(struct review_call *call, const char *id, found_shown *show)
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
		status = show_found(&found.window, id, show);
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

static int run(struct review_call *call, int count, char **words)
{
	const char *verb = count > 0 ? words[0] : "list";
	bool release = strcmp(verb, "release") == 0;

	if (count <= 1 && strcmp(verb, "list") == 0)
		return run_list(call);
	if (count == 1 && strcmp(verb, "stats") == 0)
		return run_stats(call);
	if (!release && strcmp(verb, "show") != 0)
		return csp_cli_usage(
			"review", "'%s' is none of list, show, stats and release",
			strcmp(verb, "list") == 0 || strcmp(verb, "stats") == 0 ? words[1] : verb);
	if (count != 2 || words[1][0] == '\0')
		return csp_cli_usage("review", "%s takes one ID", verb);
	return run_show(call, words[1],
			release      ? show_release
			: call->json ? show_json
				     : show_record);
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
