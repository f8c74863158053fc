#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan.h"
#include "shipped_rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID           "01kb00000000000000000000aa"

#define TEXT_100                                                                                   \
	"0123456789012345678901234567890123456789012345678901234567890123456789"                   \
	"012345678901234567890123456789"

struct reply_case {
	const char *text;
	char class;
	bool right;
};

static const struct reply_case reply_cases[] = {
	{"550 5.7.1 no", '5', true},
	{"554 5.0.0 a b c", '5', true},
	{"500 5.0.0 no", '5', true},
	{"550 5.713.999 no", '5', true},
	{"451 4.7.1 later", '4', true},
	{"450 4.3.5 100 % sure, \\ and \"quoted\" $5 {x}", '4', true},
	{"550 5.7.1 ${decision} ${rule} ${category} ${help-url}", '5', true},
	{"550 5.7.1 ${decision}${decision}", '5', true},
	{"550 5.7.1 " TEXT_100 TEXT_100 TEXT_100 TEXT_100, '5', true},
	{"550 5.7.1 " TEXT_100 TEXT_100 TEXT_100 TEXT_100 "x", '5', false},
	{"", '5', false},
	{"550", '5', false},
	{"550 5.7.1", '5', false},
	{"550 5.7.1 ", '5', false},
	{"550 no", '5', false},
	{"550  5.7.1 no", '5', false},
	{" 550 5.7.1 no", '5', false},
	{"55 5.7.1 no", '5', false},
	{"5500 5.7.1 no", '5', false},
	{"5x0 5.7.1 no", '5', false},
	{"560 5.7.1 no", '5', false},
	{"550-5.7.1 no", '5', false},
	{"250 2.0.0 fine", '5', false},
	{"250 2.0.0 fine", '4', false},
	{"451 4.7.1 later", '5', false},
	{"550 5.7.1 no", '4', false},
	{"550 4.7.1 no", '5', false},
	{"451 5.7.1 no", '4', false},
	{"421 4.7.0 bye", '4', false},
	{"550 5.7 no", '5', false},
	{"550 5.7.1.2 no", '5', false},
	{"550 5..1 no", '5', false},
	{"550 5.7. no", '5', false},
	{"550 5.07.1 no", '5', false},
	{"550 5.7.1000 no", '5', false},
	{"550 5.7.x no", '5', false},
	{"550 55.7.1 no", '5', false},
	{"550 5.7.1 ${customer}", '5', false},
	{"550 5.7.1 ${}", '5', false},
	{"550 5.7.1 ${decision", '5', false},
	{"550 5.7.1 ${", '5', false},
	{"550 5.7.1 ${Decision}", '5', false},
	{"550 5.7.1 two\r\nlines", '5', false},
	{"550 5.7.1 a\ttab", '5', false},
	{"550 5.7.1 d\xc3\xa9sol\xc3\xa9", '5', false},
	{"550 5.7.1 \x7f", '5', false},
};

static void replies_are_checked_when_they_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(reply_cases); i++) {
		const struct reply_case *c = &reply_cases[i];
		struct reply reply = {0};
		const char *wrong = csp_reply_parse(&reply, csp_span_from(c->text), c->class);

		if (!wrong != c->right)
			fail_msg("'%s': %s", c->text, wrong ? wrong : "accepted");
		if (wrong)
			assert_int_equal(reply.code.len + reply.enhanced.len + reply.text.len, 0);
	}
}

static void a_nul_in_a_reply_is_refused(void **state)
{
	struct reply reply;

	(void)state;
	assert_non_null(csp_reply_parse(&reply, SPAN_LIT("550 5.7.1 a\0b"), '5'));
}

static void a_reply_is_taken_apart(void **state)
{
	struct reply reply;

	(void)state;
	assert_null(csp_reply_parse(&reply, SPAN_LIT("550 5.7.1  ask your partner "), '5'));
	assert_true(csp_span_equal(reply.code, SPAN_LIT("550")));
	assert_true(csp_span_equal(reply.enhanced, SPAN_LIT("5.7.1")));
	assert_true(csp_span_equal(reply.text, SPAN_LIT("ask your partner")));
}

