/*
 * The charsets of mail, by the labels that mail uses, to UTF-8.
 * The table of charsets is constant; results go to the caller's buf.
 * A label that is not on the list is no charset; when memory is short, the buf has failed.
 */
#ifndef CSP_CHARSET_H
#define CSP_CHARSET_H

#include "buf.h"

struct charset;

/* Any case, a language behind '*' (RFC 2231) left out; NULL when it is not on the list. Aliases give one charset. */
const struct charset *csp_charset_find(struct span label);

/* Appends bytes as UTF-8; false when the charset does not have them all. Each such one becomes U+FFFD, and in
 * US-ASCII what csp_charset_guess makes of it. */
bool csp_charset_to_utf8(struct buf *out, const struct charset *charset, struct span bytes);

/* Appends bytes of no known charset: what is UTF-8 as it is, other bytes as windows-1252; false if there were any. */
bool csp_charset_guess(struct buf *out, struct span bytes);

/* Loads the converters' tables, some of which take milliseconds; false when they are missing. */
bool csp_charset_warm_up(void);

#endif
