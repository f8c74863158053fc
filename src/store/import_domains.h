/*
 * Many patterns of domains, asked for each domain of an import.
 * A struct import_domains owns its order of them, and the patterns are the caller's.
 * Making it fails when memory is short.
 */
#ifndef CSP_IMPORT_DOMAINS_H
#define CSP_IMPORT_DOMAINS_H

#include "party.h"

struct import_domains {
	struct span *items; /* sorted */
	size_t count;
};

bool csp_import_domains_init(struct import_domains *domains, struct spans patterns);
void csp_import_domains_dispose(struct import_domains *domains);

/* As csp_spans_hold_domain, in the logarithm of the time. */
bool csp_import_domains_hold(const struct import_domains *domains, struct span domain);

#endif
