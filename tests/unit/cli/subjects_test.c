#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "subjects.h"

static int file_of(struct span bytes)
{
	char path[] = "/tmp/subjects_test.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* All rows as "LINE[subject|from|category|language]". */
static void rows_of(char out[1024], struct span bytes)
{
	int fd = file_of(bytes);
	struct subjects subjects;
	struct subject_row row;
	size_t len = 0;

	out[0] = '\0';
	csp_subjects_init(&subjects, fd);
	while (csp_subjects_next(&row, &subjects) == LINES_LINE)
		len += (size_t)snprintf(
			out + len, 1024 - len, "%d[%.*s|%.*s|%.*s|%.*s]", (int)row.line,
			SPAN_ARG(row.cell[COLUMN_SUBJECT]), SPAN_ARG(row.cell[COLUMN_FROM]),
			SPAN_ARG(row.cell[COLUMN_CATEGORY]), SPAN_ARG(row.cell[COLUMN_LANGUAGE]));
	csp_subjects_dispose(&subjects);
	close(fd);
}

static void a_header_row_makes_a_table_and_nothing_else_does(void **state)
{
	const struct {
		struct span bytes;
		const char *rows;
	} cases[] = {
		{{"", 0}, ""},
		{SPAN_LIT("Your invoice\n\nlast"), "1[Your invoice|||]2[|||]3[last|||]"},
		{SPAN_LIT("a\tb\r\n"), "1[a\tb|||]"},
		{SPAN_LIT("from\tcategory\nx\ty\n"), "1[from\tcategory|||]2[x\ty|||]"},
		{SPAN_LIT("subject\none\n"), "2[one|||]"},
		{SPAN_LIT("\xef\xbb\xbfSubject\r\none\r\n"), "2[one|||]"},
		{SPAN_LIT("\xef\xbb\xbfone\n"), "1[one|||]"},
		{SPAN_LIT("category\tlanguage\tsubject\tfrom\tsource\nc\tl\ts\tf\tx\n"),
		 "2[s|f|c|l]"},
		{SPAN_LIT("id\tsubject\tfrom\n1\n2\ts\n\n3\ts\tf\tmore\n"),
		 "2[|||]3[s|||]4[|||]5[s|f||]"},
		{SPAN_LIT("subject\tsubject\na\tb\n"), "2[a|||]"},
		{SPAN_LIT("subject"), ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char rows[1024];

		rows_of(rows, cases[i].bytes);
		assert_string_equal(rows, cases[i].rows);
	}
}

static void a_line_too_long_is_named_and_the_next_one_read(void **state)
{
	struct subjects subjects;
	struct subject_row row;
	struct buf bytes;
	int fd;

	(void)state;
	csp_buf_init(&bytes, SUBJECT_LINE_MAX + 100);
	for (size_t i = 0; i <= SUBJECT_LINE_MAX; i++)
		csp_buf_append_char(&bytes, 'a');
	csp_buf_append(&bytes, SPAN_LIT("\nnext\n"));
	assert_false(csp_buf_failed(&bytes));
	fd = file_of(csp_buf_span(&bytes));
	csp_subjects_init(&subjects, fd);
	assert_int_equal(csp_subjects_next(&row, &subjects), LINES_TOO_LONG);
	assert_int_equal(row.line, 1);
	assert_int_equal(csp_subjects_next(&row, &subjects), LINES_LINE);
	assert_int_equal(row.line, 2);
	assert_int_equal(row.cell[COLUMN_SUBJECT].len, 4);
	csp_subjects_dispose(&subjects);
	csp_buf_dispose(&bytes);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_row_makes_a_table_and_nothing_else_does),
		cmocka_unit_test(a_line_too_long_is_named_and_the_next_one_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
