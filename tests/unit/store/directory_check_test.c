#include "directory_files.h"

#include <fcntl.h>
#include <time.h>

static struct directory_files files;

static int make(void **state)
{
	(void)state;
	directory_files_make(&files);
	struct edit *write = directory_files_begin(&files, "s");
	OK(put_customer(write, "a", "one.example", ""));
	OK(edit_commit(write));
	directory_files_close(&files);
	return 0;
}

static void run(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && %s", files.folder, command);
	assert_int_equal(system(line), 0);
}

static int remove_all(void **state)
{
	(void)state;
	directory_files_close(&files);
	run("rm -rf -- ./*");
	directory_files_remove(&files);
	return 0;
}

static struct directory *open_reader(void)
{
	struct directory *reader;
	int64_t updated;

	OK(csp_directory_open(&reader, files.path, false));
	OK(csp_directory_is_at(reader, files.path));
	OK(csp_directory_check(&updated, reader, files.path));
	assert_int_equal(updated, 1795428000);
	return reader;
}

/* What another process does to the folder, and what the one that has it open is told. */
static const struct {
	const char *command;
	enum directory_result result;
} changes[] = {
	{"true", DIRECTORY_OK},
	{"touch directory/data.mdb directory/other", DIRECTORY_OK},
	{"chmod 000 directory/data.mdb", DIRECTORY_OK},
	{"rm -r directory", DIRECTORY_MISSING},
	{"rm directory/data.mdb", DIRECTORY_MISSING},
	{"rm directory/lock.mdb", DIRECTORY_MISSING},
	{"mv directory elsewhere && mkdir directory", DIRECTORY_MISSING},
	{"cp -r directory other && mv directory old && mv other directory", DIRECTORY_MISSING},
	{"cp directory/data.mdb new && mv new directory/data.mdb", DIRECTORY_MISSING},
	{"cp directory/lock.mdb new && mv new directory/lock.mdb", DIRECTORY_MISSING},
	{"mv directory/data.mdb d && mkfifo directory/data.mdb", DIRECTORY_MISSING},
	{"mv directory/data.mdb d && ln -s ../d directory/data.mdb", DIRECTORY_MISSING},
	{"mv directory d && touch directory", DIRECTORY_INCOMPATIBLE},
	{"mv directory d && ln -s d directory", DIRECTORY_OK},
	{"mv directory d && ln -s directory directory", DIRECTORY_INCOMPATIBLE},
};

static void what_was_removed_or_replaced_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct directory *reader = open_reader();
		int64_t updated;

		run(changes[i].command);
		CHECK(changes[i].command,
		      csp_directory_is_at(reader, files.path) == changes[i].result);
		CHECK(changes[i].command,
		      csp_directory_check(&updated, reader, files.path) == changes[i].result);
		csp_directory_close(reader);
		remove_all(state);
		make(state);
	}
}

/* Reading on behind the end of the file would be the end of the process. */
static void a_file_that_became_shorter_is_damage(void **state)
{
	static const off_t lengths[] = {0, 1, 4096, 8192, 12288};

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct directory *reader = open_reader();
		struct directory_read *read;
		int64_t updated;

		assert_int_equal(truncate(files.data, lengths[i]), 0);
		assert_int_equal(csp_directory_read_begin(&read, reader), DIRECTORY_FAILED);
		assert_null(read);
		assert_int_equal(csp_directory_check(&updated, reader, files.path),
				 DIRECTORY_FAILED);
		csp_directory_close(reader);
		remove_all(state);
		make(state);
	}
}

/* The reader's lock keeps the number of the last state, which the older file never had. */
static void an_older_copy_written_over_it_is_damage(void **state)
{
	struct directory *reader;
	int64_t updated;

	(void)state;
	run("cp directory/data.mdb backup");
	for (unsigned i = 0; i < 3; i++) {
		directory_files_open(&files);
		struct edit *write = directory_files_begin(&files, "s");
		OK(put_customer(write, "b", "two.example", ""));
		OK(edit_commit(write));
		directory_files_close(&files);
	}
	reader = open_reader();
	/* Longer than it was, so that its length gives nothing away. */
	run("truncate -s 1M backup && dd if=backup of=directory/data.mdb conv=notrunc status=none");
	OK(csp_directory_is_at(reader, files.path));
	assert_int_equal(csp_directory_check(&updated, reader, files.path), DIRECTORY_FAILED);
	csp_directory_close(reader);
	reader = open_reader();
	csp_directory_close(reader);
}

