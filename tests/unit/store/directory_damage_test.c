#include "directory_files.h"

#include <fcntl.h>

#include "directory_view.h"

static struct directory_files files;

/* Customer a at one.example with partner p by alias; customer b at two.example, for others to be taken for. */
static int make(void **state)
{
	(void)state;
	directory_files_make(&files);
	struct edit *write = directory_files_begin(&files, "s");
	OK(put_customer(write, "a", ".one.example", "4847383"));
	OK(put_customer(write, "b", ".two.example", ""));
	OK(put_address(write, "a", "ceo@mail.example"));
	OK(put_partner(write, "p", "p.example", "bounce.example", "4847383"));
	OK(edit_put_exclusion(write, SPAN_LIT("lab.one.example")));
	OK(edit_commit(write));
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	directory_files_read_end(&files);
	directory_files_remove(&files);
	return 0;
}

static void put_raw(enum codec_table table, struct span key, struct span bytes)
{
	MDB_val name = {key.len, (void *)(uintptr_t)key.data};
	MDB_val value = {bytes.len, (void *)(uintptr_t)bytes.data};
	MDB_txn *txn;

	assert_int_equal(mdb_txn_begin(files.directory->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_put(txn, files.directory->tables[0][table], &name, &value, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

static size_t get_raw(char *bytes, size_t size, enum codec_table table, struct span key)
{
	struct span value;

	directory_files_read(&files);
	assert_int_equal(csp_directory_get(&value, &files.read->at, table, key), FOUND);
	assert_true(value.len <= size);
	memcpy(bytes, value.data, value.len);
	directory_files_read_end(&files);
	return value.len;
}

/* The address that reads a value, and what it gives while that is whole. */
static const struct question {
	enum codec_table table;
	struct span key;
	const char *address, *answer;
} questions[] = {
	{TABLE_DOMAINS, {"one.example", 11}, "x@one.example", "a"},
	{TABLE_DOMAINS, {"one.example", 11}, "x@sub.one.example", "a"},
	{TABLE_DOMAINS, {"lab.one.example", 15}, "x@lab.one.example", "excluded -"},
	{TABLE_ADDRESSES, {"ceo@mail.example", 16}, "ceo@mail.example", "a"},
	{TABLE_CUSTOMERS, {"\1a", 2}, "x@one.example", "a"},
	{TABLE_ALIASES, {"4847383", 7}, "x@one.example", "a"},
};

static void a_flipped_bit_in_a_value_is_could_not_tell(void **state)
{
	char bytes[512];

	(void)state;
	for (size_t i = 0; i < COUNT(questions); i++) {
		const struct question *question = &questions[i];
		size_t len = get_raw(bytes, sizeof(bytes), question->table, question->key);
		for (size_t bit = 0; bit < len * 8; bit++) {
			bytes[bit / 8] ^= (char)(1 << bit % 8);
			put_raw(question->table, question->key, (struct span){bytes, len});
			bytes[bit / 8] ^= (char)(1 << bit % 8);
			directory_files_read(&files);
			CHECK_CUSTOMERS(&files, question->address, "?");
			directory_files_read_end(&files);
			csp_arena_reset(&files.arena);
		}
		put_raw(question->table, question->key, (struct span){bytes, len});
		directory_files_read(&files);
		CHECK_CUSTOMERS(&files, question->address, question->answer);
		directory_files_read_end(&files);
	}
}

static void a_torn_value_is_could_not_tell(void **state)
{
	char bytes[512];

	(void)state;
	for (size_t i = 0; i < COUNT(questions); i++) {
		const struct question *question = &questions[i];
		size_t len = get_raw(bytes, sizeof(bytes), question->table, question->key);
		for (size_t torn = 0; torn < len; torn++) {
			put_raw(question->table, question->key, (struct span){bytes, torn});
			directory_files_read(&files);
			CHECK_CUSTOMERS(&files, question->address, "?");
			directory_files_read_end(&files);
		}
		put_raw(question->table, question->key, (struct span){bytes, len});
	}
}

static void a_value_under_another_key_is_could_not_tell(void **state)
{
	char bytes[512];
	size_t len = get_raw(bytes, sizeof(bytes), TABLE_CUSTOMERS, SPAN_LIT("\1b"));

	(void)state;
	put_raw(TABLE_CUSTOMERS, SPAN_LIT("\1a"), (struct span){bytes, len});
	len = get_raw(bytes, sizeof(bytes), TABLE_DOMAINS, SPAN_LIT("one.example"));
	put_raw(TABLE_DOMAINS, SPAN_LIT("two.example"), (struct span){bytes, len});
	put_raw(TABLE_ADDRESSES, SPAN_LIT("one.example"), (struct span){bytes, len});
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@one.example", "?");
	CHECK_CUSTOMERS(&files, "x@two.example", "?");
	CHECK_CUSTOMERS(&files, "one.example", "?");
	CHECK_PARTNERS(&files, "two.example", false, "?");
}

static void a_name_without_its_party_is_could_not_tell(void **state)
{
	MDB_val key = {2, (void *)(uintptr_t) "\1a"}, partner = {2, (void *)(uintptr_t) "\1p"};
	MDB_txn *txn;

	(void)state;
	assert_int_equal(mdb_txn_begin(files.directory->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_del(txn, files.directory->tables[0][TABLE_CUSTOMERS], &key, NULL), 0);
	assert_int_equal(mdb_del(txn, files.directory->tables[0][TABLE_PARTNERS], &partner, NULL),
			 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@one.example", "?");
	CHECK_CUSTOMERS(&files, "ceo@mail.example", "?");
	CHECK_PARTNERS(&files, "p.example", false, "?");
}

static void a_damaged_head_or_source_fails_the_whole(void **state)
{
	struct edit *write = NULL;
	struct directory_stats stats;
	char bytes[512];
	size_t len = get_raw(bytes, sizeof(bytes), TABLE_META, SPAN_LIT("source/s"));

	(void)state;
	bytes[2] ^= 1;
	put_raw(TABLE_META, SPAN_LIT("source/s"), (struct span){bytes, len});
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@one.example", "a");
	assert_int_equal(csp_directory_stats(&stats, files.read, &files.arena), DIRECTORY_FAILED);
	directory_files_read_end(&files);
	assert_int_equal(edit_begin(&write, files.directory, SPAN_LIT("s"), 0), DIRECTORY_FAILED);
	assert_int_equal(edit_begin(&write, files.directory, SPAN_LIT("new"), 0), DIRECTORY_FAILED);
	assert_null(write);

	len = get_raw(bytes, sizeof(bytes), TABLE_META, SPAN_LIT(HEAD_KEY));
	bytes[1] ^= 1;
	put_raw(TABLE_META, SPAN_LIT(HEAD_KEY), (struct span){bytes, len});
	assert_int_equal(csp_directory_read_begin(&files.read, files.directory), DIRECTORY_FAILED);
	assert_null(files.read);
}

static void a_damaged_value_stops_the_import_that_would_build_on_it(void **state)
{
	struct edit *write;
	char bytes[512];
	size_t len = get_raw(bytes, sizeof(bytes), TABLE_DOMAINS, SPAN_LIT("one.example"));

	(void)state;
	bytes[1] ^= 1;
	put_raw(TABLE_DOMAINS, SPAN_LIT("one.example"), (struct span){bytes, len});
	write = directory_files_begin(&files, "s");
	OK(put_customer(write, "c", "one.example", ""));
	assert_int_equal(edit_commit(write), DIRECTORY_FAILED);
	write = directory_files_begin(&files, "s");
	OK(edit_put_exclusion(write, SPAN_LIT("one.example")));
	assert_int_equal(edit_commit(write), DIRECTORY_FAILED);
}

static off_t data_size(void)
{
	struct stat status;

	assert_int_equal(stat(files.data, &status), 0);
	return status.st_size;
}

static void a_truncated_file_is_not_opened(void **state)
{
	struct directory *directory = NULL;

	(void)state;
	directory_files_close(&files);
	off_t size = data_size();
	assert_int_equal(size % 4096, 0);
	for (off_t pages = 2; pages * 4096 < size; pages++) {
		assert_int_equal(truncate(files.data, size - 4096 * (pages - 1)), 0);
		assert_int_equal(csp_directory_open(&directory, files.path, false),
				 DIRECTORY_FAILED);
		assert_int_equal(csp_directory_open(&directory, files.path, true),
				 DIRECTORY_FAILED);
	}
}

/*
 * Names that go in another order than they are sorted in leave pages which the same transaction had
 * made, at the end of the file too; LMDB never writes those.
 */
static void the_file_is_never_shorter_than_its_pages(void **state)
{
	enum { MANY = 8000 };
	struct directory_name *names = calloc(MANY, sizeof(*names));
	char(*texts)[32] = calloc(MANY, sizeof(*texts));
	struct customer_entry entry = {
		.customer = {.id = SPAN_LIT("c"), .name = SPAN_LIT(""), .cloud = SPAN_LIT("")},
		.domains = names,
	};

	(void)state;
	assert_non_null(names);
	assert_non_null(texts);
	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(texts[i], sizeof(*texts), "%08x.example", i * 2654435761U);
		names[i].name = csp_span_from(texts[i]);
	}
	for (unsigned round = 0; round < 4; round++) {
		struct edit *write = directory_files_begin(&files, "s");
		entry.domain_count = round % 2 ? 0 : MANY;
		OK(edit_put_customer(write, &entry));
		OK(edit_commit(write));
		directory_files_close(&files);
		directory_files_open(&files);
	}
	free(names);
	free(texts);
}

/*
 * The file with one bit turned over, in a process of its own: LMDB may crash on a damaged page, or
 * no longer find a name; but whoever is found is the right one.
 */
static int ask_damaged(void)
{
	struct directory *directory;
	struct customers customers;
	struct arena arena;

	if (freopen("/dev/null", "w", stderr) == NULL ||
	    csp_directory_open(&directory, files.path, false) != DIRECTORY_OK)
		return 1;
	if (csp_directory_read_begin(&files.read, directory) != DIRECTORY_OK)
		return 1;
	csp_arena_init(&arena, 65536);
	enum found found = csp_directory_find_customers(&customers, files.read, &arena,
							SPAN_LIT("x@sub.one.example"),
							SPAN_LIT("sub.one.example"));
	if (found != FOUND)
		return 1;
	const struct customer *customer = &customers.items[0];
	bool right = customers.count == 1 && csp_span_equal(customer->id, SPAN_LIT("a")) &&
		     customer->relation_count == 1 &&
		     (csp_span_equal(customer->relations[0].partner, SPAN_LIT("p")) ||
		      csp_span_equal(customer->relations[0].partner, SPAN_LIT("4847383")));
	return right ? 0 : 2;
}

static void flip_bit(off_t at, unsigned bit)
{
	unsigned char byte;
	int file = open(files.data, O_RDWR);

	assert_true(file >= 0);
	assert_int_equal(pread(file, &byte, 1, at), 1);
	byte ^= (unsigned char)(1U << bit);
	assert_int_equal(pwrite(file, &byte, 1, at), 1);
	close(file);
}

static void a_flipped_bit_of_the_file_never_gives_a_wrong_customer(void **state)
{
	enum { FLIPS = 300 };
	unsigned answers[3] = {0}, crashes = 0;
	uint32_t random = 1;

	(void)state;
	directory_files_close(&files);
	off_t size = data_size();
	for (unsigned i = 0; i < FLIPS; i++) {
		random = random * 1664525U + 1013904223U;
		off_t at = (off_t)((uint64_t)(random >> 3) % (uint64_t)size);
		flip_bit(at, random & 7);
		pid_t child = fork();
		assert_int_not_equal(child, -1);
		if (child == 0)
			_exit(ask_damaged());
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status) && WEXITSTATUS(status) < 3)
			answers[WEXITSTATUS(status)]++;
		else
			crashes++;
		flip_bit(at, random & 7);
	}
	assert_int_equal(answers[2], 0);
	assert_true(answers[0] > FLIPS / 2);
	assert_int_equal(answers[0] + answers[1] + crashes, FLIPS);
}

/* A writer that replaces a customer's domain over and over, and a reader that must see one of the two, and always one. */
static int write_rounds(unsigned rounds)
{
	struct directory *directory;
	struct edit *write;

	if (csp_directory_open(&directory, files.path, true) != DIRECTORY_OK)
		return 1;
	for (unsigned i = 0; i < rounds; i++) {
		if (edit_begin(&write, directory, SPAN_LIT("s"), 0) != DIRECTORY_OK ||
		    put_customer(write, "b", i % 2 ? "two.example" : "deux.example", "") !=
			    DIRECTORY_OK ||
		    edit_commit(write) != DIRECTORY_OK)
			return 2;
	}
	csp_directory_close(directory);
	return 0;
}

static void another_process_writes_while_this_one_reads(void **state)
{
	uint64_t state_before = 0;
	int status;

	(void)state;
	directory_files_close(&files);
	pid_t child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0)
		_exit(write_rounds(200));
	OK(csp_directory_open(&files.directory, files.path, false));
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct customers two, deux;
		directory_files_read(&files);
		assert_true(csp_directory_state(files.read) >= state_before);
		state_before = csp_directory_state(files.read);
		enum found first = csp_directory_find_customers(&two, files.read, &files.arena,
								SPAN_LIT("x@two.example"),
								SPAN_LIT("two.example"));
		enum found second = csp_directory_find_customers(&deux, files.read, &files.arena,
								 SPAN_LIT("x@deux.example"),
								 SPAN_LIT("deux.example"));
		assert_int_not_equal(first, COULD_NOT_TELL);
		assert_int_not_equal(second, COULD_NOT_TELL);
		assert_int_equal((first == FOUND) + (second == FOUND), 1);
		directory_files_read_end(&files);
		csp_arena_reset(&files.arena);
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(a_flipped_bit_in_a_value_is_could_not_tell),
		TEST(a_torn_value_is_could_not_tell),
		TEST(a_value_under_another_key_is_could_not_tell),
		TEST(a_name_without_its_party_is_could_not_tell),
		TEST(a_damaged_head_or_source_fails_the_whole),
		TEST(a_damaged_value_stops_the_import_that_would_build_on_it),
		TEST(a_truncated_file_is_not_opened),
		TEST(the_file_is_never_shorter_than_its_pages),
		TEST(a_flipped_bit_of_the_file_never_gives_a_wrong_customer),
		TEST(another_process_writes_while_this_one_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
