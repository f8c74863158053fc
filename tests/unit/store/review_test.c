#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "review.h"

#define HEAD(id, time)                                                                             \
	"{\"schema\":\"csp-milter/decision/1\",\"decision\":\"" id "\",\"time\":\"" time "\","
#define ID_1 "01kb00000000000000000000aa"
#define ID_2 "01kb00000000000000000000ab"
#define ID_3 "01kb11111111111111111111cc"

static const char record_1[] =
	HEAD(ID_1, "2026-11-20T10:00:00.500Z") "\"reverse_path\":\"<bounce@mailer.example>\","
					       "\"authors\":[{\"field\":\"from\","
					       "\"address\":\"Billing@Vendor.example\",\"party\":"
					       "\"vendor\"}],\"recipients\":["
					       "{\"address\":\"<Ann@Customer.example>\","
					       "\"canonical\":\"ann@customer.example\","
					       "\"rule\":\"subscription\",\"disposition\":"
					       "\"block\",\"would\":[]},"
					       "{\"address\":\"<joe@other.example>\",\"canonical\":"
					       "\"joe@other.example\","
					       "\"rule\":\"not-a-customer\",\"disposition\":"
					       "\"pass\",\"would\":[]}]}";
static const char record_2[] = HEAD(
	ID_2,
	"2026-11-21T10:00:00.000Z") "\"reverse_path\":\"<>\",\"authors\":[],\"recipients\":["
				    "{\"address\":\"<ann@customer.example>\",\"rule\":\"general\","
				    "\"disposition\":\"pass\","
				    "\"would\":[{\"rule\":\"trial\",\"disposition\":\"flag\"}]}]}";
static const char record_3[] =
	HEAD(ID_3, "2026-11-22T10:00:00.999Z") "\"subject\":\"a\\u0000b\",\"recipients\":[{"
					       "\"address\":\"<x@y.example>\","
					       "\"rule\":\"general\",\"disposition\":\"pass\"}]}";
static const char outcome_1[] =
	"{\"schema\":\"csp-milter/decision/1\",\"for\":\"" ID_1
	"\",\"time\":\"2026-11-20T10:00:10.500Z\",\"outcome\":\"tempfail\"}";

#define PATH_TEMPLATE "/tmp/review_test.XXXXXX"

static void make_journal(char path[sizeof(PATH_TEMPLATE)], struct span bytes)
{
	int fd;

	memcpy(path, PATH_TEMPLATE, sizeof(PATH_TEMPLATE));
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
	close(fd);
}

struct seen {
	char text[512]; /* the last two characters of each id, outcomes in brackets */
	size_t stop_after;
	size_t count;
};

static bool note(void *context, json_t *record)
{
	struct seen *seen = context;
	struct span outcome_of = csp_review_outcome_of(record);
	struct span id = outcome_of.len > 0 ? outcome_of : csp_review_text(record, "decision");
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len,
		 outcome_of.len > 0 ? "[%.*s]" : "%.*s ",
		 SPAN_ARG(csp_span_slice(id, id.len - 2, id.len)));
	return ++seen->count != seen->stop_after;
}

static struct review_counts read_all(struct seen *seen, struct span bytes,
				     const struct review_filter *filter)
{
	char path[sizeof(PATH_TEMPLATE)];
	struct review_counts counts = {0};

	make_journal(path, bytes);
	assert_true(csp_review_read(&counts, path, filter, note, seen));
	unlink(path);
	return counts;
}

static struct span journal(void)
{
	static char bytes[8192];

	snprintf(bytes, sizeof(bytes), "%s\n%s\n%s\n%s\n", record_1, outcome_1, record_2, record_3);
	return csp_span_from(bytes);
}

/* 2026-11-20T10:00:00Z, the second in which the first record was made. */
#define FIRST INT64_C(1795168800)
#define DAY   INT64_C(86400)
#define OPEN  .since = INT64_MIN, .until = INT64_MAX

