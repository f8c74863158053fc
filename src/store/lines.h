/*
 * Lines of a descriptor, or of whatever can be read like one, one after another, each of bounded length.
 * It owns the line it returns until the next call; what is read from is the caller's.
 * A line over the limit is stepped over and said to be so; a failed read leaves errno set.
 */
#ifndef CSP_LINES_H
#define CSP_LINES_H

#include <stdint.h>
#include <sys/types.h>

#include "buf.h"

#define LINES_CHUNK 65536

/* As read(2); `source` is what was given with it. */
typedef ssize_t lines_read(void *source, char *out, size_t size);

struct lines {
	int fd;
	lines_read *read; /* NULL: the descriptor */
	void *source;
	size_t max;      /* octets of a line, without its end */
	uint64_t number; /* of the last line returned, from 1 */
	uint64_t offset; /* octets before the next line */
	bool ended;      /* the last line returned has an end; only the very last may have none */
	size_t at, len;  /* what of the chunk has been read but not returned */
	char *chunk;
	struct buf joined; /* a line that is longer than what one read brought */
};

enum lines_result { LINES_LINE, LINES_TOO_LONG, LINES_END, LINES_READ_ERROR, LINES_NO_MEMORY };

void csp_lines_init(struct lines *lines, int fd, size_t max); /* allocates nothing */
void csp_lines_init_reader(struct lines *lines, lines_read *read, void *source, size_t max);
void csp_lines_dispose(struct lines *lines);

/* The next line without its LF; a last line that has none counts too. */
enum lines_result csp_lines_next(struct span *out, struct lines *lines);

#endif
