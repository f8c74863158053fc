/*
 * Rules as plain data: what they ask for and what follows, in the order of the configuration.
 * The configuration owns them and all that they point to.
 * Nothing here can fail.
 */
#ifndef CSP_RULE_H
#define CSP_RULE_H

#include "classify.h"

enum disposition {
	DISPOSITION_PASS,
	DISPOSITION_FLAG,
	DISPOSITION_BLOCK,
	DISPOSITION_TEMPFAIL
}; /* TEMPFAIL: a fault of ours */
enum mode { MODE_MONITOR, MODE_ENFORCE };
enum action { ACTION_ACCEPT, ACTION_FLAG, ACTION_REJECT, ACTION_TEMPFAIL };

/* Every set is a bit set over the enum of its name; 0 is absent and matches. */
struct criteria {
	unsigned categories;      /* bit: number of the category */
	unsigned senders;         /* bit: enum sender_kind */
	unsigned proofs;          /* bit: enum proof */
	unsigned product_classes; /* bit: enum product_class */
	unsigned marks;           /* enum mark bits: any of them */
	struct spans lists;       /* any of them */
	enum { ALSO_ANY, ALSO_YES, ALSO_NO } also_direct;
};

struct reply {
	struct span code;     /* "550" */
	struct span enhanced; /* "5.7.1" */
	struct span text;     /* a template: ${decision} ${rule} ${category} ${help-url} */
};

struct rule {
	struct span name;
	struct criteria match;
	bool has_except;
	struct criteria except;       /* matches: the rule does not */
	enum disposition disposition; /* PASS, FLAG or BLOCK */
	enum action action;           /* for BLOCK: ACTION_REJECT */
	enum mode mode;
	unsigned despite; /* marks that do not turn its pass into a flag; ~0U for "any" */
	struct reply reply;
	unsigned line; /* in the configuration */
};

struct policy {
	const struct rule *rules;
	size_t rule_count;
	struct spans own_domains; /* patterns as in csp_domain_matches */
};

const char *csp_disposition_name(enum disposition disposition);
bool csp_disposition_find(enum disposition *out, struct span name);
const char *csp_mode_name(enum mode mode);
const char *csp_action_name(enum action action); /* "accept", "flag", "reject", "tempfail" */

#endif
