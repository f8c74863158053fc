#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy.h"
#include "shipped_rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct span held_directly[] = {TEXT("windows-server")};
static const struct customer plain_customer = {.id = TEXT("plain")};
static const struct customer direct_customer = {.id = TEXT("direct"),
						.direct_products = {held_directly, 1}};

/* A world: every fact that a rule may ask about, with nothing left open. */
struct world {
	bool is_customer;
	bool also_direct;
	unsigned category;
	bool documented;
	enum sender_kind kind;
	enum proof proof;
	enum product_class product_class;
	unsigned marks;
};

static struct classification classification_of(const struct world *world)
{
	struct classification classification = {.known = true, .category = world->category};

	if (world->documented)
		classification.lists = (struct spans){documented, 1};
	return classification;
}

static struct facts facts_of(const struct world *world, const struct classification *classification)
{
	return (struct facts){
		.customer_found = world->is_customer ? FOUND : NOT_FOUND,
		.customer = !world->is_customer  ? NULL
			    : world->also_direct ? &direct_customer
						 : &plain_customer,
		.classification = classification,
		.sender = {.known = true,
			   .kind = world->kind,
			   .proof = world->proof,
			   .unproven_author = (world->marks & MARK_UNPROVEN_AUTHOR) != 0},
		.product_class = world->product_class,
		.marks = world->marks,
	};
}

static enum truth look_at(const struct rule *rule, const struct facts *facts)
{
	struct look look;

	csp_policy_look(&look, rule, facts);
	return look.truth;
}

/* The decision table in words of its own: what the shipped rules must come to in a world without unknowns. */
static enum disposition table_row(const char **rule, const struct world *world)
{
	bool vendor = world->kind == SENDER_VENDOR;
	bool proven = world->proof == PROOF_PROVEN;
	enum disposition pass = world->marks ? DISPOSITION_FLAG : DISPOSITION_PASS;

	if (world->documented && proven)
		return *rule = "documented-direct-mail", pass;
	if (world->kind == SENDER_PARTNER_OF_RECORD)
		return *rule = "partner-of-record", DISPOSITION_PASS;
	if (world->category == CATEGORY_INCIDENT || world->category == CATEGORY_OPERATIONAL)
		return *rule = "service-notice", pass;
	if (world->category == CATEGORY_OTHER)
		return *rule = "general", pass;
	if (world->product_class == PRODUCT_DIRECT && vendor)
		return *rule = "direct-product", pass;
	if (world->product_class == PRODUCT_UNKNOWN && world->also_direct)
		return *rule = "also-direct", DISPOSITION_FLAG;
	if (world->product_class == PRODUCT_UNLISTED)
		return *rule = "unlisted-product", DISPOSITION_FLAG;
	if (world->kind == SENDER_PARTNER && proven)
		return *rule = "other-partner", DISPOSITION_FLAG;
	if ((world->marks & MARK_CONFLICTING_EVIDENCE) && vendor && proven &&
	    !(world->marks & (MARK_DUPLICATE_FIELD | MARK_BARE_NEWLINE)))
		return *rule = "conflict", DISPOSITION_FLAG;
	return *rule = "subscription", DISPOSITION_BLOCK;
}

static enum disposition outcome(const char **rule, const struct world *world)
{
	bool routed = world->marks & MARK_ROUTED_RECIPIENT;

	if (world->is_customer)
		return table_row(rule, world);
	*rule = routed ? "default" : "not-a-customer";
	return routed ? DISPOSITION_FLAG : DISPOSITION_PASS;
}

static const struct {
	enum sender_kind kind;
	enum proof proof;
} senders[] = {
	{SENDER_PARTNER_OF_RECORD, PROOF_PROVEN}, {SENDER_PARTNER, PROOF_PROVEN},
	{SENDER_PARTNER, PROOF_UNPROVEN},         {SENDER_VENDOR, PROOF_PROVEN},
	{SENDER_VENDOR, PROOF_UNPROVEN},          {SENDER_VENDOR, PROOF_UNKNOWN},
	{SENDER_OTHER, PROOF_UNPROVEN},           {SENDER_OTHER, PROOF_UNKNOWN},
};

static const unsigned mark_sets[] = {
	0,
	MARK_ROUTED_RECIPIENT,
	MARK_UNDECODABLE,
	MARK_CONFLICTING_EVIDENCE,
	MARK_UNDECODABLE | MARK_ROUTED_RECIPIENT,
	MARK_CONFLICTING_EVIDENCE | MARK_TRUNCATED,
	MARK_CONFLICTING_EVIDENCE | MARK_DUPLICATE_FIELD,
	MARK_CONFLICTING_EVIDENCE | MARK_BARE_NEWLINE,
	(1U << MARK_COUNT) - 1,
};

#define WORLD_COUNT (2 * 2 * 4 * 2 * COUNT(senders) * 4 * COUNT(mark_sets))

static size_t take(size_t *number, size_t base)
{
	size_t digit = *number % base;

	*number /= base;
	return digit;
}

static struct world world_number(size_t number)
{
	struct world world = {
		.is_customer = take(&number, 2),
		.also_direct = take(&number, 2),
		.category = (unsigned)take(&number, 4),
		.documented = take(&number, 2),
		.product_class = (enum product_class)take(&number, 4),
	};
	size_t sender = take(&number, COUNT(senders));

	world.kind = senders[sender].kind;
	world.proof = senders[sender].proof;
	world.marks = mark_sets[take(&number, COUNT(mark_sets))];
	if (world.proof == PROOF_UNPROVEN)
		world.marks |= MARK_UNPROVEN_AUTHOR;
	return world;
}

