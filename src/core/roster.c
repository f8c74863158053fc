#include "roster.h"

bool csp_roster_holds(const struct roster *roster, struct span key, struct span domain)
{
	return csp_spans_hold_sorted(roster->addresses, key) ||
	       csp_spans_hold_domain_sorted(roster->domains, domain);
}
