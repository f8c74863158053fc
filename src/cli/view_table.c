#include "view.h"

#include <libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "report.h"
#include "review.h"
#include "review_fact.h"

/* A terminal of fewer columns has no room for a row, and shows each decision in three lines. */
#define NARROW 120

/* Of an id's 26 characters these tell the millisecond and 28 random bits. */
#define SHORT_ID 16

typedef void cell_writer(struct buf *out, const json_t *record);

static void write_time(struct buf *out, const json_t *record)
{
	csp_view_append_time(out, csp_review_text(record, "time"));
}

static void write_id(struct buf *out, const json_t *record)
{
	csp_report_append_safe(out,
			       csp_span_slice(csp_review_text(record, "decision"), 0, SHORT_ID));
}

static void write_rule(struct buf *out, const json_t *record)
{
	csp_report_append_safe(out, csp_review_gravest(record).rule);
}

static void write_from(struct buf *out, const json_t *record)
{
	csp_report_append_safe(out, csp_review_origin(record));
}

static void write_to(struct buf *out, const json_t *record)
{
	size_t count = json_array_size(json_object_get(record, "recipients"));

	csp_report_append_safe(out,
			       csp_review_text(csp_review_gravest(record).recipient, "address"));
	if (count > 1)
		csp_buf_append_format(out, " +%zu", count - 1);
}

static void write_subject(struct buf *out, const json_t *record)
{
	csp_report_append_safe(out, csp_review_text(record, "subject"));
}

enum { COLUMN_RESULT = 2, COLUMN_FROM = 4, COLUMN_SUBJECT = 6 };

static const struct {
	const char *name;
	double width; /* a share of the terminal below 1, else characters */
	int flags;
	cell_writer *write;
} columns[] = {
	{"TIME", 25, 0, write_time},
	{"DECISION", SHORT_ID, 0, write_id},
	[COLUMN_RESULT] = {"RESULT", 6, 0, csp_view_append_result},
	{"RULE", 0.10, SCOLS_FL_TRUNC, write_rule},
	[COLUMN_FROM] = {"FROM", 0.15, SCOLS_FL_TRUNC, write_from},
	{"TO", 0.15, SCOLS_FL_TRUNC, write_to},
	[COLUMN_SUBJECT] = {"SUBJECT", 0.25, SCOLS_FL_TRUNC, write_subject},
};
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

static const char *colour_of(struct span result)
{
	if (csp_span_equal(result, SPAN_LIT("reject")))
		return "red";
	if (csp_span_equal(result, SPAN_LIT("pass")))
		return NULL;
	return csp_span_starts_with(result, SPAN_LIT("would ")) ? "cyan" : "yellow";
}

static bool add_row(struct libscols_table *table, struct buf *cell, const json_t *record)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	if (!line)
		return false;
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		csp_buf_reset(cell);
		columns[i].write(cell, record);
		if (csp_buf_failed(cell) || scols_line_set_data(line, i, csp_buf_cstr(cell)) != 0)
			return false;
		if (i == COLUMN_RESULT && scols_cell_set_color(scols_line_get_cell(line, i),
							       colour_of(csp_buf_span(cell))) != 0)
			return false;
	}
	return true;
}

static const char *write_result(struct buf *cell, const json_t *record)
{
	csp_buf_reset(cell);
	csp_view_append_result(cell, record);
	return colour_of(csp_buf_span(cell));
}

/* The columns from `first` up to `end`, as one cell that is as wide as the terminal. */
static bool add_line(struct libscols_table *table, struct buf *cell, const json_t *record,
		     size_t first, size_t end)
{
	const char *colour = first == 0 ? write_result(cell, record) : NULL;
	struct libscols_line *line = scols_table_new_line(table, NULL);

	csp_buf_reset(cell);
	csp_buf_append(cell, first == 0 ? SPAN_LIT("") : SPAN_LIT("   "));
	for (size_t i = first; i < end; i++) {
		csp_buf_append(cell, i == 0 ? SPAN_LIT("") : SPAN_LIT(" "));
		columns[i].write(cell, record);
	}
	return line && !csp_buf_failed(cell) &&
	       scols_line_set_data(line, 0, csp_buf_cstr(cell)) == 0 &&
	       scols_cell_set_color(scols_line_get_cell(line, 0), colour) == 0;
}

static bool add_lines(struct libscols_table *table, struct buf *cell, const json_t *record)
{
	return add_line(table, cell, record, 0, COLUMN_FROM) &&
	       add_line(table, cell, record, COLUMN_FROM, COLUMN_SUBJECT) &&
	       add_line(table, cell, record, COLUMN_SUBJECT, COLUMN_COUNT);
}

static bool add_columns(struct libscols_table *table)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		if (!scols_table_new_column(table, columns[i].name, columns[i].width,
					    columns[i].flags))
			return false;
	}
	return true;
}

static bool add_one_column(struct libscols_table *table)
{
	return scols_table_enable_noheadings(table, 1) == 0 &&
	       scols_table_new_column(table, "", 1, SCOLS_FL_TRUNC);
}

static bool wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && (!no_color || no_color[0] == '\0');
}

bool csp_view_table(const struct window *window)
{
	struct libscols_table *table = scols_new_table();
	struct buf cell;
	bool narrow = table && isatty(STDOUT_FILENO) && scols_table_get_termwidth(table) < NARROW;
	bool ok = table && (narrow ? add_one_column(table) : add_columns(table));

	/* What is printed is UTF-8 whatever the locale says; the library needs to know for its widths. */
	setlocale(LC_CTYPE, "C.UTF-8");
	csp_buf_init(&cell, VIEW_TEXT_MAX);
	for (size_t i = 0; ok && i < window->count; i++)
		ok = (narrow ? add_lines : add_row)(table, &cell, csp_window_at(window, i));
	/* The cells are safe already; a second escaping would double the backslashes. */
	ok = ok && scols_table_enable_noencoding(table, 1) == 0 &&
	     scols_table_enable_colors(table, wants_colour()) == 0 && scols_print_table(table) == 0;
	csp_buf_dispose(&cell);
	scols_unref_table(table);
	return ok;
}
