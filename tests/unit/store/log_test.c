#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

static char output[8192];

/* What a call writes to stderr. */
#define CAPTURE(call)                                                                              \
	do {                                                                                       \
		int ends[2];                                                                       \
		assert_int_equal(pipe(ends), 0);                                                   \
		int kept = dup(STDERR_FILENO);                                                     \
		dup2(ends[1], STDERR_FILENO);                                                      \
		call;                                                                              \
		dup2(kept, STDERR_FILENO);                                                         \
		close(kept);                                                                       \
		close(ends[1]);                                                                    \
		ssize_t got = read(ends[0], output, sizeof(output) - 1);                           \
		output[got > 0 ? got : 0] = '\0';                                                  \
		close(ends[0]);                                                                    \
	} while (0)

static void a_line_goes_to_stderr_when_asked(void **state)
{
	(void)state;
	assert_true(csp_log_open("csp-test", "mail", true));
	CAPTURE(csp_log(LOG_INFO, "%s is %d", "x", 3));
	assert_string_equal(output, "csp-test: x is 3\n");
	CAPTURE(csp_log_line(LOG_INFO, SPAN_LIT("100%s %n")));
	assert_string_equal(output, "csp-test: 100%s %n\n");
}

static void stderr_is_silent_when_it_is_no_terminal_and_was_not_asked_for(void **state)
{
	(void)state;
	CAPTURE({
		assert_true(csp_log_open("csp-test", "mail", false));
		csp_log(LOG_DEBUG, "for syslog");
	});
	assert_string_equal(output, "");
}

static void a_line_stays_one_line(void **state)
{
	(void)state;
	assert_true(csp_log_open("csp-test", "mail", true));
	CAPTURE(csp_log(LOG_INFO, "%s", "a\nb\r\x1b[31m\x7f"));
	assert_string_equal(output, "csp-test: a?b??[31m?\n");
}

static void a_long_line_is_cut_and_ended(void **state)
{
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(csp_log_open("csp-test", "mail", true));
	CAPTURE(csp_log(LOG_INFO, "%s", text));
	assert_true(strlen(output) > 1000 && strlen(output) < 1200);
	assert_int_equal(output[strlen(output) - 1], '\n');
	CAPTURE(csp_log_line(LOG_INFO, (struct span){text, 4000}));
	assert_int_equal(output[strlen(output) - 1], '\n');
}

static void only_known_facilities_exist(void **state)
{
	static const char *const known[] = {"mail", "daemon", "local0", "local7"};
	static const char *const unknown[] = {"", "Mail", "mails", "local8", "mai"};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_true(csp_log_facility_exists(known[i]));
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_false(csp_log_facility_exists(unknown[i]));
	assert_false(csp_log_open("csp-test", "nonsense", true));
}

static void a_burst_is_one_line(void **state)
{
	atomic_llong last = 0;
	atomic_llong other = 0;

	(void)state;
	assert_true(csp_log_open("csp-test", "mail", true));
	CAPTURE({
		for (int i = 0; i < 100; i++)
			csp_log_seldom(&last, LOG_ERR, "number %d", i);
		csp_log_seldom(&other, LOG_ERR, "another");
	});
	assert_string_equal(output, "csp-test: number 0\ncsp-test: another\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_goes_to_stderr_when_asked),
		cmocka_unit_test(stderr_is_silent_when_it_is_no_terminal_and_was_not_asked_for),
		cmocka_unit_test(a_line_stays_one_line),
		cmocka_unit_test(a_long_line_is_cut_and_ended),
		cmocka_unit_test(a_burst_is_one_line),
		cmocka_unit_test(only_known_facilities_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
