#include "conf_files.h"

#include <stdio.h>

#define PACKS "classification = { packs = [ \"lists.conf\" ]; };\n"
#define LISTS                                                                                      \
	"lists = ( { name = \"direct-mail\"; entries = ( { name = \"x\"; phrases = \"x\"; } ); } " \
	");\n"

/* The settings of one rule, in line 2; the error that they give, its beginning. */
struct bad_rule {
	const char *rule;
	const char *error;
};

static void expect_rule_errors(struct conf_files *files, const struct bad_rule *cases, size_t count)
{
	char text[2048];

	conf_files_put(files, "lists.conf", LISTS);
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), PACKS "rules = ( { name = \"r\"; %s } );\n",
			 cases[i].rule);
		conf_files_put(files, "main.conf", text);
		conf_files_expect_error(files, cases[i].error);
	}
}

#define EXPECT_RULE_ERRORS(state, cases)                                                           \
	expect_rule_errors(*(state), cases, sizeof(cases) / sizeof(*(cases)))

static void test_a_rule_becomes_criteria_and_an_effect(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(files, "lists.conf", LISTS);
	conf_files_put(files, "main.conf",
		       PACKS
		       "rules = (\n"
		       "  { name = \"first\"; category = [ \"incident\", \"operational\" ];\n"
		       "    sender = (\"vendor\", \"other\"); proof = \"unknown\"; product = [ "
		       "\"csp\", \"direct\" ];\n"
		       "    marks = [ \"undecodable\", \"hidden-recipients\" ]; list = "
		       "\"direct-mail\"; also_direct = false;\n"
		       "    except = { category = \"other\"; also_direct = true; list = [ "
		       "\"direct-mail\" ]; };\n"
		       "    mode = \"monitor\"; disposition = \"block\"; action = \"reject\";\n"
		       "    reply = \"554 5.7.0 No (${rule})\"; },\n"
		       "  { name = \"second\"; sender = \"partner-of-record\"; despite = \"any\"; "
		       "disposition = \"pass\"; },\n"
		       "  { name = \"third\"; category = \"subscription\"; despite = [ "
		       "\"obfuscated\", \"truncated\" ]; disposition = \"pass\"; },\n"
		       "  { name = \"last\"; disposition = \"block\"; }\n"
		       ");\n");
	struct conf *conf = conf_files_read_right(files);
	assert_int_equal(conf->policy.rule_count, 4);
	const struct rule *rule = &conf->policy.rules[0];
	assert_true(csp_span_equal(rule->name, SPAN_LIT("first")));
	assert_int_equal(rule->match.categories, 1U << 1 | 1U << 2);
	assert_int_equal(rule->match.senders, 1U << SENDER_VENDOR | 1U << SENDER_OTHER);
	assert_int_equal(rule->match.proofs, 1U << PROOF_UNKNOWN);
	assert_int_equal(rule->match.product_classes, 1U << PRODUCT_CSP | 1U << PRODUCT_DIRECT);
	assert_int_equal(rule->match.marks, MARK_UNDECODABLE | MARK_HIDDEN_RECIPIENTS);
	assert_int_equal(rule->match.lists.count, 1);
	assert_true(csp_span_equal(rule->match.lists.items[0], SPAN_LIT("direct-mail")));
	assert_int_equal(rule->match.also_direct, ALSO_NO);
	assert_true(rule->has_except);
	assert_int_equal(rule->except.categories, 1U << 3);
	assert_int_equal(rule->except.also_direct, ALSO_YES);
	assert_int_equal(rule->except.lists.count, 1);
	assert_int_equal(rule->except.senders, 0);
	assert_int_equal(rule->mode, MODE_MONITOR);
	assert_int_equal(rule->disposition, DISPOSITION_BLOCK);
	assert_int_equal(rule->action, ACTION_REJECT);
	assert_true(csp_span_equal(rule->reply.code, SPAN_LIT("554")));
	assert_true(csp_span_equal(rule->reply.enhanced, SPAN_LIT("5.7.0")));
	assert_true(csp_span_equal(rule->reply.text, SPAN_LIT("No (${rule})")));
	assert_int_equal(rule->line, 3);
	rule = &conf->policy.rules[1];
	assert_int_equal(rule->despite, ~0U);
	assert_int_equal(rule->mode, MODE_ENFORCE);
	assert_int_equal(rule->action, ACTION_ACCEPT);
	assert_false(rule->has_except);
	assert_int_equal(rule->match.also_direct, ALSO_ANY);
	assert_int_equal(rule->line, 9);
	assert_int_equal(conf->policy.rules[2].despite, MARK_OBFUSCATED | MARK_TRUNCATED);
	csp_conf_free(conf);
}