/* What is not known; the facts of a world are hidden by it, and look as they then would. */
struct ignorance {
	bool customer, sender, classification;
	bool provider; /* with `customer`: the proof was a provider's, and is not seen either */
	bool products; /* with `classification`: a partner looks as if it were of record for all there is */
};

static void hide_customer(struct facts *facts, bool provider)
{
	facts->customer_found = COULD_NOT_TELL;
	facts->customer = NULL;
	facts->product_class = PRODUCT_UNKNOWN;
	if (facts->sender.kind != SENDER_PARTNER_OF_RECORD)
		return;
	facts->sender.kind = SENDER_PARTNER;
	if (provider) {
		facts->sender.proof = PROOF_UNPROVEN;
		facts->sender.unproven_author = true;
		facts->marks |= MARK_UNPROVEN_AUTHOR;
	}
}

static void hide_classification(struct facts *facts, bool products)
{
	const unsigned found_by_classifying =
		MARK_UNDECODABLE | MARK_CONFLICTING_EVIDENCE | MARK_OBFUSCATED | MARK_UNTRUSTED_TAG;

	facts->marks &= ~found_by_classifying;
	if (products && facts->sender.kind == SENDER_PARTNER && facts->sender.proof == PROOF_PROVEN)
		facts->sender.kind = SENDER_PARTNER_OF_RECORD;
}

static struct facts hide(struct facts facts, struct classification *classification,
			 const struct ignorance *ignorance)
{
	if (ignorance->customer)
		hide_customer(&facts, ignorance->provider);
	if (ignorance->classification) {
		*classification = (struct classification){.known = false};
		hide_classification(&facts, ignorance->products);
	}
	if (ignorance->sender) {
		facts.sender = (struct sender){.known = false};
		facts.marks &= ~(unsigned)MARK_UNPROVEN_AUTHOR;
	}
	return facts;
}

static const struct ignorance ignorances[] = {
	{.customer = true},
	{.customer = true, .provider = true},
	{.sender = true},
	{.classification = true},
	{.classification = true, .products = true},
	{.customer = true, .sender = true},
	{.customer = true, .classification = true},
	{.customer = true, .classification = true, .provider = true},
	{.sender = true, .classification = true},
	{.customer = true, .sender = true, .classification = true},
};

static void every_world_gets_the_row_of_the_decision_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORLD_COUNT; i++) {
		struct world world = world_number(i);
		struct classification classification = classification_of(&world);
		struct facts facts = facts_of(&world, &classification);
		struct verdict verdict;
		const char *rule;
		enum disposition expected = outcome(&rule, &world);

		csp_policy_evaluate(&verdict, &shipped_policy, &shipped_categories, &facts);
		assert_int_equal(verdict.disposition, expected);
		assert_true(csp_span_equal(verdict.rule, csp_span_from(rule)));
		assert_false(verdict.fault);
		assert_true(verdict.outside ==
			    (!verdict.decided_by &&
			     !csp_span_equal(verdict.rule, SPAN_LIT("default"))));
	}
}

/* Whatever was hidden, a verdict that is given is the one that the whole truth would have got. */
static void what_is_not_known_never_changes_a_verdict(void **state)
{
	size_t faults = 0, verdicts = 0;

	(void)state;
	for (size_t i = 0; i < WORLD_COUNT * COUNT(ignorances); i++) {
		struct world world = world_number(i / COUNT(ignorances));
		struct classification classification = classification_of(&world);
		struct facts facts = facts_of(&world, &classification);
		struct verdict verdict;
		const char *rule;

		facts = hide(facts, &classification, &ignorances[i % COUNT(ignorances)]);
		csp_policy_evaluate(&verdict, &shipped_policy, &shipped_categories, &facts);
		if (verdict.fault) {
			assert_int_equal(verdict.disposition, DISPOSITION_TEMPFAIL);
			assert_true(csp_span_equal(verdict.rule, SPAN_LIT("fault")));
			faults++;
			continue;
		}
		assert_int_equal(verdict.disposition, outcome(&rule, &world));
		verdicts++;
	}
	assert_true(faults > 0);
	assert_true(verdicts > 0);
}

static void nobody_is_blocked_while_the_directory_cannot_tell(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORLD_COUNT; i++) {
		static const struct ignorance gone = {.customer = true};
		struct world world = world_number(i);
		struct classification classification = classification_of(&world);
		struct facts facts = facts_of(&world, &classification);
		struct verdict verdict;

		facts = hide(facts, &classification, &gone);
		csp_policy_evaluate(&verdict, &shipped_policy, &shipped_categories, &facts);
		assert_int_not_equal(verdict.disposition, DISPOSITION_BLOCK);
	}
}

/* The conflict rule asks for a mark on purpose; every other mark may only make a verdict graver. */
static void a_marked_message_never_gets_a_milder_verdict_than_its_clean_twin(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORLD_COUNT; i++) {
		struct world world = world_number(i);
		struct classification classification = classification_of(&world);
		struct verdict clean, marked;
		struct facts facts = facts_of(&world, &classification);

		csp_policy_evaluate(&clean, &shipped_policy, &shipped_categories, &facts);
		for (unsigned bit = 0; bit < MARK_COUNT; bit++) {
			if (BIT(bit) == MARK_CONFLICTING_EVIDENCE)
				continue;
			struct facts twin = facts;
			twin.marks |= BIT(bit);
			csp_policy_evaluate(&marked, &shipped_policy, &shipped_categories, &twin);
			assert_true(marked.disposition >= clean.disposition);
		}
	}
}

