/*
 * The rules: an ordered list, the first that matches a recipient decides.
 * Rules are plain data that the configuration owns; evaluation reads facts, writes one verdict and looks nothing up.
 * Nothing fails: a fact that is not known makes a criterion unknown, and unknown never matches.
 */
#ifndef CSP_POLICY_H
#define CSP_POLICY_H

#include "classify.h"

enum disposition {
	DISPOSITION_PASS,
	DISPOSITION_FLAG,
	DISPOSITION_BLOCK,
	DISPOSITION_TEMPFAIL
}; /* TEMPFAIL: a fault of ours */
enum mode { MODE_MONITOR, MODE_ENFORCE };
enum action { ACTION_ACCEPT, ACTION_FLAG, ACTION_REJECT, ACTION_TEMPFAIL };
enum truth { TRUTH_NO, TRUTH_UNKNOWN, TRUTH_YES };

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

/* All that a rule may ask about one recipient and one customer. */
struct facts {
	enum found customer_found;       /* COULD_NOT_TELL: the directory failed */
	const struct customer *customer; /* NULL unless FOUND */
	const struct classification *classification;
	struct sender sender;
	enum product_class product_class;
	unsigned marks; /* of the message and of this recipient */
	bool own_domain;
	bool null_reverse_path_report; /* a delivery report of our own: null reverse-path, multipart/report, our daemon */
};

#define WOULD_MAX 8

struct verdict {
	/* Name of the rule that decided; "default" when none matched, "fault" for a fault of ours, and where the
	 * rules were not asked "not-a-customer", "own-domain" or "dsn". */
	struct span rule;
	const struct rule *decided_by; /* NULL for those that are no rule */
	bool outside;                  /* the rules were not asked */
	enum disposition disposition;
	bool softened; /* a pass that a mark or an unknown rule turned into a flag */
	bool fault; /* could not be decided for a fault of ours; disposition is TEMPFAIL until the failure policy speaks */
	const struct rule *would[WOULD_MAX]; /* monitor rules that matched before it */
	size_t would_count;
};

void csp_policy_evaluate(struct verdict *out, const struct policy *policy,
			 const struct categories *categories, const struct facts *facts);

/* A rule against the facts, as three values; for csp_policy_evaluate and whoever explains it. */
enum truth csp_rule_matches(const struct rule *rule, const struct facts *facts);

const char *csp_disposition_name(enum disposition disposition);
bool csp_disposition_find(enum disposition *out, struct span name);
const char *csp_mode_name(enum mode mode);
const char *csp_action_name(enum action action); /* "accept", "flag", "reject", "tempfail" */

#endif
