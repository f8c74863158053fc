#include "directory_verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "directory_verb.h"
#include "progress.h"
#include "version.h"

#define TEXT_MAX ((size_t)256 << 20)
#define LINE_CAP 1024

static const char help[] =
	"Usage: csp-milterctl directory verify [OPTION]...\n"
	"Read the whole directory and say what is wrong with it: each entry's checksum\n"
	"and form, the order of keys, names and counts. A process of its own reads,\n"
	"because damage may end it. The status is 1 when something is wrong.\n"
	"\n"
	"  -c, --config FILE      the configuration that names the directory\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --path DIR         the directory's folder, whatever the configuration says\n"
	"      --json             one JSON object (schema csp-milter/directory-verify/1)\n"
	"  -h, --help             this text\n";

/*
 * The reader tells the other process what it finds in lines of text, each with a letter in front:
 * a problem, how far it is, and in the end what came of it.
 */
#define LINE_PROBLEM  'p'
#define LINE_PROGRESS 't'
#define LINE_END      'e'

/* ---- the process that reads ---- */

static void tell_problem(void *context, const char *what)
{
	FILE *out = context;

	fprintf(out, "%c%s\n", LINE_PROBLEM, what);
}

static void tell_progress(void *context, uint64_t done, uint64_t total)
{
	FILE *out = context;

	fprintf(out, "%c%" PRIu64 " %" PRIu64 "\n", LINE_PROGRESS, done, total);
}

static void read_all(struct place *place, FILE *out)
{
	const struct verify_report report = {tell_problem, tell_progress, out};
	struct verify_counts counts = {0};

	/* What was found is told even if the next page is the end of this process. */
	setvbuf(out, NULL, _IOLBF, 0);
	enum directory_result result = csp_directory_open(&place->directory, place->path, false);

	if (result == DIRECTORY_OK)
		result = csp_directory_read_begin(&place->read, place->directory);
	if (result == DIRECTORY_OK)
		result = csp_directory_verify(&counts, place->read, &report);
	fprintf(out, "%c%" PRIu64 " %d\n", LINE_END, counts.entries, (int)result);
	fclose(out);
}

/* ---- the process that waits ---- */

struct outcome {
	bool as_json;
	struct progress progress;
	struct buf text; /* what goes to stdout */
	struct json json;
	uint64_t entries, problems;
	bool whole;  /* the reader got to its end */
	int printed; /* EX_OK, or why stdout got no more */
	enum directory_result result;
};

static void add_problem(struct outcome *outcome, struct span what)
{
	outcome->problems++;
	csp_progress_clear(&outcome->progress);
	if (outcome->as_json) {
		csp_json_text(&outcome->json, what);
		return;
	}
	csp_buf_append(&outcome->text, what);
	csp_buf_append_char(&outcome->text, '\n');
	/* As they come: reading on may take minutes. */
	if (outcome->printed == EX_OK)
		outcome->printed = csp_place_print(&outcome->text);
	csp_buf_reset(&outcome->text);
}

static void take_line(struct outcome *outcome, const char *line, size_t len)
{
	uint64_t first, second;
	char *rest;

	if (line[0] == LINE_PROBLEM) {
		add_problem(outcome, (struct span){line + 1, len - 1});
		return;
	}
	first = strtoull(line + 1, &rest, 10);
	second = strtoull(rest, NULL, 10);
	if (line[0] == LINE_PROGRESS) {
		outcome->entries = first;
		csp_progress_show(&outcome->progress, "verifying", first, second, "");
	} else if (line[0] == LINE_END) {
		outcome->entries = first;
		outcome->result = (enum directory_result)second;
		outcome->whole = true;
	}
}

static void take_lines(struct outcome *outcome, FILE *in)
{
	char line[LINE_CAP];

	while (fgets(line, sizeof(line), in)) {
		size_t len = strcspn(line, "\n");
		if (len > 0)
			take_line(outcome, line, len);
	}
	csp_progress_clear(&outcome->progress);
}