static void test_a_block_rule_without_a_reply_gets_one_that_is_right(void **state)
{
	struct conf_files *files = *state;
	struct reply reply;

	conf_files_put(files, "lists.conf", LISTS);
	conf_files_put(files, "main.conf",
		       PACKS "rules = ( { name = \"r\"; disposition = \"block\"; } );\n");
	struct conf *conf = conf_files_read_right(files);
	const struct rule *rule = &conf->policy.rules[0];
	assert_true(csp_span_equal(rule->reply.code, SPAN_LIT("550")));
	assert_true(csp_span_equal(rule->reply.enhanced, SPAN_LIT("5.7.1")));
	assert_true(rule->reply.text.len > 0);
	assert_non_null(strstr(rule->reply.text.data, "${decision}"));
	assert_null(csp_reply_parse(&reply, SPAN_LIT("550 5.7.1 x"), '5'));
	csp_conf_free(conf);
}

static void test_every_category_sender_proof_product_and_mark_can_be_named(void **state)
{
	struct conf_files *files = *state;
	char text[2048] =
		PACKS "rules = ( { name = \"r\"; disposition = \"pass\"; "
		      "category = [ \"subscription\", \"incident\", \"operational\", \"other\" ]; "
		      "sender = [ \"partner-of-record\", \"partner\", \"vendor\", \"other\" ]; "
		      "proof = [ \"proven\", \"unproven\", \"unknown\" ]; "
		      "product = [ \"csp\", \"unlisted\", \"direct\", \"unknown\" ]; marks = [ \"";

	for (unsigned i = 0; i < MARK_COUNT; i++) {
		strcat(text, i ? "\", \"" : "");
		strcat(text, csp_mark_name((enum mark)(1U << i)));
	}
	strcat(text, "\" ]; } );\n");
	conf_files_put(files, "lists.conf", LISTS);
	conf_files_put(files, "main.conf", text);
	struct conf *conf = conf_files_read_right(files);
	assert_int_equal(conf->policy.rules[0].match.categories, 0xF);
	assert_int_equal(conf->policy.rules[0].match.senders, 0xF);
	assert_int_equal(conf->policy.rules[0].match.proofs, 0x7);
	assert_int_equal(conf->policy.rules[0].match.product_classes, 0xF);
	assert_int_equal(conf->policy.rules[0].match.marks, (1U << MARK_COUNT) - 1);
	csp_conf_free(conf);
}

static void test_a_criterion_that_cannot_be_meant_is_an_error(void **state)
{
	static const struct bad_rule cases[] = {
		{"disposition = \"pass\"; category = \"subscriptions\";",
		 "main.conf:2: rules.r.category: 'subscriptions' is unknown: did you mean "
		 "'subscription'?"},
		{"disposition = \"pass\"; category = \"billing\";",
		 "main.conf:2: rules.r.category: 'billing' is unknown: one of subscription, "
		 "incident, operational, other"},
		{"disposition = \"pass\"; category = [ ];",
		 "main.conf:2: rules.r.category: the list is empty"},
		{"disposition = \"pass\"; category = [ \"incident\",\n\"incident\" ];",
		 "main.conf:3: rules.r.category: 'incident' stands twice"},
		{"disposition = \"pass\"; sender = \"partner_of_record\";",
		 "main.conf:2: rules.r.sender: 'partner_of_record' is unknown: did you mean "
		 "'partner-of-record'?"},
		{"disposition = \"pass\"; proof = \"yes\";",
		 "main.conf:2: rules.r.proof: 'yes' is unknown: one of proven, unproven, unknown"},
		{"disposition = \"pass\"; product = \"CSP\";",
		 "main.conf:2: rules.r.product: 'CSP' is unknown: did you mean 'csp'?"},
		{"disposition = \"pass\"; marks = \"any\";",
		 "main.conf:2: rules.r.marks: 'any' is unknown"},
		{"disposition = \"pass\"; list = \"direct-mial\";",
		 "main.conf:2: rules.r.list: no pack has a list 'direct-mial': did you mean "
		 "'direct-mail'?"},
		{"disposition = \"pass\"; list = \"newsletters\";",
		 "main.conf:2: rules.r.list: no pack of classification.packs has a list "
		 "'newsletters'"},
		{"disposition = \"pass\"; also_direct = \"true\";",
		 "main.conf:2: rules.r.also_direct: true or false without quotes is needed, this "
		 "is a text"},
		{"disposition = \"pass\"; except = { };",
		 "main.conf:2: rules.r: 'except' names no criterion"},
		{"disposition = \"pass\"; except = { name = \"x\"; };",
		 "main.conf:2: rules.r.except: unknown setting 'name'"},
		{"disposition = \"pass\"; except = \"incident\";",
		 "main.conf:2: rules.r.except: a group { … } is needed, this is a text"},
		{"disposition = \"pass\"; except = {\n category = \"x\"; };",
		 "main.conf:3: rules.r.except.category: 'x' is unknown"},
		{"disposition = \"pass\"; sender = \"partner-of-record\"; proof = [ \"unproven\", "
		 "\"unknown\" ];",
		 "main.conf:2: rules.r: a partner of record is always proven"},
	};
	EXPECT_RULE_ERRORS(state, cases);
}

