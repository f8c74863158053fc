/*
 * Files of a test's configuration in a folder of its own, and the errors that reading them gives.
 * The folder and what was written into it are removed by conf_files_remove.
 * Whatever fails fails the test.
 */
#ifndef CONF_FILES_H
#define CONF_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"

#define CONF_MINIMAL                                                                               \
	"classification = { packs = [ ]; };\nrules = ( { name = \"all\"; disposition = \"pass\"; " \
	"} );\n"

struct conf_files {
	char folder[64];
	char path[256];     /* of the first file */
	char errors[65536]; /* "name:line: text\n" each, names without the folder */
	size_t error_count;
};

struct conf_path {
	char text[4096];
};

static inline struct conf_path conf_files_path(const char *folder, const char *name)
{
	struct conf_path path;
	int len = snprintf(path.text, sizeof(path.text), "%s/%s", folder, name);

	assert_true(len > 0 && (size_t)len < sizeof(path.text));
	return path;
}

static inline void conf_files_make(struct conf_files *files)
{
	memset(files, 0, sizeof(*files));
	strcpy(files->folder, "conf-test-XXXXXX");
	assert_non_null(mkdtemp(files->folder));
	snprintf(files->path, sizeof(files->path), "%s/main.conf", files->folder);
}

static inline void conf_files_put_bytes(struct conf_files *files, const char *name,
					const void *bytes, size_t len)
{
	struct conf_path path = conf_files_path(files->folder, name);
	FILE *stream = fopen(path.text, "w");

	assert_non_null(stream);
	assert_int_equal(fwrite(bytes, 1, len, stream), len);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(chmod(path.text, 0644), 0);
}

static inline void conf_files_put(struct conf_files *files, const char *name, const char *text)
{
	conf_files_put_bytes(files, name, text, strlen(text));
}

/* Removes a folder with the files in it and in its folders. */
static inline void conf_files_remove_folder(const char *name)
{
	DIR *folder = opendir(name);
	struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		struct conf_path path = conf_files_path(name, entry->d_name);
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlink(path.text) != 0)
			conf_files_remove_folder(path.text);
	}
	closedir(folder);
	assert_int_equal(rmdir(name), 0);
}

static inline void conf_files_remove(struct conf_files *files)
{
	conf_files_remove_folder(files->folder);
}

static inline void conf_files_copy_one(struct conf_files *files, const char *from, const char *to)
{
	static char bytes[1 << 20];
	FILE *stream = fopen(from, "r");

	assert_non_null(stream);
	size_t len = fread(bytes, 1, sizeof(bytes), stream);
	assert_true(len > 0 && len < sizeof(bytes));
	fclose(stream);
	conf_files_put_bytes(files, to, bytes, len);
}

/* The .conf files of a folder of the source tree: there the group may be able to write them. */
static inline void conf_files_copy(struct conf_files *files, const char *from, const char *to)
{
	struct conf_path made = conf_files_path(files->folder, to);
	DIR *folder = opendir(from);
	struct dirent *entry;

	assert_non_null(folder);
	assert_true(mkdir(made.text, 0755) == 0 || !strcmp(to, "."));
	while ((entry = readdir(folder))) {
		struct conf_path source = conf_files_path(from, entry->d_name);
		struct conf_path copy = conf_files_path(to, entry->d_name);
		size_t len = strlen(entry->d_name);
		if (len > 5 && !strcmp(entry->d_name + len - 5, ".conf"))
			conf_files_copy_one(files, source.text, copy.text);
	}
	closedir(folder);
}

static inline void conf_files_report(void *context, const struct conf_error *error)
{
	struct conf_files *files = context;
	size_t used = strlen(files->errors), folder = strlen(files->folder);
	const char *name = error->file;

	assert_non_null(error->file);
	assert_true(strlen(error->text) > 0);
	if (!strncmp(name, files->folder, folder))
		name += folder + 1;
	snprintf(files->errors + used, sizeof(files->errors) - used, "%s:%u: %s\n", name,
		 error->line, error->text);
	files->error_count++;
}

static inline enum conf_result conf_files_read(struct conf_files *files, struct conf **out)
{
	files->errors[0] = '\0';
	files->error_count = 0;
	enum conf_result result = csp_conf_read(out, files->path, conf_files_report, files);

	assert_int_equal(*out == NULL, result != CONF_OK);
	assert_int_equal(result == CONF_OK, files->error_count == 0);
	return result;
}

/* Reads main.conf, which must be right. */
static inline struct conf *conf_files_read_right(struct conf_files *files)
{
	struct conf *conf;
	enum conf_result result = conf_files_read(files, &conf);

	if (result != CONF_OK)
		fail_msg("refused: %s", files->errors);
	return conf;
}

/* main.conf and, where there is one, pack.conf: they give this one error and no other. */
static inline void conf_files_expect_error(struct conf_files *files, const char *expected)
{
	struct conf *conf;

	if (conf_files_read(files, &conf) == CONF_OK) {
		csp_conf_free(conf);
		fail_msg("taken as right, expected: %s", expected);
	}
	if (files->error_count != 1 || strncmp(files->errors, expected, strlen(expected)) != 0)
		fail_msg("expected: %s\ngot:      %s", expected, files->errors);
}

static inline int conf_files_setup(void **state)
{
	struct conf_files *files = malloc(sizeof(*files));

	assert_non_null(files);
	conf_files_make(files);
	*state = files;
	return 0;
}

static inline int conf_files_teardown(void **state)
{
	conf_files_remove(*state);
	free(*state);
	return 0;
}

#endif
