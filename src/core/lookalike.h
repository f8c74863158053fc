/*
 * Letters of other scripts that look like Latin ones, and signs of other scripts, in words that pretend to be Latin.
 * The result goes to the caller's buf, which is the only thing that can fail.
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

/* Appends text of the normal form (text.h) with such words folded. */
enum lookalike_result csp_lookalikes_fold(struct buf *out, struct span normal,
					  enum lookalike_case as);

/*
 * May a folded word be part of the phrase found, so that folding was needed to find it? Without a Latin letter it was
 * found in words that stayed as they were, and is judged where those stand unfolded among all their neighbours.
 */
bool csp_lookalikes_may_be_in(struct span phrase);

#endif
