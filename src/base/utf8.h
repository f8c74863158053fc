/*
 * UTF-8 (RFC 3629): one code point at a time, strictly: no overlong form, no surrogate.
 * Owns nothing.
 * Decoding gives length 0 for bytes that are not UTF-8; the caller steps over one byte.
 */
#ifndef CSP_UTF8_H
#define CSP_UTF8_H

#include <stdint.h>

#include "buf.h"

size_t
csp_utf8_decode(uint32_t *rune,
		struct span text); /* bytes taken, 1 to 4; 0 at an invalid one or at the end */
size_t csp_utf8_encode(char out[4], uint32_t rune); /* bytes written, 1 to 4 */
void csp_utf8_append(struct buf *out, uint32_t rune);
size_t csp_utf8_valid_length(struct span text); /* bytes before the first invalid one */
bool csp_utf8_is_valid(struct span text);

#endif
