/*
 * The rows that an import refused, as JSON Lines in a file of their own: file, line, reason, and the row as it was.
 * A struct rejects owns its stream until csp_rejects_close, which removes a file that nothing came into.
 * Failures have been printed when an exit status is returned.
 */
#ifndef CSP_REJECTS_H
#define CSP_REJECTS_H

#include <stdint.h>
#include <stdio.h>

#include "buf.h"

struct rejects {
	const char *path;
	FILE *stream; /* NULL: none is written */
	struct buf line;
	uint64_t count;
	int code; /* errno of a write that failed */
};

/* A file that is there is refused: it may hold what was refused before. Mode 0600: rows are customers' data. */
int csp_rejects_open(struct rejects *rejects, const char *path);

/* row: its bytes; empty when they are not at hand. */
void csp_rejects_add(struct rejects *rejects, const char *file, uint64_t line, const char *reason,
		     struct span row);

/* EX_OK when all of it is written; may be asked more than once. */
int csp_rejects_check(struct rejects *rejects);
int csp_rejects_close(struct rejects *rejects);

#endif
