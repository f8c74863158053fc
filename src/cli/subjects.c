#include "subjects.h"

static const char *const names[COLUMN_COUNT] = {
	[COLUMN_SUBJECT] = "subject",
	[COLUMN_FROM] = "from",
	[COLUMN_CATEGORY] = "category",
	[COLUMN_LANGUAGE] = "language",
};

void csp_subjects_init(struct subjects *subjects, int fd)
{
	*subjects = (struct subjects){.has = {false}};
	csp_lines_init(&subjects->lines, fd, SUBJECT_LINE_MAX);
}

void csp_subjects_dispose(struct subjects *subjects)
{
	csp_lines_dispose(&subjects->lines);
}

static struct span without_line_end(struct span line)
{
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

static struct span without_byte_order_mark(struct span line)
{
	return csp_span_starts_with(line, SPAN_LIT("\xef\xbb\xbf"))
		       ? csp_span_slice(line, 3, line.len)
		       : line;
}

/* Takes the next cell off *rest; false behind the last one. */
static bool next_cell(struct span *cell, struct span *rest, bool *more)
{
	size_t end = csp_span_find(*rest, '\t');

	if (!*more)
		return false;
	*cell = csp_span_slice(*rest, 0, end);
	*more = end < rest->len;
	*rest = csp_span_slice(*rest, end + 1, rest->len);
	return true;
}

/* Without a cell "subject" the first line is a subject itself. */
static bool read_header_row(struct subjects *subjects, struct span line)
{
	struct span cell;
	bool more = true;

	for (size_t place = 0; next_cell(&cell, &line, &more); place++) {
		for (int column = 0; column < COLUMN_COUNT; column++) {
			if (subjects->has[column] ||
			    !csp_span_equal_nocase(csp_span_trim(cell),
						   csp_span_from(names[column])))
				continue;
			subjects->has[column] = true;
			subjects->place[column] = place;
		}
	}
	if (subjects->has[COLUMN_SUBJECT])
		return true;
	for (int column = 0; column < COLUMN_COUNT; column++)
		subjects->has[column] = false;
	return false;
}

static void split(struct subject_row *out, const struct subjects *subjects, struct span line)
{
	struct span cell;
	bool more = true;

	for (size_t place = 0; next_cell(&cell, &line, &more); place++) {
		for (int column = 0; column < COLUMN_COUNT; column++) {
			if (subjects->has[column] && subjects->place[column] == place)
				out->cell[column] = cell;
		}
	}
}

enum lines_result csp_subjects_next(struct subject_row *out, struct subjects *subjects)
{
	struct span line;
	enum lines_result result = csp_lines_next(&line, &subjects->lines);

	if (result == LINES_LINE && subjects->lines.number == 1) {
		line = without_byte_order_mark(line);
		if (read_header_row(subjects, without_line_end(line)))
			result = csp_lines_next(&line, &subjects->lines);
	}
	*out = (struct subject_row){.line = subjects->lines.number};
	for (int column = 0; column < COLUMN_COUNT; column++)
		out->cell[column] = SPAN_LIT("");
	if (result != LINES_LINE)
		return result;
	line = without_line_end(line);
	if (subjects->has[COLUMN_SUBJECT])
		split(out, subjects, line);
	else
		out->cell[COLUMN_SUBJECT] = line;
	return LINES_LINE;
}
