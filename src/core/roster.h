/*
 * A roster: a named list of addresses and domains that rules ask for.
 * Its spans belong to the configuration.
 * Nothing here can fail.
 */
#ifndef CSP_ROSTER_H
#define CSP_ROSTER_H

#include "party.h"

struct roster {
	struct span name;
	struct spans addresses; /* keys (csp_mailbox_key), sorted */
	struct spans domains;   /* patterns (csp_domain_matches), sorted */
};

bool csp_roster_holds(const struct roster *roster, struct span key, struct span domain);

#endif
