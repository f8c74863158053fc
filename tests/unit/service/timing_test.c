#include "../check.h"
#include "timing.h"

#include <jansson.h>

/* A time that began so long ago, microseconds. */
static struct timespec ago(int64_t microseconds)
{
	struct timespec now = csp_timing_now();
	int64_t then = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - microseconds;

	return (struct timespec){(time_t)(then / 1000000), then % 1000000 * 1000};
}

static json_t *written(void)
{
	struct json json;
	struct buf out;

	csp_buf_init(&out, 1 << 16);
	csp_json_init(&json, &out);
	csp_timings_write(&json);
	assert_false(csp_buf_failed(&out));
	json_t *object = json_loadb(out.data, out.len, 0, NULL);
	assert_non_null(object);
	csp_buf_dispose(&out);
	return object;
}

static json_int_t count_within(const json_t *timing, json_int_t microseconds)
{
	size_t i;
	const json_t *step;

	json_array_foreach(json_object_get(timing, "steps"), i, step)
	{
		if (json_integer_value(json_array_get(step, 0)) == microseconds)
			return json_integer_value(json_array_get(step, 1));
	}
	fail_msg("no step of %lld", (long long)microseconds);
	return 0;
}

static void each_time_is_counted_in_its_step_and_all_above(void **state)
{
	static const int64_t times[] = {1500, 3000000, 30000000};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		(void)csp_timing_note(TIMING_RECORD, ago(times[i]));
	json_t *object = written();
	const json_t *record = json_object_get(object, "record");
	assert_int_equal(count_within(record, 1000), 0);
	assert_int_equal(count_within(record, 2500000), 1);
	assert_int_equal(count_within(record, 5000000), 2);
	assert_int_equal(count_within(record, 10000000), 2);
	assert_int_equal(json_integer_value(json_object_get(record, "count")), 3);
	assert_true(json_integer_value(json_object_get(record, "sum")) >= 33001500);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(object, "decision"), "count")),
		0);
	json_decref(object);
}

static void noting_gives_the_present_time(void **state)
{
	(void)state;
	struct timespec before = csp_timing_now();
	struct timespec noted = csp_timing_note(TIMING_ANSWER, before);
	assert_true(noted.tv_sec > before.tv_sec ||
		    (noted.tv_sec == before.tv_sec && noted.tv_nsec >= before.tv_nsec));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_time_is_counted_in_its_step_and_all_above),
		cmocka_unit_test(noting_gives_the_present_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
