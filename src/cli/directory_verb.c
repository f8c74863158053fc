#include "directory_verb.h"

#include <getopt.h>
#include <string.h>
#include <sysexits.h>

#include "verb.h"
#include "version.h"

static const char help[] =
	"Usage: csp-milterctl directory import [OPTION]... FILE...\n"
	"       csp-milterctl directory get [OPTION]... KEY\n"
	"       csp-milterctl directory put --source NAME [OPTION]... [FILE]\n"
	"       csp-milterctl directory delete [OPTION]... KEY\n"
	"       csp-milterctl directory export [OPTION]... [FILE]\n"
	"       csp-milterctl directory stats [OPTION]...\n"
	"       csp-milterctl directory verify [OPTION]...\n"
	"The customer directory:\n"
	"  import   put what files say into it\n"
	"  get      look up an address, a domain or a party's id\n"
	"  put      set what a source says of one party, or a few\n"
	"  delete   take away a party or an exclusion\n"
	"  export   write all of it, for an import elsewhere\n"
	"  stats    how much it holds, from which sources, of when\n"
	"  verify   read all of it and say what is damaged\n"
	"\n"
	"'csp-milterctl directory import --help' says what an import takes, and so on.\n";

/* ---- options ---- */

#define OPTIONS_MAX 20
enum { OPTION_PATH = 256, OPTION_OWN };

static void add_options(struct option out[OPTIONS_MAX], const struct part_option *own)
{
	static const struct option common[] = {
		{"config", required_argument, NULL, 'c'},
		{"path", required_argument, NULL, OPTION_PATH},
		{"help", no_argument, NULL, 'h'},
	};
	size_t count = sizeof(common) / sizeof(*common);

	memcpy(out, common, sizeof(common));
	for (size_t i = 0; own[i].name && count < OPTIONS_MAX - 1; i++)
		out[count++] =
			(struct option){own[i].name, own[i].text ? required_argument : no_argument,
					NULL, OPTION_OWN + (int)i};
	out[count] = (struct option){NULL, 0, NULL, 0};
}

static void take_option(struct part *part, int option)
{
	if (option == 'c') {
		part->place.conf_path = optarg;
	} else if (option == OPTION_PATH) {
		part->place.path = optarg;
	} else {
		const struct part_option *own = &part->options[option - OPTION_OWN];
		if (own->text)
			*own->text = optarg;
		else
			*own->flag = true;
	}
}

/* EX_OK, or the status of a wrong call. */
static int read_call(struct part *part, bool *wants_help, int argc, char **argv)
{
	struct option options[OPTIONS_MAX];
	int option;

	add_options(options, part->options);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == '?')
			return csp_cli_usage(part->name, "'%s' is no option, or lacks its value",
					     argv[optind - 1]);
		if (option == 'h')
			*wants_help = true;
		else
			take_option(part, option);
	}
	part->arguments = argv + optind;
	part->argument_count = argc - optind;
	if (part->argument_count > part->most && !*wants_help)
		return csp_cli_usage(part->name, "'%s' is one argument too many",
				     part->arguments[part->most]);
	return EX_OK;
}

bool csp_part_begin(int *status, struct part *part, int argc, char **argv)
{
	bool wants_help = false;

	*status = read_call(part, &wants_help, argc, argv);
	if (*status == EX_OK && wants_help)
		*status = fputs(part->help, stdout) < 0 ? EX_IOERR : EX_OK;
	return *status == EX_OK && !wants_help;
}

int csp_part_source(struct span *out, const struct part *part, const char *source)
{
	*out = csp_span_from(source);
	if (!source || csp_source_is_name(*out))
		return EX_OK;
	return csp_cli_usage(part->name,
			     "a source's name is 1 to %d printable characters, no blanks",
			     SOURCE_NAME_MAX);
}

/* ---- the directory that is meant ---- */

static void say_nothing(void *context, const struct conf_error *error)
{
	(void)context;
	(void)error;
}

static enum conf_result read_conf(struct place *place, csp_conf_report *report)
{
	const char *path = place->conf_path ? place->conf_path : CSP_CONF_PATH;
	struct conf *conf = NULL;
	enum conf_result result;

