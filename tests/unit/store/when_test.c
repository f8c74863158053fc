#include "../check.h"

#include "when.h"

static void dates_and_times_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t time;
	} cases[] = {
		{"1970-01-01", 0},
		{"1970-01-01T00:00:00Z", 0},
		{"1969-12-31T23:59:59Z", -1},
		{"2000-02-29", 951782400},
		{"2026-11-23T10:00:00Z", 1795428000},
		{"2026-11-23t10:00:00z", 1795428000},
		{"2026-11-23T10:00:00.9999999Z", 1795428000},
		{"2026-11-23T11:00:00+01:00", 1795428000},
		{"2026-11-23T06:30:00-03:30", 1795428000},
		{"2016-12-31T23:59:60Z", 1483228800},
		{"0001-01-01", -62135596800},
		{"9999-12-31T23:59:59Z", 253402300799},
		{"1900-02-28", -2203977600},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t time = 42;
		CHECK(cases[i].text, csp_when_parse(&time, csp_span_from(cases[i].text)));
		CHECK(cases[i].text, time == cases[i].time);
	}
}

static void everything_else_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"2026",
		"2026-11",
		"2026-11-",
		"2026-11-2",
		"26-11-23",
		"2026-1-23",
		"2026/11/23",
		"20261123",
		" 2026-11-23",
		"2026-11-23 ",
		"0000-01-01",
		"2026-00-01",
		"2026-13-01",
		"2026-01-00",
		"2026-01-32",
		"2026-04-31",
		"2026-02-29",
		"1900-02-29",
		"2026-11-23T",
		"2026-11-23T10",
		"2026-11-23T10:00",
		"2026-11-23T10:00Z",
		"2026-11-23T10:00:00",
		"2026-11-23 10:00:00Z",
		"2026-11-23T24:00:00Z",
		"2026-11-23T10:60:00Z",
		"2026-11-23T10:00:61Z",
		"2026-11-23T10:00:00.Z",
		"2026-11-23T10:00:00+1:00",
		"2026-11-23T10:00:00+0100",
		"2026-11-23T10:00:00+24:00",
		"2026-11-23T10:00:00+01:60",
		"2026-11-23T10:00:00Zx",
		"2026-11-23T10:00:00ZZ",
		"-026-11-23",
		"+2026-11-23",
		"11/23/2026",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t time;
		CHECK(cases[i], !csp_when_parse(&time, csp_span_from(cases[i])));
	}
}

static void what_is_formatted_is_parsed_to_the_same(void **state)
{
	static const int64_t times[] = {-62135596800, -2203977601, -1,         0,           1,
					951782399,    951868800,   1795428000, 253402300799};
	char text[WHEN_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		int64_t time;
		struct span formatted = csp_when_format(text, times[i]);
		CHECK(text, csp_when_parse(&time, formatted));
		CHECK(text, time == times[i]);
	}
	CHECK_SPAN("now", csp_when_format(text, 1795428000), SPAN_LIT("2026-11-23T10:00:00Z"));
	assert_int_equal(csp_when_format(text, INT64_MAX).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_and_times_are_read),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(what_is_formatted_is_parsed_to_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
