#include "site.h"

#include <time.h>

#include "counters.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID           "01kb00000000000000000000aa"

struct letter {
	struct arena arena;
	struct message message;
};

static void letter_begin(struct letter *letter, struct span from, struct span subject)
{
	const struct message_limits limits = {
		.header_bytes = 1 << 20, .header_fields = 1000, .recipients = 60000};

	csp_arena_init(&letter->arena, (size_t)128 << 20);
	csp_message_init(&letter->message, &letter->arena, limits);
	letter->message.reverse_path = from;
	assert_true(csp_message_add_field(&letter->message, SPAN_LIT("From"), from));
	assert_true(csp_message_add_field(&letter->message, SPAN_LIT("Subject"), subject));
}

static void letter_to(struct letter *letter, const char *recipient)
{
	assert_true(csp_message_add_recipient(&letter->message, csp_span_from(recipient)));
}

static void letter_end(struct letter *letter)
{
	csp_arena_dispose(&letter->arena);
}

static const struct decision *decide_at(struct site *site, const struct letter *letter, int64_t now)
{
	const struct decide_context context = {
		.snapshot = site->snapshot,
		.directory = site->directory,
		.id = SPAN_LIT(ID),
		.now = {.tv_sec = now},
		.host = SPAN_LIT("mx.example"),
	};

	return csp_decide(&context, &letter->message);
}

static const struct decision *decide(struct site *site, const struct letter *letter)
{
	return decide_at(site, letter, NOW);
}

static void check_recipient(const struct recipient *recipient, const char *address,
			    const char *rule, enum disposition disposition)
{
	assert_true(csp_span_equal(recipient->address, csp_span_from(address)));
	if (!csp_span_equal(recipient->verdict.rule, csp_span_from(rule)))
		fail_msg("%s: by %.*s, not %s", address, SPAN_ARG(recipient->verdict.rule), rule);
	assert_int_equal(recipient->verdict.disposition, disposition);
}

static const struct {
	const char *address;
	const char *rule;
	enum disposition disposition;
} crowd[] = {
	{"<z@contoso.example>", "subscription", DISPOSITION_BLOCK},
	{"<a@stranger.example>", "not-a-customer", DISPOSITION_PASS},
	{"<us@gateway.example>", "own-domain", DISPOSITION_PASS},
	{"<a@contoso.example>", "subscription", DISPOSITION_BLOCK},
	{"<x%y@gateway.example>", "default", DISPOSITION_FLAG},
	{"<was@ended.example>", "not-a-customer", DISPOSITION_PASS},
	{"postmaster", "own-domain", DISPOSITION_PASS},
	{"<m@shared.example>", "subscription", DISPOSITION_BLOCK},
	{"<>", "default", DISPOSITION_FLAG},
	{"<b@stranger.example>", "not-a-customer", DISPOSITION_PASS},
};

static void every_recipient_is_judged_and_keeps_its_place(void **state)
{
	struct letter letter;
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	letter_begin(&letter, SPAN_LIT("<billing@vendor.example>"), SPAN_LIT("Your invoice"));
	for (size_t i = 0; i < COUNT(crowd); i++)
		letter_to(&letter, crowd[i].address);
	const struct decision *decision = decide(&site, &letter);
	assert_non_null(decision);
	assert_int_equal(decision->recipient_count, COUNT(crowd));
	for (size_t i = 0; i < COUNT(crowd); i++)
		check_recipient(&decision->recipients[i], crowd[i].address, crowd[i].rule,
				crowd[i].disposition);
	assert_int_equal(decision->plan.action, ACTION_REJECT);
	assert_true(csp_span_equal(decision->plan.reply_text, SPAN_LIT("no (" ID ")")));
	assert_true(decision->marks & MARK_ROUTED_RECIPIENT);
	assert_false(decision->recipients[0].marks & MARK_ROUTED_RECIPIENT);
	assert_true(decision->directory_state > 0);
	assert_false(decision->fault);
	letter_end(&letter);
	site_remove(&site);
}

