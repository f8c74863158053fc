#include "verb.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "directory.h"
#include "opt.h"
#include "snapshot.h"
#include "version.h"

static const char help[] =
	"Usage: csp-milterctl check [-c FILE]\n"
	"Read the configuration and all packs as the daemon would, and open the\n"
	"directory. Every error is printed with its file and line.\n"
	"\n"
	"  -c, --config FILE      the configuration\n"
	"                         (" CSP_CONF_PATH ")\n"
	"  -h, --help             this text\n";

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct call {
	const char *conf;
	bool help;
};

static int take_options(struct call *call, int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c')
			call->conf = optarg;
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
		status = print_summary(call.conf, csp_snapshot_conf(snapshot));
	if (status == EX_OK)
		status = check_directory(csp_snapshot_conf(snapshot)->directory);
	csp_snapshot_release(snapshot);
	return status;
}