	if (!place->wants_products) {
		result = csp_conf_read(&conf, path, report, NULL);
		place->conf = place->own_conf = conf;
		return result;
	}
	result = csp_snapshot_new(&place->snapshot, path, report, NULL);
	if (result == CONF_OK)
		place->conf = csp_snapshot_conf(place->snapshot);
	return result;
}

int csp_place_find(struct place *place)
{
	bool needed = place->conf_path || !place->path;
	enum conf_result result = read_conf(place, needed ? csp_cli_report_conf : say_nothing);

	place->address_separators = SPAN_LIT("+");
	if (result != CONF_OK)
		return needed || result == CONF_NO_MEMORY ? csp_cli_conf_status(result) : EX_OK;
	place->address_separators = place->conf->address_separators;
	if (!place->path)
		place->path = place->conf->directory;
	return EX_OK;
}

int csp_place_open(struct place *place, bool writable)
{
	enum directory_result result = csp_directory_open(&place->directory, place->path, writable);
	if (writable && result == DIRECTORY_MISSING) {
		csp_cli_error("%s: its parent folder does not exist", place->path);
		return EX_CANTCREAT;
	}
	return csp_cli_directory_status(result, place->path);
}

int csp_place_read(struct place *place)
{
	int status = csp_place_find(place);

	if (status == EX_OK)
		status = csp_place_open(place, false);

	if (status != EX_OK)
		return status;
	return csp_cli_directory_status(csp_directory_read_begin(&place->read, place->directory),
					place->path);
}

void csp_place_dispose(struct place *place)
{
	csp_directory_read_end(place->read);
	csp_directory_close(place->directory);
	csp_conf_free(place->own_conf);
	csp_snapshot_release(place->snapshot);
	*place = (struct place){0};
}

int csp_place_begin(const struct place *place, const struct update_settings *settings,
		    place_beginner *begin, void *context)
{
	struct update_settings patient = *settings;

	patient.wait = false;
	enum directory_result result = begin(context, &patient);
	if (result == DIRECTORY_BUSY && settings->wait) {
		csp_cli_error("%s: another process is changing it: waiting for its end",
			      place->path);
		patient.wait = true;
		result = begin(context, &patient);
	}
	if (result == DIRECTORY_BUSY)
		csp_cli_error("%s: another process is changing it: try again when that has ended, "
			      "or wait for it with --wait",
			      place->path);
	if (result == DIRECTORY_BUSY)
		return EX_TEMPFAIL;
	return csp_cli_directory_status(result, place->path);
}

struct beginning {
	struct directory_update **out;
	struct directory *directory;
};

static enum directory_result begin_update(void *context, const struct update_settings *settings)
{
	const struct beginning *beginning = context;

	return csp_directory_update_begin(beginning->out, beginning->directory, settings);
}

int csp_place_update(struct directory_update **out, const struct place *place,
		     const struct update_settings *settings)
{
	struct beginning beginning = {out, place->directory};

	return csp_place_begin(place, settings, begin_update, &beginning);
}

int csp_place_print(const struct buf *text)
{
	struct span span = csp_buf_span(text);

	if (csp_buf_failed(text))
		return csp_cli_no_memory();
	if (fwrite(span.data, 1, span.len, stdout) != span.len || fflush(stdout) != 0) {
		csp_cli_error("the result could not be written");
		return EX_IOERR;
	}
	return EX_OK;
}

/* ---- the verb ---- */

int csp_verb_directory(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} parts[] = {
		{"import", csp_directory_verb_import}, {"get", csp_directory_verb_get},
		{"put", csp_directory_verb_put},       {"delete", csp_directory_verb_delete},
		{"export", csp_directory_verb_export}, {"stats", csp_directory_verb_stats},
		{"verify", csp_directory_verb_verify},
	};
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (strcmp(word, parts[i].name) == 0)
			return parts[i].run(argc - 1, argv + 1);
	}
	if (argc > 1)
		return csp_cli_usage(
			"directory",
			"'%s' is not one of import, get, put, delete, export, stats and verify",
			word);
	return csp_cli_usage("directory",
			     "what with it: import, get, put, delete, export, stats or verify?");
}
