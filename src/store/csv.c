#include "csv.h"

static const struct span separators = SPAN_INIT(",;\t");

static void set_ends(struct csv *csv, bool quoted, struct span bytes, bool end)
{
	for (size_t i = 0; i < bytes.len; i++)
		csv->ends[quoted][(unsigned char)bytes.data[i]] = end;
}

void csp_csv_init(struct csv *csv, struct textin *in)
{
	*csv = (struct csv){.in = in, .line = 1, .row_line = 1};
	csp_buf_init(&csv->bytes, CSV_ROW_MAX);
	set_ends(csv, false, separators, true);
	set_ends(csv, false, SPAN_LIT("\r\n"), true);
	set_ends(csv, true, SPAN_LIT("\"\r\n"), true);
}

void csp_csv_dispose(struct csv *csv)
{
	csp_buf_dispose(&csv->bytes);
}

/* Every line end is a LF to the rest of this file. */
static int take(struct csv *csv)
{
	int c = csp_textin_get(csv->in);

	if (c == '\r') {
		c = csp_textin_get(csv->in);
		if (c != '\n')
			csp_textin_unget(csv->in, c);
		c = '\n';
	}
	if (c == '\n')
		csv->line++;
	return c;
}

/* At EOF. */
static enum csv_result end_result(const struct csv *csv)
{
	switch (csv->in->state) {
	case TEXTIN_OPEN:
	case TEXTIN_END:
		break;
	case TEXTIN_READ_ERROR:
		return CSV_READ_ERROR;
	case TEXTIN_NOT_TEXT:
		return CSV_NOT_TEXT;
	case TEXTIN_NO_MEMORY:
		return CSV_NO_MEMORY;
	}
	return CSV_END;
}

static bool is_separator(struct csv *csv, int c)
{
	if (c == EOF || c == '\n' || !csv->ends[false][c])
		return false;
	if (!csv->separator) {
		csv->separator = (char)c;
		set_ends(csv, false, separators, false);
		csv->ends[false][c] = true;
	}
	return true;
}

static enum csv_result add(struct csv *csv, struct span text)
{
	if (text.len > CSV_ROW_MAX - csv->bytes.len)
		return CSV_TOO_LONG;
	csp_buf_append(&csv->bytes, text);
	return csp_buf_failed(&csv->bytes) ? CSV_NO_MEMORY : CSV_ROW;
}

/* All that is plain of what is at hand; perhaps nothing. */
static enum csv_result add_run(struct csv *csv, bool quoted)
{
	const bool *ends = csv->ends[quoted];
	struct span ready = csp_textin_ready(csv->in);
	size_t len = 0;

	while (len < ready.len && !ends[(unsigned char)ready.data[len]])
		len++;
	enum csv_result result = add(csv, csp_span_slice(ready, 0, len));
	csp_textin_skip(csv->in, len);
	return result;
}

/* From behind the opening quote to behind the closing one; *stop is what follows. */
static enum csv_result read_quoted(struct csv *csv, int *stop)
{
	for (;;) {
		enum csv_result result = add_run(csv, true);
		if (result != CSV_ROW)
			return result;
		int c = take(csv);
		if (c == EOF)
			return end_result(csv) == CSV_END ? CSV_OPEN_QUOTE : end_result(csv);
		if (c == '"') {
			*stop = take(csv);
			if (*stop != '"')
				return CSV_ROW;
		}
		char byte = (char)c;
		result = add(csv, (struct span){&byte, 1});
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
		csp_textin_unget(csv->in, c);
		enum csv_result result = add_run(csv, false);
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
		csv->cell_ends[csv->cell_count++] = csv->bytes.len;
	} while (stop != EOF && stop != '\n');
	if (stop == EOF && end_result(csv) != CSV_END)
		return end_result(csv);
	return CSV_ROW;
}

static enum csv_result read_row(struct csv *csv)
{
	csp_buf_reset(&csv->bytes);
	csv->cell_count = 0;
	csv->row_line = csv->line;
	if (csp_textin_ready(csv->in).len == 0)
		return end_result(csv);
	enum csv_result result = read_cells(csv);
	if (result != CSV_ROW)
		return result;
	struct span row = csp_buf_span(&csv->bytes);
	for (size_t i = 0; i < csv->cell_count; i++)
		csv->cells[i] =
			csp_span_slice(row, i ? csv->cell_ends[i - 1] : 0, csv->cell_ends[i]);
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

static bool needs_quotes(const struct csv *csv, struct span cell)
{
	for (size_t i = 0; i < cell.len; i++) {
		unsigned char c = (unsigned char)cell.data[i];
		if (csv->ends[false][c] || csv->ends[true][c])
			return true;
	}
	return csp_span_trim(cell).len < cell.len;
}

static void format_quoted(struct buf *out, struct span cell)
{
	csp_buf_append_char(out, '"');
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.data[i] == '"')
			csp_buf_append_char(out, '"');
		csp_buf_append_char(out, cell.data[i]);
	}
	csp_buf_append_char(out, '"');
}

void csp_csv_format(struct buf *out, const struct csv *csv)
{
	for (size_t i = 0; i < csv->cell_count; i++) {
		if (i)
			csp_buf_append_char(out, csv->separator ? csv->separator : ',');
		if (needs_quotes(csv, csv->cells[i]))
			format_quoted(out, csv->cells[i]);
		else
			csp_buf_append(out, csv->cells[i]);
	}
}
