#include "../check.h"

#include "text.h"
#include "utf8.h"

struct text_case {
	struct span text;
	const char *normal;
};

static const struct text_case text_cases[] = {
	{SPAN_INIT(""), " "},
	{SPAN_INIT("   "), " "},
	{SPAN_INIT("word"), " word "},
	{SPAN_INIT("Two Words"), " two words "},
	{SPAN_INIT("  Re:  [Fwd]\t(two -- words)!  "), " re fwd two words "},
	{SPAN_INIT("a\0b\x1b[2J\x7f"), " ab # j "},

	/* Numbers, dates, amounts. */
	{SPAN_INIT("5"), " # "},
	{SPAN_INIT("#"), " # "},
	{SPAN_INIT("Invoice #123"), " invoice # "},
	{SPAN_INIT("Invoice # is due"), " invoice # is due "},
	{SPAN_INIT("due 12.03.2024, 10:45"), " due # "},
	{SPAN_INIT("$1,234.56 due"), " # due "},
	{SPAN_INIT("1 234,56 \xe2\x82\xac"), " # "},
	{SPAN_INIT("1\xe2\x80\xaf"
		   "234"),
	 " # "},
	{SPAN_INIT("Office365"), " office # "},
	{SPAN_INIT("Office 365"), " office # "},
	{SPAN_INIT("365days"), " # days "},
	{SPAN_INIT("a1b22c"), " a # b # c "},
	{SPAN_INIT("20% off"), " # off "},
	{SPAN_INIT("\xd9\xa1\xd9\xa2\xd9\xa3"), " # "},
	{SPAN_INIT("\xe0\xa5\xa7 \xe0\xb9\x92 \xef\xbc\x93"), " # "},
	{SPAN_INIT("\xe2\x91\xa0 \xc2\xbd \xe2\x84\x96"
		   "7"),
	 " # no # "},
	{SPAN_INIT("\xf0\x9d\x9f\x98"), " # "},

	/* Words. */
	{SPAN_INIT("don't l\xe2\x80\x99"
		   "abo l\xca\xbc"
		   "abo"),
	 " don t l abo l abo "},
	{SPAN_INIT("e-mail e\xe2\x80\x91mail"), " e mail e mail "},
	{SPAN_INIT("\xe3\x82\xb5\xe3\x83\xbc\xe3\x83\x93\xe3\x82\xb9\xe3\x83\xbb\xe3\x82\xaf"),
	 " \xe3\x82\xb5\xe3\x83\xbc\xe3\x83\x93\xe3\x82\xb9 \xe3\x82\xaf "},
	{SPAN_INIT("\xe8\xab\x8b\xe6\xb1\x82\xe6\x9b\xb8"
		   "5\xe6\x9c\x88\xe5\x88\x86"),
	 " \xe8\xab\x8b\xe6\xb1\x82\xe6\x9b\xb8 # \xe6\x9c\x88\xe5\x88\x86 "},
	{SPAN_INIT("\xf0\x9f\x98\x80 hi \xf0\x9f\x98\x80"), " hi "},

	/* Scripts with and without spaces between words. */
	{SPAN_INIT("Azure\xe3\x81\xae\xe8\xab\x8b\xe6\xb1\x82 "
		   "X\xe0\xb9\x83\xe0\xb8\x9a\xe0\xb9\x81\xe0\xb8\x88\xe0\xb9\x89\xe0\xb8\x87"),
	 " azure \xe3\x81\xae\xe8\xab\x8b\xe6\xb1\x82 x "
	 "\xe0\xb9\x83\xe0\xb8\x9a\xe0\xb9\x81\xe0\xb8\x88\xe0\xb9\x89\xe0\xb8\x87 "},
	{SPAN_INIT("\xe3\x82\xb5\xe3\x83\xbc\xe3\x83\x90\xe3\x83\xbc\xe3\x80\x85"
		   "a"),
	 " \xe3\x82\xb5\xe3\x83\xbc\xe3\x83\x90\xe3\x83\xbc\xe3\x80\x85 a "},

	/* Parts of a letter, with controls between them. */
	{SPAN_INIT("\xe1\x84\x92\xe1\x85\xa1\x18\x18\x18\xe1\x86\xab"), " \xed\x95\x9c "},
	{SPAN_INIT("\xe1\x84\x92\xe1\x85\xa1\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
		   "\x01\x01\x01\x01"
		   "\xe1\x86\xab"),
	 " \xed\x95\x9c "},

	/* Folding. */
	{SPAN_INIT("\xf0\x9f\x85\x91\xf0\x9f\x85\x98\xf0\x9f\x85\x9b\xf0\x9f\x85\x9b "
		   "\xf0\x9f\x85\xbd\xf0\x9f\x85\xbe\xf0\x9f\x86\x86"),
	 " bill now "},
	{SPAN_INIT("STRASSE Stra\xc3\x9f"
		   "e"),
	 " strasse strasse "},
	{SPAN_INIT("\xc3\x89T\xc3\x89 e\xcc\x81t\x65\xcc\x81"),
	 " \xc3\xa9t\xc3\xa9 \xc3\xa9t\xc3\xa9 "},
	{SPAN_INIT("\xce\xa3\xce\x91\xce\xa3"), " \xcf\x83\xce\xb1\xcf\x83 "},
	{SPAN_INIT("\xd0\xa1\xd0\xa7\xd0\x81\xd0\xa2"), " \xd1\x81\xd1\x87\xd1\x91\xd1\x82 "},
	{SPAN_INIT("\xef\xbc\xa9\xef\xbc\xae\xef\xbc\xb6"), " inv "},
	{SPAN_INIT("\xf0\x9d\x90\x88nvoice"), " invoice "},
	{SPAN_INIT("\xef\xac\x81nal o\xef\xac\x83"
		   "ce"),
	 " final office "},
	{SPAN_INIT("\xef\xbe\x83\xef\xbe\x9e"), " \xe3\x83\x87 "},
	{SPAN_INIT("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"), " \xed\x95\x9c "},

	/* The Turkish i. */
	{SPAN_INIT("\xc4\xb0PTAL iptal \xc4\xb1ptal IPTAL"), " iptal iptal iptal iptal "},
	{SPAN_INIT("i\xcc\x87"), " i "},

	/* What cannot be seen. */
	{SPAN_INIT("in\xe2\x80\x8bvo\xc2\xadi\xe2\x80\x8d"
		   "ce"),
	 " invoice "},
	{SPAN_INIT("\xe2\x80\xaein\xe2\x80\xacvoice\xef\xbb\xbf"), " invoice "},
	{SPAN_INIT("in\xe2\x81\xa0voice\xef\xb8\x8f"), " invoice "},
	{SPAN_INIT("in\xcd\x8fvoice"), " invoice "},
	{SPAN_INIT("in\xf3\xa0\x81\xa1voice"), " invoice "},

	/* Controls, of which only white space separates words. */
	{SPAN_INIT("in\x01vo\x7fi\x1b"
		   "ce"),
	 " invoice "},
	{SPAN_INIT("in\xc2\x90voice"), " invoice "},
	{SPAN_INIT("a\tb\nc\x0b"
		   "d\x0c"
		   "e\rf\xc2\x85g"),
	 " a b c d e f g "},
	{SPAN_INIT("\x01 1\x01"
		   "2 \x01"),
	 " # "},

	/* Accents that make no letter, and marks drawn over letters. */
	{SPAN_INIT("i\xcc\xb6n\xcc\xb6v\xcc\xb6oice"), " invoice "},
	{SPAN_INIT("x\xcc\x81\xcc\x82\xcc\x83y"), " xy "},
	{SPAN_INIT("i\xe2\x83\x9dn"), " in "},
	{SPAN_INIT("\xcc\x81"), " "},
	{SPAN_INIT("\xe0\xa6\x95\xe0\xa7\x87\xcc\x81\xe0\xa6\xbe"), " \xe0\xa6\x95\xe0\xa7\x8b "},
	{SPAN_INIT("\xe1\x84\x92\xcc\xb6\xe1\x85\xa1"), " \xed\x95\x98 "},

	/* Arabic and Hebrew without vowel signs and tatweel. */
	{SPAN_INIT("\xd9\x81\xd9\x8e\xd8\xa7\xd8\xaa\xd9\x8f"), " \xd9\x81\xd8\xa7\xd8\xaa "},
	{SPAN_INIT("\xd9\x81\xd9\x80\xd9\x80\xd8\xa7"), " \xd9\x81\xd8\xa7 "},
	{SPAN_INIT("\xd7\x97\xd6\xb6\xd7\xa9\xd7\x81"), " \xd7\x97\xd7\xa9 "},

	/* Signs that belong to words. */
	{SPAN_INIT("\xe0\xb8\x97\xe0\xb8\xb5\xe0\xb9\x88"),
	 " \xe0\xb8\x97\xe0\xb8\xb5\xe0\xb9\x88 "},
	{SPAN_INIT("\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80"),
	 " \xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80 "},
	{SPAN_INIT("\xe0\xa4\xbf"), " "},

	/* What is no UTF-8. */
	{SPAN_INIT("a\xff"
		   "b"),
	 " a b "},
	{SPAN_INIT("a\xc3"), " a "},
	{SPAN_INIT("\xe2\x82z"), " z "},
	{SPAN_INIT("\xed\xa0\x80x\xed\xb0\x80"), " x "},
	{SPAN_INIT("\xc0\xaf\xf4\x90\x80\x80y"), " y "},
};

