#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon.h"
#include "lifecycle.h"
#include "log.h"
#include "version.h"

static const char usage[] =
	"Usage: csp-milter [-c FILE] [-n] [--stderr]\n"
	"The mail filter csp-milter, in the foreground.\n"
	"\n"
	"  -c, --config FILE  the configuration\n"
	"                     (" CSP_CONF_PATH ")\n"
	"  -n, --check        check configuration, directory and paths, then exit\n"
	"      --stderr       log to stderr instead of syslog\n"
	"  -h, --help         print this and exit\n"
	"  -V, --version      print the version and exit\n";

enum { GO_ON = -1 };

static int print(const char *text)
{
	if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
		return EX_OK;
	perror("csp-milter: stdout");
	return EX_IOERR;
}

static int read_options(struct options *out, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'n'},
		{"stderr", no_argument, NULL, 'e'},       {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0},
	};

	*out = (struct options){.conf_path = CSP_CONF_PATH};
	for (int option; (option = getopt_long(argc, argv, "c:nhV", options, NULL)) != -1;) {
		switch (option) {
		case 'c':
			out->conf_path = optarg;
			break;
		case 'n':
			out->check = true;
			break;
		case 'e':
			out->to_stderr = true;
			break;
		case 'h':
			return print(usage);
		case 'V':
			return print("csp-milter " CSP_VERSION "\n");
		default:
			(void)fputs("Try 'csp-milter --help'.\n", stderr);
			return EX_USAGE;
		}
	}
	if (optind == argc)
		return GO_ON;
	(void)fprintf(stderr, "csp-milter: '%s' is not expected\nTry 'csp-milter --help'.\n",
		      argv[optind]);
	return EX_USAGE;
}

int main(int argc, char **argv)
{
	static struct daemon daemon;
	int status = read_options(&daemon.options, argc, argv);

	if (status != GO_ON)
		return status;
	(void)csp_log_open("csp-milter", "mail", daemon.options.to_stderr || daemon.options.check);
	status = csp_daemon_read_conf(&daemon);
	if (status == EX_OK && daemon.options.check)
		return csp_daemon_check(&daemon);
	if (status == EX_OK)
		status = csp_daemon_open(&daemon);
	if (status == EX_OK)
		status = csp_daemon_run(&daemon);
	/* No exit handlers: sessions may still be running in libmilter's threads. */
	_exit(status);
}
