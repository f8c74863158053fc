/*
 * Named lists of addresses and domains: from groups of settings and files of lines to struct roster.
 * Rosters live in the configuration's arena; the draft is the reader's.
 * Whatever is wrong in a list has been reported, with the line of its file, when a function here gives false.
 */
#ifndef CSP_ROSTER_CONF_H
#define CSP_ROSTER_CONF_H

#include "schema.h"

struct roster_draft {
	struct roster *rosters;
	size_t count;
};

extern const struct schema csp_roster_settings[];
schema_each csp_roster_read; /* appends to the struct roster_draft */

/* The bits of the lists that a rule names, one text after another, into a uint64_t. */
schema_store csp_store_roster_bit;

#endif