#define RULE(n)  (&shipped_rules[n])
#define BLOCKING RULE(7)

static const struct classification subscription = {.known = true,
						   .category = CATEGORY_SUBSCRIPTION};

static struct recipient recipient(enum disposition disposition, const struct rule *rule)
{
	struct recipient recipient = {.address = SPAN_LIT("<a@b.example>")};

	recipient.verdict.disposition = disposition;
	recipient.verdict.decided_by = rule;
	recipient.verdict.rule = rule ? rule->name : SPAN_LIT("default");
	return recipient;
}

static struct decision decision_for(const struct recipient *recipients, size_t count)
{
	return (struct decision){
		.id = SPAN_LIT(ID),
		.classification = &subscription,
		.categories = &shipped_categories,
		.recipients = recipients,
		.recipient_count = count,
	};
}

static const struct plan_settings settings = {
	.help_url = TEXT("https://help.example/csp"),
	.fault_reply = {TEXT("451"), TEXT("4.7.1"), TEXT("later (${decision}, ${rule})")},
};

static struct plan plan_of(struct arena *arena, const struct recipient *recipients, size_t count)
{
	struct decision decision = decision_for(recipients, count);
	struct plan plan;

	csp_arena_init(arena, 1 << 16);
	assert_true(csp_plan_make(&plan, arena, &settings, &decision));
	return plan;
}

struct plan_case {
	enum disposition dispositions[3];
	size_t count;
	enum action action;
};

static const struct plan_case plan_cases[] = {
	{{DISPOSITION_PASS}, 0, ACTION_ACCEPT},
	{{DISPOSITION_PASS}, 1, ACTION_ACCEPT},
	{{DISPOSITION_PASS, DISPOSITION_FLAG, DISPOSITION_PASS}, 3, ACTION_FLAG},
	{{DISPOSITION_FLAG, DISPOSITION_BLOCK, DISPOSITION_PASS}, 3, ACTION_REJECT},
	{{DISPOSITION_BLOCK, DISPOSITION_PASS, DISPOSITION_FLAG}, 3, ACTION_REJECT},
	{{DISPOSITION_PASS, DISPOSITION_PASS, DISPOSITION_BLOCK}, 3, ACTION_REJECT},
	{{DISPOSITION_BLOCK, DISPOSITION_TEMPFAIL, DISPOSITION_PASS}, 3, ACTION_TEMPFAIL},
	{{DISPOSITION_TEMPFAIL, DISPOSITION_BLOCK, DISPOSITION_FLAG}, 3, ACTION_TEMPFAIL},
};

static void the_gravest_verdict_makes_the_plan(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(plan_cases); i++) {
		const struct plan_case *c = &plan_cases[i];
		struct recipient recipients[3];
		struct arena arena;

		for (size_t r = 0; r < c->count; r++)
			recipients[r] = recipient(
				c->dispositions[r],
				c->dispositions[r] == DISPOSITION_TEMPFAIL ? NULL : BLOCKING);
		struct plan plan = plan_of(&arena, recipients, c->count);
		assert_int_equal(plan.action, c->action);
		assert_true((plan.reply_code.len > 0) ==
			    (c->action == ACTION_REJECT || c->action == ACTION_TEMPFAIL));
		assert_true((plan.flag.len > 0) == (c->action == ACTION_FLAG));
		assert_true((plan.rule.len > 0) == (c->action != ACTION_ACCEPT));
		csp_arena_dispose(&arena);
	}
}