static void a_mark_never_earns_a_certain_pass_where_something_is_not_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORLD_COUNT * COUNT(ignorances); i++) {
		struct world world = world_number(i / COUNT(ignorances));
		struct classification classification = classification_of(&world);
		struct facts facts = facts_of(&world, &classification);
		struct verdict verdict;

		facts = hide(facts, &classification, &ignorances[i % COUNT(ignorances)]);
		csp_policy_evaluate(&verdict, &shipped_policy, &shipped_categories, &facts);
		if (facts.marks && !verdict.outside && !verdict.fault &&
		    verdict.disposition == DISPOSITION_PASS)
			assert_true(csp_span_equal(verdict.rule, SPAN_LIT("partner-of-record")));
	}
}

struct known_case {
	const char *what;
	enum found found;
	struct sender sender;
	bool classified;
	unsigned category;
	unsigned marks;
	enum disposition disposition;
	const char *rule;
};

#define VENDOR                                                                                     \
	{                                                                                          \
		.known = true, .kind = SENDER_VENDOR, .proof = PROOF_UNKNOWN                       \
	}
#define PARTNER_PROVEN                                                                             \
	{                                                                                          \
		.known = true, .kind = SENDER_PARTNER, .proof = PROOF_PROVEN                       \
	}
#define NOT_KNOWN                                                                                  \
	{                                                                                          \
		.known = false, .kind = SENDER_OTHER, .proof = PROOF_UNKNOWN                       \
	}

static const struct known_case fault_cases[] = {
	{"incident, no directory, the vendor", COULD_NOT_TELL, VENDOR, true, CATEGORY_INCIDENT, 0,
	 DISPOSITION_PASS, "service-notice"},
	{"incident, no directory, a stranger's domain cannot be looked up", COULD_NOT_TELL,
	 NOT_KNOWN, true, CATEGORY_INCIDENT, 0, DISPOSITION_TEMPFAIL, "fault"},
	{"subscription, no directory", COULD_NOT_TELL, VENDOR, true, CATEGORY_SUBSCRIPTION, 0,
	 DISPOSITION_TEMPFAIL, "fault"},
	{"incident with a mark, no directory: a stranger would pass, a customer be flagged",
	 COULD_NOT_TELL, VENDOR, true, CATEGORY_INCIDENT, MARK_UNDECODABLE, DISPOSITION_TEMPFAIL,
	 "fault"},
	{"incident to a route, no directory: flagged whoever it is", COULD_NOT_TELL, VENDOR, true,
	 CATEGORY_INCIDENT, MARK_ROUTED_RECIPIENT, DISPOSITION_FLAG, "service-notice"},
	{"a partner may be of record for who cannot be looked up", COULD_NOT_TELL, PARTNER_PROVEN,
	 true, CATEGORY_SUBSCRIPTION, 0, DISPOSITION_TEMPFAIL, "fault"},
	{"subscription, authors not known", FOUND, NOT_KNOWN, true, CATEGORY_SUBSCRIPTION, 0,
	 DISPOSITION_TEMPFAIL, "fault"},
	{"incident, authors not known: an author may be unproven", FOUND, NOT_KNOWN, true,
	 CATEGORY_INCIDENT, 0, DISPOSITION_TEMPFAIL, "fault"},
	{"matcher failed", FOUND, VENDOR, false, 0, 0, DISPOSITION_TEMPFAIL, "fault"},
	{"matcher failed, stranger", NOT_FOUND, VENDOR, false, 0, 0, DISPOSITION_PASS,
	 "not-a-customer"},
	{"subscription to a route that leads to nobody known", NOT_FOUND, VENDOR, true,
	 CATEGORY_SUBSCRIPTION, MARK_ROUTED_RECIPIENT, DISPOSITION_FLAG, "default"},
	{"incident to a route that leads to nobody known", NOT_FOUND, VENDOR, true,
	 CATEGORY_INCIDENT, MARK_ROUTED_RECIPIENT, DISPOSITION_FLAG, "default"},
	{"a route to nobody known is flagged though nothing else is known either", NOT_FOUND,
	 NOT_KNOWN, false, 0, MARK_ROUTED_RECIPIENT, DISPOSITION_FLAG, "default"},
};

static void unknown_facts_fault_only_where_they_matter(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(fault_cases); i++) {
		const struct known_case *c = &fault_cases[i];
		struct classification classification = {.known = c->classified,
							.category = c->category};
		struct facts facts = {
			.customer_found = c->found,
			.customer = c->found == FOUND ? &plain_customer : NULL,
			.classification = &classification,
			.sender = c->sender,
			.product_class = PRODUCT_CSP,
			.marks = c->marks,
		};
		struct verdict verdict;

		csp_policy_evaluate(&verdict, &shipped_policy, &shipped_categories, &facts);
		if (verdict.disposition != c->disposition ||
		    !csp_span_equal(verdict.rule, csp_span_from(c->rule)))
			fail_msg("%s: %s by %.*s", c->what,
				 csp_disposition_name(verdict.disposition), SPAN_ARG(verdict.rule));
	}
}

static struct verdict evaluate(const struct rule *rules, size_t count, struct facts facts)
{
	const struct policy policy = {.rules = rules, .rule_count = count};
	struct verdict verdict;

	csp_policy_evaluate(&verdict, &policy, &shipped_categories, &facts);
	return verdict;
}

static const struct classification subscription = {.known = true,
						   .category = CATEGORY_SUBSCRIPTION};
static const struct classification unclassified = {.known = false};

static struct facts vendor_subscription(void)
{
	return (struct facts){
		.customer_found = FOUND,
		.customer = &plain_customer,
		.classification = &subscription,
		.sender = VENDOR,
		.product_class = PRODUCT_CSP,
	};
}

