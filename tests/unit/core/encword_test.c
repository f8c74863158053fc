#include "../check.h"

#include "encword.h"
#include "utf8.h"

struct word_case {
	struct span text;
	const char *decoded;
	bool undecodable;
};

static const struct word_case word_cases[] = {
	{SPAN_INIT(""), "", false},
	{SPAN_INIT("plain text"), "plain text", false},
	{SPAN_INIT("raw \xc3\xa9"), "raw \xc3\xa9", false},
	{SPAN_INIT("=?utf-8?q?a?="), "a", false},
	{SPAN_INIT("=?UTF-8?Q?=C3=A9_=c3=a9?="), "\xc3\xa9 \xc3\xa9", false},
	{SPAN_INIT("=?utf-8?b?w6k=?="), "\xc3\xa9", false},
	{SPAN_INIT("=?utf-8?q?"
		   "?="),
	 "", false},
	{SPAN_INIT("=?utf-8?b?"
		   "?="),
	 "", false},
	{SPAN_INIT("=?utf-8?q?=41?="), "A", false},
	{SPAN_INIT("=?iso-8859-1?q?caf=E9?="), "caf\xc3\xa9", false},
	{SPAN_INIT("=?iso-8859-1*fr-CA?q?caf=E9?="), "caf\xc3\xa9", false},
	{SPAN_INIT("=?utf-8?q?a=0D=0Ab?="), "a\r\nb", false},

	/* Neighbours. */
	{SPAN_INIT("x =?utf-8?q?a?= y"), "x a y", false},
	{SPAN_INIT("x=?utf-8?q?a?=y"), "xay", false},
	{SPAN_INIT("=?utf-8?q?a?= =?utf-8?q?b?="), "ab", false},
	{SPAN_INIT("=?utf-8?q?a?=  \t =?utf-8?q?b?="), "ab", false},
	{SPAN_INIT("=?utf-8?q?a?==?utf-8?q?b?="), "ab", false},
	{SPAN_INIT("=?utf-8?q?a_?= =?utf-8?q?_b?="), "a  b", false},
	{SPAN_INIT("=?utf-8?q?a?= x =?utf-8?q?b?="), "a x b", false},
	{SPAN_INIT("=?utf-8?q?a?= =?iso-8859-1?q?=E9?="), "a\xc3\xa9", false},
	{SPAN_INIT("\"=?utf-8?q?a?=\" (=?utf-8?q?b?=)"), "\"a\" (b)", false},

	/* Characters split between words, and between encodings. */
	{SPAN_INIT("=?utf-8?q?=C3?= =?utf-8?q?=A9?="), "\xc3\xa9", false},
	{SPAN_INIT("=?utf-8?b?w?= =?utf-8?b?6k=?="), "\xef\xbf\xbd", true},
	{SPAN_INIT("=?utf-8?b?ww==?= =?UTF8?q?=A9?="), "\xc3\xa9", false},
	{SPAN_INIT("=?shift_jis?q?=90?= =?x-sjis?q?=BF?="), "\xe8\xab\x8b", false},
	{SPAN_INIT("=?utf-8?q?=C3?= =?iso-8859-1?q?=A9?="), "\xef\xbf\xbd\xc2\xa9", true},
	{SPAN_INIT("=?iso-2022-jp?b?GyRCQEE1YT1xGyhC?= =?iso-2022-jp?b?GyRCQEEbKEI=?="),
	 "\xe8\xab\x8b\xe6\xb1\x82\xe6\x9b\xb8\xe8\xab\x8b", false},

	/* Careless senders. */
	{SPAN_INIT("=?utf-8?q?a b?="), "a b", false},
	{SPAN_INIT("=?utf-8?q?a?b?="), "a?b", false},
	{SPAN_INIT("=?utf-8?q?a\xc3\xa9?="), "a\xc3\xa9", false},
	{SPAN_INIT("=?utf-8?b?w6k?="), "\xc3\xa9", false},
	{SPAN_INIT("=?utf-8?b?YW Jj?="), "abc", false},
	{SPAN_INIT("=?us-ascii?q?caf=C3=A9?="), "caf\xc3\xa9", true},

	/* What cannot be read. */
	{SPAN_INIT("caf\xe9"), "caf\xc3\xa9", true},
	{SPAN_INIT("\xc0\xaf"), "\xc3\x80\xc2\xaf", true},
	{SPAN_INIT("\xff =?utf-8?q?a?="), "\xc3\xbf a", true},
	{SPAN_INIT("=?utf-8?q?=ff?="), "\xef\xbf\xbd", true},
	{SPAN_INIT("=?utf-8?q?=4?="), "=4", true},
	{SPAN_INIT("=?utf-8?q?a=?="), "a=", true},
	{SPAN_INIT("=?utf-8?q?=zz?="), "=zz", true},
	{SPAN_INIT("=?utf-8?b?YQ==Yg==?="), "ab", true},
	{SPAN_INIT("=?utf-8?b?YQ== Yg?="), "ab", true},
	{SPAN_INIT("=?utf-8?b?YQ==?= =?utf-8?b?Yg==?="), "ab", false},
	{SPAN_INIT("=?utf-8?b?Y!W!I=?="), "ab", true},
	{SPAN_INIT("=?utf-8?b?YWJjZ?="), "abc", true},
	{SPAN_INIT("=?utf-8?b?Y===?="), "", true},
	{SPAN_INIT("=?x-none?q?caf=C3=A9?="), "caf\xc3\xa9", true},
	{SPAN_INIT("=?x-none?q?caf=E9?="), "caf\xc3\xa9", true},
	{SPAN_INIT("=?x-none?q?=C3?= =?X-NONE?q?=A9?="), "\xc3\xa9", true},
	{SPAN_INIT("=?utf-7?q?+AGE-?="), "+AGE-", true},
	{SPAN_INIT("=?utf-8?x?abc?="), "=?utf-8?x?abc?=", true},
	{SPAN_INIT("=?utf-8?q?abc def"), "abc def", true},
	{SPAN_INIT("=?utf-8?b?YWJj def"), "abc def", true},
	{SPAN_INIT("=?utf-8?q?"), "", true},
	{SPAN_INIT("=?utf-8?q?a"), "a", true},
	{SPAN_INIT("=?utf-8?q?a =?utf-8?q?b?="), "ab", true},
	{SPAN_INIT("=?utf-8?q?a=?utf-8?q?b?="), "ab", true},

	/* No words at all. */
	{SPAN_INIT("=?"), "=?", false},
	{SPAN_INIT("a =? b ?= c"), "a =? b ?= c", false},
	{SPAN_INIT("=?utf-8?="), "=?utf-8?=", false},
	{SPAN_INIT("=?utf-8?qq?a?="), "=?utf-8?qq?a?=", false},
	{SPAN_INIT("=?utf-8?1?a?="), "=?utf-8?1?a?=", false},
	{SPAN_INIT("?==?==?="), "?==?==?=", false},

	/* Decoded once; some reader decodes again, or takes a label that is none. */
	{SPAN_INIT("=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?="), "=?utf-8?q?a?=", true},
	{SPAN_INIT("=?utf-8?q?=3D?=?utf-8?q?a?="), "=?utf-8?q?a?=", true},
	{SPAN_INIT("=??q?a?="), "=??q?a?=", true},
	{SPAN_INIT("=?utf-8 and a label longer than an encoded-word may be, which some readers "
		   "take for "
		   "one?q?a?="),
	 "=?utf-8 and a label longer than an encoded-word may be, which some readers take for "
	 "one?q?a?=",
	 true},
	{SPAN_INIT("=?utf 8?q?a?="), "=?utf 8?q?a?=", true},
	{SPAN_INIT("=?\"utf-8\"?B?a?="), "=?\"utf-8\"?B?a?=", true},

	/* Characters that some reader leaves out, or turns the text with. */
	{SPAN_INIT("in\x01voice"), "in\x01voice", true},
	{SPAN_INIT("in\x7fvoice"), "in\x7fvoice", true},
	{SPAN_INIT("=?utf-8?q?in=1Bvoice?="), "in\x1bvoice", true},
	{SPAN_INIT("=?utf-8?q?in=C2=90voice?="), "in\xc2\x90voice", true},
	{SPAN_INIT("\x1b$B\x46|\x1b(B"), "\x1b$B\x46|\x1b(B", true},
	{SPAN_INIT("\xe2\x80\xae"
		   "eciovni\xe2\x80\xac"),
	 "\xe2\x80\xae"
	 "eciovni\xe2\x80\xac",
	 true},
	{SPAN_INIT("=?utf-8?q?=E2=80=ADa?="),
	 "\xe2\x80\xad"
	 "a",
	 true},
	{SPAN_INIT("a\tb \xe2\x80\x8f\xd7\x90\xe2\x81\xa6x\xe2\x81\xa9\xc2\xa0"),
	 "a\tb \xe2\x80\x8f\xd7\x90\xe2\x81\xa6x\xe2\x81\xa9\xc2\xa0", false},
	{SPAN_INIT("=?utf-8?q?a=0Ab=C2=85?="), "a\nb\xc2\x85", false},
};

