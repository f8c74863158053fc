#include "timing.h"

#include <stdatomic.h>

/* Microseconds. */
static const int64_t steps[] = {100,   250,    500,    1000,   2500,    5000,    10000,   25000,
				50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static struct {
	atomic_int_least64_t sum, taken[STEPS + 1];
} timings[TIMING_COUNT];

static const char *const names[TIMING_COUNT] = {
	[TIMING_DECISION] = "decision", [TIMING_RECORD] = "record", [TIMING_ANSWER] = "answer"};

struct timespec csp_timing_now(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now;
}

struct timespec csp_timing_note(enum timing timing, struct timespec begun)
{
	struct timespec now = csp_timing_now();
	int64_t took = (int64_t)(now.tv_sec - begun.tv_sec) * 1000000 +
		       (now.tv_nsec - begun.tv_nsec) / 1000;
	int step = 0;

	while (step < STEPS && took > steps[step])
		step++;
	atomic_fetch_add_explicit(&timings[timing].taken[step], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&timings[timing].sum, took, memory_order_relaxed);
	return now;
}

static void write_timing(struct json *json, enum timing timing)
{
	int64_t count = 0;

	csp_json_key(json, names[timing]);
	csp_json_object(json);
	csp_json_key(json, "steps");
	csp_json_array(json);
	for (int i = 0; i < STEPS; i++) {
		count += atomic_load_explicit(&timings[timing].taken[i], memory_order_relaxed);
		csp_json_array(json);
		csp_json_number(json, steps[i]);
		csp_json_number(json, count);
		csp_json_array_end(json);
	}
	csp_json_array_end(json);
	count += atomic_load_explicit(&timings[timing].taken[STEPS], memory_order_relaxed);
	csp_json_number_at(json, "count", count);
	csp_json_number_at(json, "sum",
			   atomic_load_explicit(&timings[timing].sum, memory_order_relaxed));
	csp_json_object_end(json);
}

void csp_timings_write(struct json *json)
{
	csp_json_object(json);
	for (int i = 0; i < TIMING_COUNT; i++)
		write_timing(json, (enum timing)i);
	csp_json_object_end(json);
}
