#include "../check.h"
#include "expressions.h"

#include <stdio.h>
#include <stdlib.h>

struct heard {
	char text[4096];
	size_t len;
};

static void hear(void *context, unsigned index, struct span match)
{
	struct heard *heard = context;
	int written = snprintf(heard->text + heard->len, sizeof(heard->text) - heard->len,
			       "%u:%.*s ", index, SPAN_ARG(match));

	if (written > 0 && (size_t)written < sizeof(heard->text) - heard->len)
		heard->len += (size_t)written;
}

static void what_cannot_be_used_is_told_why(void **state)
{
	static const struct {
		const char *written, *why;
	} cases[] = {
		{"PO-[0-9]{5}", NULL},
		{"\\bpo-\\d{5}\\b", NULL},
		{"^invoice", NULL},
		{"a.{0,99}", NULL},
		{"(?:ä|Ä)mter", NULL},
		{"\\[ä\\]", NULL},
		{"", "nothing"},
		{"a*", "matches where nothing stands"},
		{"^", "matches where nothing stands"},
		{"a.*b", "more than 1000 bytes"},
		{"a.{0,999}", "Pattern is too large"},
		{"a.{0,1000}", "more than 1000 bytes"},
		{"(a)\\1", "Back-references are unsupported"},
		{"(?=a)b", "cannot be used: "},
		{"(?>a)b", "cannot be used: "},
		{"(a", "cannot be used: Missing close parenthesis"},
		{"[äö]", "a letter beyond ASCII in brackets"},
	};
	char long_one[EXPRESSION_MAX + 2];
	char why[EXPRESSION_WHY_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		why[0] = '\0';
		bool right = csp_expression_check(why, csp_span_from(cases[i].written));
		if (right != !cases[i].why || (cases[i].why && !strstr(why, cases[i].why)))
			fail_msg("%s: %s", cases[i].written, why);
	}
	memset(long_one, 'a', sizeof(long_one));
	assert_false(csp_expression_check(why, (struct span){long_one, EXPRESSION_MAX + 1}));
	assert_non_null(strstr(why, "longer than 500 bytes"));
	assert_true(csp_expression_check(why, (struct span){long_one, EXPRESSION_MAX}));
}

static void matches_are_told_with_their_text(void **state)
{
	static const struct span written[] = {
		SPAN_INIT("\\bpo-[0-9]{5}\\b"),
		SPAN_INIT("^\\[Bill\\]"),
		SPAN_INIT("Straße|straße"),
	};
	static const struct {
		const char *text, *heard;
	} cases[] = {
		{"", ""},
		{"Your PO-12345 of today", "0:PO-12345 "},
		{"xPO-12345", ""},
		{"PO-123456", ""},
		{"po-12345 and Po-54321", "0:po-12345 0:Po-54321 "},
		{"[bill] one", "1:[bill] "},
		{"Re: [bill] one", ""},
		{"Straße", "2:Straße "},
		{"STRASSE", ""},
	};
	struct expressions *expressions;
	struct expression_scan *scan;

	(void)state;
	assert_true(csp_expressions_new(&expressions, written, COUNT(written)));
	assert_true(csp_expression_scan_new(&scan, expressions));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct heard heard = {.len = 0};
		const struct expression_listener listener = {hear, &heard};
		assert_true(csp_expressions_find(expressions, scan, csp_span_from(cases[i].text),
						 &listener));
		CHECK_SPAN(cases[i].text, csp_span_from(heard.text), csp_span_from(cases[i].heard));
	}
	csp_expression_scan_free(scan);
	csp_expressions_free(expressions);
}

static void no_expressions_find_nothing(void **state)
{
	const struct expression_listener listener = {hear, NULL};
	struct expressions *expressions;
	struct expression_scan *scan;

	(void)state;
	assert_true(csp_expressions_new(&expressions, NULL, 0));
	assert_true(csp_expression_scan_new(&scan, expressions));
	assert_true(csp_expressions_find(expressions, scan, SPAN_LIT("anything"), &listener));
	csp_expression_scan_free(scan);
	csp_expressions_free(expressions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_used_is_told_why),
		cmocka_unit_test(matches_are_told_with_their_text),
		cmocka_unit_test(no_expressions_find_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
