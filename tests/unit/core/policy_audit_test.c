#include "../check.h"
#include "policy_audit.h"
#include "shipped_rules.h"

#include <stdio.h>

#define NOW 1000000

/* Findings as text: "2<1 " for shadowed, "2e " and so on. */
struct told {
	const struct policy *policy;
	char text[256];
};

static void tell(void *context, const struct rule_finding *finding)
{
	static const char letters[] = "<eohdn";
	struct told *told = context;
	size_t len = strlen(told->text);
	char *out = told->text + len;
	size_t size = sizeof(told->text) - len;
	char letter = letters[finding->fault];

	if (!finding->rule)
		snprintf(out, size, "%c ", letter);
	else if (finding->other)
		snprintf(out, size, "%d%c%d ", (int)(finding->rule - told->policy->rules), letter,
			 (int)(finding->other - told->policy->rules));
	else
		snprintf(out, size, "%d%c ", (int)(finding->rule - told->policy->rules), letter);
}

static void expect(const struct rule *rules, size_t count, enum mixed mixed, const char *text)
{
	const struct policy policy = {.rules = rules, .rule_count = count};
	const struct plan_settings settings = {.mixed = mixed};
	struct told told = {.policy = &policy};

	csp_policy_audit(&policy, &settings, NOW, tell, &told);
	assert_string_equal(told.text, text);
}

static const struct span names[] = {{"a", 1}, {"b", 1}};
static const struct network net8[] = {{{NETADDR_IPV4, {10}}, 8}};
static const struct network net16[] = {{{NETADDR_IPV4, {10, 1}}, 16}};

struct pair {
	const char *what;
	struct criteria wide, narrow; /* the first covers the second, and not the reverse */
};

static const struct pair pairs[] = {
	{"category", {.categories = 3}, {.categories = 1}},
	{"no category", {0}, {.categories = 1}},
	{"sender", {.senders = 7}, {.senders = 4}},
	{"proof", {.proofs = 3}, {.proofs = 2}},
	{"product", {.product_classes = 3}, {.product_classes = 2}},
	{"marks", {.marks = 3}, {.marks = 2}},
	{"list", {.lists = {names, 2}}, {.lists = {names, 1}}},
	{"also direct", {0}, {.also_direct = ALSO_NO}},
	{"cloud", {.clouds = {names, 2}}, {.clouds = {names + 1, 1}}},
	{"author list", {.author_lists = 3}, {.author_lists = 1}},
	{"all authors", {.author_lists = 1}, {.author_lists = 1, .favours = true}},
	{"recipient list", {.recipient_lists = 3}, {.recipient_lists = 1}},
	{"header", {.headers = 3}, {.headers = 2}},
	{"login", {.client = {.logins = {names, 2}}}, {.client = {.logins = {names, 1}}}},
	{"client or another",
	 {.client = {.logins = {names, 1}, .listeners = {names, 1}}},
	 {.client = {.listeners = {names, 1}}}},
	{"network",
	 {.client = {.networks = net8, .network_count = 1}},
	 {.client = {.networks = net16, .network_count = 1}}},
	{"two at once", {.categories = 1}, {.categories = 1, .senders = 1}},
};

static void a_rule_that_takes_less_is_never_reached_behind_one_that_takes_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		const struct rule rules[] = {
			{.match = pairs[i].wide, .mode = MODE_ENFORCE},
			{.match = pairs[i].narrow, .mode = MODE_ENFORCE},
		};
		const struct rule reversed[] = {rules[1], rules[0]};

		print_message("%s\n", pairs[i].what);
		expect(rules, 2, MIXED_REJECT, "1<0 ");
		expect(reversed, 2, MIXED_REJECT, "");
	}
}

static void only_a_rule_that_always_decides_hides_another(void **state)
{
	const struct rule wide = {.match = {.categories = 3}, .mode = MODE_ENFORCE};
	const struct rule narrow = {.match = {.categories = 1}, .mode = MODE_MONITOR};

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct rule rules[] = {wide, narrow};
		rules[0].mode = i == 1 ? MODE_MONITOR : MODE_ENFORCE;
		rules[0].percent = i == 2 ? 50 : 0;
		rules[0].from = i == 3 ? 1 : 0;
		rules[0].until = i == 4 ? NOW + 1 : 0;
		rules[0].has_except = i == 5;
		rules[0].except.senders = 1;
		expect(rules, 2, MIXED_REJECT, i ? "" : "1<0 ");
	}
}

static void an_exception_of_everything_is_told(void **state)
{
	struct rule rule = {.match = {.categories = 1, .senders = 1},
			    .has_except = true,
			    .except = {.categories = 3},
			    .mode = MODE_ENFORCE};

	(void)state;
	expect(&rule, 1, MIXED_REJECT, "0e ");
	rule.except.proofs = 1;
	expect(&rule, 1, MIXED_REJECT, "");
}

static void a_rule_whose_time_has_passed_is_told(void **state)
{
	struct rule rule = {.mode = MODE_ENFORCE, .until = NOW};

	(void)state;
	expect(&rule, 1, MIXED_REJECT, "0o ");
	rule.until++;
	expect(&rule, 1, MIXED_REJECT, "");
}

static void actions_that_the_setting_for_mixed_recipients_undoes_are_told(void **state)
{
	const struct rule rules[] = {
		{.match = {.categories = 1},
		 .mode = MODE_ENFORCE,
		 .disposition = DISPOSITION_BLOCK,
		 .action = ACTION_QUARANTINE},
		{.match = {.categories = 2},
		 .mode = MODE_ENFORCE,
		 .disposition = DISPOSITION_BLOCK,
		 .action = ACTION_TEMPFAIL},
		{.match = {.categories = 4},
		 .mode = MODE_ENFORCE,
		 .disposition = DISPOSITION_BLOCK,
		 .action = ACTION_REJECT},
	};

	(void)state;
	expect(rules, 3, MIXED_REJECT, "");
	expect(rules, 3, MIXED_SPLIT, "0h 1d ");
	expect(rules, 3, MIXED_HOLD, "");
	expect(rules, 2, MIXED_HOLD, "n ");
	expect(rules + 2, 1, MIXED_SPLIT, "");
}

static void the_shipped_rules_say_nothing_in_vain(void **state)
{
	(void)state;
	expect(shipped_rules, COUNT(shipped_rules), MIXED_REJECT, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_rule_that_takes_less_is_never_reached_behind_one_that_takes_more),
		cmocka_unit_test(only_a_rule_that_always_decides_hides_another),
		cmocka_unit_test(an_exception_of_everything_is_told),
		cmocka_unit_test(a_rule_whose_time_has_passed_is_told),
		cmocka_unit_test(actions_that_the_setting_for_mixed_recipients_undoes_are_told),
		cmocka_unit_test(the_shipped_rules_say_nothing_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
