/*
 * A mailbox (RFC 5321 section 4.1.2, RFC 5322 section 3.4.1, RFC 6531) in canonical form.
 * Its spans point into the arena it was parsed with, or into literals.
 * Text that is no mailbox gives MAILBOX_INVALID, short memory MAILBOX_NO_MEMORY; nothing is guessed.
 */
#ifndef CSP_MAILBOX_H
#define CSP_MAILBOX_H

#include "arena.h"

struct mailbox {
	struct span local; /* case kept, quoting removed where it is not needed */
	struct span
		domain; /* A-labels in lower case (UTS 46), no trailing dot; an address literal in brackets */
};

enum mailbox_result { MAILBOX_OK, MAILBOX_NULL, MAILBOX_INVALID, MAILBOX_NO_MEMORY };

/*
 * In octets. RFC 5321 section 4.5.3.1 asks for no more than 64 octets of local part, but honest ones that
 * carry another address (VERP, BATV) are longer and are delivered, so the bound is what a path can hold.
 */
#define MAILBOX_LOCAL_MAX  255
#define MAILBOX_DOMAIN_MAX 255

/*
 * A reverse-path or forward-path, with or without its angle brackets (mail from sendmail(1) comes
 * without). MAILBOX_NULL is "<>" or nothing. A source route is stepped over; *routed says whether there was one,
 * or a local part that hides another address: `u%h@d`, `h!u@d`, `"a@b"@d`, `a@b@d`.
 */
enum mailbox_result csp_mailbox_parse_path(struct mailbox *out, bool *routed, struct arena *arena,
					   struct span path);

/* The domain alone, behind the last '@', of a path that cannot be read. */
enum mailbox_result csp_mailbox_parse_path_domain(struct span *out, struct arena *arena,
						  struct span path);

/* One addr-spec, nothing around it. */
enum mailbox_result csp_mailbox_parse(struct mailbox *out, struct arena *arena,
				      struct span addr_spec);

/* A local part whose quoting is already undone, and a domain in any form. */
enum mailbox_result csp_mailbox_make(struct mailbox *out, struct arena *arena, struct span local,
				     struct span domain);

/* A domain alone, to canonical form (A-labels, lower case, no trailing dot). Applying it twice changes nothing. */
enum mailbox_result csp_domain_canonical(struct span *out, struct arena *arena, struct span domain);

/* local@domain, quoted again where needed; false when memory is short. Parsing it gives the same mailbox. */
bool csp_mailbox_format(struct span *out, struct arena *arena, const struct mailbox *mailbox);

/*
 * The key under which a directory holds a mailbox: the local part case-folded (NFKC), without what follows the
 * first of the characters of `separators` in it, unless that is its first character; '@'; the domain.
 */
bool csp_mailbox_key(struct span *out, struct arena *arena, const struct mailbox *mailbox,
		     struct span separators);

/* Does a canonical domain match a pattern: "example.com" itself, ".example.com" any sub-domain of it. */
bool csp_domain_matches(struct span domain, struct span pattern);

#endif