static void a_filter_passes_what_meets_all_of_it(void **state)
{
	const struct {
		struct review_filter filter;
		const char *seen;
	} cases[] = {
		{{OPEN}, "aa ab cc "},
		{{.since = FIRST, .until = INT64_MAX}, "aa ab cc "},
		{{.since = FIRST + 1, .until = INT64_MAX}, "ab cc "},
		{{.since = INT64_MIN, .until = FIRST + 1}, "aa "},
		{{.since = INT64_MIN, .until = FIRST}, ""},
		{{.since = FIRST + DAY, .until = FIRST + DAY + 1}, "ab "},
		{{OPEN, .notable = true}, "aa ab "},
		{{OPEN, .rule = SPAN_LIT("subscription")}, "aa "},
		{{OPEN, .rule = SPAN_LIT("trial")}, "ab "},
		{{OPEN, .rule = SPAN_LIT("Trial")}, ""},
		{{OPEN, .disposition = SPAN_LIT("pass")}, "aa ab cc "},
		{{OPEN, .disposition = SPAN_LIT("flag")}, "ab "},
		{{OPEN, .disposition = SPAN_LIT("block"), .to = SPAN_LIT("ANN@customer")}, "aa "},
		{{OPEN, .disposition = SPAN_LIT("block"), .to = SPAN_LIT("joe@other")}, ""},
		{{OPEN, .notable = true, .to = SPAN_LIT("joe")}, ""},
		{{OPEN, .rule = SPAN_LIT("trial"), .disposition = SPAN_LIT("pass")}, ""},
		{{OPEN, .from = SPAN_LIT("billing@vendor")}, "aa "},
		{{OPEN, .from = SPAN_LIT("MAILER.example")}, "aa "},
		{{OPEN, .from = SPAN_LIT("nobody")}, ""},
		{{OPEN, .to = SPAN_LIT("y.example")}, "cc "},
		{{OPEN, .id = SPAN_LIT("01KB0000")}, "aa ab "},
		{{OPEN, .id = SPAN_LIT(ID_3)}, "cc "},
		{{OPEN, .id = SPAN_LIT(ID_3 "0")}, ""},
		{{OPEN, .outcomes = true}, "aa [aa]ab cc "},
		{{OPEN, .outcomes = true, .id = SPAN_LIT(ID_2)}, "ab "},
		{{OPEN, .outcomes = true, .rule = SPAN_LIT("trial")}, "[aa]ab "},
		{{.since = FIRST + DAY, .until = INT64_MAX, .outcomes = true}, "ab cc "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen seen = {0};
		struct review_counts counts = read_all(&seen, journal(), &cases[i].filter);

		if (strcmp(seen.text, cases[i].seen) != 0)
			print_error("case %zu\n", i);
		assert_string_equal(seen.text, cases[i].seen);
		assert_int_equal(counts.records, 3);
		assert_int_equal(counts.outcomes, 1);
		assert_int_equal(counts.damaged, 0);
	}
}

static void a_line_that_is_no_whole_record_is_counted_and_passed_over(void **state)
{
	const struct span damaged[] = {
		SPAN_LIT(""),
		SPAN_LIT("{"),
		SPAN_LIT("\0\0\0"),
		SPAN_LIT("null"),
		SPAN_LIT("[]"),
		SPAN_LIT("{}"),
		SPAN_LIT("{\"schema\":\"csp-milter/decision/1\"}"),
		SPAN_LIT(HEAD(ID_1, "2026-11-20T10:00:00.500Z")),
		SPAN_LIT(HEAD(ID_1, "2026-11-20T10:00:00.500Z") "\"recipients\":{}}"),
		SPAN_LIT(HEAD(ID_1, "yesterday") "\"recipients\":[]}"),
		SPAN_LIT(HEAD(ID_1, "2026-11-20T10:00:00.500") "\"recipients\":[]}"),
		SPAN_LIT(HEAD("", "2026-11-20T10:00:00.500Z") "\"recipients\":[]}"),
		SPAN_LIT("{\"schema\":\"csp-milter/decision/9\",\"decision\":\"" ID_1
			 "\",\"time\":\"2026-11-20T10:00:00.500Z\",\"recipients\":[]}"),
		SPAN_LIT(
			HEAD(ID_1,
			     "2026-11-20T10:00:00.500Z") "\"subject\":\"\xff\",\"recipients\":[]}"),
		SPAN_LIT(HEAD(ID_1, "2026-11-20T10:00:00.500Z") "\"recipients\":[]} x"),
		SPAN_LIT("{\"schema\":7,\"decision\":[],\"time\":{},\"recipients\":[]}"),
	};
	const struct review_filter filter = {OPEN};
	struct buf bytes;

	(void)state;
	csp_buf_init(&bytes, 65536);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		struct seen seen = {0};
		struct review_counts counts;

		csp_buf_reset(&bytes);
		csp_buf_append_format(&bytes, "%s\n", record_1);
		csp_buf_append(&bytes, damaged[i]);
		csp_buf_append_format(&bytes, "\n%s\n", record_3);
		counts = read_all(&seen, csp_buf_span(&bytes), &filter);
		assert_string_equal(seen.text, "aa cc ");
		assert_int_equal(counts.damaged, 1);
		assert_int_equal(counts.records, 2);
	}
	csp_buf_dispose(&bytes);
}

