#include "verb.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "opt.h"
#include "review_list.h"
#include "review_report.h"
#include "review_show.h"
#include "review_stats.h"

static int run_stats(const struct review_call *call, const struct review_source *source)
{
	struct review_stats *stats = csp_review_stats_new(call->by);
	struct review_counts counts = {0};
	int status;

	if (!stats)
		return csp_cli_no_memory();
	status = csp_review_source_facts(&counts, source, call, csp_review_stats_add, stats);
	csp_review_tell_damage(&counts);
	if (status == EX_OK && !csp_review_stats_print(stats, call->json))
		status = csp_review_output_error();
	csp_review_stats_free(stats);
	return status;
}

static int run_tail(struct review_call *call)
{
	call->filter.notable = !call->all && !csp_review_asks_for_passes(&call->filter);
	return csp_review_source_follow(call);
}

enum verb { LIST, SHOW, MARK, STATS, REPORT, RELEASE, TAIL, INDEX, VERBS };

static const struct {
	const char *name;
	bool takes_id;
} verbs[VERBS] = {
	[LIST] = {"list", false},   [SHOW] = {"show", true},       [MARK] = {"mark", false},
	[STATS] = {"stats", false}, [RELEASE] = {"release", true}, [TAIL] = {"tail", false},
	[INDEX] = {"index", false}, [REPORT] = {"report", false},
};

static enum verb find_verb(const char *name)
{
	enum verb verb = LIST;

	while (verb < VERBS && strcmp(verbs[verb].name, name) != 0)
		verb++;
	return verb;
}

/* words: what stands behind the verb. */
static int run_on(enum verb verb, struct review_call *call, size_t count, char **words)
{
	struct review_source source;
	int status = csp_review_source_open(&source, call);

	if (status == EX_OK)
		status = csp_review_source_hide(&source, call);
	if (status == EX_OK && verb == LIST)
		status = csp_review_list(call, &source);
	else if (status == EX_OK && verb == STATS)
		status = run_stats(call, &source);
	else if (status == EX_OK && verb == REPORT)
		status = csp_review_report(call, &source);
	else if (status == EX_OK && verb == MARK)
		status = csp_review_mark(call, &source, count, words);
	else if (status == EX_OK)
		status = (verb == SHOW ? csp_review_show : csp_review_release)(call, &source,
									       words[0]);
	csp_review_source_close(&source);
	return status;
}

static int run(struct review_call *call, size_t count, char **words)
{
	const char *name = count > 0 ? words[0] : verbs[LIST].name;
	enum verb verb = find_verb(name);
	size_t rest = count > 0 ? count - 1 : 0;

	if (verb == VERBS)
		return csp_cli_usage("review",
				     "'%s' is none of list, show, mark, stats, report, tail, "
				     "release and index",
				     name);
	if (verbs[verb].takes_id && (rest != 1 || words[1][0] == '\0'))
		return csp_cli_usage("review", "%s takes one ID", name);
	if (!verbs[verb].takes_id && verb != MARK && rest > 0)
		return csp_cli_usage("review", "'%s' is too much: %s takes options alone", words[1],
				     name);
	if (verb == REPORT && !call->output)
		return csp_cli_usage("review", "name the file of the report with -o");
	if (verb == TAIL)
		return run_tail(call);
	if (verb == INDEX)
		return csp_review_source_index(call);
	return run_on(verb, call, rest, words + 1);
}

int csp_verb_review(int argc, char **argv)
{
	struct review_call call;
	int status;

	tzset();
	status = csp_review_take_options(&call, argc, argv);
	if (status == EX_OK && call.help)
		status = fputs(csp_review_help, stdout) < 0 ? csp_review_output_error() : EX_OK;
	else if (status == EX_OK)
		status = run(&call, (size_t)(argc - optind), argv + optind);
	if (status == EX_OK && fflush(stdout) != 0)
		status = csp_review_output_error();
	csp_review_call_dispose(&call);
	return status;
}
