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

/* Appends text of the normal form (text.h) with such words folded; false: there were none, and nothing was appended. */
bool csp_lookalikes_fold(struct buf *out, struct span normal, enum lookalike_case as);

#endif
