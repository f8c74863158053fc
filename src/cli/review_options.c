#include "review_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include "decision.h"
#include "opt.h"
#include "version.h"

#define SUBJECT_MAX ((size_t)1 << 20)

const char csp_review_help[] =
	"Usage: csp-milterctl review [list] [OPTION]...\n"
	"       csp-milterctl review show ID [OPTION]...\n"
	"       csp-milterctl review mark ID... confirmed|false-positive [--note TEXT]\n"
	"       csp-milterctl review stats [--by WHAT] [OPTION]...\n"
	"       csp-milterctl review release ID [OPTION]...\n"
	"Show decisions that the daemon recorded: the last ones that were not plain\n"
	"passes, one in full, counts of them, or the commands that let a message go\n"
	"which was held; or say of some whether they were right. The beginning of an ID is enough "
	"where only one decision's id\n"
	"begins so.\n"
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
	"      --sender KIND      partner-of-record, partner, vendor or other\n"
	"      --customer ID      some recipient is this customer's; all that is asked of a\n"
	"                         recipient must hold of one\n"
	"      --subject TEXT     TEXT is part of the subject, in any script\n"
	"      --category C       what the message is about\n"
	"      --action A         what was done: accept, flag, split, redirect,\n"
	"                         quarantine, tempfail or reject\n"
	"      --would            something would have been done and was not\n"
	"      --mode MODE        monitor or enforce\n"
	"      --queue-id ID      the mail server's id\n"
	"      --by WHAT          count by rule (default), category, sender, customer, day\n"
	"                         or action\n"
	"      --reviewed         somebody has marked it; --unreviewed: nobody has\n"
	"      --marks FILE       the marks, instead of the configuration's\n"
	"      --note TEXT        why it is marked so\n"
	"      --all              plain passes too\n"
	"      --limit N          the last N decisions; 0 is all. Without it a table\n"
	"                         has 50, JSON all\n"
	"      --json             one JSON object a line\n"
	"      --csv              a table for a spreadsheet\n"
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
	OPT_JSON,
	OPT_CSV,
	OPT_WOULD,
	OPT_SUBJECT,
	OPT_BY,
	OPT_MARKS,
	OPT_NOTE,
	OPT_REVIEWED,
	OPT_UNREVIEWED,
	OPT_TEXT /* and those after it: texts that a member must be */
};

/* Options whose text a member of the record must be. */
static const struct {
	const char *name;
	size_t offset;
} texts[] = {
	{"sender", offsetof(struct review_filter, sender)},
	{"customer", offsetof(struct review_filter, customer)},
	{"category", offsetof(struct review_filter, category)},
	{"action", offsetof(struct review_filter, action)},
	{"mode", offsetof(struct review_filter, mode)},
	{"queue-id", offsetof(struct review_filter, queue_id)},
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
	{"csv", no_argument, NULL, OPT_CSV},
	{"would", no_argument, NULL, OPT_WOULD},
	{"subject", required_argument, NULL, OPT_SUBJECT},
	{"by", required_argument, NULL, OPT_BY},
	{"marks", required_argument, NULL, OPT_MARKS},
	{"note", required_argument, NULL, OPT_NOTE},
	{"reviewed", no_argument, NULL, OPT_REVIEWED},
	{"unreviewed", no_argument, NULL, OPT_UNREVIEWED},
	{"sender", required_argument, NULL, OPT_TEXT},
	{"customer", required_argument, NULL, OPT_TEXT + 1},
	{"category", required_argument, NULL, OPT_TEXT + 2},
	{"action", required_argument, NULL, OPT_TEXT + 3},
	{"mode", required_argument, NULL, OPT_TEXT + 4},
	{"queue-id", required_argument, NULL, OPT_TEXT + 5},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int parse_time(int64_t *out, const struct review_call *call, const char *text)
{
	if (csp_cli_parse_time(out, text, call->now))
		return EX_OK;
	return csp_cli_usage("review", "'%s' is no time", text);
}

static int parse_disposition(struct review_call *call, const char *text)
{
	enum disposition disposition;

	call->filter.disposition = csp_span_from(text);
	if (csp_disposition_find(&disposition, call->filter.disposition))
		return EX_OK;
	return csp_cli_usage("review", "'%s' is no disposition: pass, flag, block or tempfail",
			     text);
}

static int parse_limit(struct review_call *call, const char *text)
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

static int add_journal(struct review_call *call, const char *path)
{
	if (call->journal_count == JOURNALS_MAX)
		return csp_cli_usage("review", "more than %d journals", JOURNALS_MAX);
	call->journals[call->journal_count++] = path;
	return EX_OK;
}

static int parse_subject(struct review_call *call, const char *text)
{
	csp_buf_reset(&call->subject);
	csp_review_subject(&call->subject, csp_span_from(text));
	if (csp_buf_failed(&call->subject))
		return csp_cli_no_memory();
	call->filter.subject = csp_buf_span(&call->subject);
	if (call->filter.subject.len == 0)
		return csp_cli_usage("review", "'%s' has no letter or digit to look for", text);
	return EX_OK;
}

static int parse_by(struct review_call *call, const char *text)
{
	if (csp_review_stats_find(&call->by, text))
		return EX_OK;
	return csp_cli_usage(
		"review", "'%s' is none of rule, category, sender, customer, day and action", text);
}

static void take_text(struct review_call *call, size_t index, const char *text)
{
	*(struct span *)(void *)((char *)&call->filter + texts[index].offset) = csp_span_from(text);
}

static int take_option(struct review_call *call, int option, const char *word)
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
	case OPT_CSV:
		call->csv = true;
		return EX_OK;
	case OPT_WOULD:
		call->filter.would = true;
		return EX_OK;
	case OPT_SUBJECT:
		return parse_subject(call, optarg);
	case OPT_BY:
		return parse_by(call, optarg);
	case OPT_MARKS:
		call->marks = optarg;
		return EX_OK;
	case OPT_NOTE:
		call->note = optarg;
		return EX_OK;
	case OPT_REVIEWED:
		call->reviewed = true;
		return EX_OK;
	case OPT_UNREVIEWED:
		call->unreviewed = true;
		return EX_OK;
	default:
		if (option >= OPT_TEXT) {
			take_text(call, (size_t)(option - OPT_TEXT), optarg);
			return EX_OK;
		}
		return csp_cli_usage("review", "'%s' is no option, or lacks its value", word);
	}
}

int csp_review_take_options(struct review_call *call, int argc, char **argv)
{
	int status = EX_OK, option;

	*call = (struct review_call){.filter = {.since = INT64_MIN, .until = INT64_MAX},
				     .conf = CSP_CONF_PATH,
				     .note = "",
				     .now = (int64_t)time(NULL)};
	csp_buf_init(&call->subject, SUBJECT_MAX);

	opterr = 0;
	while (status == EX_OK && (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		status = take_option(call, option, argv[optind - 1]);
	return status;
}

void csp_review_call_dispose(struct review_call *call)
{
	csp_buf_dispose(&call->subject);
}

bool csp_review_asks_for_passes(const struct review_filter *filter)
{
	return filter->rule.len > 0 || filter->disposition.len > 0 || filter->action.len > 0 ||
	       filter->queue_id.len > 0 || filter->would;
}