static void the_gravest_verdict_of_two_customers_counts(void **state)
{
	struct letter letter;
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	letter_begin(&letter, SPAN_LIT("<billing@a.example>"), SPAN_LIT("Your invoice"));
	letter.message.client.login = SPAN_LIT("partner-a");
	letter_to(&letter, "<a@contoso.example>");
	letter_to(&letter, "<a@shared.example>");
	const struct decision *decision = decide(&site, &letter);
	assert_non_null(decision);
	check_recipient(&decision->recipients[0], "<a@contoso.example>", "partner-of-record",
			DISPOSITION_PASS);
	check_recipient(&decision->recipients[1], "<a@shared.example>", "subscription",
			DISPOSITION_BLOCK);
	assert_true(csp_span_equal(decision->recipients[1].customer, SPAN_LIT("shared-b")));
	assert_int_equal(decision->recipients[1].sender.kind, SENDER_PARTNER);
	letter_end(&letter);
	site_remove(&site);
}

/* What is copied of a domain's customers is copied once, however many recipients the domain has. */
static void fifty_thousand_recipients_of_one_domain_stay_cheap(void **state)
{
	const size_t count = 50000;
	struct letter letter;
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	letter_begin(&letter, SPAN_LIT("<billing@vendor.example>"), SPAN_LIT("Your invoice"));
	for (size_t i = 0; i < count; i++) {
		char recipient[64];
		snprintf(recipient, sizeof(recipient), "<user%zu@%s>", i,
			 i % 2 ? "contoso.example" : "stranger.example");
		letter_to(&letter, recipient);
	}
	size_t before = letter.arena.used;
	clock_t began = clock();
	const struct decision *decision = decide(&site, &letter);
	double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
	assert_non_null(decision);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(decision->recipients[i].verdict.disposition,
				 i % 2 ? DISPOSITION_BLOCK : DISPOSITION_PASS);
	assert_true((letter.arena.used - before) / count < 800);
	assert_true(seconds < 10);
	letter_end(&letter);
	site_remove(&site);
}

static void recipients_past_the_limit_are_doubted_not_forgotten(void **state)
{
	struct letter letter;
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	letter_begin(&letter, SPAN_LIT("<billing@vendor.example>"), SPAN_LIT("Your invoice"));
	letter.message.limits.recipients = 2;
	letter_to(&letter, "<a@stranger.example>");
	letter_to(&letter, "<b@stranger.example>");
	const struct decision *decision = decide(&site, &letter);
	assert_non_null(decision);
	assert_int_equal(decision->recipient_count, 2);
	assert_int_equal(decision->plan.action, ACTION_ACCEPT);
	letter_to(&letter, "<a@contoso.example>");
	decision = decide(&site, &letter);
	assert_non_null(decision);
	assert_int_equal(decision->recipient_count, 3);
	check_recipient(&decision->recipients[2], "(recipients past the limit)", "default",
			DISPOSITION_FLAG);
	assert_int_equal(decision->plan.action, ACTION_FLAG);
	letter_end(&letter);
	site_remove(&site);
}