static void words_become_what_a_reader_sees(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(word_cases); i++) {
		const struct word_case *c = &word_cases[i];
		struct buf out;
		bool undecodable = false;

		csp_buf_init(&out, 1000);
		csp_encword_decode(&out, &undecodable, c->text);
		CHECK_SPAN(c->text.data, csp_buf_span(&out), csp_span_from(c->decoded));
		CHECK(c->text.data, undecodable == c->undecodable);
		csp_buf_dispose(&out);
	}
}

static void every_byte_has_its_own_word_in_both_encodings(void **state)
{
	(void)state;
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned byte = 0; byte < 256; byte++) {
		struct buf words;
		struct buf out;
		struct buf expected;
		bool undecodable = false;

		csp_buf_init(&words, 1000);
		csp_buf_init(&out, 1000);
		csp_buf_init(&expected, 1000);
		csp_buf_append_format(&words, "=?cp437?q?=%02X?= =?cp437?b?%c%c==?=", byte,
				      digits[byte >> 2], digits[(byte & 3) << 4]);
		csp_encword_decode(&out, &undecodable, csp_buf_span(&words));
		/* Both words hold the same byte, and cp437 has a character for each. */
		struct span half = csp_span_slice(csp_buf_span(&out), 0, out.len / 2);
		csp_buf_append(&expected, half);
		csp_buf_append(&expected, half);
		CHECK_SPAN(words.data, csp_buf_span(&out), csp_buf_span(&expected));
		assert_true(out.len > 0);
		csp_buf_dispose(&words);
		csp_buf_dispose(&out);
		csp_buf_dispose(&expected);
	}
}

