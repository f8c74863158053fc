/*
 * A phrase as people write it, and the literals of normal text (text.h) that it stands for.
 * The literals go to the caller's buf; spans into it hold until it grows.
 * What is wrong is told as the end of a sentence that begins with the phrase.
 */
#ifndef CSP_PHRASE_FORM_H
#define CSP_PHRASE_FORM_H

#include "buf.h"

#define PHRASE_PARTS_MAX 4

/* One part of a phrase: where its literal stands in the buf. */
struct phrase_part {
	size_t from, to;
};

struct phrase_form {
	struct phrase_part parts[PHRASE_PARTS_MAX];
	size_t count;
};

/*
 * "renew* ... certificate": parts follow each other with at most PHRASE_GAP_MAX words between (csp_phrase_gap_is_small). A '*'
 * before or behind a part lets its first word begin earlier or its last one go on, as scripts without spaces always do.
 * Numbers are '#', or stay where `keeps_numbers`. Two forms are equal when what was appended is.
 * NULL, or why it is no phrase; a buf that failed is for the caller to see.
 */
const char *csp_phrase_form_read(struct phrase_form *out, struct buf *literals, struct span written,
				 bool keeps_numbers);

#define PHRASE_GAP_MAX 5 /* words; three letters of a script without spaces are a word */

/* Whether what stands between the words of two parts is short enough. */
bool csp_phrase_gap_is_small(struct span between);

#endif
