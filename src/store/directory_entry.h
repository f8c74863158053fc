/*
 * What one source says about one party: the unit that an import puts and that the directory keeps apart by source.
 * Plain data; arrays and spans belong to whoever made them.
 * Nothing here can fail.
 */
#ifndef CSP_DIRECTORY_ENTRY_H
#define CSP_DIRECTORY_ENTRY_H

#include "party.h"

struct directory_name {
	struct span name; /* canonical domain */
	bool subdomains;  /* counts for its sub-domains too */
};

struct customer_entry {
	struct customer customer;
	const struct directory_name *domains;
	size_t domain_count;
	struct spans addresses; /* keys, see csp_mailbox_key */
	bool ended;             /* relationshipToPartner: none; its relations do not count */
};

struct partner_entry {
	struct partner partner;
	struct spans aliases; /* lower case */
	const struct directory_name *domains;
	size_t domain_count;
	struct spans bounce_domains;
};

enum entry_type { ENTRY_CUSTOMER, ENTRY_PARTNER };

struct directory_entry {
	enum entry_type type; /* says which of the two counts */
	struct customer_entry customer;
	struct partner_entry partner;
};

#endif
