#include "directory_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

static struct directory_files files;

static int make(void **state)
{
	(void)state;
	directory_files_make(&files);
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	directory_files_read_end(&files);
	directory_files_remove(&files);
	return 0;
}

static void commit_one(void)
{
	struct edit *write = directory_files_begin(&files, "s");

	OK(put_customer(write, "a", "one.example", ""));
	OK(edit_commit(write));
}

static void check_open(enum directory_result expected, bool writable)
{
	struct directory *directory = NULL;

	assert_int_equal(csp_directory_open(&directory, files.path, writable), expected);
	assert_true((directory != NULL) == (expected == DIRECTORY_OK));
	csp_directory_close(directory);
}

/* The calling test's child does this as a user who owns nothing here; its exit status is what it returns. */
static int as_nobody(int (*act)(void))
{
	int status;
	pid_t child = fork();

	assert_int_not_equal(child, -1);
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(99);
		_exit(act());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int open_to_read(void)
{
	struct directory *directory = NULL;
	struct directory_read *read = NULL;
	enum directory_result result = csp_directory_open(&directory, files.path, false);

	if (result == DIRECTORY_OK)
		result = csp_directory_read_begin(&read, directory);
	csp_directory_read_end(read);
	csp_directory_close(directory);
	return (int)result;
}

static int open_to_write(void)
{
	struct directory *directory = NULL;
	enum directory_result result = csp_directory_open(&directory, files.path, true);

	csp_directory_close(directory);
	return (int)result;
}

static void the_files_have_their_own_modes_whatever_the_umask(void **state)
{
	struct stat data, lock;

	(void)state;
	directory_files_close(&files);
	assert_int_equal(unlink(files.data), 0);
	assert_int_equal(unlink(files.lock), 0);
	mode_t before = umask(0177);
	check_open(DIRECTORY_OK, true);
	umask(before);
	assert_int_equal(stat(files.data, &data), 0);
	assert_int_equal(stat(files.lock, &lock), 0);
	assert_int_equal(data.st_mode & 07777, 0640);
	assert_int_equal(lock.st_mode & 07777, 0660);
}

static void the_files_are_in_the_folders_group(void **state)
{
	struct stat data, lock;

	(void)state;
	if (geteuid() != 0)
		skip();
	directory_files_close(&files);
	assert_int_equal(unlink(files.data), 0);
	assert_int_equal(unlink(files.lock), 0);
	assert_int_equal(chown(files.path, 0, 65534), 0);
	check_open(DIRECTORY_OK, true);
	assert_int_equal(stat(files.data, &data), 0);
	assert_int_equal(stat(files.lock, &lock), 0);
	assert_int_equal(data.st_gid, 65534);
	assert_int_equal(lock.st_gid, 65534);
}

static void a_member_of_the_group_reads_what_root_imported(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	directory_files_close(&files);
	assert_int_equal(unlink(files.data), 0);
	assert_int_equal(unlink(files.lock), 0);
	assert_int_equal(chown(files.path, 0, 65534), 0);
	directory_files_open(&files);
	commit_one();
	directory_files_close(&files);
	assert_int_equal(as_nobody(open_to_read), DIRECTORY_OK);
	assert_int_equal(as_nobody(open_to_write), DIRECTORY_FORBIDDEN);
}

static void a_reader_who_may_not_is_told_so(void **state)
{
	static const struct {
		const char *what;
		mode_t folder, data, lock;
		enum directory_result result;
	} cases[] = {
		{"all open", 0755, 0644, 0666, DIRECTORY_OK},
		{"no lock", 0755, 0644, 0640, DIRECTORY_FORBIDDEN},
		{"lock only to read", 0755, 0644, 0644, DIRECTORY_FORBIDDEN},
		{"no data", 0755, 0640, 0666, DIRECTORY_FORBIDDEN},
		{"no folder", 0700, 0644, 0666, DIRECTORY_FORBIDDEN},
	};

	(void)state;
	if (geteuid() != 0)
		skip();
	commit_one();
	directory_files_close(&files);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(chmod(files.path, cases[i].folder), 0);
		assert_int_equal(chmod(files.data, cases[i].data), 0);
		assert_int_equal(chmod(files.lock, cases[i].lock), 0);
		CHECK(cases[i].what, as_nobody(open_to_read) == (int)cases[i].result);
	}
}

