/*
 * A text file as bytes of UTF-8, whatever a spreadsheet made of it: a byte order mark is stepped over and UTF-16 is
 * converted; all else passes through as it is, also what is no UTF-8.
 * It owns its buffer until csp_textin_dispose; the stream is the caller's and is read by nobody else meanwhile.
 * A failed read, UTF-16 that says nothing and short memory end the bytes like the end of the file does, and the state
 * tells them apart.
 */
#ifndef CSP_TEXTIN_H
#define CSP_TEXTIN_H

#include <stdint.h>
#include <stdio.h>

#include "span.h"

#define TEXTIN_CHUNK 65536 /* bytes of the file read at once */

enum textin_state {
	TEXTIN_OPEN,
	TEXTIN_END,
	TEXTIN_READ_ERROR, /* `error` says why */
	TEXTIN_NOT_TEXT,   /* UTF-16 with half a character at `bad_at` */
	TEXTIN_NO_MEMORY
};

enum textin_encoding { TEXTIN_UNKNOWN, TEXTIN_BYTES, TEXTIN_UTF16_LE, TEXTIN_UTF16_BE };

struct textin {
	FILE *stream;
	char *at, *end; /* what can be had without reading */
	enum textin_state state;
	int error;       /* errno of the failed read */
	uint64_t bad_at; /* bytes of the file before what is no text */

	/* Not for users. */
	enum textin_encoding encoding;
	enum textin_state next; /* the state when what is at hand has been taken */
	uint64_t before;        /* bytes of the file before the chunk */
	char *chunk, *text; /* as read; UTF-16 converted; each behind room for a byte put back */
	uint32_t high;      /* the first half of a character, or 0 */
};

void csp_textin_init(struct textin *in, FILE *stream); /* allocates and reads nothing */
void csp_textin_dispose(struct textin *in);

/* Reads on when nothing is at hand: false, and the state is no longer open, when there is no more. */
bool csp_textin_fill(struct textin *in);

/* Bytes of the file that were taken; of UTF-16, in whole chunks. */
uint64_t csp_textin_consumed(const struct textin *in);

/* The next byte as getc gives it: EOF at the end of whatever kind. */
static inline int csp_textin_get(struct textin *in)
{
	if (in->at == in->end && !csp_textin_fill(in))
		return EOF;
	return (unsigned char)*in->at++;
}

/* Puts the byte got last back, once; EOF is nothing to put back. */
static inline void csp_textin_unget(struct textin *in, int c)
{
	if (c != EOF)
		*--in->at = (char)c;
}

/* What is at hand, for readers that look for a byte in many: empty only at the end. Valid until the next get or fill. */
static inline struct span csp_textin_ready(struct textin *in)
{
	if (in->at == in->end && !csp_textin_fill(in))
		return SPAN_LIT("");
	return (struct span){in->at, (size_t)(in->end - in->at)};
}

/* Takes len of the bytes at hand. */
static inline void csp_textin_skip(struct textin *in, size_t len)
{
	in->at += len;
}

#endif
