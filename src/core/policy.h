/*
 * The rules at work: one recipient's facts to one verdict, given by the first rule that matches.
 * A verdict points into the policy; evaluation reads facts and looks nothing up.
 * Nothing fails: a fact that is not known makes a criterion unknown, and unknown never matches.
 */
#ifndef CSP_POLICY_H
#define CSP_POLICY_H

#include "rule.h"

enum truth { TRUTH_NO, TRUTH_UNKNOWN, TRUTH_YES };

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

#endif
