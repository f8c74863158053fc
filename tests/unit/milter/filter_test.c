#include "../check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../store/directory_edit.h"
#include "filter.h"

struct place {
	char folder[64];
	char path[96], other[96];
	struct filter filter;
};

static void run(const struct place *place, const char *command)
{
	char line[256];

	snprintf(line, sizeof(line), "cd %s && %s", place->folder, command);
	assert_int_equal(system(line), 0);
}

static void fill(const char *path, int64_t now)
{
	struct directory *directory;
	struct edit *write;

	assert_int_equal(csp_directory_open(&directory, path, true), DIRECTORY_OK);
	assert_int_equal(edit_begin(&write, directory, SPAN_LIT("test"), now), DIRECTORY_OK);
	if (!write)
		abort();
	assert_int_equal(edit_put_exclusion(write, SPAN_LIT("lab.example")), DIRECTORY_OK);
	assert_int_equal(edit_commit(write), DIRECTORY_OK);
	csp_directory_close(directory);
}

static int make(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	strcpy(place->folder, "/tmp/csp-filter-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->path, sizeof(place->path), "%s/directory", place->folder);
	snprintf(place->other, sizeof(place->other), "%s/other", place->folder);
	fill(place->path, 1000);
	fill(place->other, 2000);
	assert_true(csp_filter_init(&place->filter));
	*state = place;
	return 0;
}

static int remove_all(void **state)
{
	struct place *place = *state;
	struct directory_look look;

	run(place, "rm -rf directory other link");
	csp_filter_look_at_directory(&look, &place->filter, place->path);
	assert_null(place->filter.current);
	assert_int_equal(place->filter.open, 0);
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}

static void look(struct place *place, const char *path, enum directory_result result, bool lost,
		 int64_t updated)
{
	struct directory_look look;

	csp_filter_look_at_directory(&look, &place->filter, path);
	assert_int_equal(look.result, result);
	assert_int_equal(look.lost, lost);
	if (place->filter.current)
		assert_int_equal(look.updated, updated);
}

/* Would another process be kept from making the lock file anew? */
static bool is_locked(const struct place *place)
{
	char name[128];
	int status;

	snprintf(name, sizeof(name), "%s/lock.mdb", place->path);
	pid_t child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
		int file = open(name, O_RDWR);
		_exit(file >= 0 && fcntl(file, F_SETLK, &lock) != 0 ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status != 0;
}

static void a_directory_is_opened_once_and_kept(void **state)
{
	struct place *place = *state;

	look(place, place->path, DIRECTORY_OK, false, 1000);
	struct open_directory *first = place->filter.current;
	look(place, place->path, DIRECTORY_OK, false, 1000);
	assert_ptr_equal(place->filter.current, first);
	run(place, "ln -s directory link");
	char link[96];
	snprintf(link, sizeof(link), "%s/link", place->folder);
	look(place, link, DIRECTORY_OK, false, 1000);
	assert_ptr_equal(place->filter.current, first);
	assert_true(is_locked(place));
}

static void another_place_takes_over_once_it_can_be_opened(void **state)
{
	struct place *place = *state;
	char nowhere[128];

	snprintf(nowhere, sizeof(nowhere), "%s/nowhere", place->folder);
	look(place, place->path, DIRECTORY_OK, false, 1000);
	look(place, nowhere, DIRECTORY_MISSING, false, 1000);
	assert_non_null(place->filter.current);
	look(place, place->other, DIRECTORY_OK, false, 2000);
	assert_int_equal(place->filter.open, 1);
}

static void what_is_removed_is_out_of_use_at_once(void **state)
{
	struct place *place = *state;

	look(place, place->path, DIRECTORY_OK, false, 1000);
	run(place, "rm -r directory");
	look(place, place->path, DIRECTORY_MISSING, true, 0);
	assert_null(csp_filter_take_directory(&place->filter));
	look(place, place->path, DIRECTORY_MISSING, false, 0);
	run(place, "mv other directory");
	look(place, place->path, DIRECTORY_OK, false, 2000);
}

/* The two share a lock file, and what closes one takes the other's lock along. */
static void the_next_is_opened_when_the_last_message_has_let_go(void **state)
{
	struct place *place = *state;

	look(place, place->path, DIRECTORY_OK, false, 1000);
	struct open_directory *message = csp_filter_take_directory(&place->filter);
	run(place, "mv other/data.mdb directory/data.mdb");
	look(place, place->path, DIRECTORY_LOCKED, true, 0);
	assert_null(csp_filter_take_directory(&place->filter));
	csp_filter_give_directory(&place->filter, message);
	assert_false(is_locked(place));
	look(place, place->path, DIRECTORY_OK, false, 2000);
	assert_true(is_locked(place));
}

/* Others may have taken them all: that says nothing of the directory. */
static void without_descriptors_what_is_in_use_stays(void **state)
{
	struct place *place = *state;
	struct rlimit before, none;

	look(place, place->path, DIRECTORY_OK, false, 1000);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	int lowest = dup(STDERR_FILENO);
	assert_true(lowest >= 0);
	close(lowest);
	none = before;
	none.rlim_cur = (rlim_t)lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	look(place, place->path, DIRECTORY_EXHAUSTED, false, 0);
	assert_non_null(place->filter.current);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	look(place, place->path, DIRECTORY_OK, false, 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(a_directory_is_opened_once_and_kept),
		TEST(another_place_takes_over_once_it_can_be_opened),
		TEST(what_is_removed_is_out_of_use_at_once),
		TEST(without_descriptors_what_is_in_use_stays),
		TEST(the_next_is_opened_when_the_last_message_has_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