static void what_lies_past_a_limit_earns_no_pass(void **state)
{
	static const struct {
		const char *from, *subject;
		size_t mailboxes, words;
		unsigned truncated;
		enum action action;
	} cases[] = {
		{"<a@vendor.example>", "hello", 1, 1, 0, ACTION_ACCEPT},
		{"<a@vendor.example>", "=?utf-8?q?hello?=", 1, 1, 0, ACTION_ACCEPT},
		{"<a@vendor.example>", "=?utf-8?q?hello_?= =?utf-8?b?aW52b2ljZQ==?=", 1, 1,
		 MARK_TRUNCATED, ACTION_FLAG},
		{"<a@vendor.example>", "=?utf-8?q?invoice?= =?utf-8?q?_hello?=", 1, 1,
		 MARK_TRUNCATED, ACTION_REJECT},
		{"<a@vendor.example>, <b@vendor.example>", "hello", 1, 1, MARK_TRUNCATED,
		 ACTION_FLAG},
		{"<a@vendor.example>, <b@vendor.example>", "invoice", 1, 1, MARK_TRUNCATED,
		 ACTION_REJECT},
	};
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct letter letter;
		letter_begin(&letter, csp_span_from(cases[i].from),
			     csp_span_from(cases[i].subject));
		letter.message.limits.mailboxes = cases[i].mailboxes;
		letter.message.limits.encoded_words = cases[i].words;
		letter.message.reverse_path = SPAN_LIT("<a@vendor.example>");
		letter_to(&letter, "<a@contoso.example>");
		const struct decision *decision = decide(&site, &letter);
		assert_non_null(decision);
		if ((decision->marks & MARK_TRUNCATED) != cases[i].truncated ||
		    decision->plan.action != cases[i].action)
			fail_msg("%s, %s: %#x", cases[i].from, cases[i].subject, decision->marks);
		letter_end(&letter);
	}
	site_remove(&site);
}

static void short_memory_gives_no_decision_or_the_right_one(void **state)
{
	struct letter letter;
	struct site site;
	bool done = false;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	for (size_t spare = 0; !done; spare += 64) {
		letter_begin(&letter, SPAN_LIT("<billing@a.example>"), SPAN_LIT("Your invoice"));
		letter_to(&letter, "<a@contoso.example>");
		letter.arena.max = letter.arena.used + spare;
		const struct decision *decision = decide(&site, &letter);
		if (decision && !decision->fault) {
			assert_int_equal(decision->plan.action, ACTION_REJECT);
			done = true;
		} else if (decision) {
			assert_int_equal(decision->plan.action, ACTION_TEMPFAIL);
		}
		letter_end(&letter);
		assert_true(spare < (size_t)1 << 20);
	}
	site_remove(&site);
}

static const struct {
	const char *mode, *failure;
	enum disposition disposition;
	enum action action, would_action;
} fault_cases[] = {
	{"enforce", "tempfail", DISPOSITION_TEMPFAIL, ACTION_TEMPFAIL, ACTION_TEMPFAIL},
	{"enforce", "flag-and-pass", DISPOSITION_FLAG, ACTION_FLAG, ACTION_FLAG},
	{"enforce", "accept", DISPOSITION_PASS, ACTION_ACCEPT, ACTION_ACCEPT},
	{"monitor", "tempfail", DISPOSITION_TEMPFAIL, ACTION_ACCEPT, ACTION_TEMPFAIL},
};

static void without_a_directory_the_failure_policy_speaks(void **state)
{
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	struct directory *directory = site.directory;
	for (size_t i = 0; i < COUNT(fault_cases); i++) {
		struct letter letter;
		int64_t faults = csp_counter_get(COUNTER_FAULT_DIRECTORY);

		site_configure(&site, fault_cases[i].mode, fault_cases[i].failure);
		site.directory = NULL;
		letter_begin(&letter, SPAN_LIT("<billing@vendor.example>"),
			     SPAN_LIT("Your invoice"));
		letter_to(&letter, "<a@contoso.example>");
		letter_to(&letter, "<us@gateway.example>");
		const struct decision *decision = decide(&site, &letter);
		assert_non_null(decision);
		check_recipient(&decision->recipients[0], "<a@contoso.example>", "fault",
				fault_cases[i].disposition);
		check_recipient(&decision->recipients[1], "<us@gateway.example>", "own-domain",
				DISPOSITION_PASS);
		assert_true(decision->fault);
		assert_int_equal(decision->directory_state, 0);
		assert_int_equal(decision->plan.action, fault_cases[i].action);
		assert_int_equal(decision->would_plan.action, fault_cases[i].would_action);
		assert_int_equal(csp_counter_get(COUNTER_FAULT_DIRECTORY), faults + 1);
		letter_end(&letter);
	}
	site.directory = directory;
	site_remove(&site);
}

#define HOUR 3600

