#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "counters.h"

#define THREADS 4
#define ROUNDS  10000

static void *count(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++)
		csp_counter_add(COUNTER_SESSIONS, 1);
	return NULL;
}

static void no_count_of_several_threads_is_lost(void **state)
{
	int64_t before = csp_counter_get(COUNTER_SESSIONS);
	pthread_t threads[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(csp_counter_get(COUNTER_SESSIONS) - before, THREADS * ROUNDS);
}

static void a_gauge_goes_down_again(void **state)
{
	int64_t before = csp_counter_get(COUNTER_SESSIONS_OPEN);

	(void)state;
	csp_counter_add(COUNTER_SESSIONS_OPEN, 2);
	csp_counter_add(COUNTER_SESSIONS_OPEN, -1);
	assert_int_equal(csp_counter_get(COUNTER_SESSIONS_OPEN), before + 1);
}

static void every_counter_has_a_name_of_its_own_and_is_written(void **state)
{
	static const char *const names[COUNTER_COUNT] = {
		"sessions",       "sessions_open",    "messages",
		"accepted",       "flagged",          "split",
		"redirected",     "quarantined",      "tempfailed",
		"rejected",       "would_flag",       "would_split",
		"would_redirect", "would_quarantine", "would_tempfail",
		"would_reject",   "not_outbound",     "fault_directory",
		"fault_journal",  "fault_resources",  "old_directory",
		"reloads",        "reloads_failed",
	};
	struct buf out;
	struct json json;

	(void)state;
	csp_buf_init(&out, 4096);
	csp_json_init(&json, &out);
	csp_counters_write(&json);
	const char *at = csp_buf_cstr(&out);
	for (int i = 0; i < COUNTER_COUNT; i++) {
		char key[64];

		snprintf(key, sizeof(key), "\"%s\":", names[i]);
		at = strstr(at, key);
		assert_non_null(at);
	}
	csp_buf_dispose(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_count_of_several_threads_is_lost),
		cmocka_unit_test(a_gauge_goes_down_again),
		cmocka_unit_test(every_counter_has_a_name_of_its_own_and_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
