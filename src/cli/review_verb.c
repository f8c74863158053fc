#include "verb.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "opt.h"
#include "review.h"
#include "version.h"
#include "view.h"

#define TABLE_ROWS     50   /* shown unless --limit says otherwise */
#define OUTCOME_WINDOW 1000 /* decisions that an outcome may lie behind its own */
#define JOURNALS_MAX   64
#define SHOW_MATCHES   10 /* that an id's beginning may name before the search is given up */

static const char help[] =
	"Usage: csp-milterctl review [list] [OPTION]...\n"
	"       csp-milterctl review show ID [OPTION]...\n"
	"Show decisions that the daemon recorded: the last ones that were not plain\n"
	"passes, or one in full. The beginning of an ID is enough where only one\n"
	"decision's id begins so.\n"
	"\n"
	"  -c, --config FILE      the configuration that names the journal\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --journal FILE     read this journal instead; may be given more than once,\n"
	"                         oldest first\n"
	"      --since TIME       not before TIME: 7d, 36h or 15m ago, 2026-11-23, or\n"
	"                         2026-11-23T10:00:00Z\n"
	"      --until TIME       before TIME\n"
	"      --rule RULE        some recipient was decided by RULE, or a monitor rule\n"
	"                         of that name matched\n"
	"      --disposition D    some recipient's disposition is D: pass, flag, block or\n"
	"                         tempfail\n"
	"      --from TEXT        TEXT is part of an author's address or the reverse-path\n"
	"      --to TEXT          TEXT is part of a recipient's address\n"
	"      --all              plain passes too\n"
	"      --limit N          the last N decisions; 0 is all. Without it a table\n"
	"                         has 50, JSON all\n"
	"      --json             one JSON object a line\n"
	"  -h, --help             this text\n";

enum {
	OPT_JOURNAL = 256,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_RULE,
	OPT_DISPOSITION,
	OPT_FROM,
	OPT_TO,
	OPT_ALL,
	OPT_LIMIT,
	OPT_JSON
};

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"journal", required_argument, NULL, OPT_JOURNAL},
	{"since", required_argument, NULL, OPT_SINCE},
	{"until", required_argument, NULL, OPT_UNTIL},
	{"rule", required_argument, NULL, OPT_RULE},
	{"disposition", required_argument, NULL, OPT_DISPOSITION},
	{"from", required_argument, NULL, OPT_FROM},
	{"to", required_argument, NULL, OPT_TO},
	{"all", no_argument, NULL, OPT_ALL},
	{"limit", required_argument, NULL, OPT_LIMIT},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct call {
	struct review_filter filter;
	const char *conf;
	const char *journals[JOURNALS_MAX];
	size_t journal_count;
	const char *limit_text; /* NULL: the default */
	size_t limit;
	bool all, json, help;
	int64_t now;
};

static int parse_time(int64_t *out, const struct call *call, const char *text)
{
	if (csp_cli_parse_time(out, text, call->now))
		return EX_OK;
	return csp_cli_usage("review", "'%s' is no time", text);
}

static int parse_disposition(struct call *call, const char *text)
{
	enum disposition disposition;

	call->filter.disposition = csp_span_from(text);
	if (csp_disposition_find(&disposition, call->filter.disposition))
		return EX_OK;
	return csp_cli_usage("review", "'%s' is no disposition: pass, flag, block or tempfail",
			     text);
}

static int parse_limit(struct call *call, const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (!csp_ascii_is_digit(text[0]) || *end != '\0' || errno != 0)
		return csp_cli_usage("review", "'%s' is no number of decisions", text);
	call->limit_text = text;
	call->limit = value;
	return EX_OK;
}

static int add_journal(struct call *call, const char *path)
{
	if (call->journal_count == JOURNALS_MAX)
		return csp_cli_usage("review", "more than %d journals", JOURNALS_MAX);
	call->journals[call->journal_count++] = path;
	return EX_OK;
}