static void text_has_a_normal_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(text_cases); i++) {
		struct buf out;
		csp_buf_init(&out, 1000);
		csp_text_normalise(&out, text_cases[i].text);
		CHECK_SPAN(text_cases[i].text.data, csp_buf_span(&out),
			   csp_span_from(text_cases[i].normal));
		csp_buf_dispose(&out);
	}
}

static void the_normal_form_is_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(text_cases); i++) {
		struct buf once;
		struct buf twice;
		csp_buf_init(&once, 1000);
		csp_buf_init(&twice, 1000);
		csp_text_normalise(&once, text_cases[i].text);
		csp_text_normalise(&twice, csp_buf_span(&once));
		CHECK_SPAN(text_cases[i].text.data, csp_buf_span(&twice), csp_buf_span(&once));
		csp_buf_dispose(&once);
		csp_buf_dispose(&twice);
	}
}

static const struct text_case name_cases[] = {
	{SPAN_INIT(""), " "},
	{SPAN_INIT("#"), " "},
	{SPAN_INIT("Microsoft 365"), " microsoft 365 "},
	{SPAN_INIT("Microsoft365"), " microsoft 365 "},
	{SPAN_INIT("Office 2019/E3"), " office 2019 e 3 "},
	{SPAN_INIT("1,234.56"), " 1 234 56 "},
	{SPAN_INIT("\xef\xbc\x93\xef\xbc\x96\xef\xbc\x95"), " 365 "},
	{SPAN_INIT("\xd9\xa3\xd9\xa6\xd9\xa5"), " 365 "},
	{SPAN_INIT("3\xd9\xa6"
		   "5"),
	 " 365 "},
	{SPAN_INIT("\xe5\xb9\xb4"
		   "5\xe6\x9c\x88"),
	 " \xe5\xb9\xb4 5 \xe6\x9c\x88 "},
	{SPAN_INIT("5\xe0\xb8\xb5"), " 5 "},
	{SPAN_INIT("\xe1\x8d\xb2"), " "}, /* an Ethiopic ten is no digit */
};

