/*
 * A configuration of any bytes: what stands before the first 0xFF is the first file, what follows it a pack beside it.
 * The files stand in a folder of their own below the working folder.
 * Reading must give a configuration or at least one error, and never end the process.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"

/* The library forgets a text that stands before a syntax error: a few bytes for each configuration that is refused. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex";
}

static char folder[] = "conf-fuzz-XXXXXX";
static char first[64], pack[64];

static void remove_files(void)
{
	(void)unlink(first);
	(void)unlink(pack);
	(void)rmdir(folder);
}

static void make_folder(void)
{
	(void)umask(022);
	if (!mkdtemp(folder))
		abort();
	(void)snprintf(first, sizeof(first), "%s/main.conf", folder);
	(void)snprintf(pack, sizeof(pack), "%s/pack.conf", folder);
	(void)atexit(remove_files);
}

static void put(const char *path, const uint8_t *data, size_t size)
{
	FILE *stream = fopen(path, "w");

	if (!stream || fwrite(data, 1, size, stream) != size || fclose(stream) != 0)
		abort();
}

static void count(void *context, const struct conf_error *error)
{
	unsigned *errors = context;

	if (!error->file || !error->text || !error->text[0])
		abort();
	(*errors)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, 0xFF, size) : NULL;
	size_t head = end ? (size_t)(end - data) : size;
	struct conf *conf;
	unsigned errors = 0;

	if (!first[0])
		make_folder();
	put(first, data, head);
	put(pack, end ? end + 1 : data, end ? size - head - 1 : 0);
	enum conf_result result = csp_conf_read(&conf, first, count, &errors);
	if ((result == CONF_OK) != (errors == 0) || (result == CONF_OK) != (conf != NULL))
		abort();
	csp_conf_free(conf);
	return 0;
}
