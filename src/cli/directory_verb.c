#include "directory_verb.h"

#include <getopt.h>
#include <string.h>
#include <sysexits.h>

#include "verb.h"
#include "version.h"
#include "when.h"

#define STATS_ARENA ((size_t)64 << 20)
#define STATS_TEXT  ((size_t)64 << 20)

static const char help[] =
	"Usage: csp-milterctl directory import --source NAME [OPTION]... FILE...\n"
	"       csp-milterctl directory get KEY [OPTION]...\n"
	"       csp-milterctl directory stats [OPTION]...\n"
	"Fill the customer directory, look something up in it, or count what it holds.\n"
	"'csp-milterctl directory import --help' says what an import takes.\n";

static const char stats_help[] =
	"Usage: csp-milterctl directory stats [OPTION]...\n"
	"How much the customer directory holds, and which sources it comes from.\n"
	"\n"
	"  -c, --config FILE      the configuration that names the directory\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --path DIR         the directory's folder, whatever the configuration says\n"
	"      --json             one JSON object (schema csp-milter/directory-stats/1)\n"
	"  -h, --help             this text\n";

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"path", required_argument, NULL, 'p'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

int csp_place_find(struct place *place)
{
	int status = EX_OK;

	place->address_separators = SPAN_LIT("+");
	if (!place->path || place->conf_path)
		status = csp_cli_conf_status(csp_conf_read(
			&place->conf, place->conf_path ? place->conf_path : CSP_CONF_PATH,
			csp_cli_report_conf, NULL));
	if (status != EX_OK || !place->conf)
		return status;
	place->address_separators = place->conf->address_separators;
	if (!place->path)
		place->path = place->conf->directory;
	return EX_OK;
}

void csp_place_dispose(struct place *place)
{
	csp_conf_free(place->conf);
	place->conf = NULL;
}

int csp_place_print(const struct buf *text)
{
	struct span span = csp_buf_span(text);

	if (csp_buf_failed(text)) {
		csp_cli_error("out of memory");
		return EX_OSERR;
	}
	if (fwrite(span.data, 1, span.len, stdout) != span.len || fflush(stdout) != 0) {
		csp_cli_error("the result could not be written");
		return EX_IOERR;
	}
	return EX_OK;
}

static void write_stats_json(struct buf *out, const struct directory_stats *stats)
{
	char time[WHEN_TEXT_SIZE];
	struct json json;

	csp_json_init(&json, out);
	csp_json_object(&json);
	csp_json_text_at(&json, "schema", SPAN_LIT("csp-milter/directory-stats/1"));
	csp_json_number_at(&json, "state", (int64_t)stats->state);
	csp_json_text_at(&json, "updated", csp_when_format(time, stats->updated));
	csp_json_number_at(&json, "customers", (int64_t)stats->customers);
	csp_json_number_at(&json, "partners", (int64_t)stats->partners);
	csp_json_number_at(&json, "domains", (int64_t)stats->domains);
	csp_json_number_at(&json, "addresses", (int64_t)stats->addresses);
	csp_json_number_at(&json, "exclusions", (int64_t)stats->exclusions);
	csp_json_key(&json, "sources");
	csp_json_array(&json);
	for (size_t i = 0; i < stats->source_count; i++) {
		const struct directory_source *source = &stats->sources[i];
		csp_json_object(&json);
		csp_json_text_at(&json, "source", source->name);
		csp_json_number_at(&json, "customers", (int64_t)source->customers);
		csp_json_number_at(&json, "partners", (int64_t)source->partners);
		csp_json_text_at(&json, "updated", csp_when_format(time, source->updated));
		csp_json_object_end(&json);
	}
	csp_json_array_end(&json);
	csp_json_object_end(&json);
	csp_buf_append_char(out, '\n');
}

static void write_stats(struct buf *out, const struct directory_stats *stats)
{
	char time[WHEN_TEXT_SIZE];
	const struct {
		const char *name;
		uint64_t number;
	} lines[] = {
		{"state", stats->state},         {"customers", stats->customers},
		{"partners", stats->partners},   {"domains", stats->domains},
		{"addresses", stats->addresses}, {"exclusions", stats->exclusions},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		csp_buf_append_format(out, "%-10s %10llu\n", lines[i].name,
				      (unsigned long long)lines[i].number);
	csp_buf_append_format(out, "%-10s %s\n", "updated",
			      csp_when_format(time, stats->updated).data);
	for (size_t i = 0; i < stats->source_count; i++) {
		const struct directory_source *source = &stats->sources[i];
		csp_buf_append_format(out,
				      "source %.*s: %llu customers, %llu partners, updated %s\n",
				      SPAN_ARG(source->name), (unsigned long long)source->customers,
				      (unsigned long long)source->partners,
				      csp_when_format(time, source->updated).data);
	}
}

static int print_stats(struct directory_read *read, const char *path, bool as_json)
{
	struct directory_stats stats;
	struct arena arena;
	struct buf text;

	csp_arena_init(&arena, STATS_ARENA);
	csp_buf_init(&text, STATS_TEXT);
	int status = csp_cli_directory_status(csp_directory_stats(&stats, read, &arena), path);
	if (status == EX_OK && as_json)
		write_stats_json(&text, &stats);
	else if (status == EX_OK)
		write_stats(&text, &stats);
	if (status == EX_OK)
		status = csp_place_print(&text);
	csp_buf_dispose(&text);
	csp_arena_dispose(&arena);
	return status;
}

static int stats_of(struct place *place, bool as_json)
{
	struct directory *directory = NULL;
	struct directory_read *read = NULL;
	int status = csp_place_find(place);

	if (status != EX_OK)
		return status;
	enum directory_result result = csp_directory_open(&directory, place->path, false);
	if (result == DIRECTORY_OK)
		result = csp_directory_read_begin(&read, directory);
	status = csp_cli_directory_status(result, place->path);
	if (status == EX_OK)
		status = print_stats(read, place->path, as_json);
	csp_directory_read_end(read);
	csp_directory_close(directory);
	return status;
}

static int run_stats(int argc, char **argv)
{
	struct place place = {0};
	bool as_json = false, wants_help = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c')
			place.conf_path = optarg;
		else if (option == 'p')
			place.path = optarg;
		else if (option == 'j')
			as_json = true;
		else if (option == 'h')
			wants_help = true;
		else
			return csp_cli_usage("directory stats",
					     "'%s' is no option, or lacks its value",
					     argv[optind - 1]);
	}
	if (wants_help)
		return fputs(stats_help, stdout) < 0 ? EX_IOERR : EX_OK;
	if (optind < argc)
		return csp_cli_usage("directory stats", "'%s' is one argument too many",
				     argv[optind]);
	int status = stats_of(&place, as_json);
	csp_place_dispose(&place);
	return status;
}

int csp_verb_directory(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} verbs[] = {
		{"import", csp_directory_verb_import},
		{"get", csp_directory_verb_get},
		{"stats", run_stats},
	};
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(word, verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	}
	if (argc > 1)
		return csp_cli_usage("directory", "'%s' is not one of import, get and stats", word);
	return csp_cli_usage("directory", "what with it: import, get or stats?");
}
