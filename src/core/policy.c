#include "policy.h"

#define BIT(value) (1U << (unsigned)(value))
#define ALL        (~0U)

/*
 * What each fact may be, as bit sets over the enum of its name: one bit where it is known, more
 * where it is not. A set inside what a criterion asks for is yes, one beside it no, all else unknown.
 */
struct possible {
	const struct facts *facts;
	unsigned categories;
	unsigned senders;
	unsigned proofs;
	unsigned product_classes;
	unsigned marks;          /* are there */
	unsigned possible_marks; /* may be there besides */
};

static enum truth least(enum truth a, enum truth b)
{
	return a < b ? a : b;
}

/*
 * The kind and the proof were judged with the customer and the products that are known. A partner
 * may be of record for a customer that could not be looked up, and then its provider's proof serves;
 * one of record may not be for products that could not be read.
 */
static bool sender_may_change(const struct facts *facts)
{
	if (facts->customer_found != FOUND)
		return facts->sender.kind != SENDER_VENDOR;
	return facts->sender.kind == SENDER_PARTNER_OF_RECORD && !facts->classification->known;
}

static void read_sender(struct possible *possible, const struct facts *facts)
{
	const unsigned partners = BIT(SENDER_PARTNER) | BIT(SENDER_PARTNER_OF_RECORD);

	possible->senders = ALL;
	possible->proofs = ALL;
	if (!facts->sender.known) {
		possible->possible_marks |= MARK_UNPROVEN_AUTHOR;
		return;
	}
	possible->senders = BIT(facts->sender.kind);
	if (!sender_may_change(facts)) {
		possible->proofs = BIT(facts->sender.proof);
		return;
	}
	if (possible->senders & partners)
		possible->senders = partners;
	possible->possible_marks |= possible->marks & MARK_UNPROVEN_AUTHOR;
	possible->marks &= ~(unsigned)MARK_UNPROVEN_AUTHOR;
}

static struct possible read_facts(const struct facts *facts)
{
	const struct classification *classification = facts->classification;
	bool customer_known = facts->customer_found == FOUND;
	struct possible possible = {
		.facts = facts,
		.categories = classification->known ? BIT(classification->category) : ALL,
		.product_classes =
			classification->known && customer_known ? BIT(facts->product_class) : ALL,
		.marks = facts->marks,
		.possible_marks = classification->known ? 0 : ALL,
	};

	read_sender(&possible, facts);
	return possible;
}

static enum truth set_matches(unsigned wanted, unsigned possible)
{
	if (!wanted || !(possible & ~wanted))
		return TRUTH_YES;
	return possible & wanted ? TRUTH_UNKNOWN : TRUTH_NO;
}

static enum truth category_matches(const struct criteria *criteria, const struct possible *possible)
{
	return set_matches(criteria->categories, possible->categories);
}

static enum truth sender_matches(const struct criteria *criteria, const struct possible *possible)
{
	return set_matches(criteria->senders, possible->senders);
}

static enum truth proof_matches(const struct criteria *criteria, const struct possible *possible)
{
	return set_matches(criteria->proofs, possible->proofs);
}

static enum truth product_matches(const struct criteria *criteria, const struct possible *possible)
{
	return set_matches(criteria->product_classes, possible->product_classes);
}

static enum truth marks_match(const struct criteria *criteria, const struct possible *possible)
{
	if (!criteria->marks || (criteria->marks & possible->marks))
		return TRUTH_YES;
	return criteria->marks & possible->possible_marks ? TRUTH_UNKNOWN : TRUTH_NO;
}

static enum truth list_matches(const struct criteria *criteria, const struct possible *possible)
{
	const struct classification *classification = possible->facts->classification;

	if (!criteria->lists.count)
		return TRUTH_YES;
	if (!classification->known)
		return TRUTH_UNKNOWN;
	for (size_t i = 0; i < criteria->lists.count; i++) {
		if (csp_spans_hold(classification->lists, criteria->lists.items[i]))
			return TRUTH_YES;
	}
	return TRUTH_NO;
}

static enum truth also_direct_matches(const struct criteria *criteria,
				      const struct possible *possible)
{
	const struct facts *facts = possible->facts;

	if (criteria->also_direct == ALSO_ANY)
		return TRUTH_YES;
	if (facts->customer_found != FOUND)
		return TRUTH_UNKNOWN;
	bool direct = facts->customer->direct_products.count > 0;
	return direct == (criteria->also_direct == ALSO_YES) ? TRUTH_YES : TRUTH_NO;
}

static enum truth cloud_matches(const struct criteria *criteria, const struct possible *possible)
{
	const struct facts *facts = possible->facts;

	if (!criteria->clouds.count)
		return TRUTH_YES;
	if (facts->customer_found != FOUND)
		return TRUTH_UNKNOWN;
	return csp_spans_hold(criteria->clouds, facts->customer->cloud) ? TRUTH_YES : TRUTH_NO;
}

