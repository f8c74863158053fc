#include "../check.h"
#include "asked.h"

#define SPAN(text)                                                                                 \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}

static const struct span clerks[] = {SPAN("anna@a.example"), SPAN("bert@b.example")};
static const struct span domains[] = {SPAN("c.example")};
static const struct roster rosters[] = {
	{.name = SPAN("clerks"), .addresses = {clerks, 2}},
	{.name = SPAN("domain"), .domains = {domains, 1}},
};
static const struct span headers[] = {SPAN("List-Unsubscribe"), SPAN("X-Bulk")};
static const struct conf conf = {
	.address_separators = SPAN("+"),
	.policy = {.rosters = rosters, .roster_count = 2, .headers = {headers, 2}},
};

struct fixture {
	struct arena arena;
	struct message message;
	struct author items[4];
	struct authors authors;
};

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){.authors = {.items = fixture.items}};
	csp_arena_init(&fixture.arena, 1 << 16);
	csp_message_init(&fixture.message, &fixture.arena,
			 (struct message_limits){.header_bytes = 1000, .header_fields = 10});
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	csp_arena_dispose(&fixture->arena);
	return 0;
}

static void add_author(struct fixture *fixture, enum author_field field, const char *local,
		       const char *domain)
{
	fixture->items[fixture->authors.count++] = (struct author){
		.field = field, .mailbox = {csp_span_from(local), csp_span_from(domain)}};
}

static struct asked ask(struct fixture *fixture)
{
	struct asked asked;

	assert_true(csp_asked_read(&asked, &conf, &fixture->message, &fixture->authors));
	return asked;
}

static void each_author_but_the_reverse_path_is_looked_for(void **state)
{
	struct fixture *fixture = *state;

	add_author(fixture, AUTHOR_REVERSE_PATH, "bounce", "c.example");
	add_author(fixture, AUTHOR_FROM, "Anna+x", "a.example");
	add_author(fixture, AUTHOR_SENDER, "x", "c.example");
	add_author(fixture, AUTHOR_FROM, "anna", "b.example");
	const struct asked asked = ask(fixture);
	assert_int_equal(asked.author_count, 3);
	assert_int_equal(asked.author_lists[0], 1);
	assert_int_equal(asked.author_lists[1], 2);
	assert_int_equal(asked.author_lists[2], 0);
	assert_true(csp_span_equal(asked.author_domain, SPAN_LIT("a.example")));
}

static void header_fields_that_rules_ask_for_are_seen_in_any_case(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture).headers, 0);
	assert_true(csp_message_add_field(&fixture->message, SPAN_LIT("Subject"), SPAN_LIT("x")));
	assert_int_equal(ask(fixture).headers, 0);
	assert_true(csp_message_add_field(&fixture->message, SPAN_LIT("x-BULK"), SPAN_LIT("")));
	assert_int_equal(ask(fixture).headers, 2);
}

static void a_sample_is_of_customer_and_author_domain(void **state)
{
	struct fixture *fixture = *state;

	add_author(fixture, AUTHOR_FROM, "anna", "a.example");
	const struct asked asked = ask(fixture);
	struct asked other = asked;
	const uint64_t sample = csp_asked_sample(&asked, SPAN_LIT("one"));

	assert_true(csp_asked_sample(&asked, SPAN_LIT("one")) == sample);
	assert_true(csp_asked_sample(&asked, SPAN_LIT("two")) != sample);
	other.author_domain = SPAN_LIT("b.example");
	assert_true(csp_asked_sample(&other, SPAN_LIT("one")) != sample);
	other.author_domain = SPAN_LIT("ea.example");
	assert_true(csp_asked_sample(&other, SPAN_LIT("on")) != sample);
}

static void short_memory_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct asked asked;

	add_author(fixture, AUTHOR_FROM, "anna", "a.example");
	fixture->arena.max = 0;
	assert_false(csp_asked_read(&asked, &conf, &fixture->message, &fixture->authors));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_author_but_the_reverse_path_is_looked_for),
		TEST(header_fields_that_rules_ask_for_are_seen_in_any_case),
		TEST(a_sample_is_of_customer_and_author_domain),
		TEST(short_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