static void a_reader_whose_lock_file_is_gone_is_told_so(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	commit_one();
	directory_files_close(&files);
	assert_int_equal(chmod(files.path, 0755), 0);
	assert_int_equal(chmod(files.data, 0644), 0);
	assert_int_equal(unlink(files.lock), 0);
	assert_int_equal(as_nobody(open_to_read), DIRECTORY_FORBIDDEN);
}

static void where_nothing_was_imported_a_directory_is_missing(void **state)
{
	struct edit *write;

	(void)state;
	directory_files_close(&files);
	check_open(DIRECTORY_MISSING, false); /* the tables alone */
	directory_files_open(&files);
	write = directory_files_begin(&files, "s");
	OK(put_customer(write, "a", "one.example", ""));
	edit_abort(write);
	directory_files_close(&files);
	check_open(DIRECTORY_MISSING, false); /* an import that was given up */
	assert_int_equal(truncate(files.data, 0), 0);
	check_open(DIRECTORY_MISSING, false); /* an empty file */
	assert_int_equal(unlink(files.data), 0);
	check_open(DIRECTORY_MISSING, false); /* no file */
	assert_int_equal(access(files.data, F_OK), -1);
	assert_int_equal(unlink(files.lock), 0);
	assert_int_equal(unlink(files.writer), 0);
	assert_int_equal(rmdir(files.path), 0);
	check_open(DIRECTORY_MISSING, false); /* no folder */
	assert_int_equal(access(files.path, F_OK), -1);
}

