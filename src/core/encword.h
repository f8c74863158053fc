/*
 * Encoded-words (RFC 2047, RFC 2231 section 5) to UTF-8.
 * The result goes to the caller's buf.
 * Neighbouring words of one charset are joined as bytes before they are converted. What cannot be
 * decoded (charset not on the list, bad base64, bytes that the charset does not have) stays as it stands and sets *undecodable.
 */
#ifndef CSP_ENCWORD_H
#define CSP_ENCWORD_H

#include "buf.h"

/* Appends an unfolded field body, decoded. Raw bytes that are not UTF-8 set *undecodable too. Cost is linear. */
void csp_encword_decode(struct buf *out, bool *undecodable, struct span unfolded);

/* Appends bytes of a charset, named as in mail (closed list of labels), as UTF-8; false when that cannot be done. */
bool csp_charset_to_utf8(struct buf *out, struct span label, struct span bytes);

#endif