static void put_meta(const char *key, const char *value)
{
	MDB_val name = {strlen(key), (void *)(uintptr_t)key};
	MDB_val data = {strlen(value), (void *)(uintptr_t)value};
	MDB_txn *txn;

	assert_int_equal(mdb_txn_begin(files.directory->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_put(txn, files.directory->tables[0][TABLE_META], &name, &data, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

static void damage_and_another_version_are_noticed_while_it_is_open(void **state)
{
	int64_t updated;

	(void)state;
	directory_files_open(&files);
	OK(csp_directory_check(&updated, files.directory, files.path));
	put_meta(FORMAT_KEY, "csp-milter directory 9");
	assert_int_equal(csp_directory_check(&updated, files.directory, files.path),
			 DIRECTORY_INCOMPATIBLE);
	put_meta(FORMAT_KEY, FORMAT);
	OK(csp_directory_check(&updated, files.directory, files.path));
	put_meta(HEAD_KEY, "no head");
	assert_int_equal(csp_directory_check(&updated, files.directory, files.path),
			 DIRECTORY_FAILED);
}

/* ---- locks of other processes ---- */

/* A child that holds a lock on lock.mdb, for so long. */
static pid_t hold_lock(short type, off_t start, unsigned milliseconds)
{
	struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	int ready[2];
	char byte = 0;

	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		struct flock lock = {
			.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = 1};
		int file = open(files.lock, O_RDWR);
		if (file < 0 || fcntl(file, F_SETLK, &lock) != 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		nanosleep(&time, NULL);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static const struct {
	const char *what;
	short type;
	off_t start;
	unsigned milliseconds;
	enum directory_result result;
} locks[] = {
	{"another reader", F_RDLCK, 0, 60000, DIRECTORY_OK},
	{"somebody else's byte", F_WRLCK, 1, 60000, DIRECTORY_OK},
	{"one who makes the lock file anew", F_WRLCK, 0, 60, DIRECTORY_OK},
	{"one who does not let go", F_WRLCK, 0, 60000, DIRECTORY_LOCKED},
};

static void who_does_not_let_go_of_the_lock_is_not_waited_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(locks); i++) {
		for (int writable = 0; writable < 2; writable++) {
			struct directory *directory;
			pid_t child =
				hold_lock(locks[i].type, locks[i].start, locks[i].milliseconds);

			CHECK(locks[i].what, csp_directory_open(&directory, files.path, writable) ==
						     locks[i].result);
			csp_directory_close(directory);
			kill(child, SIGKILL);
			assert_int_equal(waitpid(child, NULL, 0), child);
		}
	}
}

/* Another process would take the lock, and make the lock file anew under the reader. */
static void looking_at_it_keeps_the_lock(void **state)
{
	struct directory *reader = open_reader();
	int64_t updated;

	(void)state;
	OK(csp_directory_check(&updated, reader, files.path));
	pid_t child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
		int file = open(files.lock, O_RDWR);
		_exit(file >= 0 && fcntl(file, F_SETLK, &lock) != 0 ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	csp_directory_close(reader);
}

static void all_places_for_readers_taken_is_busy(void **state)
{
	struct directory_read *reads[2000];
	struct directory *reader = open_reader();
	enum directory_result result = DIRECTORY_OK;
	size_t count = 0;
	int64_t updated;

	(void)state;
	while (count < COUNT(reads) && result == DIRECTORY_OK) {
		result = csp_directory_read_begin(&reads[count], reader);
		count += result == DIRECTORY_OK ? 1 : 0;
	}
	assert_int_equal(result, DIRECTORY_LOCKED);
	assert_int_equal(csp_directory_check(&updated, reader, files.path), DIRECTORY_LOCKED);
	csp_directory_read_end(reads[--count]);
	OK(csp_directory_check(&updated, reader, files.path));
	while (count)
		csp_directory_read_end(reads[--count]);
	csp_directory_close(reader);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(what_was_removed_or_replaced_is_noticed),
		TEST(a_file_that_became_shorter_is_damage),
		TEST(an_older_copy_written_over_it_is_damage),
		TEST(damage_and_another_version_are_noticed_while_it_is_open),
		TEST(who_does_not_let_go_of_the_lock_is_not_waited_for),
		TEST(looking_at_it_keeps_the_lock),
		TEST(all_places_for_readers_taken_is_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
