#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "directory_packed.h"
#include "directory_verb.h"
#include "outfile.h"
#include "progress.h"
#include "version.h"

#define LINES_MAX    ((size_t)256 << 20)
#define FLUSH_AT     ((size_t)1 << 20)
#define EXPORT_ARENA ((size_t)64 << 20)

static const char help[] =
	"Usage: csp-milterctl directory export [OPTION]... [FILE]\n"
	"Write the whole directory to FILE (standard output without one, or with -), as\n"
	"'directory import --replace-all' takes it: JSON Lines, one for each party and\n"
	"source, customers first, then partners, then exclusions. A FILE is replaced once\n"
	"all is written.\n"
	"\n"
	"      --packed           in the form it is stored in: for a second gateway, or a\n"
	"                         copy to go back to\n"
	"  -c, --config FILE      the configuration that names the directory\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --path DIR         the directory's folder, whatever the configuration says\n"
	"  -h, --help             this text\n";

struct job {
	const struct place *place;
	FILE *stream;
	struct progress progress;
	uint64_t done, total; /* entries */
	struct buf lines;
	struct arena arena; /* for one party */
	bool no_memory, failed;
	int code; /* errno of what failed */
};

/* ---- JSON Lines ---- */

static bool flush(struct job *job)
{
	struct span lines = csp_buf_span(&job->lines);

	errno = 0;
	if (csp_buf_failed(&job->lines))
		job->no_memory = true;
	else if (fwrite(lines.data, 1, lines.len, job->stream) != lines.len)
		job->failed = true;
	job->code = errno;
	csp_buf_reset(&job->lines);
	return !job->no_memory && !job->failed;
}

static bool count_line(struct job *job)
{
	csp_progress_show(&job->progress, "exporting", ++job->done, job->total, "");
	return csp_buf_span(&job->lines).len < FLUSH_AT || flush(job);
}

static int compare_sources(const void *a, const void *b)
{
	const struct directory_statement *const *left = a, *const *right = b;

	return csp_span_compare((*left)->source, (*right)->source);
}

/* By the source's name: the order they are stored in is that of their first import, and ends with the directory. */
static bool visit_party(void *context, enum entry_type type, struct span id,
			const struct directory_statements *statements)
{
	struct job *job = context;
	const struct directory_statement **sorted;

	(void)type;
	(void)id;
	csp_arena_reset(&job->arena);
	sorted = csp_arena_alloc(&job->arena, statements->count,
				 sizeof(const struct directory_statement *));
	if (!sorted) {
		job->no_memory = true;
		return false;
	}
	for (size_t i = 0; i < statements->count; i++)
		sorted[i] = &statements->items[i];
	qsort(sorted, statements->count, sizeof(const struct directory_statement *),
	      compare_sources);
	for (size_t i = 0; i < statements->count; i++)
		csp_directory_show_line(&job->lines, sorted[i]);
	return count_line(job);
}

static bool visit_exclusion(void *context, struct span source, struct span domain)
{
	struct job *job = context;

	csp_directory_show_exclusion(&job->lines, source, domain);
	return count_line(job);
}

static int write_lines(struct job *job)
{
	struct directory_read *read = job->place->read;

	csp_buf_init(&job->lines, LINES_MAX);
	csp_arena_init(&job->arena, EXPORT_ARENA);
	enum directory_result result = csp_directory_walk(read, visit_party, job);
	if (result == DIRECTORY_OK && !job->failed && !job->no_memory)
		result = csp_directory_walk_exclusions(read, visit_exclusion, job);
	if (result == DIRECTORY_OK && !job->failed && !job->no_memory)
		flush(job);
	csp_buf_dispose(&job->lines);
	csp_arena_dispose(&job->arena);
	csp_progress_clear(&job->progress);
	if (job->no_memory)
		return csp_cli_no_memory();
	return csp_cli_directory_status(result, job->place->path);
}

/* ---- packed ---- */

static void show_packed(void *context, uint64_t done, uint64_t total)
{
	struct job *job = context;

	csp_progress_show(&job->progress, "exporting", done, total, "");
}

/* A full disk is the output's, and told by who closes that. */
static int write_packed(struct job *job)
{
	const struct update_report report = {.progress = show_packed, .context = job};
	enum directory_result result = csp_packed_write(job->stream, job->place->read, &report);

	job->code = errno;
	job->failed = ferror(job->stream) != 0;
	csp_progress_clear(&job->progress);
	return job->failed ? EX_OK : csp_cli_directory_status(result, job->place->path);
}

/* ---- the call ---- */

static uint64_t count_entries(const struct place *place)
{
	struct directory_stats stats = {0};
	struct arena arena;

	csp_arena_init(&arena, EXPORT_ARENA);
	if (csp_directory_stats(&stats, place->read, &arena) != DIRECTORY_OK)
		stats = (struct directory_stats){0};
	csp_arena_dispose(&arena);
	return stats.customers + stats.partners + stats.exclusions;
}

static int export_to(struct job *job, bool packed, const char *file)
{
	struct outfile out;
	int status = csp_outfile_open(&out, file);

	if (status != EX_OK)
		return status;
	job->stream = out.stream;
	/* Where the lines go by themselves, nothing else need tell how far they are. */
	if (!isatty(fileno(out.stream)))
		csp_progress_init(&job->progress);
	if (!packed) {
		job->total = count_entries(job->place);
		status = write_lines(job);
	} else if (isatty(fileno(out.stream)) == 1) {
		csp_cli_error("a packed directory is nothing to read on a terminal: name a FILE, "
			      "or send the output elsewhere");
		status = EX_USAGE;
	} else {
		status = write_packed(job);
	}
	if (job->failed)
		out.code = job->code;
	return csp_outfile_close(&out, status);
}

int csp_directory_verb_export(int argc, char **argv)
{
	bool packed = false;
	const struct part_option options[] = {{"packed", NULL, &packed}, {NULL, NULL, NULL}};
	struct part part = {"directory export", help, options, .most = 1};
	struct job job = {.place = &part.place};
	int status;

	if (!csp_part_begin(&status, &part, argc, argv))
		return status;
	status = csp_place_read(&part.place);
	if (status == EX_OK)
		status = export_to(&job, packed, part.argument_count ? part.arguments[0] : "-");
	csp_place_dispose(&part.place);
	return status;
}