/* The directory of the site was last updated at NOW. failure.directory never speaks here. */
static const struct {
	const char *what;
	const char *mode, *policy;
	unsigned max_age;
	int64_t age;
	bool old, fault;
	enum action action, would_action;
} age_cases[] = {
	{"no limit", "enforce", "tempfail", 0, INT64_C(1000000) * HOUR, false, false, ACTION_REJECT,
	 ACTION_REJECT},
	{"young", "enforce", "tempfail", 24, HOUR, false, false, ACTION_REJECT, ACTION_REJECT},
	{"at the limit", "enforce", "tempfail", 24, 24 * HOUR, false, false, ACTION_REJECT,
	 ACTION_REJECT},
	{"of the future", "enforce", "tempfail", 1, -1000 * HOUR, false, false, ACTION_REJECT,
	 ACTION_REJECT},
	{"used", "enforce", "use", 24, 24 * HOUR + 1, true, false, ACTION_REJECT, ACTION_REJECT},
	{"tempfail", "enforce", "tempfail", 24, 24 * HOUR + 1, true, true, ACTION_TEMPFAIL,
	 ACTION_TEMPFAIL},
	{"flag", "enforce", "flag-and-pass", 24, 24 * HOUR + 1, true, true, ACTION_FLAG,
	 ACTION_FLAG},
	{"accept", "enforce", "accept", 24, 24 * HOUR + 1, true, true, ACTION_ACCEPT,
	 ACTION_ACCEPT},
	{"ten years", "enforce", "accept", 87600, INT64_C(87600) * HOUR + 1, true, true,
	 ACTION_ACCEPT, ACTION_ACCEPT},
	{"monitor", "monitor", "tempfail", 24, 24 * HOUR + 1, true, true, ACTION_ACCEPT,
	 ACTION_TEMPFAIL},
};

static void a_directory_that_is_too_old_has_a_policy_of_its_own(void **state)
{
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	for (size_t i = 0; i < COUNT(age_cases); i++) {
		struct letter letter;
		int64_t faults = csp_counter_get(COUNTER_FAULT_DIRECTORY);
		int64_t olds = csp_counter_get(COUNTER_OLD_DIRECTORY);

		site.max_age = age_cases[i].max_age;
		site.old_directory = age_cases[i].policy;
		site_configure(&site, age_cases[i].mode,
			       strcmp(age_cases[i].policy, "accept") == 0 ? "tempfail" : "accept");
		letter_begin(&letter, SPAN_LIT("<billing@vendor.example>"),
			     SPAN_LIT("Your invoice"));
		letter_to(&letter, "<a@contoso.example>");
		const struct decision *decision = decide_at(&site, &letter, NOW + age_cases[i].age);
		assert_non_null(decision);
		if (decision->plan.action != age_cases[i].action ||
		    decision->would_plan.action != age_cases[i].would_action ||
		    decision->fault != age_cases[i].fault ||
		    decision->directory_old != age_cases[i].old)
			fail_msg("%s: %s", age_cases[i].what,
				 csp_action_name(decision->plan.action));
		assert_true(decision->directory_state > 0);
		assert_int_equal(csp_counter_get(COUNTER_FAULT_DIRECTORY),
				 faults + age_cases[i].fault);
		assert_int_equal(csp_counter_get(COUNTER_OLD_DIRECTORY), olds + age_cases[i].old);
		letter_end(&letter);
	}
	site_remove(&site);
}

/* What an old directory says is no fault; that there is none is, and its own policy speaks. */
static void an_absent_directory_is_not_an_old_one(void **state)
{
	struct letter letter;
	struct site site;

	(void)state;
	site_make(&site, "enforce", "tempfail");
	struct directory *directory = site.directory;
	site.max_age = 1;
	site.old_directory = "accept";
	site_configure(&site, "enforce", "tempfail");
	site.directory = NULL;
	letter_begin(&letter, SPAN_LIT("<billing@vendor.example>"), SPAN_LIT("Your invoice"));
	letter_to(&letter, "<a@contoso.example>");
	const struct decision *decision = decide_at(&site, &letter, NOW + 1000 * HOUR);
	assert_non_null(decision);
	assert_false(decision->directory_old);
	assert_int_equal(decision->plan.action, ACTION_TEMPFAIL);
	letter_end(&letter);
	site.directory = directory;
	site_remove(&site);
}