static void a_pass_rule_softens_to_a_flag_unless_it_is_despite_every_mark(void **state)
{
	static const struct {
		unsigned despite, marks;
		enum disposition disposition;
	} cases[] = {
		{0, 0, DISPOSITION_PASS},
		{0, MARK_TRUNCATED, DISPOSITION_FLAG},
		{MARK_TRUNCATED, MARK_TRUNCATED, DISPOSITION_PASS},
		{MARK_TRUNCATED, MARK_TRUNCATED | MARK_OBFUSCATED, DISPOSITION_FLAG},
		{~0U, (1U << MARK_COUNT) - 1, DISPOSITION_PASS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct rule rule = {.name = SPAN_LIT("r"),
					  .disposition = DISPOSITION_PASS,
					  .mode = MODE_ENFORCE,
					  .despite = cases[i].despite};
		struct facts facts = vendor_subscription();
		facts.marks = cases[i].marks;
		struct verdict verdict = evaluate(&rule, 1, facts);
		assert_int_equal(verdict.disposition, cases[i].disposition);
		assert_true(verdict.softened == (cases[i].disposition == DISPOSITION_FLAG));
		assert_ptr_equal(verdict.decided_by, &rule);
	}
}

static void without_a_matching_rule_the_default_passes_what_is_plain(void **state)
{
	struct facts facts = vendor_subscription();

	(void)state;
	struct verdict verdict = evaluate(NULL, 0, facts);
	assert_int_equal(verdict.disposition, DISPOSITION_PASS);
	assert_true(csp_span_equal(verdict.rule, SPAN_LIT("default")));
	facts.marks = MARK_BARE_NEWLINE;
	verdict = evaluate(NULL, 0, facts);
	assert_int_equal(verdict.disposition, DISPOSITION_FLAG);
	assert_true(verdict.softened);
}

static void monitor_rules_are_noted_in_order_and_do_not_decide(void **state)
{
	const struct rule rules[] = {
		{.name = SPAN_LIT("first"), .disposition = DISPOSITION_BLOCK, .mode = MODE_MONITOR},
		{.name = SPAN_LIT("not me"),
		 .match = {.senders = BIT(SENDER_OTHER)},
		 .disposition = DISPOSITION_BLOCK,
		 .mode = MODE_MONITOR},
		{.name = SPAN_LIT("second"), .disposition = DISPOSITION_FLAG, .mode = MODE_MONITOR},
		{.name = SPAN_LIT("decides"),
		 .disposition = DISPOSITION_PASS,
		 .mode = MODE_ENFORCE},
		{.name = SPAN_LIT("behind"), .disposition = DISPOSITION_FLAG, .mode = MODE_MONITOR},
	};

	(void)state;
	struct verdict verdict = evaluate(rules, COUNT(rules), vendor_subscription());
	assert_int_equal(verdict.disposition, DISPOSITION_PASS);
	assert_ptr_equal(verdict.decided_by, &rules[3]);
	assert_int_equal(verdict.would_count, 2);
	assert_ptr_equal(verdict.would[0], &rules[0]);
	assert_ptr_equal(verdict.would[1], &rules[2]);
}

static void more_monitor_rules_than_fit_are_left_out(void **state)
{
	struct rule rules[WOULD_MAX + 3];

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++)
		rules[i] = (struct rule){.name = SPAN_LIT("m"),
					 .disposition = DISPOSITION_FLAG,
					 .mode = MODE_MONITOR};
	struct verdict verdict = evaluate(rules, COUNT(rules), vendor_subscription());
	assert_int_equal(verdict.would_count, WOULD_MAX);
	assert_int_equal(verdict.disposition, DISPOSITION_PASS);
}

static void a_monitor_rule_that_is_not_known_to_match_changes_nothing(void **state)
{
	const struct rule rules[] = {
		{.name = SPAN_LIT("monitor"),
		 .match = {.categories = BIT(CATEGORY_SUBSCRIPTION)},
		 .disposition = DISPOSITION_BLOCK,
		 .mode = MODE_MONITOR},
		{.name = SPAN_LIT("flag"), .disposition = DISPOSITION_FLAG, .mode = MODE_ENFORCE},
	};
	struct facts facts = vendor_subscription();

	(void)state;
	facts.classification = &unclassified;
	struct verdict verdict = evaluate(rules, COUNT(rules), facts);
	assert_int_equal(verdict.would_count, 0);
	assert_int_equal(verdict.disposition, DISPOSITION_FLAG);
	assert_false(verdict.fault);
}

static void unknown_rules_of_one_disposition_before_a_certain_one_leave_it_standing(void **state)
{
	const struct rule rules[] = {
		{.name = SPAN_LIT("maybe"),
		 .match = {.categories = BIT(CATEGORY_INCIDENT)},
		 .disposition = DISPOSITION_BLOCK,
		 .mode = MODE_ENFORCE},
		{.name = SPAN_LIT("surely"),
		 .match = {.senders = BIT(SENDER_VENDOR)},
		 .disposition = DISPOSITION_BLOCK,
		 .mode = MODE_ENFORCE},
	};
	struct facts facts = vendor_subscription();

	(void)state;
	facts.classification = &unclassified;
	struct verdict verdict = evaluate(rules, COUNT(rules), facts);
	assert_int_equal(verdict.disposition, DISPOSITION_BLOCK);
	assert_ptr_equal(verdict.decided_by, &rules[1]);
	assert_false(verdict.fault);
}

