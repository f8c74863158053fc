#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "eml.h"

static const struct message_limits limits = {
	.header_bytes = 4096, .header_fields = 100, .recipients = 10};

static int pipe_of(struct span bytes, size_t piece)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	if (fork() == 0) {
		close(ends[0]);
		for (size_t at = 0; at < bytes.len; at += piece) {
			struct span part = csp_span_slice(bytes, at, at + piece);

			if (write(ends[1], part.data, part.len) < 0)
				break;
		}
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

static void read_bytes(struct message *message, struct arena *arena, struct span bytes,
		       size_t piece)
{
	int fd = pipe_of(bytes, piece);

	csp_arena_init(arena, 1 << 24);
	csp_message_init(message, arena, limits);
	assert_int_equal(csp_eml_read(message, fd), EML_OK);
	close(fd);
}

static void the_header_section_ends_at_the_empty_line(void **state)
{
	const struct {
		struct span bytes;
		size_t fields;
	} cases[] = {
		{{"", 0}, 0},
		{SPAN_LIT("\nSubject: body\n"), 0},
		{SPAN_LIT("\r\nSubject: body\r\n"), 0},
		{SPAN_LIT("From: a@b.example\nSubject: x"), 2},
		{SPAN_LIT("From: a@b.example\nSubject: x\n\nTo: body\n"), 2},
		{SPAN_LIT("From: a@b.example\r\nSubject: x\r\n\r\nTo: body\r\n"), 2},
		{SPAN_LIT("Subject: folded\n \n more\n\nTo: body\n"), 1},
		{SPAN_LIT("From a@b.example Mon Nov 23\nSubject: x\n\n"), 1},
		{SPAN_LIT("From a@b.example"), 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Whole, and in pieces that split every line end. */
		for (size_t piece = 1; piece < 40; piece += 19) {
			struct message message;
			struct arena arena;

			read_bytes(&message, &arena, cases[i].bytes, piece);
			assert_int_equal(message.field_count, cases[i].fields);
			csp_arena_dispose(&arena);
		}
	}
}

static void a_section_over_the_limit_is_marked_truncated(void **state)
{
	struct buf bytes;
	struct message message;
	struct arena arena;

	(void)state;
	csp_buf_init(&bytes, 1 << 22);
	while (bytes.len < 1 << 21)
		csp_buf_append(&bytes,
			       SPAN_LIT("X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"));
	assert_false(csp_buf_failed(&bytes));
	read_bytes(&message, &arena, csp_buf_span(&bytes), 1 << 16);
	assert_int_equal(message.marks & MARK_TRUNCATED, MARK_TRUNCATED);
	csp_arena_dispose(&arena);
	csp_buf_dispose(&bytes);
}

static void paths_get_the_brackets_that_mtas_write(void **state)
{
	static const char *const cases[][2] = {
		{"", "<>"},
		{"<>", "<>"},
		{"a@b.example", "<a@b.example>"},
		{"<a@b.example>", "<a@b.example>"},
	};
	struct message message;
	struct arena arena;

	(void)state;
	csp_arena_init(&arena, 65536);
	csp_message_init(&message, &arena, limits);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span path;

		assert_true(csp_eml_path(&path, &message, csp_span_from(cases[i][0])));
		assert_true(csp_span_equal(path, csp_span_from(cases[i][1])));
	}
	csp_arena_dispose(&arena);
}

static void only_one_author_stands_in_for_the_reverse_path(void **state)
{
	const struct {
		struct span bytes;
		const char *path; /* NULL: none */
	} cases[] = {
		{SPAN_LIT("From: Ann <ann@b.example>\n\n"), "<ann@b.example>"},
		{SPAN_LIT("FROM: ann@B.EXAMPLE\n\n"), "<ann@b.example>"},
		{SPAN_LIT("Subject: x\n\n"), NULL},
		{SPAN_LIT("From:\n\n"), NULL},
		{SPAN_LIT("From: a@b.example, c@d.example\n\n"), NULL},
		{SPAN_LIT("From: a@b.example\nFrom: c@d.example\n\n"), NULL},
		{SPAN_LIT("From: nobody\n\n"), NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message message;
		struct arena arena;
		struct span path;
		bool found;

		read_bytes(&message, &arena, cases[i].bytes, 1000);
		found = csp_eml_author_path(&path, &message);
		assert_int_equal(found, cases[i].path != NULL);
		if (found)
			assert_true(csp_span_equal(path, csp_span_from(cases[i].path)));
		csp_arena_dispose(&arena);
	}
}

static void a_failed_read_leaves_errno(void **state)
{
	struct message message;
	struct arena arena;

	(void)state;
	csp_arena_init(&arena, 65536);
	csp_message_init(&message, &arena, limits);
	assert_int_equal(csp_eml_read(&message, -1), EML_READ_ERROR);
	assert_int_equal(errno, EBADF);
	csp_arena_dispose(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_section_ends_at_the_empty_line),
		cmocka_unit_test(a_section_over_the_limit_is_marked_truncated),
		cmocka_unit_test(paths_get_the_brackets_that_mtas_write),
		cmocka_unit_test(only_one_author_stands_in_for_the_reverse_path),
		cmocka_unit_test(a_failed_read_leaves_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
