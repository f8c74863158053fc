/*
 * Stand-ins for what must not be written down: keyed hashes, the same for the same text as long as the key stays.
 * A struct privacy owns a copy of its key and wipes it when it is freed. errno says why a key cannot be had.
 */
#ifndef CSP_PRIVACY_H
#define CSP_PRIVACY_H

#include "buf.h"

struct privacy;

#define PRIVACY_KEY_MIN 16 /* octets */

/* The key is the file's content without blanks at its ends. EINVAL: too short. NULL: errno says why. */
struct privacy *csp_privacy_new(const char *key_path);
void csp_privacy_free(struct privacy *privacy); /* NULL is allowed */

/* "h-" and 16 hexadecimal digits: 64 bits of BLAKE2b (RFC 7693) with the key. `context` is a struct privacy. */
void csp_privacy_hide(const void *context, struct buf *out, struct span text);

#endif