static void except_wins_and_an_unknown_except_makes_the_rule_unknown(void **state)
{
	const struct rule rule = {
		.name = SPAN_LIT("r"),
		.match = {.senders = BIT(SENDER_VENDOR)},
		.has_except = true,
		.except = {.categories = BIT(CATEGORY_SUBSCRIPTION)},
		.disposition = DISPOSITION_BLOCK,
		.mode = MODE_ENFORCE,
	};
	const struct classification incident = {.known = true, .category = CATEGORY_INCIDENT};
	struct facts facts = vendor_subscription();

	(void)state;
	assert_int_equal(look_at(&rule, &facts), TRUTH_NO);
	facts.classification = &incident;
	assert_int_equal(look_at(&rule, &facts), TRUTH_YES);
	facts.classification = &unclassified;
	assert_int_equal(look_at(&rule, &facts), TRUTH_UNKNOWN);
	facts.sender = (struct sender){.known = true, .kind = SENDER_OTHER, .proof = PROOF_UNKNOWN};
	assert_int_equal(look_at(&rule, &facts), TRUTH_NO);
}

static void every_rule_asks_for_a_customer(void **state)
{
	const struct rule rule = {.disposition = DISPOSITION_PASS};
	struct facts facts = vendor_subscription();

	(void)state;
	assert_int_equal(look_at(&rule, &facts), TRUTH_YES);
	facts.customer = NULL;
	facts.customer_found = COULD_NOT_TELL;
	assert_int_equal(look_at(&rule, &facts), TRUTH_UNKNOWN);
	facts.customer_found = NOT_FOUND;
	assert_int_equal(look_at(&rule, &facts), TRUTH_NO);
	facts.marks = MARK_ROUTED_RECIPIENT;
	assert_int_equal(look_at(&rule, &facts), TRUTH_UNKNOWN);
}

struct criterion_case {
	const char *what;
	struct criteria criteria;
	enum truth known, no_customer, no_sender, no_classification;
};

static const struct span other_list[] = {TEXT("some-list")};
static const struct span us_gov[] = {TEXT("us-gov")};
static const struct span crm[] = {TEXT("crm")};
static const uint64_t listed_authors[] = {2, 8};
static const struct client crm_client = {.login = TEXT("crm")};

/* Against a plain vendor's subscription mail on no list, without marks, about a CSP product. */
static const struct criterion_case criterion_cases[] = {
	{"none", {0}, TRUTH_YES, TRUTH_YES, TRUTH_YES, TRUTH_YES},
	{"category",
	 {.categories = 1U << CATEGORY_SUBSCRIPTION},
	 TRUTH_YES,
	 TRUTH_YES,
	 TRUTH_YES,
	 TRUTH_UNKNOWN},
	{"other category",
	 {.categories = 1U << CATEGORY_INCIDENT},
	 TRUTH_NO,
	 TRUTH_NO,
	 TRUTH_NO,
	 TRUTH_UNKNOWN},
	{"sender",
	 {.senders = 1U << SENDER_VENDOR},
	 TRUTH_YES,
	 TRUTH_YES,
	 TRUTH_UNKNOWN,
	 TRUTH_YES},
	{"other sender",
	 {.senders = 1U << SENDER_PARTNER_OF_RECORD},
	 TRUTH_NO,
	 TRUTH_NO,
	 TRUTH_UNKNOWN,
	 TRUTH_NO},
	{"proof", {.proofs = 1U << PROOF_UNKNOWN}, TRUTH_YES, TRUTH_YES, TRUTH_UNKNOWN, TRUTH_YES},
	{"other proof",
	 {.proofs = 1U << PROOF_PROVEN},
	 TRUTH_NO,
	 TRUTH_NO,
	 TRUTH_UNKNOWN,
	 TRUTH_NO},
	{"product",
	 {.product_classes = 1U << PRODUCT_CSP},
	 TRUTH_YES,
	 TRUTH_UNKNOWN,
	 TRUTH_YES,
	 TRUTH_UNKNOWN},
	{"other product",
	 {.product_classes = 1U << PRODUCT_DIRECT},
	 TRUTH_NO,
	 TRUTH_UNKNOWN,
	 TRUTH_NO,
	 TRUTH_UNKNOWN},
	{"mark", {.marks = MARK_OBFUSCATED}, TRUTH_NO, TRUTH_NO, TRUTH_NO, TRUTH_UNKNOWN},
	{"unproven author",
	 {.marks = MARK_UNPROVEN_AUTHOR},
	 TRUTH_NO,
	 TRUTH_NO,
	 TRUTH_UNKNOWN,
	 TRUTH_UNKNOWN},
	{"list", {.lists = {other_list, 1}}, TRUTH_NO, TRUTH_NO, TRUTH_NO, TRUTH_UNKNOWN},
	{"also direct", {.also_direct = ALSO_YES}, TRUTH_NO, TRUTH_UNKNOWN, TRUTH_NO, TRUTH_NO},
	{"not direct", {.also_direct = ALSO_NO}, TRUTH_YES, TRUTH_UNKNOWN, TRUTH_YES, TRUTH_YES},
	{"cloud", {.clouds = {us_gov, 1}}, TRUTH_NO, TRUTH_UNKNOWN, TRUTH_NO, TRUTH_NO},
	{"author list", {.author_lists = 2}, TRUTH_YES, TRUTH_YES, TRUTH_YES, TRUTH_YES},
	{"all authors",
	 {.author_lists = 2, .favours = true},
	 TRUTH_NO,
	 TRUTH_NO,
	 TRUTH_NO,
	 TRUTH_NO},
	{"all authors, each on a list of its own",
	 {.author_lists = 10, .favours = true},
	 TRUTH_YES,
	 TRUTH_YES,
	 TRUTH_YES,
	 TRUTH_YES},
	{"another author list", {.author_lists = 4}, TRUTH_NO, TRUTH_NO, TRUTH_NO, TRUTH_NO},
	{"recipient list", {.recipient_lists = 5}, TRUTH_YES, TRUTH_YES, TRUTH_YES, TRUTH_YES},
	{"other recipients", {.recipient_lists = 2}, TRUTH_NO, TRUTH_NO, TRUTH_NO, TRUTH_NO},
	{"client", {.client = {.logins = {crm, 1}}}, TRUTH_YES, TRUTH_YES, TRUTH_YES, TRUTH_YES},
	{"other client",
	 {.client = {.logins = {us_gov, 1}}},
	 TRUTH_NO,
	 TRUTH_NO,
	 TRUTH_NO,
	 TRUTH_NO},
	{"header", {.headers = 3}, TRUTH_YES, TRUTH_YES, TRUTH_YES, TRUTH_YES},
	{"other header", {.headers = 2}, TRUTH_NO, TRUTH_NO, TRUTH_NO, TRUTH_NO},
};

