/*
 * JSON (RFC 8259) read token by token, strictly: what is not JSON is wrong as a whole.
 * It owns nothing; texts point into what is scanned. Tabs and line ends inside of strings are taken, for folding puts them there.
 * Whoever must not act on half a text scans it once to its end before. Cost is linear, nesting bounded.
 */
#ifndef CSP_JSCAN_H
#define CSP_JSCAN_H

#include <stdint.h>

#include "buf.h"

enum jscan_token {
	JSCAN_KEY,    /* a member's name, whose value comes next */
	JSCAN_STRING, /* a value, as the three below */
	JSCAN_PLAIN,  /* a number, true, false, null */
	JSCAN_OPEN,   /* an object or an array begins */
	JSCAN_CLOSE,
	JSCAN_END,  /* the text was one value */
	JSCAN_WRONG /* no JSON, or nested deeper than JSCAN_DEPTH_MAX; it stays so */
};

#define JSCAN_DEPTH_MAX 32

enum jscan_state { JSCAN_AT_VALUE, JSCAN_AT_FIRST, JSCAN_AT_KEY, JSCAN_BEHIND, JSCAN_LOST };

struct jscan {
	struct span rest;
	struct span text; /* of a key or string: between its quotes, escapes as they stand */
	unsigned depth;   /* objects and arrays that are open */
	uint32_t objects; /* bit depth - 1: that one is an object */
	enum jscan_state state;
};

void csp_jscan_init(struct jscan *scan, struct span text);
enum jscan_token csp_jscan_next(struct jscan *scan);

/* Appends the text of a key or string, escapes decoded. */
void csp_jscan_decode(struct buf *out, struct span text);

/* Whether all of the text is one JSON object. */
bool csp_jscan_is_object(struct span text);

#endif
