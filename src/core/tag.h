/*
 * A tag's field body, taken apart into its values.
 * A reader owns nothing: the shape, the body and the text it was opened with must outlive it.
 * What cannot be read is told; the bufs say by themselves when memory is short. Cost is linear.
 */
#ifndef CSP_TAG_H
#define CSP_TAG_H

#include "jscan.h"

enum tag_format {
	TAG_TEXT,   /* the whole body */
	TAG_LIST,   /* "a, b": every one; a quoted string is no place to part them */
	TAG_PAIRS,  /* "name=a, name2=b": those of the name `key` */
	TAG_LABELS, /* "name=a; name2=b": the same, and a comma belongs to the value */
	TAG_COLONS, /* "a:b:c": the one at `position` */
	TAG_JSON, /* {"key": "a"} or {"key": ["a", "b"]}: the texts of the outermost member `key` */
	TAG_LIST_ID, /* "text <a>": what is in the brackets (RFC 2919), or all where there are none */
};

struct tag_shape {
	enum tag_format format;
	struct span key;   /* compared without case, but in JSON */
	unsigned position; /* from 1 */
};

struct tag_reader {
	const struct tag_shape *shape;
	struct span rest;
	struct jscan json;
	bool plain_quotes; /* no quoted string ends any more */
	bool in_member;    /* the value of the JSON member, or its array, is being read */
	bool undecodable; /* set, never cleared: encoded-words or bytes that cannot be read (encword.h) */
};

/*
 * Begins to read an unfolded body; encoded-words are decoded first, into `text`, but in a TAG_LIST, where each value is
 * decoded by itself. False when the body is no JSON object although the format says so; then it has no values.
 */
bool csp_tag_open(struct tag_reader *out, const struct tag_shape *shape, struct buf *text,
		  struct span unfolded);

/* Puts the next value into `value`, runs of white space as one space and none at the ends; false when there is none. */
bool csp_tag_next(struct tag_reader *reader, struct buf *value);

#endif
