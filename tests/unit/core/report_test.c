#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "report.h"
#include "sample_decision.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	struct span text;
	const char *safe;
} safe_cases[] = {
	{TEXT("plain, caf\xc3\xa9 \xf0\x9f\x93\xa7"), "plain, caf\xc3\xa9 \xf0\x9f\x93\xa7"},
	{TEXT("\x1b[31mred"), "\\x1b[31mred"},
	{TEXT("a\tb\r\nc\0d\x7f"), "a\\x09b\\x0d\\x0ac\\x00d\\x7f"},
	{TEXT("\xc2\x85"), "\\xc2\\x85"},
	{TEXT("a\xe2\x80\xae"
	      "b"),
	 "a\\xe2\\x80\\xae"
	 "b"},
	{TEXT("a\xe2\x80\xa8"
	      "b\xe2\x80\xa9"),
	 "a\\xe2\\x80\\xa8"
	 "b\\xe2\\x80\\xa9"},
	{TEXT("\xff\xc3"), "\\xff\\xc3"},
	{TEXT("\xed\xa0\x80"), "\\xed\\xa0\\x80"},
	{TEXT(""), ""},
};

static void what_a_terminal_would_act_on_is_made_visible(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(safe_cases); i++) {
		struct buf out;

		csp_buf_init(&out, 1000);
		csp_report_append_safe(&out, safe_cases[i].text);
		assert_string_equal(csp_buf_cstr(&out), safe_cases[i].safe);
		csp_buf_dispose(&out);
	}
}

static void check_report(const struct decision *decision, const char *expected)
{
	struct buf out;

	csp_buf_init(&out, 1 << 20);
	csp_report_write(&out, decision);
	assert_false(csp_buf_failed(&out));
	assert_string_equal(csp_buf_cstr(&out), expected);
	csp_buf_dispose(&out);
}

static void a_report_says_what_would_happen_and_why(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample_add_field(&sample, SPAN_LIT("Subject"), SPAN_LIT(" Your \x1b invoice"));
	sample.decision.mode = MODE_MONITOR;
	sample.decision.plan = (struct plan){.action = ACTION_ACCEPT};
	check_report(&sample.decision,
		     "action       accept (monitor mode; enforcing: reject)\n"
		     "subject      Your \\x1b invoice\n"
		     "from         billing@vendor.example (vendor)\n"
		     "reverse-path \"b c\"@vendor.example (other)\n"
		     "category     subscription\n"
		     "             en/invoice (invoice*) in Subject: \"invoices\"\n"
		     "products     microsoft-365\n"
		     "lists        documented-direct-mail\n"
		     "marks        obfuscated\n"
		     "to           <ceo@contoso.example>, looked up as ceo@contoso.example\n"
		     "  customer     11111111-1111-1111-1111-111111111111\n"
		     "  sender       vendor (proof: unknown)\n"
		     "  product      csp\n"
		     "  rule         subscription: block\n"
		     "  would        unlisted-product: flag (not enforced here)\n"
		     "to           <joe@other.example>, looked up as joe@other.example\n"
		     "  rule         not-a-customer: pass (no customer of a partner)\n"
		     "reply        550 5.7.1 not from you\n");
	sample_dispose(&sample);
}

static void a_report_says_what_could_not_be_found_out(void **state)
{
	const struct classification unclassified = {.known = false};
	const struct counted_field counted[] = {{SPAN_LIT("x-none"), 0}, {SPAN_LIT("x-tag"), 2}};
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.authors = (struct authors){.null_reverse_path = true};
	sample.decision.classification = &unclassified;
	sample.decision.marks = 0;
	sample.decision.recipient_count = 1;
	sample.decision.would_plan = (struct plan){.action = ACTION_FLAG,
						   .flag = SPAN_LIT("flag; id=-"),
						   .removed = counted,
						   .removed_count = COUNT(counted)};
	sample.decision.plan = sample.decision.would_plan;
	sample.recipients[0] = (struct recipient){
		.address = SPAN_LIT("<a@b@c>"),
		.judged = true,
		.verdict = {.rule = SPAN_LIT("fault"),
			    .disposition = DISPOSITION_FLAG,
			    .fault = true},
	};
	check_report(&sample.decision,
		     "action       flag\n"
		     "subject      (none)\n"
		     "reverse-path <>\n"
		     "category     (could not be found out)\n"
		     "to           <a@b@c>, looked up as nothing: it cannot be read\n"
		     "  customer     (not known)\n"
		     "  sender       (could not be found out)\n"
		     "  rule         fault: flag (could not be decided for a fault of ours)\n"
		     "header       flag; id=-\n"
		     "removed      x-tag (2)\n");
	sample_dispose(&sample);
}