static void of_equal_verdicts_the_earlier_rule_gives_the_reply(void **state)
{
	const struct rule rules[] = {
		{.name = SPAN_LIT("one"),
		 .action = ACTION_REJECT,
		 .reply = {SPAN_LIT("550"), SPAN_LIT("5.7.1"), SPAN_LIT("first")}},
		{.name = SPAN_LIT("two"),
		 .action = ACTION_REJECT,
		 .reply = {SPAN_LIT("551"), SPAN_LIT("5.7.2"), SPAN_LIT("second")}},
	};
	const struct recipient recipients[] = {
		recipient(DISPOSITION_BLOCK, &rules[1]),
		recipient(DISPOSITION_BLOCK, &rules[0]),
		recipient(DISPOSITION_BLOCK, &rules[0]),
	};
	struct arena arena;

	(void)state;
	struct plan plan = plan_of(&arena, recipients, COUNT(recipients));
	assert_true(csp_span_equal(plan.rule, SPAN_LIT("one")));
	assert_true(csp_span_equal(plan.reply_text, SPAN_LIT("first")));
	csp_arena_dispose(&arena);
}

static void the_gravest_recipient_is_the_first_of_its_rule(void **state)
{
	const struct recipient recipients[] = {
		recipient(DISPOSITION_PASS, RULE(9)), recipient(DISPOSITION_FLAG, NULL),
		recipient(DISPOSITION_FLAG, RULE(5)), recipient(DISPOSITION_FLAG, RULE(4)),
		recipient(DISPOSITION_FLAG, RULE(4)),
	};
	struct decision decision = decision_for(recipients, COUNT(recipients));

	(void)state;
	assert_ptr_equal(csp_decision_gravest(&decision), &recipients[3]);
	decision.recipient_count = 2;
	assert_ptr_equal(csp_decision_gravest(&decision), &recipients[1]);
	decision.recipient_count = 0;
	assert_null(csp_decision_gravest(&decision));
}

static void the_flag_names_nothing_but_the_decision(void **state)
{
	const struct recipient one = recipient(DISPOSITION_FLAG, RULE(3));
	struct arena arena;

	(void)state;
	struct plan plan = plan_of(&arena, &one, 1);
	assert_true(csp_span_equal(plan.flag, SPAN_LIT("flag; id=" ID)));
	csp_arena_dispose(&arena);
}

static void a_template_is_expanded(void **state)
{
	const struct rule rule = {
		.name = SPAN_LIT("subscription"),
		.action = ACTION_REJECT,
		.reply = {SPAN_LIT("550"), SPAN_LIT("5.7.1"),
			  SPAN_LIT("${rule}/${category}: 100% $ see ${help-url} (${decision})")}};
	const struct recipient one = recipient(DISPOSITION_BLOCK, &rule);
	struct arena arena;

	(void)state;
	struct plan plan = plan_of(&arena, &one, 1);
	assert_true(csp_span_equal(plan.reply_code, SPAN_LIT("550")));
	assert_true(csp_span_equal(plan.reply_enhanced, SPAN_LIT("5.7.1")));
	assert_true(
		csp_span_equal(plan.reply_text, SPAN_LIT("subscription/subscription: 100% $ see "
							 "https://help.example/csp (" ID ")")));
	csp_arena_dispose(&arena);
}

static void a_fault_gets_the_fault_reply(void **state)
{
	struct recipient one = recipient(DISPOSITION_TEMPFAIL, NULL);
	struct arena arena;

	(void)state;
	one.verdict.rule = SPAN_LIT("fault");
	struct plan plan = plan_of(&arena, &one, 1);
	assert_true(csp_span_equal(plan.reply_code, SPAN_LIT("451")));
	assert_true(csp_span_equal(plan.reply_text, SPAN_LIT("later (" ID ", fault)")));
	csp_arena_dispose(&arena);
}

static void what_a_name_brings_along_stays_one_short_printable_line(void **state)
{
	char name[600];
	const struct rule rule = {
		.name = {name, sizeof(name)},
		.action = ACTION_REJECT,
		.reply = {SPAN_LIT("550"), SPAN_LIT("5.7.1"), SPAN_LIT("${rule}${rule}")}};
	struct arena arena;

	(void)state;
	memset(name, '\n', sizeof(name));
	name[1] = '\xe9';
	name[2] = 'x';
	const struct recipient one = recipient(DISPOSITION_BLOCK, &rule);
	struct plan plan = plan_of(&arena, &one, 1);
	assert_int_equal(plan.reply_text.len, 480);
	assert_memory_equal(plan.reply_text.data, "??x?", 4);
	for (size_t i = 0; i < plan.reply_text.len; i++)
		assert_in_range(plan.reply_text.data[i], ' ', '~');
	csp_arena_dispose(&arena);
}