/* A crash leaves any beginning of the last record behind. */
static void a_last_line_torn_anywhere_never_hides_the_others(void **state)
{
	const struct review_filter filter = {OPEN};
	size_t before = strlen(record_1) + 1;
	char bytes[4096];
	int whole = snprintf(bytes, sizeof(bytes), "%s\n%s", record_1, record_2);

	(void)state;
	for (size_t len = before + 1; len < (size_t)whole; len++) {
		struct seen seen = {0};
		struct review_counts counts = read_all(&seen, (struct span){bytes, len}, &filter);

		assert_string_equal(seen.text, "aa ");
		assert_int_equal(counts.damaged, 1);
	}
}

static void a_record_is_told_by_its_time_however_its_members_are_ordered(void **state)
{
	static const char reordered[] =
		"{\"recipients\":[], \"time\" : \"2026-11-20T10:00:00.500Z\", \"decision\":\"" ID_1
		"\",\"schema\":\"csp-milter/decision/1\"}";
	const struct review_filter before = {.since = INT64_MIN, .until = FIRST},
				   after = {.since = FIRST, .until = INT64_MAX};
	struct seen seen = {0};

	(void)state;
	assert_int_equal(read_all(&seen, csp_span_from(reordered), &before).shown, 0);
	assert_int_equal(read_all(&seen, csp_span_from(reordered), &after).shown, 1);
	assert_string_equal(seen.text, "aa ");
}

/* What decides is the member, wherever it stands, and not a text that looks like one. */
static void plain_passes_are_told_from_the_rest_before_they_are_read(void **state)
{
	const struct {
		const char *rest;
		uint64_t shown;
	} cases[] = {
		{"\"recipients\":[{\"disposition\":\"pass\"}]}", 0},
		{"\"recipients\":[{\"disposition\":\"pass\"},{\"disposition\":\"tempfail\"}]}", 1},
		{"\"recipients\":[{\"disposition\":\"pass\",\"would\":[{\"disposition\":\"flag\"}]}"
		 "]}",
		 1},
		{"\"recipients\":[{ \"disposition\" : \"pass\" }]}", 0},
		{"\"recipients\":[{\"disposition\": \"block\"}]}", 1},
		{"\"subject\":\"\\\"disposition\\\":\\\"block\\\"\",\"recipients\":[]}", 0},
		{"\"recipients\":[]}", 0},
	};
	const struct review_filter filter = {OPEN, .notable = true};
	struct buf bytes;

	(void)state;
	csp_buf_init(&bytes, 4096);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen seen = {0};
		struct review_counts counts;

		csp_buf_reset(&bytes);
		csp_buf_append_format(&bytes, "%s%s", HEAD(ID_1, "2026-11-20T10:00:00.500Z"),
				      cases[i].rest);
		counts = read_all(&seen, csp_buf_span(&bytes), &filter);
		assert_int_equal(counts.records, 1);
		assert_int_equal(counts.shown, cases[i].shown);
	}
	csp_buf_dispose(&bytes);
}

static void a_torn_record_of_another_time_is_damaged_all_the_same(void **state)
{
	const struct review_filter filter = {.since = FIRST + 30 * DAY, .until = INT64_MAX};
	struct seen seen = {0};
	struct review_counts counts =
		read_all(&seen, (struct span){record_1, sizeof(record_1) - 2}, &filter);

	(void)state;
	assert_int_equal(counts.damaged, 1);
	assert_int_equal(counts.records, 0);
}

