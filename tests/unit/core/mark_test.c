#include "../check.h"

#include "mark.h"

static void names_are_those_of_the_documentation(void **state)
{
	(void)state;
	static const struct {
		enum mark mark;
		const char *name;
	} cases[MARK_COUNT] = {
		{MARK_AMBIGUOUS_AUTHOR, "ambiguous-author"},
		{MARK_UNPROVEN_AUTHOR, "unproven-author"},
		{MARK_ROUTED_RECIPIENT, "routed-recipient"},
		{MARK_UNDECODABLE, "undecodable"},
		{MARK_TRUNCATED, "truncated"},
		{MARK_OBFUSCATED, "obfuscated"},
		{MARK_DUPLICATE_FIELD, "duplicate-field"},
		{MARK_BARE_NEWLINE, "bare-newline"},
		{MARK_UNTRUSTED_TAG, "untrusted-tag"},
		{MARK_CONFLICTING_EVIDENCE, "conflicting-evidence"},
		{MARK_HIDDEN_RECIPIENTS, "hidden-recipients"},
	};

	for (size_t i = 0; i < MARK_COUNT; i++)
		assert_string_equal(csp_mark_name(cases[i].mark), cases[i].name);
}

static void what_is_no_mark_has_no_name(void **state)
{
	(void)state;
	assert_string_equal(csp_mark_name((enum mark)(1U << MARK_COUNT)), "");
	assert_string_equal(csp_mark_name((enum mark)0), "");
	assert_string_equal(csp_mark_name((enum mark)3), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_the_documentation),
		cmocka_unit_test(what_is_no_mark_has_no_name),
	};

	return cmocka_run_group_tests_name("mark", tests, NULL, NULL);
}
