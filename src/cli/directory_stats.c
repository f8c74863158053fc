#include <inttypes.h>
#include <libsmartcols.h>
#include <locale.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "directory_verb.h"
#include "report.h"
#include "version.h"
#include "view.h"
#include "when.h"

#define STATS_ARENA ((size_t)64 << 20)
#define STATS_TEXT  ((size_t)64 << 20)

static const char help[] =
	"Usage: csp-milterctl directory stats [OPTION]...\n"
	"How much the customer directory holds, which sources it comes from, and of when\n"
	"it is. Customers that several sources describe are counted once in the whole and\n"
	"once for each source.\n"
	"\n"
	"  -c, --config FILE      the configuration that names the directory\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --path DIR         the directory's folder, whatever the configuration says\n"
	"      --json             one JSON object (schema csp-milter/directory-stats/2)\n"
	"  -h, --help             this text\n";

/* What is known of the directory, and when it was asked. */
struct answer {
	const char *path;
	struct directory_stats stats;
	int64_t now;
	uint64_t size; /* of its file, in bytes */
};

static void write_age(struct json *json, int64_t now, int64_t updated)
{
	char time[WHEN_TEXT_SIZE];

	csp_json_text_at(json, "updated", csp_when_format(time, updated));
	csp_json_number_at(json, "age", now - updated);
}

static void write_json(struct buf *out, const struct answer *answer)
{
	const struct directory_stats *stats = &answer->stats;
	struct json json;

	csp_json_init(&json, out);
	csp_json_object(&json);
	csp_json_text_at(&json, "schema", SPAN_LIT("csp-milter/directory-stats/2"));
	csp_json_text_at(&json, "path", csp_span_from(answer->path));
	csp_json_number_at(&json, "state", (int64_t)stats->state);
	write_age(&json, answer->now, stats->updated);
	csp_json_number_at(&json, "size", (int64_t)answer->size);
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
		csp_json_number_at(&json, "exclusions", (int64_t)source->exclusions);
		write_age(&json, answer->now, source->updated);
		csp_json_object_end(&json);
	}
	csp_json_array_end(&json);
	csp_json_object_end(&json);
	csp_buf_append_char(out, '\n');
}

/* "3 days ago"; a clock that was wrong has no age. */
static void append_age(struct buf *out, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *one, *many;
	} units[] = {{86400, "day", "days"},
		     {3600, "hour", "hours"},
		     {60, "minute", "minutes"},
		     {1, "second", "seconds"}};

	if (seconds < 0) {
		csp_buf_append(out, SPAN_LIT("in the future"));
		return;
	}
	size_t i = 0;
	while (i < sizeof(units) / sizeof(*units) - 1 && seconds < 2 * units[i].seconds)
		i++;
	csp_directory_show_count(out, (uint64_t)(seconds / units[i].seconds), units[i].one,
				 units[i].many);
	csp_buf_append(out, SPAN_LIT(" ago"));
}

static void append_time(struct buf *out, int64_t now, int64_t time)
{
	char text[WHEN_TEXT_SIZE];

	append_age(out, now - time);
	csp_buf_append(out, SPAN_LIT(" ("));
	csp_view_append_time(out, csp_when_format(text, time));
	csp_buf_append_char(out, ')');
}

static void append_size(struct buf *out, uint64_t size)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;

	for (; size >= 10240 && unit < sizeof(units) / sizeof(*units) - 1; unit++)
		size /= 1024;
	csp_buf_append_format(out, "%" PRIu64 " %s", size, units[unit]);
}

static void write_text(struct buf *out, const struct answer *answer)
{
	const struct directory_stats *stats = &answer->stats;
	const struct {
		const char *name;
		uint64_t number;
	} lines[] = {
		{"customers", stats->customers},   {"partners", stats->partners},
		{"domains", stats->domains},       {"addresses", stats->addresses},
		{"exclusions", stats->exclusions},
	};

	csp_buf_append(out, SPAN_LIT("directory   "));
	csp_report_append_safe(out, csp_span_from(answer->path));
	csp_buf_append_format(out, "\nstate       %" PRIu64 "\nupdated     ", stats->state);
	append_time(out, answer->now, stats->updated);
	csp_buf_append(out, SPAN_LIT("\nsize        "));
	append_size(out, answer->size);
	csp_buf_append_char(out, '\n');
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		csp_buf_append_format(out, "%-10s  %" PRIu64 "\n", lines[i].name, lines[i].number);
	csp_buf_append_char(out, '\n');
}

