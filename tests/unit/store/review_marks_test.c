#include "../check.h"
#include "review_marks.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH "marks-test.db"

static int remove_file(void **state)
{
	(void)state;
	(void)unlink(PATH);
	return 0;
}

static struct review_marks *open_marks(bool write)
{
	struct review_marks *marks = NULL;

	assert_int_equal(csp_review_marks_open(&marks, PATH, write), REVIEW_MARKS_OK);
	return marks;
}

static struct review_mark mark(const char *decision, const char *verdict, const char *note)
{
	return (struct review_mark){csp_span_from(decision), csp_span_from(verdict),
				    csp_span_from(note), SPAN_LIT("anna"), 1767225600};
}

static void assert_mark(struct review_marks *marks, const char *decision, const char *verdict,
			const char *note)
{
	struct review_mark found;

	assert_int_equal(csp_review_marks_find(&found, marks, csp_span_from(decision)),
			 REVIEW_MARKS_OK);
	assert_true(csp_span_equal(found.verdict, csp_span_from(verdict)));
	assert_true(csp_span_equal(found.note, csp_span_from(note)));
	assert_true(csp_span_equal(found.reviewer, SPAN_LIT("anna")));
	assert_int_equal(found.time, 1767225600);
}

static void the_last_mark_of_a_decision_counts(void **state)
{
	const struct review_mark first[] = {mark("a", "confirmed", ""),
					    mark("b", "confirmed", "it's \"so\"\n")};
	const struct review_mark second[] = {mark("a", "false-positive", "a partner")};
	struct review_mark found;
	struct stat about;

	(void)state;
	struct review_marks *marks = open_marks(true);
	assert_int_equal(csp_review_marks_add(marks, first, 2), REVIEW_MARKS_OK);
	assert_int_equal(csp_review_marks_add(marks, second, 1), REVIEW_MARKS_OK);
	csp_review_marks_close(marks);
	marks = open_marks(false);
	assert_mark(marks, "a", "false-positive", "a partner");
	assert_mark(marks, "b", "confirmed", "it's \"so\"\n");
	assert_int_equal(csp_review_marks_find(&found, marks, SPAN_LIT("c")), REVIEW_MARKS_NONE);
	csp_review_marks_close(marks);
	assert_int_equal(stat(PATH, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0660);
}

static void what_is_not_there_yet_is_no_mark(void **state)
{
	struct review_marks *marks = NULL;

	(void)state;
	assert_int_equal(csp_review_marks_open(&marks, PATH, false), REVIEW_MARKS_NONE);
	assert_null(marks);
	FILE *empty = fopen(PATH, "w");
	assert_non_null(empty);
	fclose(empty);
	assert_int_equal(csp_review_marks_open(&marks, PATH, false), REVIEW_MARKS_NONE);
	assert_null(marks);
	csp_review_marks_close(open_marks(true));
	csp_review_marks_close(open_marks(false));
}

static void another_version_is_left_alone(void **state)
{
	sqlite3 *database = NULL;
	struct review_marks *marks = NULL;

	(void)state;
	assert_int_equal(sqlite3_open(PATH, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, "PRAGMA user_version = 2", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(database);
	for (int write = 0; write < 2; write++) {
		assert_int_equal(csp_review_marks_open(&marks, PATH, write), REVIEW_MARKS_FAILED);
		csp_review_marks_close(marks);
	}
}

/* The second cannot be written. */
static void marks_are_all_written_or_none(void **state)
{
	const struct review_mark items[] = {mark("a", "confirmed", ""),
					    {.decision = SPAN_LIT("b"), .verdict = {NULL, 0}}};
	struct review_mark found;

	(void)state;
	struct review_marks *marks = open_marks(true);
	assert_int_equal(csp_review_marks_add(marks, items, 2), REVIEW_MARKS_FAILED);
	assert_non_null(strstr(csp_review_marks_error(marks), "constraint"));
	assert_int_equal(csp_review_marks_find(&found, marks, SPAN_LIT("a")), REVIEW_MARKS_NONE);
	assert_int_equal(csp_review_marks_add(marks, items, 1), REVIEW_MARKS_OK);
	assert_mark(marks, "a", "confirmed", "");
	csp_review_marks_close(marks);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, remove_file, remove_file)
	const struct CMUnitTest tests[] = {
		TEST(the_last_mark_of_a_decision_counts),
		TEST(what_is_not_there_yet_is_no_mark),
		TEST(another_version_is_left_alone),
		TEST(marks_are_all_written_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
