#include "csv.h"

#define BYTE_MARK 0xef /* the first of three */

void csp_csv_init(struct csv *csv, FILE *stream)
{
	*csv = (struct csv){.stream = stream, .line = 1, .row_line = 1};
	csp_buf_init(&csv->bytes, CSV_ROW_MAX);
}

void csp_csv_dispose(struct csv *csv)
{
	csp_buf_dispose(&csv->bytes);
}

/* Every line end is a LF to the rest of this file. */
static int take(struct csv *csv)
{
	int c = getc_unlocked(csv->stream);

	if (c == '\r') {
		c = getc_unlocked(csv->stream);
		if (c != '\n' && c != EOF)
			ungetc(c, csv->stream);
		c = '\n';
	}
	if (c == '\n')
		csv->line++;
	return c;
}

static bool is_separator(struct csv *csv, int c)
{
	if (!csv->separator && (c == ',' || c == ';'))
		csv->separator = (char)c;
	return c != EOF && csv->separator && c == csv->separator;
}

static enum csv_result add(struct csv *csv, int c)
{
	/* The first row is a header: a NUL in it is half a UTF-16 letter. */
	if (c == '\0' && csv->row_line == 1)
		return CSV_NOT_UTF8;
	csp_buf_append_char(&csv->bytes, (char)c);
	if (!csp_buf_failed(&csv->bytes))
		return CSV_ROW;
	return csv->bytes.len == CSV_ROW_MAX ? CSV_TOO_LONG : CSV_NO_MEMORY;
}

/* From behind the opening quote to behind the closing one; *stop is what follows. */
static enum csv_result read_quoted(struct csv *csv, int *stop)
{
	for (;;) {
		int c = take(csv);
		if (c == EOF)
			return ferror(csv->stream) ? CSV_READ_ERROR : CSV_OPEN_QUOTE;
		if (c == '"') {
			*stop = take(csv);
			if (*stop != '"')
				return CSV_ROW;
		}
		enum csv_result result = add(csv, c);
		if (result != CSV_ROW)
			return result;
	}
}

/* One cell; *stop is the separator, LF or EOF behind it. */
static enum csv_result read_cell(struct csv *csv, int *stop)
{
	int c = take(csv);

	if (c == '"') {
		enum csv_result result = read_quoted(csv, &c);
		if (result != CSV_ROW)
			return result;
	}
	while (c != EOF && c != '\n' && !is_separator(csv, c)) {
		enum csv_result result = add(csv, c);
		if (result != CSV_ROW)
			return result;
		c = take(csv);
	}
	*stop = c;
	return CSV_ROW;
}

static enum csv_result read_cells(struct csv *csv)
{
	int stop;

	do {
		enum csv_result result = read_cell(csv, &stop);
		if (result != CSV_ROW)
			return result;
		if (csv->cell_count == CSV_CELLS_MAX)
			return CSV_TOO_WIDE;
		csv->ends[csv->cell_count++] = csv->bytes.len;
	} while (stop != EOF && stop != '\n');
	return ferror(csv->stream) ? CSV_READ_ERROR : CSV_ROW;
}

/* What stands before the first row: the byte order mark of UTF-8, or of UTF-16. */
static enum csv_result skip_mark(struct csv *csv)
{
	int c = getc_unlocked(csv->stream);

	if (c == 0xff || c == 0xfe)
		return CSV_NOT_UTF8;
	if (c != BYTE_MARK) {
		if (c != EOF)
			ungetc(c, csv->stream);
		return CSV_ROW;
	}
	if (getc_unlocked(csv->stream) == 0xbb && getc_unlocked(csv->stream) == 0xbf)
		return CSV_ROW;
	return ferror(csv->stream) ? CSV_READ_ERROR : CSV_NOT_UTF8;
}

static bool at_end(struct csv *csv)
{
	int c = getc_unlocked(csv->stream);

	if (c == EOF)
		return true;
	ungetc(c, csv->stream);
	return false;
}

static enum csv_result read_row(struct csv *csv)
{
	bool first = csv->line == 1 && csv->cell_count == 0;

	csp_buf_reset(&csv->bytes);
	csv->cell_count = 0;
	csv->row_line = csv->line;
	enum csv_result result = first ? skip_mark(csv) : CSV_ROW;
	if (result != CSV_ROW)
		return result;
	if (at_end(csv))
		return ferror(csv->stream) ? CSV_READ_ERROR : CSV_END;
	result = read_cells(csv);
	if (result != CSV_ROW)
		return result;
	struct span row = csp_buf_span(&csv->bytes);
	for (size_t i = 0; i < csv->cell_count; i++)
		csv->cells[i] = csp_span_slice(row, i ? csv->ends[i - 1] : 0, csv->ends[i]);
	return CSV_ROW;
}

enum csv_result csp_csv_next(struct csv *csv)
{
	enum csv_result result;

	do {
		result = read_row(csv);
	} while (result == CSV_ROW && csp_span_trim(csp_buf_span(&csv->bytes)).len == 0);
	return result;
}
