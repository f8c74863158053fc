#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rule.h"

static void names_are_found_again(void **state)
{
	enum disposition found = DISPOSITION_PASS;

	(void)state;
	for (int i = DISPOSITION_PASS; i <= DISPOSITION_TEMPFAIL; i++) {
		const char *name = csp_disposition_name((enum disposition)i);
		assert_true(csp_disposition_find(&found, csp_span_from(name)));
		assert_int_equal(found, i);
	}
	assert_false(csp_disposition_find(&found, SPAN_LIT("Pass")));
	assert_false(csp_disposition_find(&found, SPAN_LIT("")));
	assert_string_equal(csp_mode_name(MODE_MONITOR), "monitor");
	assert_string_equal(csp_mode_name(MODE_ENFORCE), "enforce");
	assert_string_equal(csp_action_name(ACTION_ACCEPT), "accept");
	assert_string_equal(csp_action_name(ACTION_FLAG), "flag");
	assert_string_equal(csp_action_name(ACTION_REJECT), "reject");
	assert_string_equal(csp_action_name(ACTION_TEMPFAIL), "tempfail");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
