#include "review_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
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
	"       csp-milterctl review report -o FILE [OPTION]...\n"
	"       csp-milterctl review tail [OPTION]...\n"
	"       csp-milterctl review release ID [OPTION]...\n"
	"       csp-milterctl review index [--rebuild]\n"
	"Show decisions that the daemon recorded: the last ones that were not plain\n"
	"passes, one in full, counts of them, those to come, or the commands that let a\n"
	"message go which was held; or say of some whether they were right. The\n"
	"beginning of an ID is enough where only one decision's id begins so.\n"
	"\n"
	"report writes a page of HTML about the last 30 days, or since --since.\n"
	"An index of the journal and its rotated files makes this fast. It is brought up\n"
	"to date by each call; index does nothing else.\n"
	"\n"
	"  -c, --config FILE      the configuration that names the journal\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --journal FILE     read this journal instead, without an index; may be\n"
	"                         given more than once, oldest first\n"
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
	"      --customer ID      some recipient is this customer's; all that is asked of\n"
	"                         a recipient must hold of one\n"
	"      --subject TEXT     TEXT is part of the subject, in any script\n"
	"      --category C       what the message is about\n"
	"      --action A         what was done: accept, flag, split, redirect,\n"
	"                         quarantine, tempfail or reject\n"
	"      --would            something would have been done and was not\n"
	"      --mode MODE        monitor or enforce\n"
	"      --queue-id ID      the mail server's id\n"
	"      --by WHAT          count by rule (default), category, sender, from,\n"
	"                         customer, language, day or action\n"
	"      --reviewed         somebody has marked it; --unreviewed: nobody has\n"
	"      --marks FILE       the marks, instead of the configuration's\n"
	"      --note TEXT        why it is marked so\n"
	"      --all              plain passes too\n"
	"      --limit N          the last N decisions; 0 is all. Without it a table\n"
	"                         has 50, JSON all\n"
	"      --page K           the Kth N of them\n"
	"      --sort BY          time (default), from, to, rule, customer, category or\n"
	"                         subject; from A to Z\n"
	"      --json             one JSON object a line\n"
	"      --csv              a table for a spreadsheet\n"
	"  -o, --output FILE      where the report goes; - is stdout\n"
	"      --rebuild          make the index anew\n"
	"  -h, --help             this text\n";

static int parse_time(int64_t *out, const struct review_call *call, const char *text)
{
	if (csp_cli_parse_time(out, text, call->now))
		return EX_OK;
	return csp_cli_usage("review", "'%s' is no time", text);
}

static int parse_since(struct review_call *call, const char *text)
{
	return parse_time(&call->filter.since, call, text);
}

static int parse_until(struct review_call *call, const char *text)
{
	return parse_time(&call->filter.until, call, text);
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

static int parse_page(struct review_call *call, const char *text)
{
	char *end;

	errno = 0;
	call->page = strtoul(text, &end, 10);
	if (csp_ascii_is_digit(text[0]) && *end == '\0' && errno == 0 && call->page > 0)
		return EX_OK;
	return csp_cli_usage("review", "'%s' is no number of a page", text);
}

static int parse_sort(struct review_call *call, const char *text)
{
	static const char *const names[REVIEW_ORDERS] = {[REVIEW_BY_TIME] = "time",
							 [REVIEW_BY_FROM] = "from",
							 [REVIEW_BY_TO] = "to",
							 [REVIEW_BY_RULE] = "rule",
							 [REVIEW_BY_CUSTOMER] = "customer",
							 [REVIEW_BY_CATEGORY] = "category",
							 [REVIEW_BY_SUBJECT] = "subject"};

	for (call->order = REVIEW_BY_TIME; call->order < REVIEW_ORDERS; call->order++) {
		if (strcmp(names[call->order], text) == 0)
			return EX_OK;
	}
	return csp_cli_usage("review",
			     "'%s' is none of time, from, to, rule, customer, category and subject",
			     text);
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
		"review",
		"'%s' is none of rule, category, sender, from, customer, language, day and action",
		text);
}

typedef int parser(struct review_call *call, const char *text); /* an exit status */

#define CALL(member)   offsetof(struct review_call, member)
#define FILTER(member) offsetof(struct review_call, filter.member)