static void check_criterion(const struct criterion_case *c, const char *when,
			    const struct facts *facts, enum truth expected)
{
	const struct rule rule = {.match = c->criteria};
	enum truth truth = look_at(&rule, facts);

	/* Without a customer no rule is certain, whatever its criterion says. */
	if (facts->customer_found == COULD_NOT_TELL && expected == TRUTH_YES)
		expected = TRUTH_UNKNOWN;
	if (truth != expected)
		fail_msg("%s, %s: %d", c->what, when, truth);
}

static void each_criterion_is_unknown_exactly_where_its_fact_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(criterion_cases); i++) {
		const struct criterion_case *c = &criterion_cases[i];
		struct facts known = vendor_subscription();

		known.client = &crm_client;
		known.author_lists = listed_authors;
		known.author_count = 2;
		known.recipient_lists = 4;
		known.headers = 1;
		struct facts facts = known;
		check_criterion(c, "all known", &facts, c->known);
		facts.customer_found = COULD_NOT_TELL;
		facts.customer = NULL;
		check_criterion(c, "customer not known", &facts, c->no_customer);
		facts = known;
		facts.sender.known = false;
		check_criterion(c, "sender not known", &facts, c->no_sender);
		facts = known;
		facts.classification = &unclassified;
		check_criterion(c, "classification not known", &facts, c->no_classification);
	}
}

static const struct rule *decided_by(const struct rule *rules, size_t count,
				     const struct facts *facts, struct verdict *verdict)
{
	const struct policy policy = {.rules = rules, .rule_count = count};

	csp_policy_evaluate(verdict, &policy, &shipped_categories, facts);
	return verdict->decided_by;
}

/* Who could not be taken down may be on no list, and a message without authors is nobody's. */
static void a_pass_wants_every_author_that_there_is(void **state)
{
	const struct rule rule = {.match = {.author_lists = 10, .favours = true}};
	const struct rule block = {.match = {.author_lists = 10}};
	struct facts facts = vendor_subscription();

	(void)state;
	facts.author_lists = listed_authors;
	facts.author_count = 2;
	assert_int_equal(look_at(&rule, &facts), TRUTH_YES);
	facts.authors_incomplete = true;
	assert_int_equal(look_at(&rule, &facts), TRUTH_NO);
	assert_int_equal(look_at(&block, &facts), TRUTH_YES);
	facts.authors_incomplete = false;
	facts.author_count = 0;
	assert_int_equal(look_at(&rule, &facts), TRUTH_NO);
	assert_int_equal(look_at(&block, &facts), TRUTH_NO);
}

static void beside_its_dates_a_rule_is_in_monitor_mode(void **state)
{
	const struct rule rules[] = {{.name = TEXT("dated"),
				      .mode = MODE_ENFORCE,
				      .disposition = DISPOSITION_BLOCK,
				      .from = 100,
				      .until = 200},
				     {.name = TEXT("rest"), .mode = MODE_ENFORCE}};
	static const struct {
		int64_t now;
		bool enforced;
	} cases[] = {{99, false}, {100, true}, {199, true}, {200, false}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct facts facts = vendor_subscription();
		struct verdict verdict;

		facts.now = cases[i].now;
		assert_ptr_equal(decided_by(rules, 2, &facts, &verdict),
				 &rules[cases[i].enforced ? 0 : 1]);
		assert_int_equal(verdict.would_count, cases[i].enforced ? 0 : 1);
		if (!cases[i].enforced)
			assert_ptr_equal(verdict.would[0], &rules[0]);
	}
}

/* The share is about what it says, a higher one takes what a lower one took, and rules choose apart. */
static void a_share_only_grows(void **state)
{
	struct rule rule = {.salt = UINT64_C(0x1234567890abcdef)};
	const struct rule other = {.salt = UINT64_C(0xfedcba9876543210), .percent = 50};
	unsigned both = 0;

	(void)state;
	for (unsigned percent = 1; percent < 100; percent++) {
		unsigned taken = 0;
		for (uint64_t i = 0; i < 10000; i++) {
			uint64_t sample = i * UINT64_C(0x9e3779b97f4a7c15);
			rule.percent = percent;
			bool takes = csp_rule_takes_sample(&rule, sample);
			taken += takes;
			if (percent == 50)
				both += takes && csp_rule_takes_sample(&other, sample);
			rule.percent = percent + 1;
			assert_true(!takes || percent == 99 ||
				    csp_rule_takes_sample(&rule, sample));
		}
		assert_in_range(taken, percent * 100 - (percent < 3 ? percent * 50 : 200),
				percent * 100 + 200);
	}
	assert_in_range(both, 2200, 2800);
}

