/*
 * The normal form in which phrases and header text meet: words of letters, one space between them and at both ends.
 * The result goes to the caller's buf, which is the only thing that can fail.
 * The input is UTF-8; what is not counts as a character that is no letter.
 */
#ifndef CSP_TEXT_H
#define CSP_TEXT_H

#include <stdint.h>

#include "buf.h"

/*
 * Appends the normal form. Letters are folded by NFKC case-fold (UAX 15), i with and without a dot to i; invisible
 * characters, controls, tatweel, the vowel signs of Arabic and Hebrew and accents that make no letter are dropped, the signs
 * that belong to a word (Thai, Indic scripts) stay. Every run of characters that are no letters becomes one
 * space, and " # " when there is a digit of any script or a '#' in it: "3 Rechnungen, EUR 1.234,50" and
 * "№5 rechnungen eur #" give " # rechnungen eur # " and " no # rechnungen eur # ". Applying it twice changes nothing
 * (but see text.c for very long words). A space also stands where a script without spaces meets one with them. Cost is linear.
 */
void csp_text_normalise(struct buf *out, struct span utf8);

/*
 * The same, but numbers stay, in ASCII digits and as words of their own: "Office365" is "Office 365" and no
 * "Office 2019". Without a number both forms are the same.
 */
void csp_text_normalise_name(struct buf *out, struct span utf8);

/* Letters of scripts that put no space between words: a phrase may begin and end anywhere in them. */
bool csp_text_is_unspaced(uint32_t rune);

/* Loads the tables of Unicode and of the charsets, so that the first message does not pay; false when they are missing. */
bool csp_text_warm_up(void);

#endif
