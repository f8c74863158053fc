#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "score.h"

static struct categories make_categories(void)
{
	return (struct categories){
		.names = {SPAN_LIT("subscription"), SPAN_LIT("incident"), SPAN_LIT("other")},
		.count = 3,
		.subscription = 0,
		.incident = 1,
		.other = 2};
}

/* 81 of 263 is the textbook case (0.2553 to 0.3662). */
static void the_interval_is_wilsons(void **state)
{
	static const struct {
		uint64_t right, count;
		double low, high;
	} cases[] = {
		{0, 0, 0, 1},
		{0, 10, 0, 0.277533},
		{10, 10, 0.722467, 1},
		{8, 10, 0.490162, 0.943318},
		{81, 263, 0.255289, 0.366210},
		{950, 1000, 0.934686, 0.961870},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct interval interval = csp_score_interval(cases[i].right, cases[i].count);

		assert_true(fabs(interval.low - cases[i].low) < 1e-5);
		assert_true(fabs(interval.high - cases[i].high) < 1e-5);
	}
}

static void add(struct score *score, unsigned expected, unsigned found, const char *language,
		int times)
{
	for (int i = 0; i < times; i++)
		assert_true(csp_score_add(score, expected, found, csp_span_from(language)));
}

static void assert_written(const struct score *score, const char *expected)
{
	struct buf text;

	csp_buf_init(&text, 65536);
	csp_score_write(&text, score);
	assert_string_equal(csp_buf_cstr(&text), expected);
	csp_buf_dispose(&text);
}

static void recall_and_precision_follow_from_the_counts(void **state)
{
	const struct categories categories = make_categories();
	struct score *score;

	(void)state;
	assert_true(csp_score_new(&score, &categories));
	add(score, 0, 0, "", 8);
	add(score, 0, 2, "", 2);
	add(score, 1, 0, "", 2);
	add(score, 1, 1, "", 6);
	assert_written(
		score,
		"expected \\ found  subscription      incident         other\n"
		"subscription                 8             0             2\n"
		"incident                     2             6             0\n"
		"other                        0             0             0\n"
		"\n"
		"category            lines    found    right  recall                  precision\n"
		"subscription           10       10        8  0.800 [0.490, 0.943]   0.800 [0.490, "
		"0.943]\n"
		"incident                8        6        6  0.750 [0.409, 0.929]   1.000 [0.610, "
		"1.000]\n"
		"other                   0        2        0  -                       0.000 "
		"[0.000, 0.658]\n");
	csp_score_free(score);
}

static void a_language_of_ten_lines_is_shown_and_one_of_nine_is_not(void **state)
{
	const struct categories categories = make_categories();
	struct score *score;
	struct buf text;

	(void)state;
	assert_true(csp_score_new(&score, &categories));
	add(score, 0, 0, "sv", 9);
	add(score, 0, 0, "fr", 10);
	add(score, 0, 0, " de ", 5);
	add(score, 2, 2, "de", 5);
	csp_buf_init(&text, 65536);
	csp_score_write(&text, score);
	assert_null(strstr(csp_buf_cstr(&text), "\nsv"));
	assert_non_null(
		strstr(csp_buf_cstr(&text), "\nde                subscription            5"));
	assert_non_null(
		strstr(csp_buf_cstr(&text), "\nde                other                   5"));
	assert_non_null(
		strstr(csp_buf_cstr(&text), "\nfr                subscription           10"));
	assert_null(strstr(csp_buf_cstr(&text), "\nfr                other"));
	assert_true(strstr(csp_buf_cstr(&text), "\nde") < strstr(csp_buf_cstr(&text), "\nfr"));
	csp_buf_dispose(&text);
	csp_score_free(score);
}

static void languages_without_end_are_refused(void **state)
{
	const struct categories categories = make_categories();
	struct score *score;
	char name[16];

	(void)state;
	assert_true(csp_score_new(&score, &categories));
	for (int i = 0; i < SCORE_LANGUAGES_MAX; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		assert_true(csp_score_add(score, 0, 0, csp_span_from(name)));
	}
	assert_true(csp_score_add(score, 0, 0, SPAN_LIT("x0")));
	assert_false(csp_score_add(score, 0, 0, SPAN_LIT("one too many")));
	csp_score_free(score);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_interval_is_wilsons),
		cmocka_unit_test(recall_and_precision_follow_from_the_counts),
		cmocka_unit_test(a_language_of_ten_lines_is_shown_and_one_of_nine_is_not),
		cmocka_unit_test(languages_without_end_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