static void mail_to_our_own_alone_asks_no_directory(void **state)
{
	struct letter letter;
	struct site site;
	int64_t faults = csp_counter_get(COUNTER_FAULT_DIRECTORY);

	(void)state;
	site_make(&site, "enforce", "tempfail");
	struct directory *directory = site.directory;
	site.directory = NULL;
	letter_begin(&letter, SPAN_LIT("<billing@vendor.example>"), SPAN_LIT("Your invoice"));
	letter_to(&letter, "<us@gateway.example>");
	const struct decision *decision = decide(&site, &letter);
	assert_non_null(decision);
	assert_int_equal(decision->plan.action, ACTION_ACCEPT);
	assert_int_equal(csp_counter_get(COUNTER_FAULT_DIRECTORY), faults);
	letter_end(&letter);
	site.directory = directory;
	site_remove(&site);
}

static void the_global_monitor_asks_the_mta_for_nothing(void **state)
{
	int64_t messages = csp_counter_get(COUNTER_MESSAGES);
	int64_t would = csp_counter_get(COUNTER_WOULD_REJECT);
	struct letter letter;
	struct site site;

	(void)state;
	site_make(&site, "monitor", "tempfail");
	letter_begin(&letter, SPAN_LIT("<billing@vendor.example>"), SPAN_LIT("Your invoice"));
	letter_to(&letter, "<a@contoso.example>");
	const struct decision *decision = decide(&site, &letter);
	assert_non_null(decision);
	assert_int_equal(decision->plan.action, ACTION_ACCEPT);
	assert_int_equal(decision->plan.reply_code.len + decision->plan.flag.len, 0);
	assert_int_equal(decision->would_plan.action, ACTION_REJECT);
	assert_int_equal(csp_counter_get(COUNTER_MESSAGES), messages + 1);
	assert_int_equal(csp_counter_get(COUNTER_WOULD_REJECT), would + 1);
	letter_end(&letter);
	site_remove(&site);
}

static void ids_differ_and_sort_by_time(void **state)
{
	const struct timespec earlier = {.tv_sec = NOW, .tv_nsec = 1000000};
	const struct timespec later = {.tv_sec = NOW, .tv_nsec = 2000000};
	char one[DECISION_ID_SIZE + 1], two[DECISION_ID_SIZE + 1], three[DECISION_ID_SIZE + 1];

	(void)state;
	csp_decision_id_make(one, earlier);
	csp_decision_id_make(two, earlier);
	csp_decision_id_make(three, later);
	assert_int_equal(strlen(one), DECISION_ID_SIZE);
	assert_string_not_equal(one, two);
	assert_true(strcmp(one, three) < 0);
	assert_true(strcmp(two, three) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recipient_is_judged_and_keeps_its_place),
		cmocka_unit_test(the_gravest_verdict_of_two_customers_counts),
		cmocka_unit_test(fifty_thousand_recipients_of_one_domain_stay_cheap),
		cmocka_unit_test(recipients_past_the_limit_are_doubted_not_forgotten),
		cmocka_unit_test(what_lies_past_a_limit_earns_no_pass),
		cmocka_unit_test(short_memory_gives_no_decision_or_the_right_one),
		cmocka_unit_test(without_a_directory_the_failure_policy_speaks),
		cmocka_unit_test(a_directory_that_is_too_old_has_a_policy_of_its_own),
		cmocka_unit_test(an_absent_directory_is_not_an_old_one),
		cmocka_unit_test(mail_to_our_own_alone_asks_no_directory),
		cmocka_unit_test(the_global_monitor_asks_the_mta_for_nothing),
		cmocka_unit_test(ids_differ_and_sort_by_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
