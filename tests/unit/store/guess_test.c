#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guess.h"

static const char *guess_of(const char *wanted, const char *const *names)
{
	struct guess guess;

	csp_guess_init(&guess, csp_span_from(wanted));
	for (; *names; names++)
		csp_guess_try(&guess, *names);
	return guess.best;
}

static void test_the_nearest_name_is_meant(void **state)
{
	static const char *const names[] = {"socket",  "socket_mode", "socket_group",
					    "timeout", "user",        NULL};
	static const struct {
		const char *wanted;
		const char *best;
	} cases[] = {
		{"sokcet", "socket"},
		{"socket", "socket"},
		{"SOCKET", "socket"},
		{"socketmode", "socket_mode"},
		{"socket-group", "socket_group"},
		{"time_out", "timeout"},
		{"usr", "user"},
		{"users", "user"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(guess_of(cases[i].wanted, names), cases[i].best);
}

static void test_a_name_that_is_near_to_none_is_not_guessed(void **state)
{
	static const char *const names[] = {"mode", "rules", NULL};
	static const char *const none[] = {NULL};

	(void)state;
	assert_null(guess_of("classification", names));
	assert_null(guess_of("x", names));
	assert_null(guess_of("", names));
	assert_null(guess_of("mode", none));
}

static void test_a_name_of_any_length_is_looked_at_within_bounds(void **state)
{
	static const char *const names[] = {
		"0123456789012345678901234567890123456789012345678901234567890123456789", "mode",
		NULL};
	char text[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = 'm';
	text[sizeof(text) - 1] = '\0';
	assert_null(guess_of(text, names));
	assert_null(guess_of(names[0], names));
	text[63] = '\0';
	assert_null(guess_of(text, names));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_nearest_name_is_meant),
		cmocka_unit_test(test_a_name_that_is_near_to_none_is_not_guessed),
		cmocka_unit_test(test_a_name_of_any_length_is_looked_at_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
