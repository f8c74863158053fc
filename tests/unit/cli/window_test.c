#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "window.h"

static json_t *numbered(int number)
{
	return json_pack("{s:i, s:o}", "number", number, "decision",
			 json_sprintf("decision-%d", number));
}

static int number_of(const json_t *record)
{
	return (int)json_integer_value(json_object_get(record, "number"));
}

/* Pushes 0 to count - 1 and gives back how many fell out, which must be the oldest in order. */
static int push_many(struct window *window, int count)
{
	int displaced_count = 0;

	for (int i = 0; i < count; i++) {
		json_t *record = numbered(i), *displaced;

		assert_true(csp_window_push(&displaced, window, record));
		json_decref(record);
		if (displaced)
			assert_int_equal(number_of(displaced), displaced_count++);
		json_decref(displaced);
	}
	return displaced_count;
}

static void a_window_keeps_the_newest_in_order(void **state)
{
	static const struct {
		size_t limit;
		int pushed, displaced;
	} cases[] = {
		{0, 0, 0},   {0, 1, 0},   {0, 1000, 0}, {1, 5, 4},        {64, 64, 0},
		{64, 65, 1}, {65, 65, 0}, {65, 66, 1},  {100, 1000, 900}, {1000, 999, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct window window;

		csp_window_init(&window, cases[i].limit);
		assert_int_equal(push_many(&window, cases[i].pushed), cases[i].displaced);
		assert_int_equal(window.count, cases[i].pushed - cases[i].displaced);
		for (size_t at = 0; at < window.count; at++)
			assert_int_equal(number_of(csp_window_at(&window, at)),
					 cases[i].displaced + (int)at);
		csp_window_dispose(&window);
	}
}

static const char *outcome_of(const struct window *window, size_t at)
{
	return json_string_value(json_object_get(csp_window_at(window, at), "outcome"));
}

static void an_outcome_is_put_into_its_decision_alone(void **state)
{
	struct window window;
	json_t *outcome = json_pack("{s:s, s:s}", "for", "decision-7", "outcome", "tempfail");
	json_t *unknown = json_pack("{s:s, s:s}", "for", "decision-1", "outcome", "tempfail");
	json_t *without = json_pack("{s:s, s:i}", "for", "decision-6", "outcome", 1);

	(void)state;
	csp_window_init(&window, 5);
	push_many(&window, 9);
	assert_true(csp_window_join(&window, outcome));
	assert_true(csp_window_join(&window, unknown));
	assert_true(csp_window_join(&window, without));
	for (size_t at = 0; at < window.count; at++) {
		if (number_of(csp_window_at(&window, at)) == 7)
			assert_string_equal(outcome_of(&window, at), "tempfail");
		else
			assert_null(outcome_of(&window, at));
	}
	csp_window_dispose(&window);
	json_decref(outcome);
	json_decref(unknown);
	json_decref(without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_keeps_the_newest_in_order),
		cmocka_unit_test(an_outcome_is_put_into_its_decision_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
