#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void csp_lines_init(struct lines *lines, int fd, size_t max)
{
	*lines = (struct lines){.fd = fd, .max = max};
	csp_buf_init(&lines->joined, max);
}

void csp_lines_init_reader(struct lines *lines, lines_read *read, void *source, size_t max)
{
	csp_lines_init(lines, -1, max);
	lines->read = read;
	lines->source = source;
}

void csp_lines_dispose(struct lines *lines)
{
	csp_buf_dispose(&lines->joined);
	free(lines->chunk);
	lines->chunk = NULL;
}

/* LINES_LINE when the chunk holds something again. */
static enum lines_result fill(struct lines *lines)
{
	ssize_t count;

	if (!lines->chunk)
		lines->chunk = malloc(LINES_CHUNK);
	if (!lines->chunk)
		return LINES_NO_MEMORY;
	do {
		count = lines->read ? lines->read(lines->source, lines->chunk, LINES_CHUNK)
				    : read(lines->fd, lines->chunk, LINES_CHUNK);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return LINES_READ_ERROR;
	lines->at = 0;
	lines->len = (size_t)count;
	return count == 0 ? LINES_END : LINES_LINE;
}

/* Takes bytes off the chunk up to the line end, which it takes off too; false when the chunk has none. */
static bool take(struct span *out, struct lines *lines)
{
	struct span rest = {lines->chunk + lines->at, lines->len - lines->at};
	size_t end = csp_span_find(rest, '\n');
	bool complete = end < rest.len;

	*out = csp_span_slice(rest, 0, end);
	lines->at += end + (complete ? 1 : 0);
	lines->offset += end + (complete ? 1 : 0);
	lines->ended = complete;
	return complete;
}

/* A line that came in one read needs no copy. */
static enum lines_result take_whole(struct span *out, struct lines *lines, struct span line)
{
	lines->number++;
	*out = line;
	return line.len > lines->max ? LINES_TOO_LONG : LINES_LINE;
}

static enum lines_result take_joined(struct span *out, struct lines *lines, size_t total)
{
	lines->number++;
	*out = csp_buf_span(&lines->joined);
	if (total > lines->max)
		return LINES_TOO_LONG;
	return csp_buf_failed(&lines->joined) ? LINES_NO_MEMORY : LINES_LINE;
}

enum lines_result csp_lines_next(struct span *out, struct lines *lines)
{
	size_t total = 0; /* octets so far; what lies behind the limit is counted, not kept */

	csp_buf_reset(&lines->joined);
	for (;;) {
		enum lines_result filled = lines->at < lines->len ? LINES_LINE : fill(lines);
		struct span piece;
		bool complete;

		if (filled == LINES_END && total > 0)
			return take_joined(out, lines, total);
		if (filled != LINES_LINE)
			return filled;
		complete = take(&piece, lines);
		if (complete && total == 0)
			return take_whole(out, lines, piece);
		total += piece.len;
		if (total <= lines->max)
			csp_buf_append(&lines->joined, piece);
		if (complete)
			return take_joined(out, lines, total);
	}
}
