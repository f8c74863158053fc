#include "verb.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "decide.h"
#include "opt.h"
#include "progress.h"
#include "replay_changes.h"
#include "replay_message.h"
#include "review_source.h"
#include "version.h"
#include "view.h"

#define MEMORY_MAX   ((size_t)256 << 20)
#define DEFAULT_DAYS 7
#define DAY          86400

static const char help[] =
	"Usage: csp-milterctl replay [OPTION]...\n"
	"Decide again on the messages of the last 7 days, by another configuration, and\n"
	"show what would be different. Nothing is recorded, and no mail is touched.\n"
	"Exit status: 0 nothing would be different; 1 something would; 2 nothing could be\n"
	"decided again.\n"
	"\n"
	"  -c, --config FILE      the configuration to try; its directory is asked, and,\n"
	"                         without --journal, its journal is read\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --journal FILE     read this journal; may be given more than once\n"
	"      --since TIME       not before TIME: 7d, 36h or 15m ago, 2026-11-23, or\n"
	"                         2026-11-23T10:00:00Z\n"
	"      --until TIME       before TIME\n"
	"      --json             the result as one JSON object\n"
	"  -h, --help             this text\n";

enum { OPT_JOURNAL = 256, OPT_SINCE, OPT_UNTIL, OPT_JSON };

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"journal", required_argument, NULL, OPT_JOURNAL},
	{"since", required_argument, NULL, OPT_SINCE},
	{"until", required_argument, NULL, OPT_UNTIL},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* Why a message could not be decided on again, for a person, and as a member's name. */
static const struct {
	const char *name, *text;
} reasons[REPLAY_RESULTS] = {
	[REPLAY_NO_INPUTS] = {"no_inputs", "their inputs were not recorded (journal.inputs)"},
	[REPLAY_LOSSY] = {"lossy", "octets of their envelopes were no UTF-8"},
	[REPLAY_FAULT] = {"fault", "a failure had decided"},
	[REPLAY_UNKNOWN] = {"unknown", "header fields are read that were not read then"},
};

struct replaying {
	struct snapshot *snapshot;
	struct directory *directory;
	struct arena arena;
	struct replay_changes changes;
	uint64_t replayed, counts[REPLAY_RESULTS];
	uint64_t
		other_directory; /* of those replayed, decided with another state of the directory */
	bool failed;
};

static const struct decision *decide(struct replaying *replaying, const struct message *message,
				     const json_t *record)
{
	int64_t seconds = csp_review_milliseconds(csp_review_text(record, "time")) / 1000;
	const struct decide_context context = {
		.snapshot = replaying->snapshot,
		.directory = replaying->directory,
		.id = csp_review_text(record, "decision"),
		.now = {.tv_sec = (time_t)seconds},
		.host = csp_review_text(record, "host"),
	};

	return csp_decide(&context, message);
}

/* NULL and REPLAY_OK: mail like that is not judged any more. */
static enum replay_result replay(const struct decision **out, struct replaying *replaying,
				 struct message *message, const json_t *record)
{
	const struct conf *conf = csp_snapshot_conf(replaying->snapshot);
	enum replay_result result;

	*out = NULL;
	csp_message_init(message, &replaying->arena, conf->limits);
	if (!csp_message_count_fields(message, conf->removed_fields.items,
				      conf->removed_fields.count))
		return REPLAY_NO_MEMORY;
	result = csp_replay_message(message, record);
	if (result != REPLAY_OK || !csp_decide_is_outbound(&conf->outbound, &message->client))
		return result;
	*out = decide(replaying, message, record);
	return *out ? csp_replay_is_known(message, record) : REPLAY_NO_MEMORY;
}

static bool take_record(void *context, json_t *record)
{
	struct replaying *replaying = context;
	const struct decision *decision;
	struct message message;
	enum replay_result result;
	const json_t *state = json_object_get(record, "directory");

	if (csp_review_outcome_of(record).len > 0)
		return true;
	csp_arena_reset(&replaying->arena);
	result = replay(&decision, replaying, &message, record);
	replaying->counts[result]++;
	if (result == REPLAY_OK) {
		replaying->replayed++;
		replaying->other_directory += decision && (json_int_t)decision->directory_state !=
								  json_integer_value(state);
		replaying->failed = !csp_replay_changes_add(&replaying->changes, record, decision);
	}
	replaying->failed = replaying->failed || result == REPLAY_NO_MEMORY;
	return !replaying->failed;
}

