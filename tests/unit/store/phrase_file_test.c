#include "../check.h"
#include "phrase_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[96];

static const struct span literals[] = {SPAN_INIT("invoice"), SPAN_INIT("renew")};
static const struct phrase_set_name name = {SPAN_INIT("5.4"), literals, 2};

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "phrase-file-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/phrases.cache", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void put(const char *octets, const struct phrase_set_name *of)
{
	struct phrase_file file = {path};
	struct phrase_cache cache = csp_phrase_file(&file);

	cache.put(cache.context, csp_span_from(octets), of);
}

static void assert_has(const char *octets, const struct phrase_set_name *of)
{
	struct phrase_file file = {path};
	struct phrase_cache cache = csp_phrase_file(&file);
	size_t size = 0;
	char *got = cache.get(cache.context, &size, of);

	if (!octets) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_int_equal(size, strlen(octets));
	assert_memory_equal(got, octets, size);
	free(got);
}

static void what_was_put_is_got_by_the_same_name_alone(void **state)
{
	static const struct span other[] = {SPAN_INIT("invoice"), SPAN_INIT("renews")};
	static const struct span joined[] = {SPAN_INIT("invoicer"), SPAN_INIT("enew")};
	const struct phrase_set_name others[] = {{SPAN_LIT("5.5"), literals, 2},
						 {SPAN_LIT("5.4"), other, 2},
						 {SPAN_LIT("5.4"), joined, 2},
						 {SPAN_LIT("5.4"), literals, 1}};

	(void)state;
	assert_has(NULL, &name);
	put("compiled", &name);
	assert_has("compiled", &name);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_has(NULL, &others[i]);
	put("of others", &others[1]);
	assert_has(NULL, &name);
	assert_has("of others", &others[1]);
}

static void a_damaged_file_has_nothing(void **state)
{
	char content[256];

	(void)state;
	put("compiled, and long enough to be cut", &name);
	FILE *file = fopen(path, "r+b");
	assert_non_null(file);
	size_t size = fread(content, 1, sizeof(content), file);
	for (size_t i = 0; i < size; i++) {
		content[i] ^= 1;
		rewind(file);
		assert_int_equal(fwrite(content, 1, size, file), size);
		fflush(file);
		assert_has(NULL, &name);
		content[i] ^= 1;
	}
	rewind(file);
	assert_int_equal(fwrite(content, 1, size, file), size);
	fclose(file);
	assert_has("compiled, and long enough to be cut", &name);
	for (size_t length = 0; length < size; length++) {
		assert_int_equal(truncate(path, (off_t)length), 0);
		assert_has(NULL, &name);
	}
}

static void what_others_may_write_is_not_read_and_not_written(void **state)
{
	char real[128];

	(void)state;
	put("compiled", &name);
	assert_int_equal(chmod(path, 0660), 0);
	assert_has(NULL, &name);
	assert_int_equal(chmod(path, 0640), 0);
	assert_has("compiled", &name);
	snprintf(real, sizeof(real), "%s/real", folder);
	assert_int_equal(rename(path, real), 0);
	assert_int_equal(symlink("real", path), 0);
	assert_has(NULL, &name);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_has(NULL, &name);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(chmod(folder, 0770), 0);
	put("compiled", &name);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(chmod(folder, 0700), 0);
	put("compiled", &name);
	assert_has("compiled", &name);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 12345), 0);
		assert_has(NULL, &name);
	}
}

static void without_a_path_nothing_is_kept(void **state)
{
	(void)state;
	struct phrase_file none = {""};
	assert_null(csp_phrase_file(&none).get);
	strcpy(path, "/nonexistent/phrases.cache");
	put("compiled", &name);
	assert_has(NULL, &name);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(what_was_put_is_got_by_the_same_name_alone),
		TEST(a_damaged_file_has_nothing),
		TEST(what_others_may_write_is_not_read_and_not_written),
		TEST(without_a_path_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
