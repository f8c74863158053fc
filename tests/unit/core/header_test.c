#include "../check.h"

#include "header.h"

static void fields_come_one_by_one_with_their_folds(void **state)
{
	(void)state;
	struct span rest =
		SPAN_LIT("Subject: a\r\n b\r\n\tc\r\nFrom :x\nEmpty:\r\n\r\nbody: no\r\n");
	struct field field;

	assert_int_equal(csp_header_next(&field, &rest), HEADER_FIELD);
	CHECK_SPAN("name", field.name, SPAN_LIT("Subject"));
	CHECK_SPAN("body", field.body, SPAN_LIT(" a\r\n b\r\n\tc"));
	assert_int_equal(csp_header_next(&field, &rest), HEADER_FIELD);
	CHECK_SPAN("name", field.name, SPAN_LIT("From"));
	CHECK_SPAN("body", field.body, SPAN_LIT("x"));
	assert_int_equal(csp_header_next(&field, &rest), HEADER_FIELD);
	CHECK_SPAN("name", field.name, SPAN_LIT("Empty"));
	CHECK_SPAN("body", field.body, SPAN_LIT(""));
	assert_int_equal(csp_header_next(&field, &rest), HEADER_END);
	CHECK_SPAN("rest", rest, SPAN_LIT("body: no\r\n"));
}

struct line_case {
	struct span text;
	enum header_result result;
	struct span rest;
};

static const struct line_case line_cases[] = {
	{SPAN_INIT(""), HEADER_END, SPAN_INIT("")},
	{SPAN_INIT("\n"), HEADER_END, SPAN_INIT("")},
	{SPAN_INIT("\r\n"), HEADER_END, SPAN_INIT("")},
	{SPAN_INIT("\r\r\nx"), HEADER_NOT_A_FIELD, SPAN_INIT("x")},
	{SPAN_INIT(" \r\nx"), HEADER_NOT_A_FIELD, SPAN_INIT("x")},
	{SPAN_INIT(" Subject: x\nFrom: y"), HEADER_NOT_A_FIELD, SPAN_INIT("From: y")},
	{SPAN_INIT("no colon"), HEADER_NOT_A_FIELD, SPAN_INIT("")},
	{SPAN_INIT("no colon\n folded: x\n"), HEADER_NOT_A_FIELD, SPAN_INIT(" folded: x\n")},
	{SPAN_INIT(": no name\n"), HEADER_NOT_A_FIELD, SPAN_INIT("")},
	{SPAN_INIT("two words: x\n"), HEADER_NOT_A_FIELD, SPAN_INIT("")},
	{SPAN_INIT("From me Mon Jan 1 00:00:00 2024\nA: b"), HEADER_NOT_A_FIELD, SPAN_INIT("A: b")},
	{SPAN_INIT("S\xc3\xbcj: x\n"), HEADER_NOT_A_FIELD, SPAN_INIT("")},
	{SPAN_INIT("A\0: x\n"), HEADER_NOT_A_FIELD, SPAN_INIT("")},
	{SPAN_INIT("A\r: x\n"), HEADER_NOT_A_FIELD, SPAN_INIT("")},
	{SPAN_INIT("!#$%&'*+-.^_`|~: x\nrest"), HEADER_FIELD, SPAN_INIT("rest")},
	{SPAN_INIT("A \t : x"), HEADER_FIELD, SPAN_INIT("")},
	{SPAN_INIT("A:x\n \n\n"), HEADER_FIELD, SPAN_INIT("\n")},
	{SPAN_INIT("A:x\n \ny"), HEADER_FIELD, SPAN_INIT("y")},
	{SPAN_INIT("A:x\r"), HEADER_FIELD, SPAN_INIT("")},
};

static void a_line_is_a_field_an_end_or_reported(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(line_cases); i++) {
		struct field field;
		struct span rest = line_cases[i].text;
		CHECK(line_cases[i].text.data,
		      csp_header_next(&field, &rest) == line_cases[i].result);
		CHECK_SPAN(line_cases[i].text.data, rest, line_cases[i].rest);
	}
}

struct fold_case {
	struct span body;
	struct span unfolded;
	bool bare;
};