static bool print_text(const struct replaying *replaying)
{
	bool ok = printf("%" PRIu64 " decisions made again; %" PRIu64 " messages would be treated "
			 "differently\n",
			 replaying->replayed, replaying->changes.changed) >= 0 &&
		  csp_replay_changes_print(&replaying->changes);

	for (size_t i = REPLAY_NO_INPUTS; ok && i < REPLAY_NO_MEMORY; i++) {
		if (replaying->counts[i] > 0)
			csp_cli_error("%" PRIu64 " could not be decided on again: %s",
				      replaying->counts[i], reasons[i].text);
	}
	if (replaying->other_directory > 0)
		csp_cli_error("%" PRIu64 " were decided with another state of the directory: what "
			      "differs may be its doing",
			      replaying->other_directory);
	return ok;
}

static bool print_json(const struct replaying *replaying)
{
	json_t *object = json_pack("{s:s, s:I, s:I}", "schema", "csp-milter/replay/1", "replayed",
				   (json_int_t)replaying->replayed, "other_directory",
				   (json_int_t)replaying->other_directory);
	json_t *left_out = json_object();
	bool ok = json_object_set_new(object, "not_replayable", left_out) == 0;

	for (size_t i = REPLAY_NO_INPUTS; ok && i < REPLAY_NO_MEMORY; i++)
		ok = json_object_set_new(left_out, reasons[i].name,
					 json_integer((json_int_t)replaying->counts[i])) == 0;
	ok = ok && csp_replay_changes_set(object, &replaying->changes) && csp_view_json(object);
	json_decref(object);
	return ok;
}

static int print(const struct replaying *replaying, bool json)
{
	if (replaying->failed)
		return csp_cli_no_memory();
	if (!(json ? print_json : print_text)(replaying) || fflush(stdout) != 0) {
		csp_cli_error("the result could not be written");
		return EX_IOERR;
	}
	if (replaying->replayed == 0)
		return 2;
	return replaying->changes.changed > 0 ? 1 : EX_OK;
}

static int read_journals(struct replaying *replaying, const struct review_call *call)
{
	struct review_call unindexed = *call;
	struct review_counts counts = {0};
	struct review_source source;
	int status;

	unindexed.unindexed = true;
	status = csp_review_source_open(&source, &unindexed);
	if (status == EX_OK)
		status = csp_review_source_read(&counts, &source, &unindexed, take_record,
						replaying);
	if (counts.damaged > 0)
		csp_cli_error("%" PRIu64 " damaged lines passed over", counts.damaged);
	csp_review_source_close(&source);
	return status;
}

static int run_replay(const struct review_call *call)
{
	struct replaying replaying = {.snapshot = NULL};
	int status = csp_cli_conf_status(
		csp_snapshot_new(&replaying.snapshot, call->conf, csp_cli_report_conf, NULL));

	csp_arena_init(&replaying.arena, MEMORY_MAX);
	if (status == EX_OK) {
		const char *path = csp_snapshot_conf(replaying.snapshot)->directory;
		status = csp_cli_directory_status(
			csp_directory_open(&replaying.directory, path, false), path);
	}
	if (!csp_replay_changes_init(&replaying.changes))
		status = csp_cli_no_memory();
	if (status == EX_OK)
		status = read_journals(&replaying, call);
	if (status == EX_OK)
		status = print(&replaying, call->json);
	csp_replay_changes_dispose(&replaying.changes);
	csp_directory_close(replaying.directory);
	csp_snapshot_release(replaying.snapshot);
	csp_arena_dispose(&replaying.arena);
	return status;
}

static int take_time(int64_t *out, const struct review_call *call, const char *text)
{
	if (csp_cli_parse_time(out, text, call->now))
		return EX_OK;
	return csp_cli_usage("replay", "'%s' is no time", text);
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
	case OPT_JSON:
		call->json = true;
		return EX_OK;
	case OPT_SINCE:
		return take_time(&call->filter.since, call, optarg);
	case OPT_UNTIL:
		return take_time(&call->filter.until, call, optarg);
	case OPT_JOURNAL:
		if (call->journal_count == JOURNALS_MAX)
			return csp_cli_usage("replay", "more than %d journals", JOURNALS_MAX);
		call->journals[call->journal_count++] = optarg;
		return EX_OK;
	default:
		return csp_cli_usage("replay", "'%s' is no option, or lacks its value", word);
	}
}

int csp_verb_replay(int argc, char **argv)
{
	struct review_call call = {.conf = CSP_CONF_PATH, .now = (int64_t)time(NULL)};
	int status = EX_OK, option;

	call.filter = (struct review_filter){.since = call.now - (int64_t)DEFAULT_DAYS * DAY,
					     .until = INT64_MAX};
	opterr = 0;
	while (status == EX_OK && (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
		status = take_option(&call, option, argv[optind - 1]);
	if (status != EX_OK)
		return status;
	if (call.help)
		return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
	if (optind < argc)
		return csp_cli_usage("replay", "'%s' is too much", argv[optind]);
	return run_replay(&call);
}
