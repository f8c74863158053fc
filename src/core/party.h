/*
 * The parties of the guideline: partners, and customers with their relations to them.
 * Plain data; the arrays and spans belong to whoever made them (the directory's arena).
 * Nothing here fails, but a look-up of them can: enum found is three-valued on purpose.
 */
#ifndef CSP_PARTY_H
#define CSP_PARTY_H

#include <stdint.h>

#include "mailbox.h"
#include "message.h"

enum found { FOUND, NOT_FOUND, COULD_NOT_TELL };

struct spans {
	const struct span *items;
	size_t count;
};

/* How a sender's identity can be proven: any one that holds is enough. */
struct proofs {
	struct spans logins; /* {auth_authen}, exact */
	const struct network *networks;
	size_t network_count;
	struct spans listeners;     /* {daemon_name}, exact */
	struct spans cert_subjects; /* {cert_subject} of a verified certificate, exact */
	struct spans
		dkim_domains; /* that sign its mail: a proof by authentication.h, not by the MTA's facts */
};

struct partner {
	struct span id; /* tenant GUID, lower case */
	struct span name;
	struct proofs proofs;
	struct span contact; /* an address */
};

enum partner_role { ROLE_DIRECT_BILL, ROLE_INDIRECT_PROVIDER, ROLE_INDIRECT_RESELLER };

struct relation {
	struct span partner; /* id */
	enum partner_role role;
	struct spans products; /* product names; none means all */
	int64_t from;          /* seconds since 1970, inclusive; INT64_MIN when open */
	int64_t until;         /* exclusive; INT64_MAX when open */
};

struct customer {
	struct span id; /* tenant GUID, lower case */
	struct span name;
	struct span cloud; /* "commercial", "us-gov", "china"; empty when unknown */
	const struct relation *relations;
	size_t relation_count;
	struct spans direct_products; /* held outside CSP */
};

bool csp_spans_hold(struct spans list, struct span text); /* exact */
bool csp_spans_hold_domain(struct spans patterns,
			   struct span domain); /* patterns as in csp_domain_matches */

/* The same among many: they have to be sorted first. */
void csp_spans_sort(struct span *items, size_t count);
bool csp_spans_hold_sorted(struct spans sorted, struct span text);
bool csp_spans_hold_domain_sorted(struct spans patterns, struct span domain);
/* Both are about facts of the MTA: signatures are looked at by sender.h. */
bool csp_proofs_exist(const struct proofs *proofs);
bool csp_proofs_hold(const struct proofs *proofs, const struct client *client);
bool csp_relation_is_valid(const struct relation *relation, int64_t now);
bool csp_relation_covers(const struct relation *relation,
			 struct spans products); /* all of them, or none named */
bool csp_customer_is_csp(const struct customer *customer, int64_t now); /* has a valid relation */

bool csp_role_find(enum partner_role *out,
		   struct span name); /* "direct-bill", "indirect-provider", "indirect-reseller" */
const char *csp_role_name(enum partner_role role);

#endif
