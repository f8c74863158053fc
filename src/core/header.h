/*
 * The header section as bytes: fields one by one, folds undone (RFC 5322 section 2.2).
 * The spans point into the caller's text, unless said otherwise.
 * Lines that are no field are reported as such and left to the caller.
 */
#ifndef CSP_HEADER_H
#define CSP_HEADER_H

#include "buf.h"

struct field {
	struct span name; /* without the colon, blanks before it removed */
	struct span body; /* raw: as after the colon, folds inside, no line end */
	bool read;        /* the body was looked at: it is an input of the decision */
};

enum header_result { HEADER_FIELD, HEADER_END, HEADER_NOT_A_FIELD };

/*
 * Takes the next field off *rest; lines end with CRLF or LF. HEADER_END at the empty line, which is
 * taken off too, or at the end of the text. HEADER_NOT_A_FIELD takes one line off.
 */
enum header_result csp_header_next(struct field *out, struct span *rest);

/*
 * Appends the body with its folds undone and the blanks at both ends removed. A line end counts as a fold when a
 * space or tab follows it. Any other CR or LF, and NUL, becomes a space and sets *bare.
 */
void csp_header_unfold(struct buf *out, bool *bare, struct span body);

/* Bytes of the comment that the text begins with, comments in it included (RFC 5322 section 3.2.2); 0 when it has no end. */
size_t csp_header_comment_length(struct span text);

#endif
