/*
 * Encoded-words (RFC 2047, RFC 2231 section 5) to UTF-8.
 * The result goes to the caller's buf; on its failure, or when memory is short, the buf says so.
 * What cannot be read is never left out, so that a broken text is judged by what a reader may see of it.
 */
#ifndef CSP_ENCWORD_H
#define CSP_ENCWORD_H

#include "buf.h"

/*
 * Appends an unfolded field body, decoded, as valid UTF-8. Neighbouring words of one charset are joined as
 * bytes before they are converted; words need no blanks around them, for that is how most readers see it.
 * *undecodable is set, never cleared, for
 *   - a word without an end: decoded up to the next blank or word; an encoding other than B and Q: left as it is;
 *   - what base64 does not have: passed over; text behind its padding; a '=' of Q that stands before no two digits: taken
 *     as it is;
 *   - bytes that their charset does not have: U+FFFD;
 *   - a charset that is not on the list, and raw bytes that are not UTF-8: guessed as in charset.h;
 *   - what is left of a word after decoding once, controls that are no white space, and bidirectional overrides: what
 *     one reader shows is not what another does.
 * Cost is linear.
 */
void csp_encword_decode(struct buf *out, bool *undecodable, struct span unfolded);

/*
 * The same, but takes each word off *words and decodes none when that is 0; false when one was left as it is written.
 */
bool csp_encword_decode_some(struct buf *out, bool *undecodable, struct span unfolded,
			     size_t *words);

#endif
