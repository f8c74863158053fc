#include "../check.h"

#include "buf.h"

static void an_empty_buf_is_an_empty_span_that_may_be_read(void **state)
{
	(void)state;
	struct buf buf;

	csp_buf_init(&buf, 10);
	assert_int_equal(csp_buf_span(&buf).len, 0);
	assert_non_null(csp_buf_span(&buf).data);
	assert_string_equal(csp_buf_cstr(&buf), "");
	csp_buf_dispose(&buf);
}

static void what_is_appended_stands_in_order(void **state)
{
	(void)state;
	struct buf buf;

	csp_buf_init(&buf, 1000);
	csp_buf_append(&buf, SPAN_LIT("one\0"));
	csp_buf_append_char(&buf, '+');
	csp_buf_append_format(&buf, "%d-%s", 42, "x");
	csp_buf_append(&buf, SPAN_LIT(""));
	CHECK_SPAN("buf", csp_buf_span(&buf), SPAN_LIT("one\0+42-x"));
	assert_false(csp_buf_failed(&buf));
	csp_buf_dispose(&buf);
}

static void it_grows_over_many_small_pieces(void **state)
{
	(void)state;
	struct buf buf;

	csp_buf_init(&buf, 100000);
	for (int i = 0; i < 100000; i++)
		csp_buf_append_char(&buf, (char)('a' + i % 26));
	assert_false(csp_buf_failed(&buf));
	assert_int_equal(buf.len, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(buf.data[i], 'a' + i % 26);
	csp_buf_dispose(&buf);
}

static void past_the_maximum_it_fails_and_takes_nothing_more(void **state)
{
	(void)state;
	struct buf buf;

	csp_buf_init(&buf, 4);
	csp_buf_append(&buf, SPAN_LIT("abc"));
	csp_buf_append(&buf, SPAN_LIT("de"));
	assert_true(csp_buf_failed(&buf));
	csp_buf_append_char(&buf, 'f');
	CHECK_SPAN("buf", csp_buf_span(&buf), SPAN_LIT("abc"));
	csp_buf_dispose(&buf);
}

static void the_maximum_itself_fits(void **state)
{
	(void)state;
	struct buf buf;

	csp_buf_init(&buf, 4);
	csp_buf_append(&buf, SPAN_LIT("abcd"));
	assert_false(csp_buf_failed(&buf));
	assert_string_equal(csp_buf_cstr(&buf), ""); /* no room for the NUL */
	csp_buf_dispose(&buf);
}

static void a_reset_buf_is_as_good_as_new(void **state)
{
	(void)state;
	struct buf buf;

	csp_buf_init(&buf, 2);
	csp_buf_append(&buf, SPAN_LIT("abc"));
	assert_true(csp_buf_failed(&buf));
	csp_buf_reset(&buf);
	assert_false(csp_buf_failed(&buf));
	csp_buf_append(&buf, SPAN_LIT("ab"));
	CHECK_SPAN("buf", csp_buf_span(&buf), SPAN_LIT("ab"));
	csp_buf_dispose(&buf);
	csp_buf_append(&buf, SPAN_LIT("cd"));
	CHECK_SPAN("after dispose", csp_buf_span(&buf), SPAN_LIT("cd"));
	csp_buf_dispose(&buf);
}

static void a_cstr_is_terminated_and_does_not_count_its_nul(void **state)
{
	(void)state;
	struct buf buf;

	csp_buf_init(&buf, 100);
	csp_buf_append(&buf, SPAN_LIT("abc"));
	assert_string_equal(csp_buf_cstr(&buf), "abc");
	csp_buf_append(&buf, SPAN_LIT("def"));
	assert_string_equal(csp_buf_cstr(&buf), "abcdef");
	assert_int_equal(buf.len, 6);
	csp_buf_dispose(&buf);
}

static void a_format_that_is_too_long_fails_rather_than_being_cut(void **state)
{
	(void)state;
	struct buf buf;
	char text[1024];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	csp_buf_init(&buf, 10000);
	csp_buf_append_format(&buf, "%s", text);
	assert_int_equal(buf.len, 1023);
	assert_false(csp_buf_failed(&buf));
	csp_buf_append_format(&buf, "%s+", text);
	assert_true(csp_buf_failed(&buf));
	assert_int_equal(buf.len, 1023);
	csp_buf_dispose(&buf);
}

static void room_may_be_written_to(void **state)
{
	(void)state;
	struct buf buf;

	csp_buf_init(&buf, 100);
	csp_buf_append(&buf, SPAN_LIT("ab"));
	char *room = csp_buf_room(&buf, 98);
	assert_non_null(room);
	memset(room, 'c', 98);
	buf.len += 2;
	CHECK_SPAN("buf", csp_buf_span(&buf), SPAN_LIT("abcc"));
	assert_non_null(csp_buf_room(&buf, 0));
	assert_null(csp_buf_room(&buf, 97));
	assert_true(csp_buf_failed(&buf));
	csp_buf_dispose(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buf_is_an_empty_span_that_may_be_read),
		cmocka_unit_test(what_is_appended_stands_in_order),
		cmocka_unit_test(it_grows_over_many_small_pieces),
		cmocka_unit_test(past_the_maximum_it_fails_and_takes_nothing_more),
		cmocka_unit_test(the_maximum_itself_fits),
		cmocka_unit_test(a_reset_buf_is_as_good_as_new),
		cmocka_unit_test(a_cstr_is_terminated_and_does_not_count_its_nul),
		cmocka_unit_test(a_format_that_is_too_long_fails_rather_than_being_cut),
		cmocka_unit_test(room_may_be_written_to),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