static const struct authentication_settings settings = {.partners = AUTH_DKIM};
static const struct span two[] = {TEXT("a.example"), TEXT("b.example")};

static const struct {
	struct authentication found;
	const char *line; /* none: nothing is said */
} authentication_cases[] = {
	{{.settings = NULL}, NULL},
	{{.settings = &settings}, "not believed: the client is no trusted hop"},
	{{.settings = &settings, .hop = true},
	 "not believed: none of ours where the hop adds them"},
	{{.settings = &settings, .hop = true, .fields = 1}, "nothing has passed"},
	{{.settings = &settings, .hop = true, .unreadable = 2}, "nothing has passed; 2 unreadable"},
	{{.settings = &settings, .hop = true, .fields = 1, .dkim = {two, 2}},
	 "dkim a.example, b.example"},
	{{.settings = &settings, .hop = true, .fields = 1, .spf = TEXT("a.example")},
	 "spf a.example"},
	{{.settings = &settings,
	  .hop = true,
	  .fields = 1,
	  .unreadable = 1,
	  .dkim = {two, 1},
	  .spf = TEXT("b.example")},
	 "dkim a.example; spf b.example; 1 unreadable"},
};

static void check_authentication(size_t number, bool has_field)
{
	const char *expected = has_field ? authentication_cases[number].line : NULL;
	char line[128];
	struct sample sample;
	struct buf out;

	sample_init(&sample);
	if (has_field)
		sample_add_field(&sample, AUTHENTICATION_FIELD, SPAN_LIT("mx; none"));
	sample.authors.authentication = authentication_cases[number].found;
	csp_buf_init(&out, 1 << 20);
	csp_report_write(&out, &sample.decision);
	const char *found = strstr(csp_buf_cstr(&out), "\nauth-results ");
	snprintf(line, sizeof(line), "\nauth-results %s\n", expected ? expected : "");
	if (expected ? !found || strncmp(found, line, strlen(line)) != 0 : found != NULL)
		fail_msg("case %zu: %s", number, csp_buf_cstr(&out));
	csp_buf_dispose(&out);
	sample_dispose(&sample);
}

static void what_trusted_servers_found_out_is_told_where_there_is_such_a_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(authentication_cases); i++) {
		check_authentication(i, true);
		check_authentication(i, false);
	}
}

static void a_proof_by_authentication_is_named(void **state)
{
	struct sample sample;
	struct buf out;

	(void)state;
	sample_init(&sample);
	sample.recipients[0].sender = (struct sender){.known = true,
						      .kind = SENDER_PARTNER,
						      .proof = PROOF_PROVEN,
						      .authenticated_by = AUTH_DKIM | AUTH_SPF};
	csp_buf_init(&out, 1 << 20);
	csp_report_write(&out, &sample.decision);
	assert_non_null(strstr(csp_buf_cstr(&out),
			       "  sender       partner (proof: proven by dkim by spf)\n"));
	csp_buf_dispose(&out);
	sample_dispose(&sample);
}

static const struct {
	struct verdict verdict;
	const char *line;
} verdict_cases[] = {
	{{.rule = TEXT("own-domain"), .outside = true},
	 "  rule         own-domain: pass (a domain of our own)\n"},
	{{.rule = TEXT("dsn"), .outside = true},
	 "  rule         dsn: pass (a delivery report of our own)\n"},
	{{.rule = TEXT("default")}, "  rule         default: pass (no rule matched)\n"},
	{{.rule = TEXT("general"),
	  .decided_by = &shipped_rules[9],
	  .disposition = DISPOSITION_FLAG,
	  .softened = true},
	 "  rule         general: flag (a pass, but marked)\n"},
};

static void every_way_to_a_verdict_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(verdict_cases); i++) {
		struct sample sample;
		struct buf out;

		sample_init(&sample);
		sample.recipients[0].verdict = verdict_cases[i].verdict;
		csp_buf_init(&out, 1 << 20);
		csp_report_write(&out, &sample.decision);
		if (!strstr(csp_buf_cstr(&out), verdict_cases[i].line))
			fail_msg("no '%s' in\n%s", verdict_cases[i].line, csp_buf_cstr(&out));
		csp_buf_dispose(&out);
		sample_dispose(&sample);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_terminal_would_act_on_is_made_visible),
		cmocka_unit_test(a_report_says_what_would_happen_and_why),
		cmocka_unit_test(a_report_says_what_could_not_be_found_out),
		cmocka_unit_test(
			what_trusted_servers_found_out_is_told_where_there_is_such_a_field),
		cmocka_unit_test(a_proof_by_authentication_is_named),
		cmocka_unit_test(every_way_to_a_verdict_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
