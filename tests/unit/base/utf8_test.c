#include "../check.h"

#include "utf8.h"

static bool is_scalar(uint32_t rune)
{
	return rune <= 0x10ffff && (rune < 0xd800 || rune > 0xdfff);
}

static void every_character_of_unicode_comes_back_as_it_went(void **state)
{
	(void)state;
	for (uint32_t rune = 0; rune <= 0x10ffff; rune++) {
		char bytes[4];
		uint32_t back = 0;
		size_t len = csp_utf8_encode(bytes, rune);
		size_t taken = csp_utf8_decode(&back, (struct span){bytes, len});
		if (is_scalar(rune) && (taken != len || back != rune))
			fail_msg("U+%04X came back as U+%04X, %zu of %zu bytes", rune, back, taken,
				 len);
		if (!is_scalar(rune) && taken)
			fail_msg("the surrogate U+%04X was taken", rune);
	}
}

struct bytes_case {
	const char *name;
	struct span bytes;
	size_t valid; /* bytes before the first invalid one */
};

static const struct bytes_case bytes_cases[] = {
	{"nothing", SPAN_INIT(""), 0},
	{"NUL", SPAN_INIT("\0"), 1},
	{"a lone continuation", SPAN_INIT("\x80"), 0},
	{"an overlong slash", SPAN_INIT("\xc0\xaf"), 0},
	{"the overlong lead C1", SPAN_INIT("\xc1\xbf"), 0},
	{"an overlong slash of three bytes", SPAN_INIT("\xe0\x80\xaf"), 0},
	{"an overlong slash of four bytes", SPAN_INIT("\xf0\x80\x80\xaf"), 0},
	{"the smallest of two bytes", SPAN_INIT("\xc2\x80"), 2},
	{"the largest of two bytes", SPAN_INIT("\xdf\xbf"), 2},
	{"the smallest of three bytes", SPAN_INIT("\xe0\xa0\x80"), 3},
	{"just below it", SPAN_INIT("\xe0\x9f\xbf"), 0},
	{"below the surrogates", SPAN_INIT("\xed\x9f\xbf"), 3},
	{"a surrogate", SPAN_INIT("\xed\xa0\x80"), 0},
	{"above the surrogates", SPAN_INIT("\xee\x80\x80"), 3},
	{"the largest character", SPAN_INIT("\xf4\x8f\xbf\xbf"), 4},
	{"one above it", SPAN_INIT("\xf4\x90\x80\x80"), 0},
	{"a lead that never was", SPAN_INIT("\xf8\x88\x80\x80\x80"), 0},
	{"FF", SPAN_INIT("\xff"), 0},
	{"a cut character of two bytes", SPAN_INIT("a\xc3"), 1},
	{"a cut character of three bytes", SPAN_INIT("a\xe2\x82"), 1},
	{"a cut character of four bytes", SPAN_INIT("a\xf0\x9f\x98"), 1},
	{"a lead before ASCII", SPAN_INIT("ab\xc3z"), 2},
	{"long ASCII and then a bad byte", SPAN_INIT("0123456789abcdef\xfe"), 16},
	{"text", SPAN_INIT("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"), 11},
};

static void bytes_are_valid_up_to_the_first_that_is_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bytes_cases); i++) {
		const struct bytes_case *c = &bytes_cases[i];
		CHECK(c->name, csp_utf8_valid_length(c->bytes) == c->valid);
		CHECK(c->name, csp_utf8_is_valid(c->bytes) == (c->valid == c->bytes.len));
	}
}

static void appending_writes_the_shortest_form(void **state)
{
	(void)state;
	struct buf buf;

	csp_buf_init(&buf, 100);
	csp_utf8_append(&buf, 'a');
	csp_utf8_append(&buf, 0xe9);
	csp_utf8_append(&buf, 0x20ac);
	csp_utf8_append(&buf, 0x1f600);
	CHECK_SPAN("appended", csp_buf_span(&buf),
		   SPAN_LIT("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
	csp_buf_dispose(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_of_unicode_comes_back_as_it_went),
		cmocka_unit_test(bytes_are_valid_up_to_the_first_that_is_not),
		cmocka_unit_test(appending_writes_the_shortest_form),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