static void add_end_of_process(struct outcome *outcome, int wait_status)
{
	char what[128];

	if (WIFSIGNALED(wait_status))
		snprintf(what, sizeof(what), "damaged: reading it ended the process (signal %d)",
			 WTERMSIG(wait_status));
	else
		snprintf(what, sizeof(what), "damaged: reading it ended the process (status %d)",
			 WEXITSTATUS(wait_status));
	add_problem(outcome, csp_span_from(what));
}

static void write_summary(struct outcome *outcome)
{
	struct buf *text = &outcome->text;

	if (outcome->as_json) {
		csp_json_array_end(&outcome->json);
		csp_json_number_at(&outcome->json, "entries", (int64_t)outcome->entries);
		csp_json_key(&outcome->json, "complete");
		csp_json_bool(&outcome->json, outcome->whole);
		csp_json_object_end(&outcome->json);
		csp_buf_append_char(text, '\n');
		return;
	}
	csp_directory_show_count(text, outcome->entries, "entry", "entries");
	csp_buf_append(text, SPAN_LIT(" read, "));
	csp_directory_show_count(text, outcome->problems, "problem", "problems");
	csp_buf_append_char(text, '\n');
}

static int judge(struct outcome *outcome, const char *path)
{
	int status = csp_cli_directory_status(outcome->result, path);

	if (status == EX_OK)
		status = outcome->printed;
	if (status == EX_OK) {
		write_summary(outcome);
		status = csp_place_print(&outcome->text);
	}
	if (outcome->problems > 0 || outcome->result == DIRECTORY_FAILED)
		csp_cli_error("make it anew with 'csp-milterctl directory import --replace-all' "
			      "from your exports or a packed copy; if that fails, in a new folder "
			      "(--path) that then takes the place of this one");
	return status == EX_OK && outcome->problems > 0 ? 1 : status;
}

static void begin_outcome(struct outcome *outcome, const char *path)
{
	csp_progress_init(&outcome->progress);
	csp_buf_init(&outcome->text, TEXT_MAX);
	csp_json_init(&outcome->json, &outcome->text);
	if (!outcome->as_json)
		return;
	csp_json_object(&outcome->json);
	csp_json_text_at(&outcome->json, "schema", SPAN_LIT("csp-milter/directory-verify/1"));
	csp_json_text_at(&outcome->json, "path", csp_span_from(path));
	csp_json_key(&outcome->json, "problems");
	csp_json_array(&outcome->json);
}

static int wait_for(pid_t child, FILE *in, struct outcome *outcome, const char *path)
{
	int wait_status = 0;

	begin_outcome(outcome, path);
	take_lines(outcome, in);
	fclose(in);
	while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR)
		continue;
	if (!outcome->whole)
		add_end_of_process(outcome, wait_status);
	int status = judge(outcome, path);
	csp_buf_dispose(&outcome->text);
	return status;
}

static int no_process(void)
{
	csp_cli_error("no process can be started: %s", strerror(errno));
	return EX_OSERR;
}

static int verify(struct place *place, bool as_json)
{
	struct outcome outcome = {.as_json = as_json, .result = DIRECTORY_OK};
	int ends[2];

	if (pipe(ends) != 0)
		return no_process();
	pid_t child = fork();
	FILE *stream = child < 0 ? NULL : fdopen(ends[child == 0], child == 0 ? "w" : "r");
	if (!stream)
		return no_process();
	close(ends[child != 0]);
	if (child != 0)
		return wait_for(child, stream, &outcome, place->path);
	read_all(place, stream);
	csp_place_dispose(place);
	_exit(EX_OK);
}

int csp_directory_verb_verify(int argc, char **argv)
{
	bool as_json = false;
	const struct part_option options[] = {{"json", NULL, &as_json}, {NULL, NULL, NULL}};
	struct part part = {"directory verify", help, options, .most = 0};
	int status;

	if (!csp_part_begin(&status, &part, argc, argv))
		return status;
	status = csp_place_find(&part.place);
	if (status == EX_OK)
		status = verify(&part.place, as_json);
	csp_place_dispose(&part.place);
	return status;
}
