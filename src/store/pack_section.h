/*
 * The sections of a pack file: a table and a reader for the groups of each.
 * What they read goes into the draft; a group's own structures live for its reading alone.
 * Whatever is wrong has been reported when a function here gives false.
 */
#ifndef CSP_PACK_SECTION_H
#define CSP_PACK_SECTION_H

#include "pack_conf.h"

/* One pack file while it is read; the readers get it as their field. */
struct pack_file {
	struct pack_draft *draft;
	struct span language;
	struct span path;
};

/* Words: what mail calls things. */
extern const struct schema csp_phrase_settings[];
extern const struct schema csp_expression_settings[];
extern const struct schema csp_product_settings[];
schema_each csp_pack_read_phrases;
schema_each csp_pack_read_expressions;
schema_each csp_pack_read_product;
schema_check csp_pack_check_phrase; /* a phrase that can be found at all */
bool csp_pack_number_meanings(
	const struct schema_place *place,
	const struct pack_draft *draft); /* phrases of those in `instead_of` */
bool csp_pack_check_contradictions(const struct schema_place *place,
				   const struct pack_draft *draft); /* a phrase in two categories */

/* Sources: identifiers, senders, tags, named lists and domains. */
extern const struct schema csp_identifier_settings[];
extern const struct schema csp_sender_settings[];
extern const struct schema csp_tag_settings[];
extern const struct schema csp_list_settings[];
schema_each csp_pack_read_identifier;
schema_each csp_pack_read_senders;
schema_each csp_pack_read_tag;
schema_each csp_pack_read_list;
schema_store csp_pack_add_public_domain;
schema_store csp_pack_add_tenant_domain;

bool csp_pack_push(const struct schema_place *place, struct pack_array *array, const void *item,
		   size_t size);

/* "en/invoice"; without a first part the second alone. */
bool csp_pack_join_rule(struct span *out, const struct schema_place *place, struct span first,
			struct span second);

#endif