static void a_clean_text_does_not_clear_the_doubt_of_an_earlier_one(void **state)
{
	(void)state;
	struct buf out;
	bool undecodable = true;

	csp_buf_init(&out, 100);
	csp_encword_decode(&out, &undecodable, SPAN_LIT("clean"));
	assert_true(undecodable);
	csp_buf_dispose(&out);
}

static void a_thousand_words_are_joined(void **state)
{
	(void)state;
	struct buf text;
	struct buf out;
	bool undecodable = false;

	csp_buf_init(&text, 1 << 20);
	csp_buf_init(&out, 1 << 20);
	for (int i = 0; i < 1000; i++)
		csp_buf_append(&text, SPAN_LIT("=?utf-8?q?=E6=BC?= =?utf-8?q?=A2x?= "));
	csp_encword_decode(&out, &undecodable, csp_buf_span(&text));
	assert_false(undecodable);
	assert_int_equal(out.len, 4 * 1000 + 1);
	assert_true(csp_utf8_is_valid(csp_buf_span(&out)));
	csp_buf_dispose(&text);
	csp_buf_dispose(&out);
}

static void words_past_the_limit_stay_as_they_are_written(void **state)
{
	static const struct {
		size_t limit, left;
		const char *decoded;
		bool all, undecodable;
	} cases[] = {
		{0, 0, "x =?utf-8?q?a?= =?utf-8?b?Yg==?= y =?utf-8?q?c z", false, true},
		{1, 0, "x a =?utf-8?b?Yg==?= y =?utf-8?q?c z", false, true},
		{2, 0, "x ab y =?utf-8?q?c z", false, true},
		{3, 0, "x ab y c z", true, true},
		{4, 1, "x ab y c z", true, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;
		bool undecodable = false;
		size_t words = cases[i].limit;
		csp_buf_init(&out, 1000);
		bool all = csp_encword_decode_some(
			&out, &undecodable,
			SPAN_LIT("x =?utf-8?q?a?= =?utf-8?b?Yg==?= y =?utf-8?q?c z"), &words);
		CHECK_SPAN(cases[i].decoded, csp_buf_span(&out), csp_span_from(cases[i].decoded));
		CHECK(cases[i].decoded, all == cases[i].all);
		CHECK(cases[i].decoded, words == cases[i].left);
		CHECK(cases[i].decoded, undecodable == cases[i].undecodable);
		csp_buf_dispose(&out);
	}
}

static void a_full_buf_is_told(void **state)
{
	(void)state;
	static const char *const texts[] = {"plain text", "=?utf-8?q?plain_text?=",
					    "=?koi8-r?q?plain=F3text?=", "plain \xe9\xe9\xe9"};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct buf out;
		bool undecodable = false;
		csp_buf_init(&out, 5);
		csp_encword_decode(&out, &undecodable, csp_span_from(texts[i]));
		CHECK(texts[i], csp_buf_failed(&out));
		csp_buf_dispose(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_become_what_a_reader_sees),
		cmocka_unit_test(every_byte_has_its_own_word_in_both_encodings),
		cmocka_unit_test(a_clean_text_does_not_clear_the_doubt_of_an_earlier_one),
		cmocka_unit_test(a_thousand_words_are_joined),
		cmocka_unit_test(words_past_the_limit_stay_as_they_are_written),
		cmocka_unit_test(a_full_buf_is_told),
	};

	return cmocka_run_group_tests_name("encword", tests, NULL, NULL);
}
