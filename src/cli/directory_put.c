#include <sysexits.h>

#include "directory_load.h"
#include "version.h"

static const char help[] =
	"Usage: csp-milterctl directory put --source NAME [OPTION]... [FILE]\n"
	"Set what a source says of one customer or partner, or exclude a domain: a JSON\n"
	"object as 'directory import' takes it, or several, one a line, from FILE\n"
	"(standard input without one, or with -). Where one of them is refused nothing is\n"
	"changed.\n"
	"\n"
	"      --source NAME      the source that says so. Needed unless every object\n"
	"                         names its own\n"
	"      --dry-run          do everything but the change itself\n"
	"      --wait             while an import changes the directory, wait\n"
	"  -c, --config FILE      the configuration that names the directory\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --path DIR         the directory's folder, whatever the configuration says\n"
	"      --json             the summary as one JSON object, csp-milter/import/2\n"
	"  -h, --help             this text\n";

int csp_directory_verb_put(int argc, char **argv)
{
	static char standard_input[] = "-";
	char *files[] = {standard_input};
	const char *source = NULL;
	bool as_json = false;
	struct load load = {
		.verb = "directory put",
		.mode = UPDATE_UPSERT,
		.strict = true,
		.files = files,
		.file_count = 1,
	};
	const struct part_option options[] = {
		{"source", &source, NULL},  {"dry-run", NULL, &load.dry_run},
		{"wait", NULL, &load.wait}, {"json", NULL, &as_json},
		{NULL, NULL, NULL},
	};
	struct part part = {load.verb, help, options, .most = 1};
	int status;

	if (!csp_part_begin(&status, &part, argc, argv))
		return status;
	if (part.argument_count > 0)
		load.files = part.arguments;
	load.place = &part.place;
	status = csp_part_source(&load.settings.source, &part, source);
	if (status == EX_OK)
		status = csp_load_run(&load);
	if (status == EX_OK)
		status = csp_load_print(&load, as_json);
	csp_place_dispose(&part.place);
	return status;
}
