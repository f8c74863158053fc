/*
 * The rules of a configuration: from groups of settings to struct rule.
 * Rules live in the configuration's arena; the draft is the reader's.
 * Whatever keeps a rule from doing what its author means (a criterion that cannot hold, a rule that cannot be reached)
 * has been reported when a function here gives false.
 */
#ifndef CSP_POLICY_CONF_H
#define CSP_POLICY_CONF_H

#include "schema.h"

struct policy_draft {
	struct rule *rules;
	size_t count;
	const struct rule
		*last; /* the first that takes everything: what follows is never reached */
};

schema_each csp_policy_read_rule; /* appends to the struct policy_draft */

#endif