static int take_option(struct call *call, int option, const char *word)
{
	switch (option) {
	case 'c':
		call->conf = optarg;
		return EX_OK;
	case 'h':
		call->help = true;
		return EX_OK;
	case OPT_JOURNAL:
		return add_journal(call, optarg);
	case OPT_SINCE:
		return parse_time(&call->filter.since, call, optarg);
	case OPT_UNTIL:
		return parse_time(&call->filter.until, call, optarg);
	case OPT_RULE:
		call->filter.rule = csp_span_from(optarg);
		return EX_OK;
	case OPT_DISPOSITION:
		return parse_disposition(call, optarg);
	case OPT_FROM:
		call->filter.from = csp_span_from(optarg);
		return EX_OK;
	case OPT_TO:
		call->filter.to = csp_span_from(optarg);
		return EX_OK;
	case OPT_ALL:
		call->all = true;
		return EX_OK;
	case OPT_LIMIT:
		return parse_limit(call, optarg);
	case OPT_JSON:
		call->json = true;
		return EX_OK;
	default:
		return csp_cli_usage("review", "'%s' is no option, or lacks its value", word);
	}
}

static int take_options(struct call *call, int argc, char **argv)
{
	int status = EX_OK, option;

	opterr = 0;
	while (status == EX_OK && (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		status = take_option(call, option, argv[optind - 1]);
	return status;
}

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

static int read_journals(struct review_counts *counts, const struct call *call,
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

static bool print_listing(const struct listing *listing, bool json)
{
	if (listing->window.count == 0)
		return true;
	if (!json)
		return csp_view_table(&listing->window);
	for (size_t i = 0; i < listing->window.count; i++) {
		if (!csp_view_json(csp_window_at(&listing->window, i)))
			return false;
	}
	return true;
}

/* What the result does not say: that there is none, or that there is more. */
static void tell_listing(const struct listing *listing, const struct review_counts *counts,
			 const struct call *call)
{
	if (counts->shown == 0)
		csp_cli_error("none of %" PRIu64 " decisions matches%s", counts->records,
			      call->filter.notable ? "; --all shows plain passes too" : "");
	else if (!listing->print_displaced && listing->window.count < counts->shown)
		csp_cli_error("the last %zu of %" PRIu64 " decisions; --limit 0 shows all",
			      listing->window.count, counts->shown);
}

static int run_list(struct call *call)
{
	struct listing listing = {.print_displaced = call->json && call->limit == 0};
	struct review_counts counts = {0};
	size_t limit = call->limit_text || call->json ? call->limit : TABLE_ROWS;
	int status;

	call->filter.outcomes = true;
	call->filter.notable =
		!call->all && call->filter.rule.len == 0 && call->filter.disposition.len == 0;
	csp_window_init(&listing.window, listing.print_displaced ? OUTCOME_WINDOW : limit);
	status = read_journals(&counts, call, list_record, &listing);
	if (status == EX_OK && (listing.failed || !print_listing(&listing, call->json)))
		status = output_error();
	else if (status == EX_OK)
		tell_listing(&listing, &counts, call);
	csp_window_dispose(&listing.window);
	return status;
}

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

static int show_found(const struct window *window, const char *id, bool json)
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
	if (json ? csp_view_json(csp_window_at(window, 0))
		 : csp_view_record(csp_window_at(window, 0)))
		return EX_OK;
	return output_error();
}

static int run_show(struct call *call, const char *id)
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
		status = show_found(&found.window, id, call->json);
	csp_window_dispose(&found.window);
	return status;
}

static int run(struct call *call, int count, char **words)
{
	if (count == 0 || (count == 1 && strcmp(words[0], "list") == 0))
		return run_list(call);
	if (strcmp(words[0], "show") != 0)
		return csp_cli_usage("review", "'%s' is neither list nor show",
				     strcmp(words[0], "list") == 0 ? words[1] : words[0]);
	if (count != 2 || words[1][0] == '\0')
		return csp_cli_usage("review", "show takes one ID");
	return run_show(call, words[1]);
}

int csp_verb_review(int argc, char **argv)
{
	struct call call = {.filter = {.since = INT64_MIN, .until = INT64_MAX},
			    .conf = CSP_CONF_PATH,
			    .now = (int64_t)time(NULL)};
	int status;

	tzset();
	status = take_options(&call, argc, argv);
	if (status != EX_OK)
		return status;
	if (call.help)
		return fputs(help, stdout) < 0 ? output_error() : EX_OK;
	status = run(&call, argc - optind, argv + optind);
	return status == EX_OK && fflush(stdout) != 0 ? output_error() : status;
}
