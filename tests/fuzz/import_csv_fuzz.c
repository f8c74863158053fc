/*
 * A CSV file of any bytes: what the reader gives, written out with every cell in quotes, is read as the same rows; and
 * the import takes or refuses each row that is there.
 * The directory stands in a folder of its own below the working folder; nothing is ever committed to it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "csv.h"
#include "fuzz.h"
#include "import.h"

static char folder[] = "import-fuzz-XXXXXX";
static struct directory *directory;

static void remove_files(void)
{
	char path[64];

	csp_directory_close(directory);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", folder);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/lock.mdb", folder);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/writer.lock", folder);
	(void)unlink(path);
	(void)rmdir(folder);
}

static void open_directory(void)
{
	if (directory)
		return;
	holds(mkdtemp(folder) != NULL);
	holds(csp_directory_open(&directory, folder, true) == DIRECTORY_OK);
	(void)atexit(remove_files);
}

static FILE *open_bytes(struct span bytes)
{
	FILE *stream = tmpfile();

	holds(stream && fwrite(bytes.data, 1, bytes.len, stream) == bytes.len);
	rewind(stream);
	return stream;
}

/* Rows as they are read, each cell in quotes, behind a mark, as NULs could pass for UTF-16; gives how the reading ended. */
static enum csv_result rewrite(struct buf *out, uint64_t *rows, struct span bytes)
{
	FILE *stream = open_bytes(bytes);
	struct textin in;
	struct csv csv;
	enum csv_result result;

	csp_textin_init(&in, stream);
	csp_csv_init(&csv, &in);
	csp_buf_append(out, SPAN_LIT("\xef\xbb\xbf"));
	for (*rows = 0; (result = csp_csv_next(&csv)) == CSV_ROW; ++*rows) {
		holds(csv.cell_count > 0 && csv.cell_count <= CSV_CELLS_MAX);
		holds(csv.row_line > 0 && csv.row_line <= csv.line);
		for (size_t i = 0; i < csv.cell_count; i++) {
			csp_buf_append(out, i ? SPAN_LIT(",\"") : SPAN_LIT("\""));
			for (size_t j = 0; j < csv.cells[i].len; j++) {
				char c = csv.cells[i].data[j];
				csp_buf_append(out,
					       c == '"' ? SPAN_LIT("\"\"") : (struct span){&c, 1});
			}
			csp_buf_append_char(out, '"');
		}
		csp_buf_append_char(out, '\n');
	}
	holds(result != CSV_READ_ERROR && result != CSV_NO_MEMORY);
	holds(csp_textin_consumed(&in) <= bytes.len && !csp_buf_failed(out));
	csp_csv_dispose(&csv);
	csp_textin_dispose(&in);
	fclose(stream);
	return result;
}

static enum csv_result check_rows(uint64_t *rows, struct span bytes)
{
	struct buf first, second;
	uint64_t again;

	csp_buf_init(&first, (size_t)1 << 24);
	csp_buf_init(&second, (size_t)1 << 24);
	enum csv_result result = rewrite(&first, rows, bytes);
	holds(rewrite(&second, &again, csp_buf_span(&first)) == CSV_END && again == *rows);
	holds(csp_span_equal(csp_buf_span(&first), csp_buf_span(&second)));
	csp_buf_dispose(&first);
	csp_buf_dispose(&second);
	return result;
}

static size_t find_products(void *context, struct span out[], size_t max, struct span text)
{
	size_t count = 0;

	(void)context;
	for (size_t i = 0; i + 1 < text.len && count < max; i++) {
		if (text.data[i] == 'a')
			out[count++] = csp_span_slice(text, i, i + 2);
	}
	return count;
}

static void say(void *context, const char *file, uint64_t line, const char *what)
{
	uint64_t *said = context;

	holds(strcmp(file, "file") == 0 && line > 1 && what[0]);
	++*said;
}

static void refuse(void *context, const char *file, uint64_t line, const char *why, struct span row)
{
	(void)row;
	say(context, file, line, why);
}

/* The rows below the header, and one more where the reading ended early. */
static void check_import(struct span bytes, uint64_t rows, enum csv_result end)
{
	uint64_t said = 0;
	const struct import_settings settings = {
		.format = IMPORT_CUSTOMERS_CSV,
		.source = SPAN_INIT("s"),
		.partner = SPAN_INIT("p"),
		.cloud = SPAN_INIT("china"),
		.products = find_products,
		.report = {.refused = refuse, .warned = say, .context = &said},
	};
	struct import_counts counts = {0};
	const struct update_settings updating = {.now = 1};
	struct directory_update *update;
	enum directory_result failure;
	FILE *stream = open_bytes(bytes);
	const struct import_file file = {stream, "file", 0};

	holds(csp_directory_update_begin(&update, directory, &updating) == DIRECTORY_OK);
	enum import_result result = csp_import_file(&counts, &failure, update, &file, &settings);
	csp_directory_update_abort(update);
	fclose(stream);
	holds(result == IMPORT_OK || counts.rows == 0);
	if (result == IMPORT_OK)
		holds(counts.rows == rows - 1 + (end != CSV_END));
	holds(counts.rows == counts.customers + counts.refused && said >= counts.refused);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = input(data, size);
	uint64_t rows;

	open_directory();
	enum csv_result end = check_rows(&rows, bytes);
	check_import(bytes, rows, end);
	return 0;
}
