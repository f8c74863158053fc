/*
 * The Content-Type of a message: its type, and a parameter (RFC 2045 section 5.1) in one piece or in several (RFC 2231).
 * It owns nothing.
 * Nothing can fail: a body that cannot be read in one way alone, or for which memory is short, says nothing.
 */
#ifndef CSP_CONTENTTYPE_H
#define CSP_CONTENTTYPE_H

#include "span.h"

/*
 * Does the raw field body state this type, and once this parameter with this value? Letters of any case; comments,
 * quoted strings and percent-encoding are read. False, too, for what readers take differently: anything that the
 * grammar does not have, a bare CR or LF, bytes that are not ASCII; of the parameter a second statement, pieces that do not
 * come as 0, 1, 2, …, a charset other than US-ASCII and UTF-8, a percent sign without its digits.
 */
bool csp_content_type_is(struct span body, struct span type, struct span parameter,
			 struct span value);

#endif