static void names_keep_their_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(name_cases); i++) {
		struct buf out;
		csp_buf_init(&out, 1000);
		csp_text_normalise_name(&out, name_cases[i].text);
		CHECK_SPAN(name_cases[i].text.data, csp_buf_span(&out),
			   csp_span_from(name_cases[i].normal));
		csp_buf_dispose(&out);
	}
}

static void without_numbers_both_forms_are_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(text_cases); i++) {
		struct buf text;
		struct buf name;
		csp_buf_init(&text, 1000);
		csp_buf_init(&name, 1000);
		csp_text_normalise(&text, text_cases[i].text);
		csp_text_normalise_name(&name, text_cases[i].text);
		if (csp_span_find(csp_buf_span(&text), '#') == text.len)
			CHECK_SPAN(text_cases[i].text.data, csp_buf_span(&name),
				   csp_buf_span(&text));
		csp_buf_dispose(&text);
		csp_buf_dispose(&name);
	}
}

static void every_character_gives_words_of_letters_numbers_or_nothing(void **state)
{
	(void)state;
	struct buf out;

	csp_buf_init(&out, 1000);
	for (uint32_t rune = 0; rune <= 0x10ffff; rune++) {
		char bytes[4];
		csp_buf_reset(&out);
		csp_text_normalise(&out, (struct span){bytes, csp_utf8_encode(bytes, rune)});
		struct span normal = csp_buf_span(&out);
		if (!csp_utf8_is_valid(normal) || normal.data[0] != ' ' ||
		    normal.data[normal.len - 1] != ' ')
			fail_msg("U+%04X gives \"%.*s\"", rune, SPAN_ARG(normal));
		for (size_t i = 0; i < normal.len; i++) {
			char c = normal.data[i];
			bool fine = c == ' ' || c == '#' || (c >= 'a' && c <= 'z') ||
				    (unsigned char)c >= 0x80;
			if (!fine)
				fail_msg("U+%04X gives \"%.*s\"", rune, SPAN_ARG(normal));
		}
	}
	csp_buf_dispose(&out);
}

