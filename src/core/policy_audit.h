/*
 * What a policy says in vain: rules that never match, never decide or never show, actions that the setting for mixed recipients undoes.
 * It owns nothing; what it finds points into the policy.
 * Nothing here can fail.
 */
#ifndef CSP_POLICY_AUDIT_H
#define CSP_POLICY_AUDIT_H

#include "plan.h"

enum rule_fault {
	RULE_SHADOWED,     /* `other` stands before it and takes all that it could match */
	RULE_EXCEPTED,     /* its own `except` takes all that it could match */
	RULE_OVER,         /* its `until` has passed */
	RULE_HOLDS_OTHERS, /* quarantine, where mixed recipients are split: it holds the others, too */
	RULE_DEFERS_OTHERS, /* tempfail, the same */
	RULE_NEVER_SPLITS /* no rule rejects, so there is nothing to split or hold; `rule` is NULL */
};

struct rule_finding {
	enum rule_fault fault;
	const struct rule *rule;
	const struct rule *other; /* for RULE_SHADOWED */
};

typedef void policy_audit_told(void *context, const struct rule_finding *finding);

/* `now`: seconds since 1970. */
void csp_policy_audit(const struct policy *policy, const struct plan_settings *settings,
		      int64_t now, policy_audit_told *tell, void *context);

#endif