/* Where an option goes: a bool, a const char *, a struct span, or to a parser. */
static const struct {
	const char *name;
	enum { TAKES_FLAG, TAKES_WORD, TAKES_TEXT, TAKES_PARSER } takes;
	size_t offset;
	parser *parse;
} takers[] = {
	{"config", TAKES_WORD, CALL(conf), NULL},
	{"help", TAKES_FLAG, CALL(help), NULL},
	{"output", TAKES_WORD, CALL(output), NULL},
	{"journal", TAKES_PARSER, 0, add_journal},
	{"since", TAKES_PARSER, 0, parse_since},
	{"until", TAKES_PARSER, 0, parse_until},
	{"rule", TAKES_TEXT, FILTER(rule), NULL},
	{"disposition", TAKES_PARSER, 0, parse_disposition},
	{"from", TAKES_TEXT, FILTER(from), NULL},
	{"to", TAKES_TEXT, FILTER(to), NULL},
	{"sender", TAKES_TEXT, FILTER(sender), NULL},
	{"customer", TAKES_TEXT, FILTER(customer), NULL},
	{"subject", TAKES_PARSER, 0, parse_subject},
	{"category", TAKES_TEXT, FILTER(category), NULL},
	{"action", TAKES_TEXT, FILTER(action), NULL},
	{"would", TAKES_FLAG, FILTER(would), NULL},
	{"mode", TAKES_TEXT, FILTER(mode), NULL},
	{"queue-id", TAKES_TEXT, FILTER(queue_id), NULL},
	{"by", TAKES_PARSER, 0, parse_by},
	{"reviewed", TAKES_FLAG, CALL(reviewed), NULL},
	{"unreviewed", TAKES_FLAG, CALL(unreviewed), NULL},
	{"marks", TAKES_WORD, CALL(marks), NULL},
	{"note", TAKES_WORD, CALL(note), NULL},
	{"all", TAKES_FLAG, CALL(all), NULL},
	{"limit", TAKES_PARSER, 0, parse_limit},
	{"page", TAKES_PARSER, 0, parse_page},
	{"sort", TAKES_PARSER, 0, parse_sort},
	{"rebuild", TAKES_FLAG, CALL(rebuild), NULL},
	{"json", TAKES_FLAG, CALL(json), NULL},
	{"csv", TAKES_FLAG, CALL(csv), NULL},
};

enum { TAKER_COUNT = sizeof(takers) / sizeof(takers[0]), FIRST_LONG = 256 };

static int take(struct review_call *call, size_t index)
{
	void *place = (char *)call + takers[index].offset;

	switch (takers[index].takes) {
	case TAKES_FLAG:
		*(bool *)place = true;
		return EX_OK;
	case TAKES_WORD:
		*(const char **)place = optarg;
		return EX_OK;
	case TAKES_TEXT:
		*(struct span *)place = csp_span_from(optarg);
		return EX_OK;
	case TAKES_PARSER:
	default:
		return takers[index].parse(call, optarg);
	}
}

static int take_option(struct review_call *call, int option, const char *word)
{
	if (option == 'c')
		return take(call, 0);
	if (option == 'h')
		return take(call, 1);
	if (option == 'o')
		return take(call, 2);
	if (option >= FIRST_LONG)
		return take(call, (size_t)(option - FIRST_LONG));
	return csp_cli_usage("review", "'%s' is no option, or lacks its value", word);
}

static void list_options(struct option out[TAKER_COUNT + 1])
{
	for (int i = 0; i < TAKER_COUNT; i++)
		out[i] = (struct option){takers[i].name,
					 takers[i].takes == TAKES_FLAG ? no_argument
								       : required_argument,
					 NULL, FIRST_LONG + i};
	out[TAKER_COUNT] = (struct option){NULL, 0, NULL, 0};
}

int csp_review_take_options(struct review_call *call, int argc, char **argv)
{
	struct option options[TAKER_COUNT + 1];
	int status = EX_OK, option;

	list_options(options);
	*call = (struct review_call){.filter = {.since = INT64_MIN, .until = INT64_MAX},
				     .conf = CSP_CONF_PATH,
				     .note = "",
				     .page = 1,
				     .now = (int64_t)time(NULL)};
	csp_buf_init(&call->subject, SUBJECT_MAX);

	opterr = 0;
	while (status == EX_OK && (option = getopt_long(argc, argv, "c:ho:", options, NULL)) != -1)
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
