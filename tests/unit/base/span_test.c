#include "../check.h"

static void a_span_of_nothing_is_empty(void **state)
{
	(void)state;
	assert_int_equal(csp_span_from(NULL).len, 0);
	assert_non_null(csp_span_from(NULL).data);
	CHECK_SPAN("from", csp_span_from("abc"), SPAN_LIT("abc"));
}

static void equality_looks_at_every_byte(void **state)
{
	(void)state;
	assert_true(csp_span_equal(SPAN_LIT("a\0b"), SPAN_LIT("a\0b")));
	assert_false(csp_span_equal(SPAN_LIT("a\0b"), SPAN_LIT("a\0c")));
	assert_false(csp_span_equal(SPAN_LIT("a"), SPAN_LIT("ab")));
	assert_true(csp_span_equal((struct span){NULL, 0}, SPAN_LIT("")));
}

static void case_is_folded_for_ascii_letters_alone(void **state)
{
	(void)state;
	assert_true(csp_span_equal_nocase(SPAN_LIT("SubJect[z"), SPAN_LIT("sUBJECT[Z")));
	assert_false(csp_span_equal_nocase(SPAN_LIT("@"), SPAN_LIT("`")));
	assert_false(csp_span_equal_nocase(SPAN_LIT("["), SPAN_LIT("{")));
	assert_false(csp_span_equal_nocase(SPAN_LIT("\xc4"), SPAN_LIT("\xe4")));
	assert_false(csp_span_equal_nocase(SPAN_LIT("a"), SPAN_LIT("ab")));
}

static void prefixes_and_suffixes_are_found(void **state)
{
	(void)state;
	assert_true(csp_span_starts_with(SPAN_LIT("abc"), SPAN_LIT("ab")));
	assert_true(csp_span_starts_with(SPAN_LIT("abc"), SPAN_LIT("")));
	assert_false(csp_span_starts_with(SPAN_LIT("abc"), SPAN_LIT("B")));
	assert_false(csp_span_starts_with(SPAN_LIT("a"), SPAN_LIT("ab")));
	assert_true(csp_span_ends_with_nocase(SPAN_LIT("x.Example"), SPAN_LIT(".eXample")));
	assert_false(csp_span_ends_with_nocase(SPAN_LIT("example"), SPAN_LIT(".example")));
}

static void order_is_that_of_bytes_and_shorter_comes_first(void **state)
{
	(void)state;
	static const struct span sorted[] = {SPAN_INIT(""),    SPAN_INIT("\0"), SPAN_INIT("A"),
					     SPAN_INIT("Aa"),  SPAN_INIT("B"),  SPAN_INIT("a"),
					     SPAN_INIT("\xff")};

	for (size_t i = 0; i < COUNT(sorted); i++) {
		for (size_t j = 0; j < COUNT(sorted); j++) {
			int order = csp_span_compare(sorted[i], sorted[j]);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void a_byte_is_found_first_and_last(void **state)
{
	(void)state;
	assert_int_equal(csp_span_find(SPAN_LIT("a.b.c"), '.'), 1);
	assert_int_equal(csp_span_find_last(SPAN_LIT("a.b.c"), '.'), 3);
	assert_int_equal(csp_span_find(SPAN_LIT("abc"), '.'), 3);
	assert_int_equal(csp_span_find_last(SPAN_LIT("abc"), '.'), 3);
	assert_int_equal(csp_span_find(SPAN_LIT(""), '.'), 0);
	assert_int_equal(csp_span_find((struct span){NULL, 0}, '.'), 0);
	assert_int_equal(csp_span_find(SPAN_LIT("a\0"), '\0'), 1);
}

static void a_slice_stays_inside_its_text(void **state)
{
	(void)state;
	CHECK_SPAN("middle", csp_span_slice(SPAN_LIT("abcd"), 1, 3), SPAN_LIT("bc"));
	CHECK_SPAN("too far", csp_span_slice(SPAN_LIT("abcd"), 2, 99), SPAN_LIT("cd"));
	CHECK_SPAN("behind", csp_span_slice(SPAN_LIT("abcd"), 9, 99), SPAN_LIT(""));
	CHECK_SPAN("backwards", csp_span_slice(SPAN_LIT("abcd"), 3, 1), SPAN_LIT(""));
	assert_non_null(csp_span_slice((struct span){NULL, 0}, 0, 0).data);
}

static void trimming_takes_blanks_and_line_ends_from_both_ends(void **state)
{
	(void)state;
	CHECK_SPAN("both", csp_span_trim(SPAN_LIT(" \t\r\na b\n ")), SPAN_LIT("a b"));
	CHECK_SPAN("all", csp_span_trim(SPAN_LIT(" \r\n")), SPAN_LIT(""));
	CHECK_SPAN("other", csp_span_trim(SPAN_LIT("\v\fa\0")), SPAN_LIT("\v\fa\0"));
}

static void splitting_takes_parts_off_until_none_is_left(void **state)
{
	(void)state;
	static const char *const expected[] = {"a", "", "b", ""};
	struct span rest = SPAN_LIT("a,,b,");
	struct span part;
	bool more = true;

	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_true(more);
		more = csp_span_split(&part, &rest, rest, ',');
		CHECK_SPAN("part", part, csp_span_from(expected[i]));
	}
	assert_false(more);
	assert_int_equal(rest.len, 0);
}

static void ascii_ends_at_the_first_high_byte_wherever_it_stands(void **state)
{
	(void)state;
	char text[40];

	for (size_t len = 0; len <= sizeof(text); len++) {
		memset(text, 0x7f, sizeof(text));
		assert_int_equal(csp_span_ascii_length((struct span){text, len}), len);
		assert_true(csp_span_is_ascii((struct span){text, len}));
		for (size_t at = 0; at < len; at++) {
			memset(text, 'a', sizeof(text));
			text[at] = (char)0x80;
			assert_int_equal(csp_span_ascii_length((struct span){text, len}), at);
			assert_false(csp_span_is_ascii((struct span){text, len}));
		}
	}
}

static void letters_and_digits_are_those_of_ascii(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		bool digit = c >= '0' && c <= '9';
		bool upper = c >= 'A' && c <= 'Z';
		bool lower = c >= 'a' && c <= 'z';
		assert_int_equal(csp_ascii_is_digit((char)c), digit);
		assert_int_equal(csp_ascii_is_alpha((char)c), upper || lower);
		assert_int_equal(csp_ascii_lower((char)c), (char)(upper ? c + 32 : c));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_of_nothing_is_empty),
		cmocka_unit_test(equality_looks_at_every_byte),
		cmocka_unit_test(case_is_folded_for_ascii_letters_alone),
		cmocka_unit_test(prefixes_and_suffixes_are_found),
		cmocka_unit_test(order_is_that_of_bytes_and_shorter_comes_first),
		cmocka_unit_test(a_byte_is_found_first_and_last),
		cmocka_unit_test(a_slice_stays_inside_its_text),
		cmocka_unit_test(trimming_takes_blanks_and_line_ends_from_both_ends),
		cmocka_unit_test(splitting_takes_parts_off_until_none_is_left),
		cmocka_unit_test(ascii_ends_at_the_first_high_byte_wherever_it_stands),
		cmocka_unit_test(letters_and_digits_are_those_of_ascii),
	};

	return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