static void a_share_is_not_told_before_the_customer_is(void **state)
{
	const struct rule rules[] = {{.name = TEXT("share"),
				      .mode = MODE_ENFORCE,
				      .disposition = DISPOSITION_BLOCK,
				      .percent = 50},
				     {.name = TEXT("rest"), .mode = MODE_ENFORCE}};
	struct facts facts = vendor_subscription();
	struct verdict verdict;
	bool seen[2] = {false, false};

	(void)state;
	for (uint64_t i = 0; i < 64; i++) {
		facts.sample = i;
		bool taken = csp_rule_takes_sample(&rules[0], i);
		assert_ptr_equal(decided_by(rules, 2, &facts, &verdict), &rules[taken ? 0 : 1]);
		assert_int_equal(verdict.would_count, taken ? 0 : 1);
		seen[taken] = true;
	}
	assert_true(seen[0] && seen[1]);
	facts.customer = NULL;
	facts.customer_found = COULD_NOT_TELL;
	assert_null(decided_by(rules, 2, &facts, &verdict));
	assert_true(verdict.fault);
}

/* The twin of a message whose author is named in an odd way may be blocked, so it is. */
static void an_odd_author_chooses_no_share(void **state)
{
	struct rule rules[] = {{.name = TEXT("share"), .mode = MODE_ENFORCE, .percent = 50},
			       {.name = TEXT("rest"), .mode = MODE_ENFORCE}};
	static const enum disposition dispositions[] = {DISPOSITION_BLOCK, DISPOSITION_FLAG,
							DISPOSITION_PASS};

	(void)state;
	for (size_t i = 0; i < COUNT(dispositions) * 64; i++) {
		struct facts facts = vendor_subscription();
		struct verdict verdict;

		rules[0].disposition = dispositions[i / 64];
		facts.sample = i % 64;
		facts.marks = MARK_AMBIGUOUS_AUTHOR;
		assert_ptr_equal(decided_by(rules, 2, &facts, &verdict),
				 &rules[dispositions[i / 64] == DISPOSITION_PASS ? 1 : 0]);
	}
}

/* Every rule kind, with each input that may fail: no pass that was not decided, and a fault where it would have mattered. */
static void a_failed_input_never_passes_what_might_be_blocked(void **state)
{
	static const struct rule kinds[] = {
		{.match = {.categories = 1U << CATEGORY_SUBSCRIPTION}},
		{.match = {.senders = 1U << SENDER_VENDOR}},
		{.match = {.product_classes = 1U << PRODUCT_CSP}},
		{.match = {.also_direct = ALSO_NO}},
		{.match = {.clouds = {us_gov, 1}}},
		{.match = {.marks = MARK_OBFUSCATED}},
		{.match = {.lists = {other_list, 1}}},
		{.match = {.categories = 1U << CATEGORY_SUBSCRIPTION},
		 .has_except = true,
		 .except = {.senders = 1U << SENDER_PARTNER_OF_RECORD}},
		{.match = {.categories = 1U << CATEGORY_SUBSCRIPTION}, .percent = 50},
		{.match = {.recipient_lists = 4}},
		{.match = {.headers = 1}},
	};
	static const enum action actions[] = {ACTION_REJECT, ACTION_QUARANTINE, ACTION_REDIRECT,
					      ACTION_TEMPFAIL};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds) * COUNT(actions); i++) {
		struct rule rules[] = {kinds[i / COUNT(actions)],
				       {.name = TEXT("rest"), .mode = MODE_ENFORCE}};
		rules[0].name = SPAN_LIT("kind");
		rules[0].mode = MODE_ENFORCE;
		rules[0].disposition = DISPOSITION_BLOCK;
		rules[0].action = actions[i % COUNT(actions)];
		for (int failed = 0; failed < 7; failed++) {
			struct facts facts = vendor_subscription();
			struct verdict verdict;
			struct look look;

			facts.client = &crm_client;
			facts.recipient_lists = 4;
			facts.headers = 1;
			if (failed & 1 || failed == 0) {
				facts.customer_found = COULD_NOT_TELL;
				facts.customer = NULL;
			}
			if (failed & 2)
				facts.sender.known = false;
			if (failed & 4)
				facts.classification = &unclassified;
			csp_policy_look(&look, &rules[0], &facts);
			const struct rule *decided = decided_by(rules, 2, &facts, &verdict);
			if (look.truth == TRUTH_NO)
				continue;
			if (verdict.disposition == DISPOSITION_PASS)
				fail_msg("kind %zu, failed %d", i, failed);
			assert_true(verdict.fault || decided == &rules[0]);
		}
	}
}

static void being_of_record_is_not_known_before_the_products_are(void **state)
{
	const struct rule rule = {.match = {.senders = BIT(SENDER_PARTNER_OF_RECORD)}};
	struct facts facts = vendor_subscription();

	(void)state;
	facts.sender = (struct sender){
		.known = true, .kind = SENDER_PARTNER_OF_RECORD, .proof = PROOF_PROVEN};
	assert_int_equal(look_at(&rule, &facts), TRUTH_YES);
	facts.classification = &unclassified;
	assert_int_equal(look_at(&rule, &facts), TRUTH_UNKNOWN);
}