static void a_parent_folder_is_not_made(void **state)
{
	struct directory *directory = NULL;
	char path[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/no/such", files.path);
	assert_int_equal(csp_directory_open(&directory, path, true), DIRECTORY_MISSING);
	assert_null(directory);
}

static void write_data(const char *bytes, size_t len)
{
	FILE *stream = fopen(files.data, "w");

	assert_non_null(stream);
	for (size_t i = 0; i < 16384; i++)
		fputc(len ? bytes[i % len] : 0, stream);
	assert_int_equal(fclose(stream), 0);
}

static void a_file_that_is_no_environment_is_incompatible(void **state)
{
	(void)state;
	directory_files_close(&files);
	write_data("not LMDB at all", 15);
	check_open(DIRECTORY_INCOMPATIBLE, false);
	check_open(DIRECTORY_INCOMPATIBLE, true);
	write_data("", 0);
	check_open(DIRECTORY_INCOMPATIBLE, false);
	assert_int_equal(truncate(files.data, 17), 0);
	check_open(DIRECTORY_INCOMPATIBLE, false);
	check_open(DIRECTORY_INCOMPATIBLE, true);
}

static void somebody_elses_environment_is_left_alone(void **state)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi table;
	MDB_val key = {3, (void *)(uintptr_t) "key"}, value = {5, (void *)(uintptr_t) "value"};

	(void)state;
	directory_files_close(&files);
	assert_int_equal(unlink(files.data), 0);
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, files.path, 0, 0640), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, NULL, 0, &table), 0);
	assert_int_equal(mdb_put(txn, table, &key, &value, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	check_open(DIRECTORY_INCOMPATIBLE, false);
	check_open(DIRECTORY_INCOMPATIBLE, true);
}

static void another_versions_directory_is_incompatible(void **state)
{
	MDB_val key = {sizeof(FORMAT_KEY) - 1, (void *)(uintptr_t)FORMAT_KEY};
	MDB_val value = {22, (void *)(uintptr_t) "csp-milter directory 9"};
	MDB_txn *txn;

	(void)state;
	commit_one();
	assert_int_equal(mdb_txn_begin(files.directory->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_put(txn, files.directory->tables[0][TABLE_META], &key, &value, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	directory_files_close(&files);
	check_open(DIRECTORY_INCOMPATIBLE, false);
	check_open(DIRECTORY_INCOMPATIBLE, true);
}

static void a_link_or_a_device_in_a_files_place_is_refused(void **state)
{
	char target[160];

	(void)state;
	directory_files_close(&files);
	snprintf(target, sizeof(target), "%s.elsewhere", files.path);
	assert_int_equal(rename(files.data, target), 0);
	assert_int_equal(symlink(target, files.data), 0);
	check_open(DIRECTORY_INCOMPATIBLE, true);
	check_open(DIRECTORY_INCOMPATIBLE, false);
	assert_int_equal(unlink(files.data), 0);
	assert_int_equal(rename(target, files.data), 0);
	check_open(DIRECTORY_OK, true);
	assert_int_equal(unlink(files.lock), 0);
	assert_int_equal(symlink("/dev/null", files.lock), 0);
	check_open(DIRECTORY_INCOMPATIBLE, true);
	assert_int_equal(unlink(files.lock), 0);
	assert_int_equal(mkfifo(files.lock, 0600), 0);
	check_open(DIRECTORY_INCOMPATIBLE, true);
}

static void a_file_where_the_folder_should_be_is_incompatible(void **state)
{
	(void)state;
	directory_files_close(&files);
	assert_int_equal(unlink(files.data), 0);
	assert_int_equal(unlink(files.lock), 0);
	assert_int_equal(rmdir(files.path), 0);
	FILE *stream = fopen(files.path, "w");
	assert_non_null(stream);
	fclose(stream);
	check_open(DIRECTORY_INCOMPATIBLE, true);
	check_open(DIRECTORY_INCOMPATIBLE, false);
}

/* A sanitizer needs more address space than this leaves. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED
static int open_in_little_space(void)
{
	struct rlimit limit = {(rlim_t)1 << 30, (rlim_t)1 << 30};

	if (setrlimit(RLIMIT_AS, &limit) != 0)
		return 98;
	return open_to_write();
}
#endif

static void little_address_space_gets_a_smaller_map(void **state)
{
	(void)state;
#ifdef SANITIZED
	skip();
#else
	directory_files_close(&files);
	if (geteuid() == 0)
		assert_int_equal(chown(files.path, 65534, 65534), 0);
	unlink(files.data);
	unlink(files.lock);
	assert_int_equal(as_nobody(open_in_little_space), DIRECTORY_OK);
#endif
}

static enum directory_result put_many(unsigned count)
{
	struct edit *write = directory_files_begin(&files, "s");
	char id[32], domain[48];

	for (unsigned i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "customer-%u", i);
		snprintf(domain, sizeof(domain), "customer-%u.example", i);
		OK(put_customer(write, id, domain, "p"));
	}
	return edit_commit(write);
}

static void a_full_map_keeps_the_state_before(void **state)
{
	struct edit *write;

	(void)state;
	directory_files_close(&files);
	OK(csp_directory_open_sized(&files.directory, files.path, true, 1 << 20));
	commit_one();
	assert_int_equal(put_many(10000), DIRECTORY_FULL);  /* in place */
	assert_int_equal(put_many(100000), DIRECTORY_FULL); /* anew */
	directory_files_read(&files);
	assert_int_equal(csp_directory_state(files.read), 1);
	CHECK_CUSTOMERS(&files, "x@one.example", "a");
	CHECK_CUSTOMERS(&files, "x@customer-0.example", "-");
	directory_files_read_end(&files);
	write = directory_files_begin(&files, "s");
	OK(put_customer(write, "b", "two.example", ""));
	OK(edit_commit(write));
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@two.example", "b");
}

static void every_result_has_a_text_of_its_own(void **state)
{
	(void)state;
	for (int a = DIRECTORY_OK; a <= DIRECTORY_FAILED; a++) {
		for (int b = DIRECTORY_OK; b < a; b++)
			assert_string_not_equal(csp_directory_strerror((enum directory_result)a),
						csp_directory_strerror((enum directory_result)b));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(the_files_have_their_own_modes_whatever_the_umask),
		TEST(the_files_are_in_the_folders_group),
		TEST(a_member_of_the_group_reads_what_root_imported),
		TEST(a_reader_who_may_not_is_told_so),
		TEST(a_reader_whose_lock_file_is_gone_is_told_so),
		TEST(where_nothing_was_imported_a_directory_is_missing),
		TEST(a_parent_folder_is_not_made),
		TEST(a_file_that_is_no_environment_is_incompatible),
		TEST(somebody_elses_environment_is_left_alone),
		TEST(another_versions_directory_is_incompatible),
		TEST(a_link_or_a_device_in_a_files_place_is_refused),
		TEST(a_file_where_the_folder_should_be_is_incompatible),
		TEST(little_address_space_gets_a_smaller_map),
		TEST(a_full_map_keeps_the_state_before),
		cmocka_unit_test(every_result_has_a_text_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
