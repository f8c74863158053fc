/*
 * What a pack (conf/categories/, conf/packs/) says, as plain data: phrases, products, identifiers, sender lists,
 * tags, named lists, domains that many share.
 * The arrays and spans belong to the configuration that read them and outlive every classifier built from them.
 * Nothing here can fail.
 */
#ifndef CSP_PACK_H
#define CSP_PACK_H

#include "identifier.h"
#include "mailbox.h"
#include "tag.h"

struct phrase {
	struct span text; /* as written (phrase_form.h) */
	struct span rule; /* the evidence's name: "en/invoice" */
	unsigned category;
	uint64_t meaning;    /* a bit of its own where some `instead_of` names it, else 0 */
	uint64_t instead_of; /* bits of meanings that do not count beside this one */
	struct span file;    /* where it is written */
	unsigned line;
};

struct product {
	struct span name;
	bool csp; /* sold through the programme: a relation that names no products covers it */
	struct spans phrases;
};

struct sender_entry {
	struct span rule;
	unsigned category;
	struct mailbox address; /* empty local part: the whole domain */
};

struct tag_value {
	struct span value; /* compared without case, white space as tag.h gives it */
	unsigned category;
};

struct tag {
	struct span rule;
	struct span header;
	struct tag_shape shape;
	const struct tag_value *values;
	size_t value_count;
};

/* A named list that rules may ask for (`list = "…"`): a message is on it when an entry's sender and phrase both are. */
struct list_entry {
	struct span list;
	struct span rule;
	const struct sender_entry *senders; /* none: any sender; their category is not used */
	size_t sender_count;
	struct spans phrases; /* any of them; none: any text */
};

struct pack {
	const struct phrase *phrases;
	size_t phrase_count;
	const struct phrase *expressions; /* regular ones: their text is for expressions.h */
	size_t expression_count;
	const struct product *products;
	size_t product_count;
	const struct identifier *identifiers;
	size_t identifier_count;
	const struct sender_entry *senders;
	size_t sender_count;
	const struct tag *tags;
	size_t tag_count;
	const struct list_entry *lists;
	size_t list_count;
	struct spans
		public_domains; /* patterns (csp_domain_matches): open to everybody, so nobody's; sorted */
	struct spans tenant_domains; /* patterns: a cloud's own names, each a tenant's alone */
};

#endif