/* The proof of a provider shows only with the customer that it is one for. */
static void an_unproven_partner_is_not_certain_before_the_customer_is_known(void **state)
{
	const struct rule rules[] = {
		{.name = SPAN_LIT("doubt"),
		 .match = {.marks = MARK_UNPROVEN_AUTHOR},
		 .disposition = DISPOSITION_FLAG,
		 .mode = MODE_ENFORCE},
		{.name = SPAN_LIT("rest"), .disposition = DISPOSITION_PASS, .mode = MODE_ENFORCE},
	};
	struct facts facts = vendor_subscription();

	(void)state;
	facts.sender = (struct sender){.known = true,
				       .kind = SENDER_PARTNER,
				       .proof = PROOF_UNPROVEN,
				       .unproven_author = true};
	facts.marks = MARK_UNPROVEN_AUTHOR;
	assert_int_equal(evaluate(rules, COUNT(rules), facts).disposition, DISPOSITION_FLAG);
	facts.marks |= MARK_ROUTED_RECIPIENT;
	facts.customer_found = COULD_NOT_TELL;
	facts.customer = NULL;
	assert_int_equal(evaluate(rules, COUNT(rules), facts).disposition, DISPOSITION_FLAG);
	const struct rule despite = {.name = SPAN_LIT("despite"),
				     .disposition = DISPOSITION_PASS,
				     .despite = MARK_ROUTED_RECIPIENT,
				     .mode = MODE_ENFORCE};
	assert_true(evaluate(&despite, 1, facts).fault);
}

struct outside_case {
	const char *what;
	bool own_domain, report;
	enum found found;
	unsigned category, marks;
	const char *rule; /* "" when the rules are asked */
};

static const struct outside_case outside_cases[] = {
	{"a stranger", false, false, NOT_FOUND, CATEGORY_SUBSCRIPTION, 0, "not-a-customer"},
	{"a stranger, with a mark", false, false, NOT_FOUND, CATEGORY_SUBSCRIPTION,
	 MARK_UNDECODABLE, "not-a-customer"},
	{"our own", true, false, NOT_FOUND, CATEGORY_SUBSCRIPTION, 0, "own-domain"},
	{"our own, also a customer", true, false, FOUND, CATEGORY_SUBSCRIPTION, 0, "own-domain"},
	{"our own, no directory", true, false, COULD_NOT_TELL, CATEGORY_SUBSCRIPTION, 0,
	 "own-domain"},
	{"routed over our own", true, false, FOUND, CATEGORY_SUBSCRIPTION, MARK_ROUTED_RECIPIENT,
	 ""},
	{"a report", false, true, FOUND, CATEGORY_OTHER, 0, "dsn"},
	{"a report, no directory", false, true, COULD_NOT_TELL, CATEGORY_OTHER, 0, "dsn"},
	{"a report from a daemon that proves nothing", false, true, FOUND, CATEGORY_OTHER,
	 MARK_UNPROVEN_AUTHOR, "dsn"},
	{"a report that is subscription mail", false, true, FOUND, CATEGORY_SUBSCRIPTION, 0, ""},
	{"a report that cannot be read", false, true, FOUND, CATEGORY_OTHER, MARK_UNDECODABLE, ""},
};

static void what_passes_before_the_rules_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(outside_cases); i++) {
		const struct outside_case *c = &outside_cases[i];
		const struct classification classification = {.known = true,
							      .category = c->category};
		struct facts facts = vendor_subscription();
		struct verdict verdict;

		facts.customer_found = c->found;
		facts.customer = c->found == FOUND ? &plain_customer : NULL;
		facts.classification = &classification;
		facts.marks = c->marks;
		facts.own_domain = c->own_domain;
		facts.null_reverse_path_report = c->report;
		csp_policy_evaluate(&verdict, &shipped_policy, &shipped_categories, &facts);
		if (verdict.outside != (*c->rule != '\0'))
			fail_msg("%s: by %.*s", c->what, SPAN_ARG(verdict.rule));
		if (!verdict.outside)
			continue;
		assert_true(csp_span_equal(verdict.rule, csp_span_from(c->rule)));
		assert_int_equal(verdict.disposition, DISPOSITION_PASS);
		assert_null(verdict.decided_by);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_world_gets_the_row_of_the_decision_table),
		cmocka_unit_test(what_is_not_known_never_changes_a_verdict),
		cmocka_unit_test(nobody_is_blocked_while_the_directory_cannot_tell),
		cmocka_unit_test(a_marked_message_never_gets_a_milder_verdict_than_its_clean_twin),
		cmocka_unit_test(a_mark_never_earns_a_certain_pass_where_something_is_not_known),
		cmocka_unit_test(unknown_facts_fault_only_where_they_matter),
		cmocka_unit_test(a_pass_rule_softens_to_a_flag_unless_it_is_despite_every_mark),
		cmocka_unit_test(without_a_matching_rule_the_default_passes_what_is_plain),
		cmocka_unit_test(monitor_rules_are_noted_in_order_and_do_not_decide),
		cmocka_unit_test(more_monitor_rules_than_fit_are_left_out),
		cmocka_unit_test(a_monitor_rule_that_is_not_known_to_match_changes_nothing),
		cmocka_unit_test(
			unknown_rules_of_one_disposition_before_a_certain_one_leave_it_standing),
		cmocka_unit_test(except_wins_and_an_unknown_except_makes_the_rule_unknown),
		cmocka_unit_test(every_rule_asks_for_a_customer),
		cmocka_unit_test(each_criterion_is_unknown_exactly_where_its_fact_is),
		cmocka_unit_test(a_pass_wants_every_author_that_there_is),
		cmocka_unit_test(beside_its_dates_a_rule_is_in_monitor_mode),
		cmocka_unit_test(a_share_only_grows),
		cmocka_unit_test(a_share_is_not_told_before_the_customer_is),
		cmocka_unit_test(an_odd_author_chooses_no_share),
		cmocka_unit_test(a_failed_input_never_passes_what_might_be_blocked),
		cmocka_unit_test(being_of_record_is_not_known_before_the_products_are),
		cmocka_unit_test(an_unproven_partner_is_not_certain_before_the_customer_is_known),
		cmocka_unit_test(what_passes_before_the_rules_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