static void letters_of_the_common_scripts_are_kept(void **state)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {{0x430, 0x45f}, {0x5d0, 0x5ea},   {0x621, 0x63f},
		      {0x641, 0x64a}, {0x4e00, 0x9fa5}, {0xac00, 0xd7a3}};
	struct buf out, expected;

	(void)state;
	csp_buf_init(&out, 1000);
	csp_buf_init(&expected, 1000);
	for (size_t i = 0; i < COUNT(ranges); i++) {
		for (uint32_t rune = ranges[i].first; rune <= ranges[i].last; rune++) {
			csp_buf_reset(&out);
			csp_buf_reset(&expected);
			csp_buf_append_char(&expected, ' ');
			csp_utf8_append(&expected, rune);
			csp_text_normalise(&out, csp_span_slice(csp_buf_span(&expected), 1, 9));
			csp_buf_append_char(&expected, ' ');
			CHECK_SPAN("letter", csp_buf_span(&out), csp_buf_span(&expected));
		}
	}
	csp_buf_dispose(&out);
	csp_buf_dispose(&expected);
}

/* The same text at every place of a long one: pieces and runs are cut in many places. */
static void it_does_not_matter_where_in_a_long_text_a_word_stands(void **state)
{
	(void)state;
	static const char *const fillers[] = {"\xd0\xb6", "\xe6\xbc\xa2 ", "e\xcc\x81", "a ",
					      "ab \xc3\xa9 "};
	struct buf text;
	struct buf out;

	csp_buf_init(&text, 10000);
	csp_buf_init(&out, 10000);
	for (size_t f = 0; f < COUNT(fillers); f++) {
		for (size_t count = 0; count < 200; count++) {
			csp_buf_reset(&text);
			csp_buf_reset(&out);
			for (size_t i = 0; i < count; i++)
				csp_buf_append(&text, csp_span_from(fillers[f]));
			csp_buf_append(&text, SPAN_LIT(" \xef\xbc\xa6"
						       "actu\xcc\x88re \xf0\x9d\x90\x88nvoice 5"));
			csp_text_normalise(&out, csp_buf_span(&text));
			if (!csp_span_ends_with_nocase(csp_buf_span(&out),
						       SPAN_LIT(" fact\xc3\xbcre invoice # ")))
				fail_msg("%zu times \"%s\": \"%.*s\"", count, fillers[f],
					 SPAN_ARG(csp_buf_span(&out)));
		}
	}
	csp_buf_dispose(&text);
	csp_buf_dispose(&out);
}

static void text_that_grows_in_folding_is_all_there(void **state)
{
	(void)state;
	struct buf text;
	struct buf out;
	struct buf one;

	csp_buf_init(&text, 10000);
	csp_buf_init(&out, 100000);
	csp_buf_init(&one, 1000);
	for (int i = 0; i < 300; i++)
		csp_buf_append(&text,
			       SPAN_LIT("\xef\xb7\xba")); /* U+FDFA: 18 characters, 4 words */
	csp_text_normalise(&one, SPAN_LIT("\xef\xb7\xba"));
	csp_text_normalise(&out, csp_buf_span(&text));
	assert_false(csp_buf_failed(&out));
	/* Each ligature runs into the next one, so the blanks at both ends are there once. */
	assert_int_equal(out.len, 300 * (one.len - 2) + 2);
	csp_buf_dispose(&text);
	csp_buf_dispose(&out);
	csp_buf_dispose(&one);
}

static void a_full_buf_is_told(void **state)
{
	(void)state;
	struct buf out;

	csp_buf_init(&out, 4);
	csp_text_normalise(&out, SPAN_LIT("longer"));
	assert_true(csp_buf_failed(&out));
	csp_buf_dispose(&out);
}

static void the_tables_can_be_loaded(void **state)
{
	(void)state;
	assert_true(csp_text_warm_up());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_has_a_normal_form),
		cmocka_unit_test(the_normal_form_is_its_own),
		cmocka_unit_test(names_keep_their_numbers),
		cmocka_unit_test(without_numbers_both_forms_are_the_same),
		cmocka_unit_test(every_character_gives_words_of_letters_numbers_or_nothing),
		cmocka_unit_test(letters_of_the_common_scripts_are_kept),
		cmocka_unit_test(it_does_not_matter_where_in_a_long_text_a_word_stands),
		cmocka_unit_test(text_that_grows_in_folding_is_all_there),
		cmocka_unit_test(a_full_buf_is_told),
		cmocka_unit_test(the_tables_can_be_loaded),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
