/*
 * Pack files: phrases, regular expressions, products, identifiers, senders, tags, lists and shared domains, all together one struct pack.
 * The data lives in the configuration's arena; the draft is the reader's, and pack_done puts it into the configuration.
 * Whatever is wrong in a pack has been reported when a function here gives false.
 */
#ifndef CSP_PACK_CONF_H
#define CSP_PACK_CONF_H

#include "schema.h"

/* Arrays that grow; each as in struct pack. */
struct pack_array {
	void *items;
	size_t count, cap;
};

struct pack_draft {
	struct pack_array phrases, expressions, products, identifiers, senders, tags, lists;
	struct pack_array public_domains, tenant_domains;
	struct pack_array seen; /* every phrase in normal form, to find those of two categories */
	struct pack_array replaced; /* meanings that some `instead_of` names */
	struct pack_array paths;    /* of the files read */
	unsigned files;
};

schema_store
	csp_pack_read; /* the path of a pack, or of a folder of packs: into the struct pack_draft */
schema_complete csp_pack_complete; /* all were read: the draft becomes the configuration's pack */

#endif
