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
	const struct client *client;
	int64_t now;                  /* seconds since 1970 */
	uint64_t sample;              /* hash of customer and author domain, for a rule's share */
	const uint64_t *author_lists; /* of each author, bit: number of the roster that it is on */
	size_t author_count;
	bool authors_incomplete;  /* there are more than those */
	uint64_t recipient_lists; /* the same, of the recipient */
	uint64_t headers;         /* bit: number of the name; the message has such a field */
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
	const struct rule *would[WOULD_MAX]; /* rules that matched before it but are not enforced */
	size_t would_count;
};

void csp_policy_evaluate(struct verdict *out, const struct policy *policy,
			 const struct categories *categories, const struct facts *facts);

/* What a rule asks for, in the order in which it is told. */
enum criterion {
	CRITERION_CATEGORY,
	CRITERION_SENDER,
	CRITERION_PROOF,
	CRITERION_PRODUCT,
	CRITERION_MARKS,
	CRITERION_LIST,
	CRITERION_ALSO_DIRECT,
	CRITERION_CLOUD,
	CRITERION_AUTHOR_LIST,
	CRITERION_RECIPIENT_LIST,
	CRITERION_CLIENT,
	CRITERION_HEADER,
	CRITERION_COUNT
};
const char *
csp_criterion_name(enum criterion criterion); /* as the configuration has it: "also_direct" */

/* One rule against the facts, for whoever explains it. Of what is absent in the rule nothing is said. */
struct look {
	const struct rule *rule;
	enum truth truth;    /* of all it asks for, `except` included */
	enum truth enforced; /* NO: in monitor mode, or beside its share or dates */
	bool timely;         /* it is a time between its dates */
	enum truth except;   /* NO where there is none */
	unsigned no;         /* bit: enum criterion that does not hold */
	unsigned unknown;    /* bit: enum criterion that could not be told */
};
void csp_policy_look(struct look *out, const struct rule *rule, const struct facts *facts);

#endif
