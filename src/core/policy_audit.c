#include "policy_audit.h"

static bool covers_bits(uint64_t wide, uint64_t narrow)
{
	return !wide || (narrow && !(narrow & ~wide));
}

static bool covers_spans(struct spans wide, struct spans narrow)
{
	if (!wide.count)
		return true;
	for (size_t i = 0; i < narrow.count; i++) {
		if (!csp_spans_hold(wide, narrow.items[i]))
			return false;
	}
	return narrow.count > 0;
}

static bool holds_network(const struct network *a, const struct network *b)
{
	return a->prefix <= b->prefix && csp_network_holds(a, &b->address);
}

static bool covers_networks(const struct proofs *wide, const struct proofs *narrow)
{
	for (size_t i = 0; i < narrow->network_count; i++) {
		size_t at = 0;
		while (at < wide->network_count &&
		       !holds_network(&wide->networks[at], &narrow->networks[i]))
			at++;
		if (at == wide->network_count)
			return false;
	}
	return true;
}

static bool holds_all(struct spans wide, struct spans narrow)
{
	return !narrow.count || (wide.count && covers_spans(wide, narrow));
}

/* Of a client one fact is enough, so every fact of the narrow one must be in the wide one. */
static bool covers_client(const struct proofs *wide, const struct proofs *narrow)
{
	if (!csp_proofs_exist(wide))
		return true;
	return csp_proofs_exist(narrow) && holds_all(wide->logins, narrow->logins) &&
	       holds_all(wide->listeners, narrow->listeners) &&
	       holds_all(wide->cert_subjects, narrow->cert_subjects) &&
	       covers_networks(wide, narrow);
}

/* A list of authors that must have one of them takes what one that must have all does, not the reverse. */
static bool covers_authors(const struct criteria *wide, const struct criteria *narrow)
{
	return covers_bits(wide->author_lists, narrow->author_lists) &&
	       (!wide->author_lists || !wide->favours || narrow->favours);
}

/* Whatever `narrow` holds for, `wide` holds for. */
static bool covers(const struct criteria *wide, const struct criteria *narrow)
{
	return covers_bits(wide->categories, narrow->categories) &&
	       covers_bits(wide->senders, narrow->senders) &&
	       covers_bits(wide->proofs, narrow->proofs) &&
	       covers_bits(wide->product_classes, narrow->product_classes) &&
	       covers_bits(wide->marks, narrow->marks) &&
	       covers_spans(wide->lists, narrow->lists) &&
	       (wide->also_direct == ALSO_ANY || wide->also_direct == narrow->also_direct) &&
	       covers_spans(wide->clouds, narrow->clouds) && covers_authors(wide, narrow) &&
	       covers_bits(wide->recipient_lists, narrow->recipient_lists) &&
	       covers_bits(wide->headers, narrow->headers) &&
	       covers_client(&wide->client, &narrow->client);
}

static const struct rule *find_shadow(const struct policy *policy, size_t index)
{
	const struct rule *rule = &policy->rules[index];

	for (size_t i = 0; i < index; i++) {
		const struct rule *before = &policy->rules[i];
		if (csp_rule_is_always_enforced(before) && covers(&before->match, &rule->match))
			return before;
	}
	return NULL;
}

struct telling {
	policy_audit_told *tell;
	void *context;
};

static void tell(const struct telling *telling, enum rule_fault fault, const struct rule *rule,
		 const struct rule *other)
{
	const struct rule_finding finding = {fault, rule, other};

	telling->tell(telling->context, &finding);
}

static void audit_rule(const struct telling *telling, const struct policy *policy, size_t index,
		       int64_t now)
{
	const struct rule *rule = &policy->rules[index];
	const struct rule *shadow = find_shadow(policy, index);

	if (shadow)
		tell(telling, RULE_SHADOWED, rule, shadow);
	if (rule->has_except && covers(&rule->except, &rule->match))
		tell(telling, RULE_EXCEPTED, rule, NULL);
	if (rule->until && rule->until <= now)
		tell(telling, RULE_OVER, rule, NULL);
}

static void audit_mixed(const struct telling *telling, const struct policy *policy, bool split)
{
	bool rejects = false;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (rule->disposition != DISPOSITION_BLOCK)
			continue;
		rejects =
			rejects || rule->action == ACTION_REJECT || rule->action == ACTION_REDIRECT;
		if (split && rule->action == ACTION_QUARANTINE)
			tell(telling, RULE_HOLDS_OTHERS, rule, NULL);
		if (split && rule->action == ACTION_TEMPFAIL)
			tell(telling, RULE_DEFERS_OTHERS, rule, NULL);
	}
	if (!rejects)
		tell(telling, RULE_NEVER_SPLITS, NULL, NULL);
}

void csp_policy_audit(const struct policy *policy, const struct plan_settings *settings,
		      int64_t now, policy_audit_told *told, void *context)
{
	const struct telling telling = {told, context};

	for (size_t i = 0; i < policy->rule_count; i++)
		audit_rule(&telling, policy, i, now);
	if (settings->mixed != MIXED_REJECT)
		audit_mixed(&telling, policy, settings->mixed == MIXED_SPLIT);
}
