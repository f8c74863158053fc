#include "../check.h"

#include <stdlib.h>

#include "csv.h"

#define BOM "\xef\xbb\xbf"

static struct csv csv;
static struct textin in;
static FILE *stream;

static void open_bytes(const char *bytes, size_t len)
{
	stream = tmpfile();
	assert_non_null(stream);
	assert_int_equal(fwrite(bytes, 1, len, stream), len);
	rewind(stream);
	csp_textin_init(&in, stream);
	csp_csv_init(&csv, &in);
}

static void close_bytes(void)
{
	csp_csv_dispose(&csv);
	csp_textin_dispose(&in);
	fclose(stream);
}

/* Every row as "line:cell|cell\n", then how it ended. */
static void write_rows(struct buf *out)
{
	static const char *const names[] = {"row",      "end",      "open quote", "too long",
					    "too wide", "not text", "read error", "no memory"};
	enum csv_result result;

	while ((result = csp_csv_next(&csv)) == CSV_ROW) {
		csp_buf_append_format(out, "%u:", (unsigned)csv.row_line);
		for (size_t i = 0; i < csv.cell_count; i++) {
			if (i)
				csp_buf_append_char(out, '|');
			csp_buf_append(out, csv.cells[i]);
		}
		csp_buf_append_char(out, '\n');
	}
	csp_buf_append_format(out, "%u:%s", (unsigned)csv.row_line, names[result]);
}

static void rows_are_read_as_people_write_them(void **state)
{
	static const struct {
		const char *text, *rows;
	} cases[] = {
		{"", "1:end"},
		{"\n\r\n\n", "4:end"},
		{"a,b\r\nc,d\r\n", "1:a|b\n2:c|d\n3:end"},
		{"a,b\nc,d", "1:a|b\n2:c|d\n2:end"},
		{"a,b\rc,d\r", "1:a|b\n2:c|d\n3:end"},
		{"a;b,x\nc;d\n", "1:a|b,x\n2:c|d\n3:end"},
		{"a,b;x\nc;y,d\n", "1:a|b;x\n2:c;y|d\n3:end"},
		{BOM "a,b\n", "1:a|b\n2:end"},
		{BOM "\"a\",b\n", "1:a|b\n2:end"},
		{"\"a;b\",c\n", "1:a;b|c\n2:end"},
		{"\"a \"\"b\"\" c\",\"\"\n", "1:a \"b\" c|\n2:end"},
		{"a,\"x\r\ny\"\nb,c\n", "1:a|x\ny\n3:b|c\n4:end"},
		{"a\n\n,\n \nb\n", "1:a\n5:b\n6:end"},
		{"a,,\n,,\nb\n", "1:a||\n3:b\n4:end"},
		{"one\ntwo\n", "1:one\n2:two\n3:end"},
		{"a\"b,c\n", "1:a\"b|c\n2:end"},
		{"\"a\"b,c\n", "1:ab|c\n2:end"},
		{"a,b\n\"c,d\ne,f\n", "1:a|b\n2:open quote"},
		{"a,b\n\"", "1:a|b\n2:open quote"},
		{"a,b\n\"c\rd\"\re\n", "1:a|b\n2:c\nd\n4:e\n5:end"},
		{"a\tb;c,d\n1,5\t2\n", "1:a|b;c,d\n2:1,5|2\n3:end"},
		{"a\nb;c\nd;e,f\n", "1:a\n2:b|c\n3:d|e,f\n4:end"},
		{"a,\"b\"\r\r\nc", "1:a|b\n3:c\n3:end"},
		{"\xef"
		 "a\n",
		 "1:\xef"
		 "a\n2:end"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf rows;
		csp_buf_init(&rows, 65536);
		open_bytes(cases[i].text, strlen(cases[i].text));
		write_rows(&rows);
		CHECK_SPAN(cases[i].text, csp_buf_span(&rows), csp_span_from(cases[i].rows));
		close_bytes();
		csp_buf_dispose(&rows);
	}
}

static void utf_16_is_read_as_well(void **state)
{
	static const struct {
		const char *name;
		struct span file;
		const char *rows;
	} cases[] = {
		{"LE", SPAN_INIT("\xff\xfe\xe9\0;\0b\0\r\0\n\0c\0"), "1:\xc3\xa9|b\n2:c\n2:end"},
		{"BE", SPAN_INIT("\xfe\xff\0\xe9\0;\0b\0\n\0c"), "1:\xc3\xa9|b\n2:c\n2:end"},
		{"no mark", SPAN_INIT("a\0,\0\x0a\x20\n\0"), "1:a|\xe2\x80\x8a\n2:end"},
		{"a broken first row",
		 SPAN_INIT("\xff\xfe"
			   "a\0\0\xdc"),
		 "1:not text"},
		{"a broken row", SPAN_INIT("a\0\n\0b\0\0\xdc"), "1:a\n2:not text"},
		{"a broken quoted cell", SPAN_INIT("a\0\n\0\"\0\0\xdc"), "1:a\n2:not text"},
		{"broken between rows", SPAN_INIT("a\0\n\0\0\xdc"), "1:a\n2:not text"},
		{"an odd byte at the end", SPAN_INIT("a\0\n\0b"), "1:a\n2:not text"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf rows;
		csp_buf_init(&rows, 65536);
		open_bytes(cases[i].file.data, cases[i].file.len);
		write_rows(&rows);
		CHECK_SPAN(cases[i].name, csp_buf_span(&rows), csp_span_from(cases[i].rows));
		close_bytes();
		csp_buf_dispose(&rows);
	}
}

static void a_nul_is_a_byte(void **state)
{
	(void)state;
	open_bytes("ab\nc\0d\n", 7);
	assert_int_equal(csp_csv_next(&csv), CSV_ROW);
	assert_int_equal(csp_csv_next(&csv), CSV_ROW);
	CHECK_SPAN("cell", csv.cells[0], ((struct span){"c\0d", 3}));
	close_bytes();
}

/* Rows of one to many bytes, so that every part of one lies once across the end of a chunk. */
static void rows_may_lie_across_two_chunks(void **state)
{
	static const char row[] = "a\"b;\"c\"\"\r\nd\";;e\r\n";

	(void)state;
	for (size_t shift = 0; shift < sizeof(row); shift++) {
		stream = tmpfile();
		assert_non_null(stream);
		fprintf(stream, ";%*s\n", (int)shift + 1, "x");
		for (size_t i = 0; i < 4000; i++)
			fputs(row, stream);
		rewind(stream);
		csp_textin_init(&in, stream);
		csp_csv_init(&csv, &in);
		assert_int_equal(csp_csv_next(&csv), CSV_ROW);
		for (size_t i = 0; i < 4000; i++) {
			assert_int_equal(csp_csv_next(&csv), CSV_ROW);
			assert_int_equal(csv.row_line, 2 + 2 * i);
			assert_int_equal(csv.cell_count, 4);
			CHECK_SPAN("first", csv.cells[0], SPAN_LIT("a\"b"));
			CHECK_SPAN("quoted", csv.cells[1], SPAN_LIT("c\"\nd"));
			CHECK_SPAN("empty", csv.cells[2], SPAN_LIT(""));
			CHECK_SPAN("last", csv.cells[3], SPAN_LIT("e"));
		}
		assert_int_equal(csp_csv_next(&csv), CSV_END);
		close_bytes();
	}
}

static char *fill(size_t len, char with)
{
	char *bytes = malloc(len + 1);

	assert_non_null(bytes);
	memset(bytes, with, len);
	bytes[len] = '\n';
	return bytes;
}

static void a_row_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		char *bytes = fill(CSV_ROW_MAX + extra, 'x');
		open_bytes(bytes, CSV_ROW_MAX + extra + 1);
		assert_int_equal(csp_csv_next(&csv), extra ? CSV_TOO_LONG : CSV_ROW);
		close_bytes();
		free(bytes);
	}
}

