#include "../check.h"

#include <stdio.h>
#include <stdlib.h>

#include "import_cutter.h"

static struct import_batch *batch;

static int make(void **state)
{
	(void)state;
	batch = calloc(1, sizeof(*batch));
	if (batch)
		csp_buf_init(&batch->bytes, (size_t)4 << 20);
	return batch ? 0 : -1;
}

static int remove_all(void **state)
{
	(void)state;
	csp_buf_dispose(&batch->bytes);
	free(batch);
	return 0;
}

static FILE *open_bytes(struct span bytes)
{
	FILE *stream = tmpfile();

	assert_non_null(stream);
	assert_int_equal(fwrite(bytes.data, 1, bytes.len, stream), bytes.len);
	rewind(stream);
	return stream;
}

/* "line:row|line:!why(row)|…" of what is cut of the bytes, however many batches it takes. */
static void cut_bytes(struct buf *out, struct span bytes, bool lines)
{
	struct import_cutter cutter;
	struct textin in;
	struct cut_look look;
	enum cut_result result;
	FILE *stream = open_bytes(bytes);

	csp_textin_init(&in, stream);
	csp_import_cutter_init(&cutter, &in);
	cutter.lines = lines;
	assert_in_range(csp_import_cutter_look(&look, &cutter), CUT_FULL, CUT_END);
	do {
		csp_buf_reset(&batch->bytes);
		batch->row_count = 0;
		result = csp_import_cutter_fill(&cutter, batch);
		for (size_t i = 0; i < batch->row_count; i++) {
			const struct import_row *row = &batch->rows[i];
			csp_buf_append_format(out, "%u:", (unsigned)row->line);
			if (row->why)
				csp_buf_append_format(out, "!%s(", row->why);
			csp_buf_append(out, csp_span_slice(csp_buf_span(&batch->bytes), row->at,
							   row->at + row->len));
			csp_buf_append(out, row->why ? SPAN_LIT(")|") : SPAN_LIT("|"));
		}
	} while (result == CUT_FULL);
	assert_int_equal(result, CUT_END);
	csp_import_cutter_dispose(&cutter);
	csp_textin_dispose(&in);
	fclose(stream);
}

struct cut_case {
	const char *text, *rows;
};

#define BROKEN "!no JSON from here on; the rest was not read"
#define SHORT  "!the file ends in the middle of a document"

static void check_cases(const struct cut_case *cases, size_t count, bool lines)
{
	for (size_t i = 0; i < count; i++) {
		struct buf out;
		csp_buf_init(&out, (size_t)1 << 20);
		cut_bytes(&out, csp_span_from(cases[i].text), lines);
		CHECK_SPAN(cases[i].text, csp_buf_span(&out), csp_span_from(cases[i].rows));
		csp_buf_dispose(&out);
	}
}

static void documents_are_cut_into_the_elements_of_their_lists(void **state)
{
	static const struct cut_case cases[] = {
		{"", ""},
		{" \n\t", ""},
		{"[]", ""},
		{"{}", "1:{}|"},
		{"[{}]", "1:{}|"},
		{"[\n {\"a\":1},\n\n {\"a\":2}\n]\n", "2:{\"a\":1}|4:{\"a\":2}|"},
		{"[1,\"a,]\",null,[1,[2]],{\"a\":[{}]}]",
		 "1:1|1:\"a,]\"|1:null|1:[1,[2]]|1:{\"a\":[{}]}|"},
		{"[\"a\\\"]\",\"\\\\\",\"b\"]", "1:\"a\\\"]\"|1:\"\\\\\"|1:\"b\"|"},
		{"{\"items\":[1,2]}", "1:1|1:2|"},
		{"{\"ITEMS\" :\n[1,\n2]}", "2:1|3:2|"},
		{"{\"Value\":[1]}", "1:1|"},
		{"{\"a\":{\"items\":[9]},\"b\":\"items\",\"value\":[1],\"c\":[7]}", "1:1|"},
		{"{\"items\":[1],\"value\":[2]}", "1:1|1:2|"},
		{"{\"items\":{\"a\":[1]}}", "1:{\"items\":{\"a\":[1]}}|"},
		{"{\"items\":null}", "1:{\"items\":null}|"},
		{"{\"itemsx\":[1]}", "1:{\"itemsx\":[1]}|"},
		{"{\"item\":[1]}", "1:{\"item\":[1]}|"},
		{"{\"it\\u0065ms\":[1]}", "1:{\"it\\u0065ms\":[1]}|"},
		{"{\"lineItems\":[1]}", "1:{\"lineItems\":[1]}|"},
		{"{\n\"a\" : 1 }\n{\"b\":2}", "1:{\n\"a\" : 1 }|3:{\"b\":2}|"},
		{"{\"items\":[1]}{\"items\":[2]}[3]\"x\"", "1:1|1:2|1:3|1:\"x\"|"},
		{"\xef\xbb\xbf[1]\n\xef\xbb\xbf[2]", "1:1|2:2|"},
		{"{\"a\":1},\n{\"b\":2},\n", "1:{\"a\":1}|2:{\"b\":2}|"},
		{"[1,2,]", "1:1|1:2|"},
		{"{\"items\":[{\"a\":1,},],}", "1:{\"a\":1,}|"},
	};

	(void)state;
	check_cases(cases, COUNT(cases), false);
}

