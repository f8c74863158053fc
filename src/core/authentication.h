/*
 * What trusted servers found out about a message, as their Authentication-Results fields say (RFC 8601): which domains
 * signed it (DKIM), and whether its reverse-path is its own (SPF).
 * Everything lives in the message's arena, or is the configuration's.
 * Reading gives false when memory is short; what cannot be read proves nothing.
 */
#ifndef CSP_AUTHENTICATION_H
#define CSP_AUTHENTICATION_H

#include "party.h"

enum auth_method { AUTH_DKIM = 1U << 0, AUTH_SPF = 1U << 1 };

#define AUTH_METHOD_COUNT 2U

#define AUTHENTICATION_FIELD SPAN_LIT("Authentication-Results")

struct authentication_settings {
	struct spans authserv_ids; /* ours, in canonical form; none: no field is read */
	struct proofs hops;        /* the clients whose fields are believed */
	unsigned partners, vendor; /* enum auth_method bits that prove them */
	bool below_received;       /* the hops' fields stand below their Received field, too */
};

struct authentication {
	const struct authentication_settings *settings; /* NULL: nothing is configured */
	bool hop;          /* the client is a trusted hop; the rest is set only then */
	size_t fields;     /* with an authserv-id of ours, read */
	size_t unreadable; /* that could be ours */
	struct spans dkim; /* the domains whose signatures hold */
	struct span spf;   /* the reverse-path's domain, where SPF passed for it; else empty */
};

/*
 * Reads the fields above the first Received field, which the hop added to those that it received; below it, or without
 * one, anybody could have written them, but where hops remove such fields: then those above the second count. SPF counts only when every result for a reverse-path says pass, and of the one
 * the message has now. DKIM does not where From or Subject stands twice: which one was signed is not known; nor where any result says that
 * there is no signature.
 */
bool csp_authentication_read(struct authentication *out, const struct message *message,
			     const struct authentication_settings *settings);

/* Is one of the signatures that hold of one of these domains, or of a sub-domain? */
bool csp_authentication_is_signed_by(const struct authentication *authentication,
				     struct spans domains);

const char *csp_auth_method_name(enum auth_method method); /* "dkim", "spf" */

#endif