static void without_a_category_the_reply_says_so(void **state)
{
	const struct rule rule = {
		.name = SPAN_LIT("r"),
		.action = ACTION_REJECT,
		.reply = {SPAN_LIT("550"), SPAN_LIT("5.7.1"), SPAN_LIT("${category}")}};
	const struct classification unclassified = {.known = false};
	const struct recipient one = recipient(DISPOSITION_BLOCK, &rule);
	struct decision decision = decision_for(&one, 1);
	struct arena arena;
	struct plan plan;

	(void)state;
	decision.classification = &unclassified;
	csp_arena_init(&arena, 1 << 16);
	assert_true(csp_plan_make(&plan, &arena, &settings, &decision));
	assert_true(csp_span_equal(plan.reply_text, SPAN_LIT("unknown")));
	csp_arena_dispose(&arena);
}

/* Everything that one recipient may ask for, as a letter of the tables below. */
enum kind { PASS, FLAG, REDIRECT, QUARANTINE, TEMPFAIL, REJECT, FAULT, KINDS };

static const struct rule kind_rules[KINDS] = {
	[PASS] = {.name = TEXT("pass"), .disposition = DISPOSITION_PASS},
	[FLAG] = {.name = TEXT("flag"),
		  .disposition = DISPOSITION_FLAG,
		  .action = ACTION_FLAG,
		  .copy_to = TEXT("copies@site.example")},
	[REDIRECT] = {.name = TEXT("redirect"),
		      .disposition = DISPOSITION_BLOCK,
		      .action = ACTION_REDIRECT,
		      .reply = {TEXT("550"), TEXT("5.7.1"), TEXT("no contact")}},
	[QUARANTINE] = {.name = TEXT("quarantine"),
			.disposition = DISPOSITION_BLOCK,
			.action = ACTION_QUARANTINE},
	[TEMPFAIL] = {.name = TEXT("tempfail"),
		      .disposition = DISPOSITION_BLOCK,
		      .action = ACTION_TEMPFAIL,
		      .reply = {TEXT("450"), TEXT("4.7.1"), TEXT("not now")}},
	[REJECT] = {.name = TEXT("reject"),
		    .disposition = DISPOSITION_BLOCK,
		    .action = ACTION_REJECT,
		    .reply = {TEXT("550"), TEXT("5.7.1"), TEXT("no")}},
};

static struct recipient recipient_of(enum kind kind, const char *path)
{
	const struct rule *rule = &kind_rules[kind];
	struct recipient one = kind == FAULT ? recipient(DISPOSITION_TEMPFAIL, NULL)
					     : recipient(rule->disposition, rule);

	one.address = csp_span_from(path);
	if (kind == REDIRECT)
		one.contact = SPAN_LIT("desk@partner.example");
	return one;
}

/*
 * What a message comes to whose two recipients ask for these: A accept, F flag, S split, D redirect, Q quarantine, T tempfail,
 * R reject. The tables are symmetric.
 */
static const char *const algebra[3][KINDS] = {
	[MIXED_REJECT] = {"AFDQTRT", "FFDQTRT", "DDDQTRT", "QQQQTRT", "TTTTTRT", "RRRRRRT",
			  "TTTTTTT"},
	[MIXED_SPLIT] = {"AFDQTST", "FFDQTST", "DDDQTDT", "QQQQTQT", "TTTTTTT", "SSDQTRT",
			 "TTTTTTT"},
	[MIXED_HOLD] = {"AFDQTQT", "FFDQTQT", "DDDQTQT", "QQQQTQT", "TTTTTTT", "QQQQTRT",
			"TTTTTTT"},
};

