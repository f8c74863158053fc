#include "../check.h"
#include "lookalike.h"
#include "text.h"

static enum lookalike_result check(const char *subject, enum lookalike_case as,
				   const char *expected)
{
	struct buf normal, folded, changed;

	csp_buf_init(&normal, 4096);
	csp_buf_init(&folded, 4096);
	csp_buf_init(&changed, 4096);
	csp_text_normalise(&normal, csp_span_from(subject));
	enum lookalike_result result =
		csp_lookalikes_fold(&folded, &changed, csp_buf_span(&normal), as);
	assert_int_equal(changed.len, folded.len);
	CHECK(subject, (result != LOOKALIKE_NONE) == (expected != NULL));
	CHECK_SPAN(subject, csp_buf_span(&folded), csp_span_from(expected));
	csp_buf_dispose(&normal);
	csp_buf_dispose(&folded);
	csp_buf_dispose(&changed);
	return result;
}

static void words_that_pretend_to_be_latin_are_folded(void **state)
{
	static const struct {
		const char *subject, *small;
	} cases[] = {
		{"", NULL},
		{"invoice", NULL},
		{"facture impay\xc3\xa9"
		 "e",
		 NULL},
		{"\xd1\x96nvoice", " invoice "},
		{"your inv\xd0\xbeice now", " your invoice now "},
		{"INV\xd0\x9eIC\xd0\x95", " invoice "},
		{"\xd1\x81\xd1\x82\xd0\xbe\xd0\xba", " ctok "},
		/* A letter that looks like none: it is Russian. */
		{"\xd1\x81\xd1\x87\xd1\x91\xd1\x82", NULL},
		{"\xd1\x81\xd1\x87\xd1\x91\xd1\x82 inv\xd0\xbeice",
		 " \xd1\x81\xd1\x87\xd1\x91\xd1\x82 invoice "},
		{"impay\xd0\xb5\xc3\xa9", " impaye\xc3\xa9 "},
		{"r\xce\xb5newal", " renewal "},
		{"\xca\x80\xe1\xb4\x87\xc9\xb4\xe1\xb4\x87\xe1\xb4\xa1\xe1\xb4\x80\xca\x9f",
		 " renewal "},
		{"\xe1\x8e\xacxpire", " expire "},
		{"inv\xd0\xbeice 7", " invoice # "},
		{"inv\xe0\xb9\x87oice", " invoice "},
		{"inv\xe0\xb9\x87\xd1\x87oice", NULL},
		{"\xea\x9c\xb1\xe1\xb4\x87\xe1\xb4\x80\xe1\xb4\x9b\xea\x9c\xb1", " seats "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i].subject, LOOKALIKE_SMALL, cases[i].small);
}

static void a_letter_may_look_like_two(void **state)
{
	(void)state;
	check("i\xce\xbdoice", LOOKALIKE_SMALL, " ivoice ");
	check("RE\xce\x9d"
	      "EWAL",
	      LOOKALIKE_CAPITAL, " renewal ");
	check("RE\xce\x9d"
	      "EWAL",
	      LOOKALIKE_SMALL, " revewal ");
	check("m\xd1\x83", LOOKALIKE_SMALL, " my ");
}

static void a_second_look_is_for_letters_that_look_like_two(void **state)
{
	static const struct {
		const char *subject, *capital;
		enum lookalike_result result;
	} cases[] = {
		{"my", NULL, LOOKALIKE_NONE},
		{"m\xd1\x83", " my ", LOOKALIKE_ONE},
		{"inv\xd0\xbeice x\xd1\x83", " invoice xy ", LOOKALIKE_ONE},
		{"inv\xd0\xbeice \xce\xbd", " invoice n ", LOOKALIKE_TWO},
		{"\xce\xbd inv\xd0\xbeice", " n invoice ", LOOKALIKE_TWO},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(check(cases[i].subject, LOOKALIKE_CAPITAL, cases[i].capital),
				 cases[i].result);
}

static void any_bytes_are_taken(void **state)
{
	static const char bytes[] = " a\xff \xd0 in\xd0\xbe \xf0\x9f x";
	struct buf folded, changed;

	(void)state;
	for (size_t len = 0; len < sizeof(bytes); len++) {
		csp_buf_init(&folded, 4096);
		csp_buf_init(&changed, 4096);
		csp_lookalikes_fold(&folded, &changed, (struct span){bytes, len}, LOOKALIKE_SMALL);
		assert_true(folded.len <= len);
		assert_int_equal(changed.len, folded.len);
		csp_buf_dispose(&folded);
		csp_buf_dispose(&changed);
	}
}

static void the_words_that_were_folded_are_marked(void **state)
{
	struct buf folded, changed;

	(void)state;
	csp_buf_init(&folded, 4096);
	csp_buf_init(&changed, 4096);
	assert_int_equal(csp_lookalikes_fold(&folded, &changed,
					     SPAN_LIT(" an inv\xd0\xbeice \xd0\xb7\xd0\xb0 x "),
					     LOOKALIKE_SMALL),
			 LOOKALIKE_ONE);
	CHECK_SPAN("folded", csp_buf_span(&folded), SPAN_LIT(" an invoice \xd0\xb7\xd0\xb0 x "));
	CHECK_SPAN("changed", csp_buf_span(&changed),
		   SPAN_LIT("\0\0\0\0\1\1\1\1\1\1\1\0\0\0\0\0\0\0\0"));
	csp_buf_dispose(&folded);
	csp_buf_dispose(&changed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_pretend_to_be_latin_are_folded),
		cmocka_unit_test(a_letter_may_look_like_two),
		cmocka_unit_test(a_second_look_is_for_letters_that_look_like_two),
		cmocka_unit_test(any_bytes_are_taken),
		cmocka_unit_test(the_words_that_were_folded_are_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
