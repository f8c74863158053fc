#include "rule.h"

static const char *const disposition_names[] = {"pass", "flag", "block", "tempfail"};

const char *csp_disposition_name(enum disposition disposition)
{
	return disposition_names[disposition];
}

bool csp_disposition_find(enum disposition *out, struct span name)
{
	for (int i = DISPOSITION_PASS; i <= DISPOSITION_TEMPFAIL; i++) {
		if (csp_span_equal(name, csp_span_from(disposition_names[i]))) {
			*out = (enum disposition)i;
			return true;
		}
	}
	return false;
}

const char *csp_mode_name(enum mode mode)
{
	return mode == MODE_ENFORCE ? "enforce" : "monitor";
}

const char *csp_action_name(enum action action)
{
	static const char *const names[ACTION_COUNT] = {
		"accept", "flag", "split", "redirect", "quarantine", "tempfail", "reject"};

	return names[action];
}

bool csp_criteria_are_empty(const struct criteria *criteria)
{
	return !criteria->categories && !criteria->senders && !criteria->proofs &&
	       !criteria->product_classes && !criteria->marks && !criteria->lists.count &&
	       criteria->also_direct == ALSO_ANY && !criteria->clouds.count &&
	       !criteria->author_lists && !criteria->recipient_lists && !criteria->headers &&
	       !csp_proofs_exist(&criteria->client);
}

bool csp_rule_is_always_enforced(const struct rule *rule)
{
	return rule->mode == MODE_ENFORCE && !rule->percent && !rule->from && !rule->until &&
	       !rule->has_except;
}

/* The finaliser of splitmix64: all bits of what goes in decide on the share. */
static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

bool csp_rule_takes_sample(const struct rule *rule, uint64_t sample)
{
	return mix(sample ^ rule->salt) % 100 < rule->percent;
}
