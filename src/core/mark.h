/*
 * The doubt marks: what makes a message less than plain, as a closed list of bits.
 * They own nothing and are combined with |.
 * A mark never softens a verdict: it turns a pass into a flag (policy.h).
 */
#ifndef CSP_MARK_H
#define CSP_MARK_H

#include "span.h"

enum mark {
	MARK_AMBIGUOUS_AUTHOR =
		1U << 0, /* an author field that names not exactly one mailbox, or cannot be read */
	MARK_UNPROVEN_AUTHOR =
		1U << 1, /* an author domain is a partner's or ours, and no proof holds */
	MARK_ROUTED_RECIPIENT =
		1U << 2, /* a forward-path that hides another address, or cannot be read */
	MARK_UNDECODABLE =
		1U << 3, /* text that cannot be read, or that readers show in different ways */
	MARK_TRUNCATED = 1U << 4,  /* a limit was reached; what lies behind it was not judged */
	MARK_OBFUSCATED = 1U << 5, /* a phrase shows only once look-alike letters are folded */
	MARK_DUPLICATE_FIELD = 1U << 6,      /* a field that RFC 5322 allows once stands twice */
	MARK_BARE_NEWLINE = 1U << 7,         /* a CR or LF that starts no fold, or a NUL */
	MARK_UNTRUSTED_TAG = 1U << 8,        /* a category tag from a source that may not set it */
	MARK_CONFLICTING_EVIDENCE = 1U << 9, /* evidence for subscription and for a notice */
	MARK_HIDDEN_RECIPIENTS = 1U << 10, /* a header that names recipients outside the envelope */
};

#define MARK_COUNT 11U

const char *csp_mark_name(enum mark mark); /* as in rules and records: "ambiguous-author" */
unsigned csp_mark_find(struct span name);  /* 0: there is none */

#endif
