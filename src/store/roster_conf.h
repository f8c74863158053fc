/*
 * Named lists of addresses and domains: from groups of settings and files of lines to struct roster.
 * Rosters live in the configuration's arena, from one to the next in the policy.
 * Whatever is wrong in a list has been reported, with the line of its file, when a function here gives false.
 */
#ifndef CSP_ROSTER_CONF_H
#define CSP_ROSTER_CONF_H

#include "schema.h"

extern const struct schema csp_roster_settings[];
schema_each csp_roster_read; /* appends to the policy's rosters */

/* The bits of the lists that a rule names, one text after another, into a uint64_t. */
schema_store csp_store_roster_bit;

/* The same for an address or a domain in the rule itself: a list without a name. */
schema_store csp_store_roster_entry;

#endif
