/*
 * The normal form in which phrases and header text meet: NFKC case-fold (UAX 15), invisible
 * characters, tatweel and vowel signs dropped, dotted and dotless i folded to i, every run of numbers, dates and amounts
 * one '#', every other run of characters that are no letter one space, one space at both ends.
 * The result goes to the caller's buf.
 * The input is UTF-8; what is not becomes a space. Memory is the only thing that can fail (the buf says so).
 */
#ifndef CSP_TEXT_H
#define CSP_TEXT_H

#include "buf.h"

void csp_text_normalise(struct buf *out, struct span utf8);

/* Loads the Unicode tables, so that the first message does not pay for it; false when they are missing. */
bool csp_text_warm_up(void);

#endif