static enum action action_of(char letter)
{
	static const char letters[] = "AFSDQTR";

	return (enum action)(strchr(letters, letter) - letters);
}

static bool holds(struct spans list, const char *text)
{
	return csp_spans_hold(list, csp_span_from(text));
}

/* Nothing is lost, and nothing goes where a verdict forbids it, whatever the tables say. */
static void check_recipient(const struct plan *plan, enum kind kind, const char *path)
{
	bool goes_on = plan->action <= ACTION_QUARANTINE;
	bool is_removed = holds(plan->removed_recipients, path);

	if (!goes_on) {
		assert_true(plan->reply_code.len > 0);
		assert_int_equal(plan->removed_recipients.count + plan->added_recipients.count, 0);
		return;
	}
	assert_int_equal(plan->reply_code.len, 0);
	assert_true((plan->hold_reason.len > 0) == (plan->action == ACTION_QUARANTINE));
	assert_true((plan->flag.len > 0) == (plan->action != ACTION_ACCEPT));
	if (kind == REJECT && is_removed)
		assert_true(holds(plan->added_recipients, "notify@site.example"));
	else if (kind == REJECT || kind == QUARANTINE)
		assert_int_equal(plan->action, ACTION_QUARANTINE);
	else if (kind == REDIRECT)
		assert_true(is_removed && holds(plan->added_recipients, "desk@partner.example"));
	else
		assert_true((kind == PASS || kind == FLAG) && !is_removed);
	if (kind == FLAG)
		assert_true(holds(plan->added_recipients, "copies@site.example"));
}

static void check_pair(enum mixed mixed, enum kind a, enum kind b)
{
	const struct recipient recipients[] = {recipient_of(a, "<a@x.example>"),
					       recipient_of(b, "<b@x.example>")};
	const struct decision decision = decision_for(recipients, 2);
	struct plan_settings mixing = settings;
	struct arena arena;
	struct plan plan;

	mixing.mixed = mixed;
	mixing.notify = SPAN_LIT("notify@site.example");
	csp_arena_init(&arena, 1 << 16);
	assert_true(csp_plan_make(&plan, &arena, &mixing, &decision));
	if (plan.action != action_of(algebra[mixed][a][b]))
		fail_msg("mixed %d, %s and %s: %s", mixed, kind_rules[a].name.data,
			 kind_rules[b].name.data, csp_action_name(plan.action));
	check_recipient(&plan, a, "<a@x.example>");
	check_recipient(&plan, b, "<b@x.example>");
	csp_arena_dispose(&arena);
}

static void all_pairs_of_verdicts_come_to_what_the_tables_say(void **state)
{
	(void)state;
	for (int mixed = MIXED_REJECT; mixed <= MIXED_HOLD; mixed++) {
		for (int a = PASS; a < KINDS; a++) {
			for (int b = PASS; b < KINDS; b++)
				check_pair((enum mixed)mixed, (enum kind)a, (enum kind)b);
		}
	}
}

static void a_redirect_that_leads_nowhere_is_a_reject(void **state)
{
	struct recipient one = recipient_of(REDIRECT, "<a@x.example>");
	struct arena arena;

	(void)state;
	one.contact = SPAN_LIT("");
	struct plan plan = plan_of(&arena, &one, 1);
	assert_int_equal(plan.action, ACTION_REJECT);
	assert_true(csp_span_equal(plan.reply_text, SPAN_LIT("no contact")));
	csp_arena_dispose(&arena);
}

static void whoever_is_added_is_added_once(void **state)
{
	const struct recipient recipients[] = {
		recipient_of(REDIRECT, "<a@x.example>"),
		recipient_of(FLAG, "<b@x.example>"),
		recipient_of(REDIRECT, "<c@x.example>"),
		recipient_of(FLAG, "<d@x.example>"),
	};
	struct arena arena;

	(void)state;
	struct plan plan = plan_of(&arena, recipients, COUNT(recipients));
	assert_int_equal(plan.added_recipients.count, 2);
	assert_int_equal(plan.removed_recipients.count, 2);
	assert_true(holds(plan.removed_recipients, "<c@x.example>"));
	csp_arena_dispose(&arena);
}

