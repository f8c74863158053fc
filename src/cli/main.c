#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "opt.h"
#include "verb.h"
#include "version.h"

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} verbs[] = {
	{"check", csp_verb_check, "read the configuration and say what is wrong with it"},
	{"explain", csp_verb_explain, "what the filter would do with a message, and why"},
	{"classify", csp_verb_classify, "what subject lines are about"},
	{"directory", csp_verb_directory, "fill the customer directory and look things up in it"},
	{"review", csp_verb_review, "recorded decisions: what was stopped, and why"},
	{"replay", csp_verb_replay, "what another configuration would have decided"},
	{"status", csp_verb_status, "how the running daemon is doing"},
	{"reload", csp_verb_reload, "have the daemon read its configuration again"},
};

static void print_verbs(FILE *out)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
}

static int print_help(void)
{
	fputs("Usage: csp-milterctl VERB [OPTION]... [ARGUMENT]...\n"
	      "The tool of csp-milter: check it, ask it, feed it, review what it did.\n\n",
	      stdout);
	print_verbs(stdout);
	fputs("\n"
	      "  -h, --help     this text; 'csp-milterctl VERB --help' says what a verb takes\n"
	      "  -V, --version  the version\n"
	      "\n"
	      "Results go to stdout, all else to stderr. The exit status is 0, 1 for a\n"
	      "finding, or one of sysexits.h. See csp-milterctl(8).\n",
	      stdout);
	return EX_OK;
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int unknown_verb(const char *word)
{
	csp_cli_error("'%s' is no %s. There are:", word, *word == '-' ? "option here" : "verb");
	print_verbs(stderr);
	fputs("Try 'csp-milterctl --help'.\n", stderr);
	return EX_USAGE;
}

static int run(int argc, char **argv)
{
	if (argc < 2)
		return csp_cli_usage("", "which verb?");
	if (is_one_of(argv[1], "-h", "--help") || strcmp(argv[1], "help") == 0)
		return print_help();
	if (is_one_of(argv[1], "-V", "--version"))
		return puts("csp-milterctl " CSP_VERSION) < 0 ? EX_IOERR : EX_OK;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	}
	return unknown_verb(argv[1]);
}

int main(int argc, char **argv)
{
	/* Whoever calls does not choose the tables that ICU reads. */
	unsetenv("ICU_DATA");
	setlocale(LC_CTYPE, "");

	int status = run(argc, argv);
	if (fclose(stdout) != 0 && status == EX_OK) {
		csp_cli_error("the result could not be written");
		status = EX_IOERR;
	}
	return status;
}
