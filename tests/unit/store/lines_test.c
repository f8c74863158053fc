#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lines.h"

/* A descriptor at the start of a file that holds these bytes and has no name any more. */
static int file_of(struct span bytes)
{
	char path[] = "/tmp/lines_test.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void assert_next(struct lines *lines, enum lines_result result, const char *text)
{
	struct span line = {"", 0};

	assert_int_equal(csp_lines_next(&line, lines), result);
	if (result != LINES_LINE)
		return;
	assert_int_equal(line.len, strlen(text));
	assert_memory_equal(line.data, text, line.len);
}

static void every_line_is_returned_and_an_unended_last_one_too(void **state)
{
	const struct {
		struct span bytes;
		const char *lines[4];
	} cases[] = {
		{{"", 0}, {NULL}},
		{SPAN_LIT("\n"), {"", NULL}},
		{SPAN_LIT("a"), {"a", NULL}},
		{SPAN_LIT("a\n"), {"a", NULL}},
		{SPAN_LIT("a\nb"), {"a", "b", NULL}},
		{SPAN_LIT("\n\na\r\n"), {"", "", "a\r", NULL}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = file_of(cases[i].bytes);
		struct lines lines;
		size_t count = 0;

		csp_lines_init(&lines, fd, 10);
		for (; cases[i].lines[count]; count++)
			assert_next(&lines, LINES_LINE, cases[i].lines[count]);
		assert_next(&lines, LINES_END, NULL);
		assert_next(&lines, LINES_END, NULL);
		assert_int_equal(lines.number, count);
		csp_lines_dispose(&lines);
		close(fd);
	}
}

static void a_line_of_the_limit_is_whole_and_one_octet_more_is_stepped_over(void **state)
{
	int fd = file_of(SPAN_LIT("12345\n123456\nx\n1234567"));
	struct lines lines;

	(void)state;
	csp_lines_init(&lines, fd, 5);
	assert_next(&lines, LINES_LINE, "12345");
	assert_next(&lines, LINES_TOO_LONG, NULL);
	assert_int_equal(lines.number, 2);
	assert_next(&lines, LINES_LINE, "x");
	assert_next(&lines, LINES_TOO_LONG, NULL);
	assert_next(&lines, LINES_END, NULL);
	csp_lines_dispose(&lines);
	close(fd);
}

/* Lines of every length around the size of one read, so that ends fall on each side of it. */
static void lines_are_joined_over_reads(void **state)
{
	enum { FIRST = LINES_CHUNK - 3, LAST = LINES_CHUNK + 3 };
	struct lines lines;
	struct buf bytes;
	int fd;

	(void)state;
	csp_buf_init(&bytes, (size_t)16 << 20);
	for (int len = FIRST; len <= LAST; len++) {
		for (int i = 0; i < len; i++)
			csp_buf_append_char(&bytes, (char)('a' + (i + len) % 26));
		csp_buf_append_char(&bytes, '\n');
	}
	assert_false(csp_buf_failed(&bytes));
	fd = file_of(csp_buf_span(&bytes));
	csp_lines_init(&lines, fd, (size_t)LINES_CHUNK * 2);
	for (int len = FIRST; len <= LAST; len++) {
		struct span line;

		assert_int_equal(csp_lines_next(&line, &lines), LINES_LINE);
		assert_int_equal(line.len, len);
		for (int i = 0; i < len; i++)
			assert_int_equal(line.data[i], 'a' + (i + len) % 26);
	}
	assert_next(&lines, LINES_END, NULL);
	csp_lines_dispose(&lines);
	csp_buf_dispose(&bytes);
	close(fd);
}

static void a_line_far_over_the_limit_costs_no_memory(void **state)
{
	char *zeros = calloc(1, 1 << 20);
	int fd;
	struct lines lines;

	(void)state;
	assert_non_null(zeros);
	fd = file_of((struct span){zeros, 1 << 20});
	free(zeros);
	csp_lines_init(&lines, fd, 1000);
	assert_next(&lines, LINES_TOO_LONG, NULL);
	assert_true(lines.joined.cap <= 1001);
	assert_next(&lines, LINES_END, NULL);
	csp_lines_dispose(&lines);
	close(fd);
}

static void a_failed_read_leaves_errno(void **state)
{
	struct lines lines;

	(void)state;
	csp_lines_init(&lines, -1, 10);
	assert_next(&lines, LINES_READ_ERROR, NULL);
	assert_int_equal(errno, EBADF);
	csp_lines_dispose(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_is_returned_and_an_unended_last_one_too),
		cmocka_unit_test(a_line_of_the_limit_is_whole_and_one_octet_more_is_stepped_over),
		cmocka_unit_test(lines_are_joined_over_reads),
		cmocka_unit_test(a_line_far_over_the_limit_costs_no_memory),
		cmocka_unit_test(a_failed_read_leaves_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