static void what_is_held_says_by_which_decision(void **state)
{
	const struct recipient one = recipient_of(QUARANTINE, "<a@x.example>");
	struct arena arena;

	(void)state;
	struct plan plan = plan_of(&arena, &one, 1);
	assert_true(csp_span_equal(plan.hold_reason, SPAN_LIT("csp-milter decision=" ID)));
	assert_true(csp_span_equal(plan.flag, SPAN_LIT("quarantine; id=" ID)));
	csp_arena_dispose(&arena);
}

static void short_memory_makes_no_plan(void **state)
{
	static const enum disposition dispositions[] = {DISPOSITION_FLAG, DISPOSITION_BLOCK,
							DISPOSITION_TEMPFAIL};

	(void)state;
	for (size_t i = 0; i < COUNT(dispositions); i++) {
		const struct recipient one = recipient(dispositions[i], BLOCKING);
		struct decision decision = decision_for(&one, 1);
		struct arena arena;
		struct plan plan;

		csp_arena_init(&arena, 16);
		assert_false(csp_plan_make(&plan, &arena, &settings, &decision));
		csp_arena_dispose(&arena);
	}
}

static void our_header_and_tags_of_strangers_are_removed_from_what_goes_on(void **state)
{
	static const struct span logins[] = {SPAN_INIT("tagger")};
	static const struct proofs sources = {.logins = {logins, 1}};
	static const struct {
		enum action action;
		struct span login;
		size_t removed;
	} cases[] = {
		{ACTION_ACCEPT, SPAN_INIT("someone"), 2},
		{ACTION_FLAG, SPAN_INIT(""), 2},
		{ACTION_REJECT, SPAN_INIT("someone"), 0},
		{ACTION_TEMPFAIL, SPAN_INIT("someone"), 0},
		{ACTION_ACCEPT, SPAN_INIT("tagger"), 1},
		{ACTION_FLAG, SPAN_INIT("tagger"), 1},
	};
	struct counted_field counted[] = {{SPAN_LIT("X-CSP-Policy"), 0}, {SPAN_LIT("x-tag"), 2}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct message message = {.client = {.login = cases[i].login},
						.counted = counted,
						.counted_count = COUNT(counted)};
		struct plan plan = {.action = cases[i].action};
		csp_plan_remove_fields(&plan, &message, &sources);
		assert_int_equal(plan.removed_count, cases[i].removed);
		if (plan.removed_count)
			assert_ptr_equal(plan.removed, counted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_checked_when_they_are_read),
		cmocka_unit_test(a_nul_in_a_reply_is_refused),
		cmocka_unit_test(a_reply_is_taken_apart),
		cmocka_unit_test(the_gravest_verdict_makes_the_plan),
		cmocka_unit_test(of_equal_verdicts_the_earlier_rule_gives_the_reply),
		cmocka_unit_test(the_gravest_recipient_is_the_first_of_its_rule),
		cmocka_unit_test(the_flag_names_nothing_but_the_decision),
		cmocka_unit_test(a_template_is_expanded),
		cmocka_unit_test(a_fault_gets_the_fault_reply),
		cmocka_unit_test(what_a_name_brings_along_stays_one_short_printable_line),
		cmocka_unit_test(without_a_category_the_reply_says_so),
		cmocka_unit_test(all_pairs_of_verdicts_come_to_what_the_tables_say),
		cmocka_unit_test(a_redirect_that_leads_nowhere_is_a_reject),
		cmocka_unit_test(whoever_is_added_is_added_once),
		cmocka_unit_test(what_is_held_says_by_which_decision),
		cmocka_unit_test(short_memory_makes_no_plan),
		cmocka_unit_test(our_header_and_tags_of_strangers_are_removed_from_what_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
