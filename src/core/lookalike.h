/*
 * Letters of other scripts that look like Latin ones, and signs of other scripts, in words that pretend to be Latin.
 * The result goes to the caller's bufs, which are the only thing that can fail.
 * A word is folded only if nothing but Latin letters is left of it, so that real Russian or Greek stays what it is.
 */
#ifndef CSP_LOOKALIKE_H
#define CSP_LOOKALIKE_H

#include "buf.h"

/* Some letters look like one Latin letter when small and like another one when capital: Greek nu is v or N. */
enum lookalike_case { LOOKALIKE_SMALL, LOOKALIKE_CAPITAL };

enum lookalike_result {
	LOOKALIKE_NONE, /* there are no such words; nothing was appended */
	LOOKALIKE_ONE,  /* folded, and the same in both cases */
	LOOKALIKE_TWO   /* folded, and something else in the other case */
};

/*
 * Appends text of the normal form (text.h) with such words folded, and to `changed` a byte for each byte of it: 1 in a word that
 * was folded, else 0. Both are empty when it begins.
 */
enum lookalike_result csp_lookalikes_fold(struct buf *out, struct buf *changed, struct span normal,
					  enum lookalike_case as);

#endif
