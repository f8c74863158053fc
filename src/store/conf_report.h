/*
 * What the readers of a configuration share: its memory, its errors, the digest of what was read.
 * The conf_reader is csp_conf_read's for the time of one call; the arena is the configuration's.
 * An error is kept and handed on at the end, in the order of files and lines; short memory sets no_memory.
 */
#ifndef CSP_CONF_REPORT_H
#define CSP_CONF_REPORT_H

#include <sodium.h>

#include "arena.h"
#include "conf.h"

/* Every file that was opened, in the order of opening; errors are sorted by it. */
struct conf_reader {
	struct conf *conf; /* what is being made: packs and rules need its categories */
	struct arena *arena;
	struct arena scratch; /* what only the reading needs */
	struct conf_finding *findings;
	size_t finding_count, finding_cap;
	const char **files;
	size_t file_count, file_cap;
	size_t bytes;    /* of all files */
	bool incomplete; /* something could not be read: what seems to be missing may stand there */
	bool no_memory;
	crypto_generichash_state hash;
};

bool csp_conf_reader_init(struct conf_reader *reader, struct conf *conf, struct arena *arena);
void csp_conf_reader_dispose(struct conf_reader *reader);

/* One more file, as errors name it; a copy that lives as long as the reader. NULL: no memory. */
const char *csp_conf_add_file(struct conf_reader *reader, struct span path);

void csp_conf_error(struct conf_reader *reader, const char *file, unsigned line, const char *format,
		    ...) __attribute__((format(printf, 4, 5)));

/* Text for a message: control bytes replaced, shortened. The buffer is the caller's. */
#define CONF_QUOTE_SIZE 80
const char *csp_conf_quote(char out[CONF_QUOTE_SIZE], struct span text);

/* Hands all errors on, sorted. */
enum conf_result csp_conf_reader_finish(struct conf_reader *reader, csp_conf_report *report,
					void *context);

#endif