static void test_an_effect_that_does_not_fit_is_an_error(void **state)
{
	static const struct bad_rule cases[] = {
		{"", "main.conf:2: rules.r: 'disposition' is missing"},
		{"disposition = \"reject\";",
		 "main.conf:2: rules.r.disposition: 'reject' is unknown: one of pass, flag, block"},
		{"disposition = \"tempfail\";",
		 "main.conf:2: rules.r.disposition: 'tempfail' is unknown"},
		{"disposition = \"pass\"; action = \"reject\";",
		 "main.conf:2: rules.r: 'action' belongs to disposition = \"block\""},
		{"disposition = \"flag\"; reply = \"550 5.7.1 x\";",
		 "main.conf:2: rules.r: 'reply' belongs to a block whose action is"},
		{"disposition = \"block\"; action = \"discard\";",
		 "main.conf:2: rules.r.action: 'discard' is unknown: one of reject"},
		{"disposition = \"block\"; action = \"quarantine\"; reply = \"550 5.7.1 x\";",
		 "main.conf:2: rules.r: 'reply' belongs to a block whose action is"},
		{"disposition = \"block\"; action = \"tempfail\"; reply = \"550 5.7.1 x\";",
		 "main.conf:2: rules.r.reply: a reply begins with a code of three digits, the "
		 "first "
		 "a 4: 451"},
		{"disposition = \"block\"; copy_to = \"a@b.example\";",
		 "main.conf:2: rules.r: 'copy_to' belongs to disposition = \"flag\""},
		{"disposition = \"flag\"; copy_to = \"a\";",
		 "main.conf:2: rules.r.copy_to: 'a' is no address: 'local@domain'"},
		{"disposition = \"flag\"; percent = 0;",
		 "main.conf:2: rules.r.percent: 0 is out of range: 1 to 99"},
		{"disposition = \"flag\"; percent = 100;",
		 "main.conf:2: rules.r.percent: 100 is out of range: 1 to 99"},
		{"disposition = \"flag\"; mode = \"monitor\"; percent = 10;",
		 "main.conf:2: rules.r: 'percent' belongs to a rule that is enforced"},
		{"disposition = \"flag\"; mode = \"monitor\"; until = \"2026-12-01\";",
		 "main.conf:2: rules.r: 'until' belongs to a rule that is enforced"},
		{"disposition = \"flag\"; from = \"tomorrow\";",
		 "main.conf:2: rules.r.from: 'tomorrow' is no time: \"2026-11-23\""},
		{"disposition = \"flag\"; from = \"2026-12-01\"; until = \"2026-12-01\";",
		 "main.conf:2: rules.r: 'until' is not later than 'from'"},
		{"disposition = \"flag\"; cloud = \"moon\";",
		 "main.conf:2: rules.r.cloud: 'moon' is unknown: one of commercial, us-gov, china"},
		{"disposition = \"flag\"; author_list = \"vip\";",
		 "main.conf:2: rules.r.author_list: address_lists has no list 'vip'"},
		{"disposition = \"flag\"; client = { networks = \"10.0.0.0/33\"; };",
		 "main.conf:2: rules.r.client.networks: '10.0.0.0/33' has no prefix length"},
		{"disposition = \"flag\"; header = \"No Name\";",
		 "main.conf:2: rules.r.header: 'No Name' is no"},
		{"disposition = \"flag\"; despite = \"any\";",
		 "main.conf:2: rules.r: 'despite' belongs to disposition = \"pass\""},
		{"disposition = \"pass\"; despite = \"all\";",
		 "main.conf:2: rules.r.despite: 'all' is unknown: did you mean 'any'?"},
		{"disposition = \"block\"; reply = \"\";",
		 "main.conf:2: rules.r.reply: the text is empty"},
		{"disposition = \"block\"; reply = \"No\";",
		 "main.conf:2: rules.r.reply: a reply begins with a code of three digits"},
		{"disposition = \"block\"; reply = \"451 4.7.1 No\";",
		 "main.conf:2: rules.r.reply: "},
		{"disposition = \"block\"; reply = \"550 4.7.1 No\";",
		 "main.conf:2: rules.r.reply: "},
		{"disposition = \"block\"; reply = \"550 5.7.1 ${customer}\";",
		 "main.conf:2: rules.r.reply: "},
		{"disposition = \"block\"; reply = \"550 5.7.1 caf\xC3\xA9\";",
		 "main.conf:2: rules.r.reply: "},
		{"disposition = \"pass\"; mode = \"test\";",
		 "main.conf:2: rules.r.mode: 'test' is unknown: one of monitor, enforce"},
		{"disposition = \"pass\"; categories = \"incident\";",
		 "main.conf:2: rules.r: unknown setting 'categories': did you mean 'category'?"},
	};
	EXPECT_RULE_ERRORS(state, cases);
}