/* ---- the table of sources ---- */

static bool set_number(struct libscols_line *line, size_t column, struct buf *cell, uint64_t number)
{
	csp_buf_reset(cell);
	csp_buf_append_format(cell, "%" PRIu64, number);
	return scols_line_set_data(line, column, csp_buf_cstr(cell)) == 0;
}

static bool add_source(struct libscols_table *table, struct buf *cell,
		       const struct directory_source *source, int64_t now)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	if (!line)
		return false;
	csp_buf_reset(cell);
	csp_report_append_safe(cell, source->name);
	if (scols_line_set_data(line, 0, csp_buf_cstr(cell)) != 0 ||
	    !set_number(line, 1, cell, source->customers) ||
	    !set_number(line, 2, cell, source->partners) ||
	    !set_number(line, 3, cell, source->exclusions))
		return false;
	csp_buf_reset(cell);
	append_time(cell, now, source->updated);
	return !csp_buf_failed(cell) && scols_line_set_data(line, 4, csp_buf_cstr(cell)) == 0;
}

static bool add_columns(struct libscols_table *table)
{
	return scols_table_new_column(table, "SOURCE", 0, 0) &&
	       scols_table_new_column(table, "CUSTOMERS", 0, SCOLS_FL_RIGHT) &&
	       scols_table_new_column(table, "PARTNERS", 0, SCOLS_FL_RIGHT) &&
	       scols_table_new_column(table, "EXCLUSIONS", 0, SCOLS_FL_RIGHT) &&
	       scols_table_new_column(table, "UPDATED", 0, 0);
}

static bool write_sources(struct buf *out, const struct answer *answer)
{
	struct libscols_table *table = scols_new_table();
	bool ok = table && add_columns(table);
	char *text = NULL;
	struct buf cell;

	csp_buf_init(&cell, STATS_TEXT);
	for (size_t i = 0; ok && i < answer->stats.source_count; i++)
		ok = add_source(table, &cell, &answer->stats.sources[i], answer->now);
	/* The cells are safe already. A cut number would be a wrong one: lines are as wide as they are. */
	ok = ok && scols_table_enable_noencoding(table, 1) == 0 &&
	     scols_table_enable_nowrap(table, 1) == 0 &&
	     scols_print_table_to_string(table, &text) == 0;
	if (ok) {
		csp_buf_append(out, csp_span_from(text));
		csp_buf_append_char(out, '\n');
	}
	free(text);
	csp_buf_dispose(&cell);
	scols_unref_table(table);
	return ok;
}

static uint64_t size_of(const char *folder)
{
	struct stat status;
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/data.mdb", folder);

	if (len < 0 || (size_t)len >= sizeof(path) || stat(path, &status) != 0)
		return 0;
	return (uint64_t)status.st_size;
}

static int answer(const struct place *place, bool as_json)
{
	struct answer answer = {.path = place->path, .now = (int64_t)time(NULL)};
	struct arena arena;
	struct buf text;

	csp_arena_init(&arena, STATS_ARENA);
	csp_buf_init(&text, STATS_TEXT);
	int status = csp_cli_directory_status(
		csp_directory_stats(&answer.stats, place->read, &arena), place->path);
	if (status == EX_OK) {
		answer.size = size_of(place->path);
		if (as_json)
			write_json(&text, &answer);
		else
			write_text(&text, &answer);
		if (!as_json && answer.stats.source_count > 0 && !write_sources(&text, &answer))
			text.failed = true;
		status = csp_place_print(&text);
	}
	csp_buf_dispose(&text);
	csp_arena_dispose(&arena);
	return status;
}

int csp_directory_verb_stats(int argc, char **argv)
{
	bool as_json = false;
	const struct part_option options[] = {{"json", NULL, &as_json}, {NULL, NULL, NULL}};
	struct part part = {"directory stats", help, options, .most = 0};
	int status;

	if (!csp_part_begin(&status, &part, argc, argv))
		return status;
	status = csp_place_read(&part.place);
	if (status == EX_OK)
		status = answer(&part.place, as_json);
	csp_place_dispose(&part.place);
	return status;
}