static enum truth bits_match(uint64_t wanted, uint64_t there)
{
	return !wanted || wanted & there ? TRUTH_YES : TRUTH_NO;
}

static enum truth author_list_matches(const struct criteria *criteria,
				      const struct possible *possible)
{
	const struct facts *facts = possible->facts;
	size_t listed = 0;

	if (!criteria->author_lists)
		return TRUTH_YES;
	for (size_t i = 0; i < facts->author_count; i++)
		listed += (criteria->author_lists & facts->author_lists[i]) != 0;
	if (!listed ||
	    (criteria->favours && (listed < facts->author_count || facts->authors_incomplete)))
		return TRUTH_NO;
	return TRUTH_YES;
}

static enum truth recipient_list_matches(const struct criteria *criteria,
					 const struct possible *possible)
{
	return bits_match(criteria->recipient_lists, possible->facts->recipient_lists);
}

static enum truth client_matches(const struct criteria *criteria, const struct possible *possible)
{
	if (!csp_proofs_exist(&criteria->client))
		return TRUTH_YES;
	return csp_proofs_hold(&criteria->client, possible->facts->client) ? TRUTH_YES : TRUTH_NO;
}

static enum truth header_matches(const struct criteria *criteria, const struct possible *possible)
{
	return bits_match(criteria->headers, possible->facts->headers);
}

typedef enum truth predicate(const struct criteria *criteria, const struct possible *possible);

static const struct {
	const char *name;
	predicate *matches;
} predicates[CRITERION_COUNT] = {
	[CRITERION_CATEGORY] = {"category", category_matches},
	[CRITERION_SENDER] = {"sender", sender_matches},
	[CRITERION_PROOF] = {"proof", proof_matches},
	[CRITERION_PRODUCT] = {"product", product_matches},
	[CRITERION_MARKS] = {"marks", marks_match},
	[CRITERION_LIST] = {"list", list_matches},
	[CRITERION_ALSO_DIRECT] = {"also_direct", also_direct_matches},
	[CRITERION_CLOUD] = {"cloud", cloud_matches},
	[CRITERION_AUTHOR_LIST] = {"author", author_list_matches},
	[CRITERION_RECIPIENT_LIST] = {"recipient", recipient_list_matches},
	[CRITERION_CLIENT] = {"client", client_matches},
	[CRITERION_HEADER] = {"header", header_matches},
};

const char *csp_criterion_name(enum criterion criterion)
{
	return predicates[criterion].name;
}

static enum truth all_match(const struct criteria *criteria, const struct possible *possible)
{
	enum truth truth = TRUTH_YES;

	for (size_t i = 0; i < CRITERION_COUNT; i++)
		truth = least(truth, predicates[i].matches(criteria, possible));
	return truth;
}

static enum truth negate(enum truth truth)
{
	if (truth == TRUTH_UNKNOWN)
		return TRUTH_UNKNOWN;
	return truth == TRUTH_YES ? TRUTH_NO : TRUTH_YES;
}

static enum truth criteria_match(const struct rule *rule, const struct possible *possible)
{
	enum truth truth = all_match(&rule->match, possible);

	if (!rule->has_except)
		return truth;
	return least(truth, negate(all_match(&rule->except, possible)));
}

static enum truth is_customer(const struct facts *facts)
{
	if (facts->customer_found == FOUND)
		return TRUTH_YES;
	if (facts->customer_found == COULD_NOT_TELL)
		return TRUTH_UNKNOWN;
	return facts->marks & MARK_ROUTED_RECIPIENT ? TRUTH_UNKNOWN : TRUTH_NO;
}

static enum truth rule_matches(const struct rule *rule, const struct possible *possible)
{
	return least(is_customer(possible->facts), criteria_match(rule, possible));
}

static bool is_timely(const struct rule *rule, int64_t now)
{
	return rule->from <= now && (!rule->until || now < rule->until);
}

/*
 * Whose share it is cannot be told where the customer cannot. An author who is named in an odd way chooses no share: a message
 * like that is on the side that is not the milder one.
 */
static enum truth is_enforced(const struct rule *rule, const struct facts *facts)
{
	if (rule->mode == MODE_MONITOR || !is_timely(rule, facts->now))
		return TRUTH_NO;
	if (!rule->percent)
		return TRUTH_YES;
	if (facts->marks & MARK_AMBIGUOUS_AUTHOR)
		return rule->disposition == DISPOSITION_PASS ? TRUTH_NO : TRUTH_YES;
	if (facts->customer_found != FOUND)
		return TRUTH_UNKNOWN;
	return csp_rule_takes_sample(rule, facts->sample) ? TRUTH_YES : TRUTH_NO;
}

