#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "directory_verb.h"
#include "import.h"
#include "version.h"

static const char help[] =
	"Usage: csp-milterctl directory import --source NAME [OPTION]... FILE...\n"
	"Put what the FILEs say into the customer directory ('-' is standard input). All\n"
	"of them go in together, and mail sees them with the next message. A party that\n"
	"is named replaces what this source said of it before; other sources and other\n"
	"parties stay as they are.\n"
	"\n"
	"      --source NAME      where the facts come from; every fact keeps it\n"
	"      --format FORMAT    jsonl or customers-csv; else it is seen from the file\n"
	"      --partner ID       customers-csv: the partner who exported the file\n"
	"      --role ROLE        and its role: direct-bill, indirect-provider or\n"
	"                         indirect-reseller\n"
	"  -c, --config FILE      the configuration that names the directory\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --path DIR         the directory's folder, whatever the configuration says\n"
	"      --json             the summary as one JSON object, csp-milter/import/1\n"
	"  -h, --help             this text\n"
	"\n"
	"Refused rows are printed as FILE:LINE and why; the rest goes in, and the status\n"
	"is 1.\n";

enum { OPTION_SOURCE = 256, OPTION_FORMAT, OPTION_PARTNER, OPTION_ROLE, OPTION_PATH, OPTION_JSON };