static void a_row_may_be_as_wide_as_the_limit_and_no_wider(void **state)
{
	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		size_t separators = CSV_CELLS_MAX - 1 + extra;
		char *bytes = fill(separators, ',');
		bytes[separators] = 'x';
		open_bytes(bytes, separators + 1);
		assert_int_equal(csp_csv_next(&csv), extra ? CSV_TOO_WIDE : CSV_ROW);
		assert_int_equal(csv.cell_count, CSV_CELLS_MAX);
		close_bytes();
		free(bytes);
	}
}

static void a_failed_read_is_no_end(void **state)
{
	(void)state;
	FILE *folder = fopen("/", "r");
	assert_non_null(folder);
	csp_textin_init(&in, folder);
	csp_csv_init(&csv, &in);
	assert_int_equal(csp_csv_next(&csv), CSV_READ_ERROR);
	csp_csv_dispose(&csv);
	csp_textin_dispose(&in);
	fclose(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_read_as_people_write_them),
		cmocka_unit_test(utf_16_is_read_as_well),
		cmocka_unit_test(a_nul_is_a_byte),
		cmocka_unit_test(rows_may_lie_across_two_chunks),
		cmocka_unit_test(a_row_may_be_as_long_as_the_limit_and_no_longer),
		cmocka_unit_test(a_row_may_be_as_wide_as_the_limit_and_no_wider),
		cmocka_unit_test(a_failed_read_is_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
