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
		count = read(lines->fd, lines->chunk, LINES_CHUNK);
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
	return complete;
}

static enum lines_result returned(const struct lines *lines, struct span line)
{
	if (line.len > lines->max)
		return LINES_TOO_LONG;
	return csp_buf_failed(&lines->joined) ? LINES_NO_MEMORY : LINES_LINE;
}

enum lines_result csp_lines_next(struct span *out, struct lines *lines)
{
	size_t total = 0;

	csp_buf_reset(&lines->joined);
	for (;;) {
		struct span piece;
		bool complete;

		if (lines->at == lines->len) {
			enum lines_result result = fill(lines);

			if (result != LINES_LINE && (result != LINES_END || total == 0))
				return result;
			if (result == LINES_END)
				break;
		}
		complete = take(&piece, lines);
		if (complete && total == 0) {
			lines->number++;
			*out = piece;
			return returned(lines, piece);
		}
		/* What lies behind the limit is counted, not kept. */
		total += piece.len;
		if (total <= lines->max)
			csp_buf_append(&lines->joined, piece);
		if (complete)
			break;
	}
	lines->number++;
	*out = csp_buf_span(&lines->joined);
	return total > lines->max ? LINES_TOO_LONG : returned(lines, *out);
}