static const struct option options[] = {
	{"source", required_argument, NULL, OPTION_SOURCE},
	{"format", required_argument, NULL, OPTION_FORMAT},
	{"partner", required_argument, NULL, OPTION_PARTNER},
	{"role", required_argument, NULL, OPTION_ROLE},
	{"path", required_argument, NULL, OPTION_PATH},
	{"json", no_argument, NULL, OPTION_JSON},
	{"config", required_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct call {
	struct place place;
	const char *source, *format, *partner, *role;
	bool as_json, help;
	char **files;
	int file_count;
	struct import_settings settings;
	char partner_id[IMPORT_ID_MAX];
};

/* Where an option's text goes; NULL when it has none. */
static const char **target(struct call *call, int option)
{
	switch (option) {
	case OPTION_SOURCE:
		return &call->source;
	case OPTION_FORMAT:
		return &call->format;
	case OPTION_PARTNER:
		return &call->partner;
	case OPTION_ROLE:
		return &call->role;
	case OPTION_PATH:
		return &call->place.path;
	case 'c':
		return &call->place.conf_path;
	default:
		return NULL;
	}
}

static int take_options(struct call *call, int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		const char **text = target(call, option);
		if (text)
			*text = optarg;
		else if (option == OPTION_JSON)
			call->as_json = true;
		else if (option == 'h')
			call->help = true;
		else
			return csp_cli_usage("directory import",
					     "'%s' is no option, or lacks its value",
					     argv[optind - 1]);
	}
	call->files = argv + optind;
	call->file_count = argc - optind;
	return EX_OK;
}

static int check_call(struct call *call)
{
	struct import_settings *settings = &call->settings;

	if (!call->source)
		return csp_cli_usage("directory import",
				     "--source NAME is needed: every fact keeps its source");
	if (call->file_count == 0)
		return csp_cli_usage("directory import", "which FILE? '-' is standard input");
	if (!call->partner != !call->role)
		return csp_cli_usage("directory import", "--partner and --role go together");
	if (call->format && !csp_import_format_find(&settings->format, csp_span_from(call->format)))
		return csp_cli_usage("directory import",
				     "'%s' is no format: jsonl or customers-csv", call->format);
	if (call->role && !csp_role_find(&settings->role, csp_span_from(call->role)))
		return csp_cli_usage(
			"directory import",
			"'%s' is no role: direct-bill, indirect-provider or indirect-reseller",
			call->role);
	if (call->partner &&
	    !csp_import_id(&settings->partner, call->partner_id, csp_span_from(call->partner)))
		return csp_cli_usage("directory import", "'%s' is no partner's id", call->partner);
	return EX_OK;
}

/* The talk on stderr: refused rows, and on a terminal a line that counts. */
struct talk {
	bool terminal;
	bool line_open;
	struct timespec last;
};

static void end_line(struct talk *talk)
{
	if (talk->line_open)
		fputs("\r\033[K", stderr);
	talk->line_open = false;
}

static void say_refused(void *context, const char *file, uint64_t line, const char *why)
{
	end_line(context);
	fprintf(stderr, "%s:%" PRIu64 ": %s\n", file, line, why);
}

static void say_warning(void *context, const char *file, uint64_t line, const char *what)
{
	end_line(context);
	fprintf(stderr, "%s:%" PRIu64 ": warning: %s\n", file, line, what);
}

static void say_progress(void *context, const struct import_counts *counts)
{
	struct talk *talk = context;
	struct timespec now;

	if (!talk->terminal || clock_gettime(CLOCK_MONOTONIC, &now) != 0 ||
	    now.tv_sec == talk->last.tv_sec)
		return;
	talk->last = now;
	talk->line_open = true;
	fprintf(stderr, "\r%" PRIu64 " rows", counts->rows);
}

static int import_status(enum import_result result, enum directory_result failure, const char *file,
			 const char *path)
{
	switch (result) {
	case IMPORT_OK:
		return EX_OK;
	case IMPORT_UNREADABLE:
		csp_cli_error("%s: %s", file, strerror(errno));
		return EX_NOINPUT;
	case IMPORT_UNKNOWN_FORMAT:
		csp_cli_error("%s: neither JSON Lines nor a Customers.csv with its header row",
			      file);
		return EX_DATAERR;
	case IMPORT_NOT_UTF8:
		csp_cli_error("%s: damaged UTF-16: save it as CSV UTF-8", file);
		return EX_DATAERR;
	case IMPORT_NEEDS_PARTNER:
		csp_cli_error("%s: it does not say whose customers these are: name the partner who "
			      "exported it with --partner and --role",
			      file);
		return EX_USAGE;
	case IMPORT_DIRECTORY:
		return csp_cli_directory_status(failure, path);
	case IMPORT_NO_MEMORY:
		break;
	}
	csp_cli_error("out of memory");
	return EX_OSERR;
}

struct run {
	const struct call *call;
	struct directory_update *update;
	struct update_counts found;
	struct import_counts counts;
	struct talk talk;
};

static int import_file(struct run *run, const char *file)
{
	struct import_report report = {say_refused, say_warning, say_progress, &run->talk};
	bool is_stdin = strcmp(file, "-") == 0;
	FILE *stream = is_stdin ? stdin : fopen(file, "rb");
	enum directory_result failure = DIRECTORY_OK;

	if (!stream) {
		csp_cli_error("%s: %s", file, strerror(errno));
		return EX_NOINPUT;
	}
	enum import_result result =
		csp_import_file(&run->counts, &failure, run->update, stream,
				is_stdin ? "stdin" : file, &run->call->settings, &report);
	end_line(&run->talk);
	int status = import_status(result, failure, file, run->call->place.path);
	if (!is_stdin)
		fclose(stream);
	return status;
}

static void say_refused_late(void *context, struct place_in_import place, const char *why)
{
	struct run *run = context;

	run->counts.refused++;
	say_refused(&run->talk, run->call->files[place.file], place.line, why);
}

static void say_warned_late(void *context, struct place_in_import place, const char *what)
{
	struct run *run = context;

	say_warning(&run->talk, run->call->files[place.file], place.line, what);
}

/* Nothing taken is nothing to commit: the directory keeps its state. */
static int finish(struct run *run)
{
	const struct import_counts *counts = &run->counts;
	struct directory_update *update = run->update;

	run->update = NULL;
	if (counts->customers + counts->partners + counts->exclusions == 0) {
		csp_directory_update_abort(update);
		return EX_OK;
	}
	return csp_cli_directory_status(csp_directory_update_finish(&run->found, update),
					run->call->place.path);
}

static int import_files(struct run *run, struct directory *directory)
{
	const struct call *call = run->call;
	const struct update_settings settings = {
		.mode = UPDATE_UPSERT,
		.now = (int64_t)time(NULL),
		.report = {say_refused_late, say_warned_late, NULL, run},
	};
	uint32_t number;
	enum directory_result result =
		csp_directory_update_begin(&run->update, directory, &settings);

	if (result == DIRECTORY_OK)
		result = csp_directory_update_source(&number, run->update, call->settings.source);
	if (result == DIRECTORY_REFUSED) {
		csp_directory_update_abort(run->update);
		return csp_cli_usage("directory import",
				     "a source's name is 1 to %d printable characters, no blanks",
				     SOURCE_NAME_MAX);
	}
	int status = csp_cli_directory_status(result, call->place.path);
	for (int i = 0; i < call->file_count && status == EX_OK; i++)
		status = import_file(run, call->files[i]);
	if (status == EX_OK)
		return finish(run);
	csp_directory_update_abort(run->update);
	csp_cli_error("nothing was imported");
	return status;
}

static void write_json(struct buf *out, const struct run *run)
{
	const struct import_counts *counts = &run->counts;
	struct json json;

	csp_json_init(&json, out);
	csp_json_object(&json);
	csp_json_text_at(&json, "schema", SPAN_LIT("csp-milter/import/1"));
	csp_json_text_at(&json, "source", csp_span_from(run->call->source));
	csp_json_number_at(&json, "rows", (int64_t)counts->rows);
	csp_json_number_at(&json, "customers", (int64_t)counts->customers);
	csp_json_number_at(&json, "partners", (int64_t)counts->partners);
	csp_json_number_at(&json, "exclusions", (int64_t)counts->exclusions);
	csp_json_number_at(&json, "refused", (int64_t)counts->refused);
	csp_json_number_at(&json, "no_own_domain", (int64_t)run->found.no_own_domain);
	csp_json_object_end(&json);
	csp_buf_append_char(out, '\n');
}

static void write_text(struct buf *out, const struct run *run)
{
	const struct import_counts *counts = &run->counts;

	csp_buf_append_format(out,
			      "%" PRIu64 " rows: %" PRIu64 " customers, %" PRIu64
			      " partners, %" PRIu64 " exclusions, %" PRIu64 " refused\n",
			      counts->rows, counts->customers, counts->partners, counts->exclusions,
			      counts->refused);
}

static int print_summary(const struct run *run)
{
	struct buf text;

	if (run->found.no_own_domain > 0)
		csp_cli_error("%" PRIu64 " customers came without a domain of their own: mail to "
			      "them is known by its onmicrosoft.com address alone",
			      run->found.no_own_domain);
	csp_buf_init(&text, 65536);
	if (run->call->as_json)
		write_json(&text, run);
	else
		write_text(&text, run);
	int status = csp_place_print(&text);
	csp_buf_dispose(&text);
	if (status == EX_OK && run->counts.refused > 0)
		return 1;
	return status;
}

/* A partner of record without an entry has no domain to write from: all its mail would be another's. */
static void check_partner(struct directory *directory, struct span id)
{
	const struct partner *partner;
	struct directory_read *read;
	struct arena arena;

	if (id.len == 0 || csp_directory_read_begin(&read, directory) != DIRECTORY_OK)
		return;
	csp_arena_init(&arena, (size_t)16 << 20);
	if (csp_directory_partner(&partner, read, &arena, id) == NOT_FOUND)
		csp_cli_error(
			"the partner %.*s is not in the directory yet: nobody can write as it",
			SPAN_ARG(id));
	csp_arena_dispose(&arena);
	csp_directory_read_end(read);
}

static int import_to(const struct call *call)
{
	struct run run = {.call = call, .talk = {.terminal = isatty(STDERR_FILENO) == 1}};
	struct directory *directory = NULL;
	enum directory_result result = csp_directory_open(&directory, call->place.path, true);

	if (result == DIRECTORY_MISSING) {
		csp_cli_error("%s: its parent folder does not exist", call->place.path);
		return EX_CANTCREAT;
	}
	int status = csp_cli_directory_status(result, call->place.path);
	if (status == EX_OK)
		status = import_files(&run, directory);
	if (status == EX_OK) {
		check_partner(directory, call->settings.partner);
		status = print_summary(&run);
	}
	csp_directory_close(directory);
	return status;
}

int csp_directory_verb_import(int argc, char **argv)
{
	struct call call = {.settings = {.partner = SPAN_LIT("")}};
	int status = take_options(&call, argc, argv);

	if (status != EX_OK)
		return status;
	if (call.help)
		return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
	status = check_call(&call);
	if (status == EX_OK)
		status = csp_place_find(&call.place);
	if (status == EX_OK) {
		call.settings.address_separators = call.place.address_separators;
		call.settings.source = csp_span_from(call.source);
		status = import_to(&call);
	}
	csp_place_dispose(&call.place);
	return status;
}