static void what_is_broken_ends_with_a_row_that_says_so(void **state)
{
	static const struct cut_case cases[] = {
		{"[1,\n{\"a\":", "1:1|2:" SHORT "({\"a\":)|"},
		{"[1,\n2", "1:1|2:2|2:" SHORT "()|"},
		{"[1\n", "1:1|2:" SHORT "()|"},
		{"[\"a", "1:" SHORT "(\"a)|"},
		{"[\"a\\", "1:" SHORT "(\"a\\)|"},
		{"{\"items\":[1],", "1:1|1:" SHORT "()|"},
		{"{\"items\":[1]", "1:1|1:" SHORT "()|"},
		{"{\"items\":", "1:" SHORT "({\"items\":)|"},
		{"{\"items\"", "1:" SHORT "({\"items\")|"},
		{"{\"ite", "1:" SHORT "({\"ite)|"},
		{"{", "1:" SHORT "({)|"},
		{"[1}\n2]", "1:1|1:" BROKEN "()|"},
		{"[:]", "1:" BROKEN "()|"},
		{"{\"a\" 1}", "1:" BROKEN "({\"a\" )|"},
		{"{\"a\":}", "1:" BROKEN "({\"a\":)|"},
		{"{a:1}", "1:" BROKEN "({)|"},
		{"{\"items\":[1] x}", "1:1|1:" BROKEN "()|"},
		{"[1]\n<html>", "1:1|2:" BROKEN "()|"},
		{"]", "1:" BROKEN "()|"},
		{"true", "1:" BROKEN "()|"},
		{"[{\"a\":[1},{\"b\":2}]", "1:{\"a\":[1},{\"b\":2}]|1:" SHORT "()|"},
		{"[{\"a\":1]}\n,2]", "1:{\"a\":1]|1:" BROKEN "()|"},
	};

	(void)state;
	check_cases(cases, COUNT(cases), false);
}

static void lines_are_cut_at_their_ends(void **state)
{
	static const struct cut_case cases[] = {
		{"", ""},
		{"\n \r\n\t\n", ""},
		{"{}\n", "1:{}|"},
		{"a\r\n\n  b  \nc", "1:a|3:b|4:c|"},
		{"{\"a\":\n1}", "1:{\"a\":|2:1}|"},
		{"[1,2]\n{\"items\":[3]}", "1:[1,2]|2:{\"items\":[3]}|"},
	};

	(void)state;
	check_cases(cases, COUNT(cases), true);
}

/* Wherever the pieces of the file end. */
static void rows_may_lie_across_pieces_of_the_file(void **state)
{
	static const char row[] = "{\"k\\\\\":\"v\\\"\\\\\",\"l\":[{\"m\":\"]}\"},\n[]]}";
	size_t len = TEXTIN_CHUNK + 512;
	char *bytes = malloc(len);

	(void)state;
	assert_non_null(bytes);
	for (size_t shift = 0; shift < 64; shift++) {
		struct buf out;
		size_t at = TEXTIN_CHUNK - shift;
		memset(bytes, ' ', len);
		bytes[0] = '[';
		memcpy(bytes + at, row, sizeof(row) - 1);
		bytes[len - 1] = ']';
		csp_buf_init(&out, (size_t)1 << 20);
		cut_bytes(&out, (struct span){bytes, len}, false);
		csp_buf_append_char(&out, '\0');
		CHECK("row", strlen(csp_buf_cstr(&out)) == sizeof(row) + 2);
		CHECK("row", strncmp(csp_buf_cstr(&out) + 2, row, sizeof(row) - 1) == 0);
		csp_buf_dispose(&out);
	}
	free(bytes);
}

