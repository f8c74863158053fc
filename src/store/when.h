/*
 * Points in time as text: a date, or a date and time of RFC 3339.
 * Owns nothing.
 * Anything else, or a day that does not exist, is refused; nothing is guessed.
 */
#ifndef CSP_WHEN_H
#define CSP_WHEN_H

#include <stdint.h>

#include "span.h"

/* "2026-11-23" (its first second, UTC) or "2026-11-23T10:00:00.5+01:00"; seconds since 1970, fractions dropped. */
bool csp_when_parse(int64_t *out, struct span text);

#define WHEN_TEXT_SIZE 32
struct span
csp_when_format(char out[WHEN_TEXT_SIZE],
		int64_t time); /* "2026-11-23T10:00:00Z"; empty for a year that has no text */

#endif