void csp_policy_look(struct look *out, const struct rule *rule, const struct facts *facts)
{
	struct possible possible = read_facts(facts);

	*out = (struct look){.rule = rule,
			     .truth = rule_matches(rule, &possible),
			     .enforced = is_enforced(rule, facts),
			     .timely = is_timely(rule, facts->now),
			     .except = rule->has_except ? all_match(&rule->except, &possible)
							: TRUTH_NO};
	for (unsigned i = 0; i < CRITERION_COUNT; i++) {
		enum truth truth = predicates[i].matches(&rule->match, &possible);
		if (truth == TRUTH_NO)
			out->no |= BIT(i);
		if (truth == TRUTH_UNKNOWN)
			out->unknown |= BIT(i);
	}
}

/* What a pass comes to: a mark that it is not given despite of turns it into a flag. */
static unsigned pass_outcomes(unsigned despite, const struct possible *possible)
{
	if (possible->marks & ~despite)
		return BIT(DISPOSITION_FLAG);
	if (possible->possible_marks & ~despite)
		return BIT(DISPOSITION_FLAG) | BIT(DISPOSITION_PASS);
	return BIT(DISPOSITION_PASS);
}

static unsigned rule_outcomes(const struct rule *rule, const struct possible *possible)
{
	if (rule->disposition == DISPOSITION_PASS)
		return pass_outcomes(rule->despite, possible);
	return BIT(rule->disposition);
}

/* What becomes of the recipient if it is no customer, where that cannot be told. */
static unsigned stranger_outcome(const struct facts *facts)
{
	return facts->marks & MARK_ROUTED_RECIPIENT ? BIT(DISPOSITION_FLAG) : BIT(DISPOSITION_PASS);
}

static bool is_report(const struct categories *categories, const struct facts *facts)
{
	const struct classification *classification = facts->classification;

	/* A daemon of ours logs in nowhere, so an unproven author is no doubt about a report. */
	return facts->null_reverse_path_report &&
	       !(facts->marks & ~(unsigned)MARK_UNPROVEN_AUTHOR) && classification->known &&
	       classification->category != categories->subscription;
}

static struct span name_outside_rules(const struct categories *categories,
				      const struct facts *facts)
{
	bool routed = facts->marks & MARK_ROUTED_RECIPIENT;

	if (facts->own_domain && !routed)
		return SPAN_LIT("own-domain");
	if (is_customer(facts) == TRUTH_NO)
		return SPAN_LIT("not-a-customer");
	if (is_report(categories, facts))
		return SPAN_LIT("dsn");
	return SPAN_LIT("");
}

/* `outcomes` holds all that the facts leave open: with more than one, only a fault of ours is to blame. */
static void settle(struct verdict *out, const struct rule *rule, unsigned outcomes)
{
	enum disposition asked = rule ? rule->disposition : DISPOSITION_PASS;

	if (outcomes & (outcomes - 1)) {
		out->rule = SPAN_LIT("fault");
		out->disposition = DISPOSITION_TEMPFAIL;
		out->fault = true;
		return;
	}
	out->rule = rule ? rule->name : SPAN_LIT("default");
	out->decided_by = rule;
	out->disposition = DISPOSITION_PASS;
	while (outcomes != BIT(out->disposition))
		out->disposition++;
	out->softened = out->disposition != asked;
}

static void note_would(struct verdict *out, const struct rule *rule)
{
	if (out->would_count < WOULD_MAX)
		out->would[out->would_count++] = rule;
}

static void walk_rules(struct verdict *out, const struct policy *policy,
		       const struct possible *possible)
{
	const struct facts *facts = possible->facts;
	unsigned outcomes = is_customer(facts) == TRUTH_YES ? 0 : stranger_outcome(facts);

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		enum truth truth = criteria_match(rule, possible);
		enum truth enforced = is_enforced(rule, facts);

		if (truth == TRUTH_NO)
			continue;
		if (enforced == TRUTH_NO) {
			if (rule_matches(rule, possible) == TRUTH_YES)
				note_would(out, rule);
			continue;
		}
		outcomes |= rule_outcomes(rule, possible);
		if (least(truth, enforced) == TRUTH_YES) {
			settle(out, rule, outcomes);
			return;
		}
	}
	settle(out, NULL, outcomes | pass_outcomes(0, possible));
}

void csp_policy_evaluate(struct verdict *out, const struct policy *policy,
			 const struct categories *categories, const struct facts *facts)
{
	*out = (struct verdict){.rule = name_outside_rules(categories, facts)};
	if (out->rule.len) {
		out->outside = true;
		return;
	}
	/* Every rule is unknown for a route that leads to nobody we know, whatever else is not known. */
	if (facts->customer_found == NOT_FOUND) {
		settle(out, NULL, BIT(DISPOSITION_FLAG));
		return;
	}
	struct possible possible = read_facts(facts);
	walk_rules(out, policy, &possible);
}
