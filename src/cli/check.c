#include "verb.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "directory.h"
#include "opt.h"
#include "phrase_audit.h"
#include "policy_audit.h"
#include "report.h"
#include "snapshot.h"
#include "version.h"

static const char help[] =
	"Usage: csp-milterctl check [-c FILE]\n"
	"Read the configuration and all packs as the daemon would, and open the\n"
	"directory. Every error is printed with its file and line, and so is a phrase\n"
	"that never decides, because its own words are taken for a graver category.\n"
	"A rule that says something in vain is printed too, and the status is then 1.\n"
	"\n"
	"      --phrases          also print phrases that add nothing to a shorter one,\n"
	"                         and phrases of another category that one hides\n"
	"  -c, --config FILE      the configuration\n"
	"                         (" CSP_CONF_PATH ")\n"
	"  -h, --help             this text\n";

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"phrases", no_argument, NULL, 'p'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct call {
	const char *conf;
	bool phrases;
	bool help;
};

static int take_options(struct call *call, int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c')
			call->conf = optarg;
		else if (option == 'p')
			call->phrases = true;
		else if (option == 'h')
			call->help = true;
		else
			return csp_cli_usage("check", "'%s' is no option, or lacks its value",
					     argv[optind - 1]);
	}
	if (optind < argc && !call->help)
		return csp_cli_usage("check",
				     "'%s' is one argument too many: the file is named with -c",
				     argv[optind]);
	return EX_OK;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static int print_summary(const char *file, const struct conf *conf)
{
	size_t rules = conf->policy.rule_count, phrases = conf->pack.phrase_count;
	size_t packs = conf->pack_files;
	int printed = printf("%s: %zu rule%s, %zu phrase%s in %zu pack%s, mode %s: OK\n", file,
			     rules, plural(rules), phrases, plural(phrases), packs, plural(packs),
			     csp_mode_name(conf->mode));

	return printed < 0 || fflush(stdout) != 0 ? EX_IOERR : EX_OK;
}

struct audit_view {
	const struct conf *conf;
	bool all;
	bool failed;
};

static void print_finding(void *context, const struct phrase_finding *finding)
{
	static const char *const words[] = {
		[PHRASE_OUTRANKED] = "never decides: it is taken for",
		[PHRASE_IMPLIED] = "adds nothing to",
		[PHRASE_HIDES] = "hides",
	};
	struct audit_view *view = context;
	const struct phrase *phrase = finding->phrase, *other = finding->other;
	struct buf line;

	if (finding->fault != PHRASE_OUTRANKED && !view->all)
		return;
	csp_buf_init(&line, 1 << 16);
	csp_report_append_safe(&line, phrase->file);
	csp_buf_append_format(&line, ":%u: '", phrase->line);
	csp_report_append_safe(&line, phrase->text);
	csp_buf_append_format(&line, "' %s '", words[finding->fault]);
	csp_report_append_safe(&line, other->text);
	csp_buf_append_format(&line, "', %.*s, ",
			      SPAN_ARG(view->conf->categories.names[other->category]));
	csp_report_append_safe(&line, other->file);
	csp_buf_append_format(&line, ":%u\n", other->line);
	struct span text = csp_buf_span(&line);
	if (csp_buf_failed(&line) || fwrite(text.data, 1, text.len, stdout) != text.len)
		view->failed = true;
	csp_buf_dispose(&line);
}

static int check_phrases(struct snapshot *snapshot, bool all)
{
	struct audit_view view = {.conf = csp_snapshot_conf(snapshot), .all = all};
	struct classify_scratch *scratch = csp_snapshot_scratch_take(snapshot);

	if (!scratch)
		return csp_cli_no_memory();
	bool done =
		csp_phrase_audit(csp_snapshot_classifier(snapshot), scratch, print_finding, &view);
	csp_snapshot_scratch_give(snapshot, scratch);
	return !done ? csp_cli_no_memory() : view.failed ? EX_IOERR : EX_OK;
}

struct rule_view {
	const char *file;
	size_t findings;
	bool failed;
};

static void print_rule_finding(void *context, const struct rule_finding *finding)
{
	static const char *const words[] = {
		[RULE_SHADOWED] = "never decides nor shows: all that it could match is taken by",
		[RULE_EXCEPTED] = "never matches: its 'except' takes out all that it could match",
		[RULE_OVER] = "is enforced no more: its 'until' has passed",
		[RULE_HOLDS_OTHERS] = "holds all recipients, although mixed_recipients splits",
		[RULE_DEFERS_OTHERS] = "defers all recipients, although mixed_recipients splits",
		[RULE_NEVER_SPLITS] = "mixed_recipients.action does nothing: no rule rejects",
	};
	struct rule_view *view = context;
	const struct rule *rule = finding->rule, *other = finding->other;
	int printed = 0;

	view->findings++;
	if (!rule)
		printed = printf("%s: %s\n", view->file, words[finding->fault]);
	else if (!other)
		printed = printf("%.*s:%u: rule '%.*s' %s\n", SPAN_ARG(rule->file), rule->line,
				 SPAN_ARG(rule->name), words[finding->fault]);
	else
		printed = printf("%.*s:%u: rule '%.*s' %s '%.*s', %.*s:%u\n", SPAN_ARG(rule->file),
				 rule->line, SPAN_ARG(rule->name), words[finding->fault],
				 SPAN_ARG(other->name), SPAN_ARG(other->file), other->line);
	view->failed = view->failed || printed < 0;
}

static int check_rules(const char *file, const struct conf *conf)
{
	struct rule_view view = {.file = file};

	csp_policy_audit(&conf->policy, &conf->plan, (int64_t)time(NULL), print_rule_finding,
			 &view);
	return view.failed ? EX_IOERR : view.findings ? 1 : EX_OK;
}

/* The daemon starts without a directory, but every message would meet the failure policy. */
static int check_directory(const char *path)
{
	struct directory *directory = NULL;
	enum directory_result result = csp_directory_open(&directory, path, false);
	int status = csp_cli_directory_status(result, path);

	if (result == DIRECTORY_MISSING)
		csp_cli_error("import customers and partners first: csp-milterctl directory import "
			      "--source NAME FILE");
	csp_directory_close(directory);
	return status;
}

/* A finding is no error: the rest is looked at, too. */
static int check_configuration(const char *file, const struct conf *conf)
{
	int found = check_rules(file, conf);
	int status = found > 1 ? found : print_summary(file, conf);

	if (status == EX_OK)
		status = check_directory(conf->directory);
	return status == EX_OK ? found : status;
}

int csp_verb_check(int argc, char **argv)
{
	struct call call = {.conf = CSP_CONF_PATH};
	struct snapshot *snapshot = NULL;
	int status = take_options(&call, argc, argv);

	if (status != EX_OK)
		return status;
	if (call.help)
		return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
	status = csp_cli_conf_status(
		csp_snapshot_new(&snapshot, call.conf, csp_cli_report_conf, NULL));
	if (status == EX_OK)
		status = check_phrases(snapshot, call.phrases);
	if (status == EX_OK)
		status = check_configuration(call.conf, csp_snapshot_conf(snapshot));
	csp_snapshot_release(snapshot);
	return status;
}