static void times_far_away_are_open_ends(void **state)
{
	static const struct {
		int64_t since, until;
		uint64_t shown;
	} cases[] = {
		{-1, INT64_MAX - 1, 3},
		{INT64_MAX, INT64_MAX, 0},
		{INT64_MIN, INT64_MIN, 0},
		{0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct review_filter filter = {.since = cases[i].since,
						     .until = cases[i].until};
		struct seen seen = {0};

		assert_int_equal(read_all(&seen, journal(), &filter).shown, cases[i].shown);
	}
}

static void the_callback_can_stop_the_reading(void **state)
{
	const struct review_filter filter = {OPEN};
	struct seen seen = {.stop_after = 2};
	struct review_counts counts = read_all(&seen, journal(), &filter);

	(void)state;
	assert_string_equal(seen.text, "aa ab ");
	assert_int_equal(counts.records, 2);
}

static void counts_add_up_over_journals(void **state)
{
	const struct review_filter filter = {OPEN, .rule = SPAN_LIT("subscription")};
	char path[sizeof(PATH_TEMPLATE)];
	struct review_counts counts = {0};
	struct seen seen = {0};

	(void)state;
	make_journal(path, journal());
	assert_true(csp_review_read(&counts, path, &filter, note, &seen));
	assert_true(csp_review_read(&counts, path, &filter, note, &seen));
	unlink(path);
	assert_int_equal(counts.records, 6);
	assert_int_equal(counts.shown, 2);
	assert_int_equal(counts.outcomes, 2);
}

static void a_record_of_many_recipients_is_read(void **state)
{
	const struct review_filter filter = {OPEN, .to = SPAN_LIT("u19999@")};
	struct seen seen = {0};
	struct review_counts counts;
	struct buf bytes;

	(void)state;
	csp_buf_init(&bytes, (size_t)8 << 20);
	csp_buf_append_format(&bytes, "%s", HEAD(ID_1, "2026-11-20T10:00:00.500Z"));
	csp_buf_append_format(&bytes, "\"recipients\":[");
	for (int i = 0; i < 20000; i++)
		csp_buf_append_format(&bytes, "%s{\"address\":\"<u%d@customer.example>\"}",
				      i > 0 ? "," : "", i);
	csp_buf_append_format(&bytes, "]}\n%s\n", record_2);
	assert_false(csp_buf_failed(&bytes));
	counts = read_all(&seen, csp_buf_span(&bytes), &filter);
	assert_string_equal(seen.text, "aa ");
	assert_int_equal(counts.damaged, 0);
	csp_buf_dispose(&bytes);
}

static void only_a_file_that_cannot_be_read_fails(void **state)
{
	const struct review_filter filter = {OPEN};
	struct review_counts counts = {0};
	struct seen seen = {0};

	(void)state;
	assert_false(csp_review_read(&counts, "/nonexistent/journal", &filter, note, &seen));
	assert_int_equal(errno, ENOENT);
	assert_false(csp_review_read(&counts, "/tmp", &filter, note, &seen));
	assert_int_equal(errno, EISDIR);
	assert_true(csp_review_read(&counts, "/dev/null", &filter, note, &seen));
	assert_int_equal(counts.records + counts.damaged, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_passes_what_meets_all_of_it),
		cmocka_unit_test(a_line_that_is_no_whole_record_is_counted_and_passed_over),
		cmocka_unit_test(a_last_line_torn_anywhere_never_hides_the_others),
		cmocka_unit_test(a_record_is_told_by_its_time_however_its_members_are_ordered),
		cmocka_unit_test(plain_passes_are_told_from_the_rest_before_they_are_read),
		cmocka_unit_test(a_torn_record_of_another_time_is_damaged_all_the_same),
		cmocka_unit_test(times_far_away_are_open_ends),
		cmocka_unit_test(the_callback_can_stop_the_reading),
		cmocka_unit_test(counts_add_up_over_journals),
		cmocka_unit_test(a_record_of_many_recipients_is_read),
		cmocka_unit_test(only_a_file_that_cannot_be_read_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