static void a_row_over_its_limit_is_stepped_over(void **state)
{
	static const struct span tails[] = {SPAN_INIT("\"},\n{\"b\":2}]"),
					    SPAN_INIT("\"}\n{\"b\":2}")};
	size_t len = IMPORT_ROW_MAX + 64;
	char *bytes = malloc(len);

	(void)state;
	assert_non_null(bytes);
	for (int i = 0; i < 3; i++) {
		struct span tail = tails[i > 0];
		struct buf out;
		memset(bytes, 'x', len);
		memcpy(bytes, i ? "{\"a\":\"" : "[{\"a\":\"", i ? 6 : 7);
		memcpy(bytes + len - tail.len, tail.data, tail.len);
		csp_buf_init(&out, (size_t)1 << 20);
		cut_bytes(&out, (struct span){bytes, len}, i == 2);
		CHECK_SPAN("rows", csp_buf_span(&out),
			   SPAN_LIT("1:!a row of more than 1048576 bytes()|2:{\"b\":2}|"));
		csp_buf_dispose(&out);
	}
	/* A collection may be as long as it likes, before its list and in it. */
	struct buf out;
	memset(bytes, ' ', len);
	memcpy(bytes, "{\"a\":1,", 7);
	memcpy(bytes + len - 12, "\"items\":[1]}", 12);
	csp_buf_init(&out, (size_t)1 << 20);
	cut_bytes(&out, (struct span){bytes, len}, false);
	CHECK_SPAN("rows", csp_buf_span(&out), SPAN_LIT("1:1|"));
	csp_buf_dispose(&out);
	free(bytes);
}

static void a_batch_that_is_full_is_followed_by_another(void **state)
{
	size_t rows = 2 * IMPORT_BATCH_ROWS + 7;
	struct buf text, out;

	(void)state;
	for (int lines = 0; lines < 2; lines++) {
		csp_buf_init(&text, (size_t)1 << 20);
		csp_buf_init(&out, (size_t)1 << 20);
		csp_buf_append_char(&text, lines ? '7' : '[');
		for (size_t i = 0; i < rows; i++)
			csp_buf_append(&text, lines ? SPAN_LIT("\n7") : SPAN_LIT("7,"));
		csp_buf_append_char(&text, lines ? '7' : ']');
		cut_bytes(&out, csp_buf_span(&text), lines == 1);
		size_t found = 0;
		struct span rest = csp_buf_span(&out), row;
		while (rest.len > 0) {
			(void)csp_span_split(&row, &rest, rest, '|');
			found++;
		}
		assert_int_equal(found, rows + (size_t)lines);
		csp_buf_dispose(&text);
		csp_buf_dispose(&out);
	}
}

static void damaged_utf_16_ends_the_rows_before_it(void **state)
{
	static const char bytes[] = "\xff\xfe[\0001\0,\0002\0\0\xdc";
	struct buf out;

	(void)state;
	csp_buf_init(&out, 65536);
	cut_bytes(&out, (struct span){bytes, sizeof(bytes) - 1}, false);
	CHECK_SPAN("rows", csp_buf_span(&out),
		   SPAN_LIT("1:1|1:2|1:!half a character of UTF-16; the rest was not read()|"));
	csp_buf_reset(&out);
	cut_bytes(&out, (struct span){bytes, sizeof(bytes) - 1}, true);
	CHECK_SPAN("rows", csp_buf_span(&out),
		   SPAN_LIT("1:[1,2|1:!half a character of UTF-16; the rest was not read()|"));
	csp_buf_dispose(&out);
}

static void the_first_line_can_be_looked_at(void **state)
{
	static const struct {
		const char *text, *line;
		int next;
	} cases[] = {
		{"", "", EOF},      {"\n \n", "", EOF},
		{"{}", "{}", EOF},  {"\r\n {} \r\n\r\n [", "{}", '['},
		{"[\n{", "[", '{'},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct import_cutter cutter;
		struct textin in;
		struct cut_look look;
		FILE *stream = open_bytes(csp_span_from(cases[i].text));
		csp_textin_init(&in, stream);
		csp_import_cutter_init(&cutter, &in);
		enum cut_result result = csp_import_cutter_look(&look, &cutter);
		CHECK(cases[i].text, result == (cases[i].text[0] ? CUT_FULL : CUT_END));
		CHECK_SPAN(cases[i].text, look.line, csp_span_from(cases[i].line));
		CHECK(cases[i].text, look.next == cases[i].next);
		csp_import_cutter_dispose(&cutter);
		csp_textin_dispose(&in);
		fclose(stream);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(documents_are_cut_into_the_elements_of_their_lists),
		TEST(what_is_broken_ends_with_a_row_that_says_so),
		TEST(lines_are_cut_at_their_ends),
		TEST(rows_may_lie_across_pieces_of_the_file),
		TEST(a_row_over_its_limit_is_stepped_over),
		TEST(a_batch_that_is_full_is_followed_by_another),
		TEST(damaged_utf_16_ends_the_rows_before_it),
		TEST(the_first_line_can_be_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
