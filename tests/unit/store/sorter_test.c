#include "../check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "buf.h"
#include "sorter.h"

static char folder_name[] = "/tmp/csp-sorter-XXXXXX";
static int folder = -1;

static int make(void **state)
{
	(void)state;
	strcpy(folder_name, "/tmp/csp-sorter-XXXXXX");
	if (!mkdtemp(folder_name))
		return -1;
	folder = open(folder_name, O_RDONLY | O_DIRECTORY);
	return folder < 0;
}

/* The file that records wait in has no name, so the folder is empty. */
static int remove_all(void **state)
{
	(void)state;
	close(folder);
	return rmdir(folder_name);
}

static unsigned long random_state;

static unsigned pick(unsigned below)
{
	random_state = random_state * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned)(random_state >> 33) % below;
}

/* Few different bytes, so that many records begin alike, and some are the same. */
static struct span random_record(char *bytes, unsigned max)
{
	unsigned len = pick(max);

	for (unsigned i = 0; i < len; i++)
		bytes[i] = (char)(pick(8) ? 'a' : pick(256));
	return (struct span){bytes, len};
}

/* A sum that does not depend on the order. */
static unsigned long sum_of(struct span record)
{
	unsigned long sum = 14695981039346656037UL;

	for (size_t i = 0; i < record.len; i++)
		sum = (sum ^ (unsigned char)record.data[i]) * 1099511628211UL;
	return sum;
}

static void check_sorted(size_t memory, unsigned records, unsigned max)
{
	char *bytes = calloc(max + 1, 1);
	unsigned long added = 0, read = 0;
	struct sorter sorter;
	struct span record;
	struct buf last;
	unsigned count = 0;
	int code;

	assert_non_null(bytes);
	csp_buf_init(&last, max + 1);
	csp_sorter_init(&sorter, folder, memory);
	for (unsigned i = 0; i < records; i++) {
		record = random_record(bytes, max);
		added += sum_of(record);
		assert_int_equal(csp_sorter_add(&sorter, record), 0);
	}
	assert_int_equal(csp_sorter_sort(&sorter), 0);
	while ((code = csp_sorter_next(&record, &sorter)) == 0) {
		assert_true(count == 0 || csp_span_compare(csp_buf_span(&last), record) <= 0);
		csp_buf_reset(&last);
		csp_buf_append(&last, record);
		read += sum_of(record);
		count++;
	}
	assert_int_equal(code, SORTER_END);
	assert_int_equal(csp_sorter_next(&record, &sorter), SORTER_END);
	assert_int_equal(count, records);
	assert_int_equal(sorter.count, records);
	assert_true(added == read);
	csp_sorter_dispose(&sorter);
	csp_buf_dispose(&last);
	free(bytes);
}

static void records_come_in_order_whatever_fits_into_memory(void **state)
{
	static const size_t memories[] = {1, 100, 4096, 65536, (size_t)1 << 20, (size_t)64 << 20};

	(void)state;
	for (size_t i = 0; i < COUNT(memories); i++) {
		random_state = i;
		check_sorted(memories[i], 0, 10);
		check_sorted(memories[i], 1, 10);
		check_sorted(memories[i], 500, 40);
		check_sorted(memories[i], i < 2 ? 500 : 20000, 200);
	}
}

static void a_record_may_be_larger_than_every_window(void **state)
{
	(void)state;
	random_state = 1;
	check_sorted(65536, 20, 3 << 20);
}

static void a_name_that_stands_in_the_way_is_replaced(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/" SORTER_FILE, folder_name);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	random_state = 2;
	check_sorted(100, 100, 40);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_folder_that_takes_no_file_is_told(void **state)
{
	struct sorter sorter;
	int code = 0;

	(void)state;
	csp_sorter_init(&sorter, -1, 100);
	for (unsigned i = 0; i < 100 && !code; i++)
		code = csp_sorter_add(&sorter, SPAN_LIT("0123456789"));
	assert_true(code > 0);
	csp_sorter_dispose(&sorter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(records_come_in_order_whatever_fits_into_memory,
						make, remove_all),
		cmocka_unit_test_setup_teardown(a_record_may_be_larger_than_every_window, make,
						remove_all),
		cmocka_unit_test_setup_teardown(a_name_that_stands_in_the_way_is_replaced, make,
						remove_all),
		cmocka_unit_test_setup_teardown(a_folder_that_takes_no_file_is_told, make,
						remove_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
