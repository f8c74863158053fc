#include "../check.h"
#include "tally.h"

static const struct rule rules[] = {
	{.name = {"block", 5}}, {.name = {"watch", 5}}, {.name = {"rest", 4}}};
static const struct rule reloaded[] = {{.name = {"rest", 4}}, {.name = {"new", 3}}};
static const struct policy policy = {.rules = rules, .rule_count = 3};
static const struct policy next = {.rules = reloaded, .rule_count = 2};

static void expect(const struct tally *tally, const char *text)
{
	struct buf out;
	struct json json;

	csp_buf_init(&out, 4096);
	csp_json_init(&json, &out);
	csp_tally_write(tally, &json);
	assert_string_equal(csp_buf_cstr(&out), text);
	csp_buf_dispose(&out);
}

static void each_recipient_counts_for_its_rule_and_those_not_enforced(void **state)
{
	const struct recipient recipients[] = {
		{.verdict = {.decided_by = &rules[0], .would = {&rules[1]}, .would_count = 1}},
		{.verdict = {.decided_by = &rules[2]}},
		{.verdict = {.outside = true}},
	};
	const struct decision decision = {.recipients = recipients, .recipient_count = 3};
	struct tally *tally, *after;

	(void)state;
	assert_true(csp_tally_new(&tally, &policy));
	csp_tally_count(tally, &decision, true);
	csp_tally_count(tally, &decision, false);
	expect(tally, "[{\"name\":\"block\",\"matched\":2,\"would\":1,\"done\":1},"
		      "{\"name\":\"watch\",\"matched\":2,\"would\":2,\"done\":0},"
		      "{\"name\":\"rest\",\"matched\":2,\"would\":1,\"done\":1}]");
	/* Counts go on by the names of the rules, whatever their order is now. */
	assert_true(csp_tally_new(&after, &next));
	csp_tally_free(tally);
	expect(after, "[{\"name\":\"rest\",\"matched\":2,\"would\":1,\"done\":1},"
		      "{\"name\":\"new\",\"matched\":0,\"would\":0,\"done\":0}]");
	csp_tally_free(after);
	csp_tally_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_recipient_counts_for_its_rule_and_those_not_enforced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
