/*
 * A configuration file and all that it includes, joined to one text and parsed by libconfig.
 * A conf_source owns the libconfig tree until csp_conf_source_dispose; the joined text is scratch memory.
 * Errors of reading and of syntax have been reported when csp_conf_source_read gives false; the library is never given
 * what makes it end the process or read a number wrong: it sees no @include, no open bracket, no 32-bit overflow.
 */
#ifndef CSP_CONF_SOURCE_H
#define CSP_CONF_SOURCE_H

#include <libconfig.h>

#include "buf.h"
#include "conf_file.h"

/* From this line of the joined text on, lines are those of `file`, counted from `file_line`. */
struct source_lines {
	unsigned line;
	const char *file;
	unsigned file_line;
};

struct conf_source {
	struct conf_reader *reader;
	const char *file; /* the first one; NULL: it could not be opened */
	struct source_lines *map;
	size_t map_count, map_cap;
	struct buf text;
	unsigned line; /* of the end of text */
	config_t config;
};

/* A source that could be joined only in part is parsed all the same: false where there is no tree. */
bool csp_conf_source_read(struct conf_source *out, struct conf_reader *reader, struct span path,
			  struct conf_origin origin);
void csp_conf_source_dispose(struct conf_source *source);

/* Where a line of the joined text stands. */
struct conf_origin csp_conf_source_locate(const struct conf_source *source, unsigned line);

#endif