struct bad_rules {
	const char *rules;
	const char *error;
};

static void test_rules_that_do_not_go_together_are_errors(void **state)
{
	static const struct bad_rules cases[] = {
		{"{ name = \"a\"; category = \"other\"; disposition = \"pass\"; },\n"
		 "{ name = \"a\"; disposition = \"pass\"; }",
		 "main.conf:4: rules.a: a rule of this name stands already in line 3"},
		{"{ name = \"a\"; disposition = \"pass\"; },\n\n"
		 "{ name = \"b\"; category = \"other\"; disposition = \"flag\"; }",
		 "main.conf:5: rules.b: this rule is never reached: 'a' in line 3 takes "
		 "everything"},
		{"{ disposition = \"pass\"; }", "main.conf:3: rules: 'name' is missing"},
		{"{ name = \"\"; disposition = \"pass\"; }",
		 "main.conf:3: rules..name: the text is empty"},
		{"{ name = \"My rule\"; disposition = \"pass\"; }",
		 "main.conf:3: rules.My rule.name: 'My rule' is no name"},
		{"{ name = \"dsn\"; disposition = \"pass\"; }",
		 "main.conf:3: rules.dsn.name: 'dsn' names what is decided without a rule"},
		{"{ name = \"fault\"; disposition = \"pass\"; }",
		 "main.conf:3: rules.fault.name: 'fault' names what is decided without a rule"},
		{"\"pass\"", "main.conf:3: rules: a group { … } is needed, this is a text"},
	};
	struct conf_files *files = *state;
	char text[2048];

	conf_files_put(files, "lists.conf", LISTS);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), PACKS "rules = (\n%s );\n", cases[i].rules);
		conf_files_put(files, "main.conf", text);
		conf_files_expect_error(files, cases[i].error);
	}
}

static void test_a_monitor_rule_or_one_with_an_exception_does_not_hide_the_next(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(files, "lists.conf", LISTS);
	conf_files_put(files, "main.conf",
		       PACKS "rules = (\n"
			     "  { name = \"a\"; mode = \"monitor\"; disposition = \"block\"; },\n"
			     "  { name = \"b\"; except = { category = \"other\"; }; disposition = "
			     "\"block\"; },\n"
			     "  { name = \"c\"; disposition = \"flag\"; }, );\n");
	struct conf *conf = conf_files_read_right(files);
	assert_int_equal(conf->policy.rule_count, 3);
	csp_conf_free(conf);
}

static void test_a_pack_that_cannot_be_read_does_not_make_its_lists_unknown(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(
		files, "main.conf",
		PACKS
		"rules = ( { name = \"a\"; list = \"direct-mail\"; disposition = \"pass\"; } );\n");
	conf_files_expect_error(files, "main.conf:1: ");
	assert_non_null(strstr(files->errors, "lists.conf does not exist"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_files_setup, conf_files_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_rule_becomes_criteria_and_an_effect),
		TEST(test_a_block_rule_without_a_reply_gets_one_that_is_right),
		TEST(test_every_category_sender_proof_product_and_mark_can_be_named),
		TEST(test_a_criterion_that_cannot_be_meant_is_an_error),
		TEST(test_an_effect_that_does_not_fit_is_an_error),
		TEST(test_rules_that_do_not_go_together_are_errors),
		TEST(test_a_monitor_rule_or_one_with_an_exception_does_not_hide_the_next),
		TEST(test_a_pack_that_cannot_be_read_does_not_make_its_lists_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