static const struct fold_case fold_cases[] = {
	{SPAN_INIT(""), SPAN_INIT(""), false},
	{SPAN_INIT(" plain \t"), SPAN_INIT("plain"), false},
	{SPAN_INIT(" a\r\n b"), SPAN_INIT("a b"), false},
	{SPAN_INIT(" a\n\tb"), SPAN_INIT("a\tb"), false},
	{SPAN_INIT("a\r\n b\r\n  c"), SPAN_INIT("a b  c"), false},
	{SPAN_INIT("\r\n a"), SPAN_INIT("a"), false},
	{SPAN_INIT("a\r\n "), SPAN_INIT("a"), false},
	{SPAN_INIT("a\r\n \r\n b"), SPAN_INIT("a  b"), false},
	{SPAN_INIT("a\r\nb"), SPAN_INIT("a  b"), true},
	{SPAN_INIT("a\nb"), SPAN_INIT("a b"), true},
	{SPAN_INIT("a\rb"), SPAN_INIT("a b"), true},
	{SPAN_INIT("a\r b"), SPAN_INIT("a  b"), true},
	{SPAN_INIT("a\r\r\n b"), SPAN_INIT("a  b"), true},
	{SPAN_INIT("a\n\r\n b"), SPAN_INIT("a  b"), true},
	{SPAN_INIT("a\0b"), SPAN_INIT("a b"), true},
	{SPAN_INIT("a\n"), SPAN_INIT("a"), true},
	{SPAN_INIT("a\r\n"), SPAN_INIT("a"), true},
	{SPAN_INIT("\na"), SPAN_INIT("a"), true},
	{SPAN_INIT("\0"), SPAN_INIT(""), true},
	{SPAN_INIT("\r\n"), SPAN_INIT(""), true},
	{SPAN_INIT("\xff\xfe"), SPAN_INIT("\xff\xfe"), false},
};

static void folds_are_undone_and_what_starts_none_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(fold_cases); i++) {
		const struct fold_case *c = &fold_cases[i];
		struct buf out;
		bool bare = false;
		csp_buf_init(&out, 100);
		csp_header_unfold(&out, &bare, c->body);
		CHECK_SPAN(c->body.data, csp_buf_span(&out), c->unfolded);
		CHECK(c->body.data, bare == c->bare);
		csp_buf_dispose(&out);
	}
}

static void a_clean_body_does_not_clear_what_an_earlier_one_set(void **state)
{
	(void)state;
	struct buf out;
	bool bare = true;

	csp_buf_init(&out, 100);
	csp_buf_append(&out, SPAN_LIT("before "));
	csp_header_unfold(&out, &bare, SPAN_LIT(" clean"));
	assert_true(bare);
	CHECK_SPAN("appended", csp_buf_span(&out), SPAN_LIT("before clean"));
	csp_buf_dispose(&out);
}

static void ten_thousand_folds_make_one_line(void **state)
{
	(void)state;
	struct buf body;
	struct buf out;
	bool bare = false;

	csp_buf_init(&body, 1 << 20);
	csp_buf_init(&out, 1 << 20);
	for (int i = 0; i < 10000; i++)
		csp_buf_append(&body, SPAN_LIT("x\r\n "));
	csp_buf_append(&body, SPAN_LIT("end"));
	csp_header_unfold(&out, &bare, csp_buf_span(&body));
	assert_false(bare);
	assert_int_equal(out.len, 20003);
	assert_int_equal(csp_span_find(csp_buf_span(&out), '\n'), out.len);
	csp_buf_dispose(&body);
	csp_buf_dispose(&out);
}

static void a_comment_ends_where_as_many_were_closed_as_opened(void **state)
{
	static const struct {
		struct span text;
		size_t len;
	} cases[] = {
		{SPAN_INIT("(a) b"), 3},   {SPAN_INIT("((a)(b))"), 8}, {SPAN_INIT("(\\))"), 4},
		{SPAN_INIT("(\\\\))"), 4}, {SPAN_INIT("()"), 2},       {SPAN_INIT("((a)"), 0},
		{SPAN_INIT("(a\\)"), 0},   {SPAN_INIT("(a\\"), 0},     {SPAN_INIT("("), 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK(cases[i].text.data, csp_header_comment_length(cases[i].text) == cases[i].len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_come_one_by_one_with_their_folds),
		cmocka_unit_test(a_line_is_a_field_an_end_or_reported),
		cmocka_unit_test(folds_are_undone_and_what_starts_none_is_told),
		cmocka_unit_test(a_clean_body_does_not_clear_what_an_earlier_one_set),
		cmocka_unit_test(ten_thousand_folds_make_one_line),
		cmocka_unit_test(a_comment_ends_where_as_many_were_closed_as_opened),
	};

	return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
