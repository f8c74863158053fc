#include "../check.h"
#include "authentication.h"

#include <stdio.h>
#include <stdlib.h>

static const struct span ids[] = {{"mx.vendor.example", 17}, {"xn--bcher-kva.example", 21}};
static const struct network hop = {{NETADDR_IPV4, {192, 0, 2, 10}}, 32};
static const struct authentication_settings settings = {
	.authserv_ids = {ids, COUNT(ids)},
	.hops = {.networks = &hop, .network_count = 1},
	.partners = AUTH_DKIM | AUTH_SPF,
};

#define OURS     "Authentication-Results: mx.vendor.example; "
#define RECEIVED "Received: from a by b; Sat, 20 Jun 2026 12:00:00 +0000\n"
#define REST     RECEIVED "From: a@p.example\nSubject: x\n\n"
#define DKIM     "dkim=pass header.d="
#define SPF      "spf=pass smtp.mailfrom="

/* "fields+unreadable dkim,dkim spf" of a message from <b@p.example>; "-" from a client that is no trusted hop. */
static const char *read(char out[1024], const char *header, const char *client,
			const struct authentication_settings *configured)
{
	struct span text = csp_span_from(header);
	struct arena arena;
	struct message message;
	struct authentication found;

	csp_arena_init(&arena, 1 << 24);
	csp_message_init(&message, &arena,
			 (struct message_limits){.header_bytes = 1 << 22,
						 .header_fields = 100000,
						 .recipients = 10,
						 .mailboxes = 100,
						 .encoded_words = 10000});
	message.reverse_path = SPAN_LIT("<b@p.example>");
	if (*client)
		assert_true(csp_netaddr_parse(&message.client.address, csp_span_from(client)));
	assert_true(csp_message_add_header_section(&message, &text));
	assert_true(csp_authentication_read(&found, &message, configured));
	size_t len = (size_t)snprintf(out, 1024, "%zu+%zu", found.fields, found.unreadable);
	for (size_t i = 0; i < found.dkim.count; i++)
		len += (size_t)snprintf(out + len, 1024 - len, "%s%.*s", i ? "," : " ",
					SPAN_ARG(found.dkim.items[i]));
	if (found.spf.len)
		snprintf(out + len, 1024 - len, " spf %.*s", SPAN_ARG(found.spf));
	if (!found.hop)
		snprintf(out, 1024, "-");
	csp_arena_dispose(&arena);
	return out;
}

struct example {
	const char *header, *found;
};

static void check_examples(const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[1024];
		read(text, examples[i].header, "192.0.2.10", &settings);
		if (strcmp(text, examples[i].found) != 0)
			fail_msg("%s: %s", examples[i].header, text);
	}
}

static void a_field_counts_above_the_first_received_of_a_trusted_hop(void **state)
{
	static const struct example examples[] = {
		{OURS DKIM "p.example\n" REST, "1+0 p.example"},
		{"X: y\nauthentication-results : MX.Vendor.Example 1; " DKIM "p.example\n" REST,
		 "1+0 p.example"},
		{"Authentication-Results: b\xc3\xbc"
		 "cher.example; " DKIM "p.example\n" REST,
		 "1+0 p.example"},
		{"Authentication-Results:\n mx.vendor.example;\r\n\t" DKIM "p.example\n" REST,
		 "1+0 p.example"},
		/* Below, anybody could have put it. */
		{RECEIVED OURS DKIM "p.example\n" REST, "0+0"},
		{"Received:\n" OURS DKIM "p.example\n" REST, "0+0"},
		{OURS DKIM "p.example\nFrom: a@p.example\n\n", "0+0"},
		/* Others' results are theirs. */
		{"Authentication-Results: mx.other.example; " DKIM "p.example\n" REST, "0+0"},
		{"Authentication-Results: mx.vendor.example.evil.example; " DKIM "p.example\n" REST,
		 "0+0"},
		{"Authentication-Results: vendor.example; " DKIM "p.example\n" REST, "0+0"},
		{"Authentication-Results: mx.vendor.example(.evil.example; " DKIM
		 "p.example\n" REST,
		 "0+1"},
		{"ARC-Authentication-Results: i=1; mx.vendor.example; " DKIM "p.example\n" REST,
		 "0+0"},
		{"X-Authentication-Results: mx.vendor.example; " DKIM "p.example\n" REST, "0+0"},
		{OURS "none\n" REST, "1+0"},
	};
	static const char *const strangers[] = {"192.0.2.11", "2001:db8::1", ""};
	const struct authentication_settings nothing = {.hops = settings.hops};
	char text[1024];

	(void)state;
	check_examples(examples, COUNT(examples));
	for (size_t i = 0; i < COUNT(strangers); i++)
		assert_string_equal(
			read(text, OURS DKIM "p.example\n" REST, strangers[i], &settings), "-");
	assert_string_equal(read(text, OURS DKIM "p.example\n" REST, "192.0.2.10", &nothing), "-");
}

static void where_hops_remove_forged_fields_theirs_may_stand_below_received(void **state)
{
	static const struct example examples[] = {
		{RECEIVED OURS DKIM "p.example\n" REST, "1+0 p.example"},
		{OURS DKIM "a.example\n" RECEIVED OURS DKIM "p.example\n" REST,
		 "2+0 a.example,p.example"},
		{RECEIVED RECEIVED OURS DKIM "p.example\n" REST, "0+0"},
		/* A forged one that was left below the hop's own contradicts it. */
		{RECEIVED OURS "dkim=none\n" OURS DKIM "p.example\n" REST, "2+0"},
		{RECEIVED OURS "dkim=fail header.d=a.example\n" OURS DKIM "p.example\n" REST,
		 "2+0 p.example"},
		{RECEIVED "From: a@p.example\n" OURS DKIM "p.example\n\n", "1+0 p.example"},
		{OURS DKIM "p.example\nFrom: a@p.example\n\n", "0+0"},
	};
	struct authentication_settings below = settings;
	char text[1024];

	(void)state;
	below.below_received = true;
	for (size_t i = 0; i < COUNT(examples); i++)
		CHECK(examples[i].header,
		      strcmp(read(text, examples[i].header, "192.0.2.10", &below),
			     examples[i].found) == 0);
	assert_string_equal(read(text, examples[0].header, "192.0.2.11", &below), "-");
}

static void a_signature_counts_with_exactly_pass_and_one_domain(void **state)
{
	static const struct example examples[] = {
		{OURS DKIM "P.Example.\n" REST, "1+0 p.example"},
		{OURS DKIM "b\xc3\xbc"
			   "cher.example\n" REST,
		 "1+0 xn--bcher-kva.example"},
		{OURS DKIM "a.example; " DKIM "b.example;dkim=pass header.d=a.example\n" REST,
		 "1+0 a.example,b.example"},
		{OURS DKIM "a.example\n" OURS DKIM "b.example\n" REST, "2+0 a.example,b.example"},
		/* A server that cannot check one of two algorithms says neutral of it. */
		{OURS "dkim=neutral header.d=a.example; " DKIM "a.example\n" REST, "1+0 a.example"},
		{OURS "dkim=fail header.d=a.example\n" REST, "1+0"},
		{OURS "dkim=Pass header.d=a.example\n" REST, "1+0"},
		{OURS "dkim=passed header.d=a.example\n" REST, "1+0"},
		{OURS "dkim=none header.d=a.example\n" REST, "1+0"},
		{OURS "dkim/2=pass header.d=a.example\n" REST, "1+0"},
		{OURS "dkim=pass header.i=@a.example\n" REST, "1+0"},
		{OURS "dkim=pass smtp.d=a.example\n" REST, "1+0"},
		{OURS "dkim=pass header.d=a.example header.d=b.example\n" REST, "1+0"},
		{OURS "dkim=pass header.d=a.example header.D=a.example\n" REST, "1+0"},
		{OURS "dkim=pass header.d=x@a.example\n" REST, "1+0"},
		{OURS "dkim-adsp=pass header.d=a.example\n" REST, "1+0"},
		{OURS "dmarc=pass header.d=a.example\n" REST, "1+0"},
		{OURS "dmarc=pass (dkim=pass header.d=a.example) header.from=a.example\n" REST,
		 "1+0"},
		/* One field that cannot be read takes nothing from another. */
		{OURS "dkim=pass header.d=\n" OURS DKIM "b.example\n" REST, "1+1 b.example"},
		/* Which of two fields was signed is not known. */
		{OURS DKIM "p.example\n" RECEIVED "Subject: y\nFrom: a@p.example\nSubject: x\n\n",
		 "1+0"},
		{OURS DKIM "p.example\n" RECEIVED "From: a@p.example\nFROM: a@p.example\n\n",
		 "1+0"},
	};

	(void)state;
	check_examples(examples, COUNT(examples));
}

static void spf_counts_for_the_reverse_path_and_without_a_contradiction(void **state)
{
	static const struct example examples[] = {
		{OURS SPF "p.example\n" REST, "1+0 spf p.example"},
		{OURS SPF "b@P.Example\n" REST, "1+0 spf p.example"},
		{OURS SPF "\"b\"@p.example (x)\n" REST, "1+0 spf p.example"},
		{OURS SPF "p.example; spf=fail smtp.helo=q.example\n" REST, "1+0 spf p.example"},
		{OURS DKIM "d.example; " SPF "p.example\n" REST, "1+0 d.example spf p.example"},
		{OURS SPF "q.example\n" REST, "1+0"},
		{OURS SPF "sub.p.example\n" REST, "1+0"},
		{OURS SPF "b@p.example@q.example\n" REST, "1+0"},
		{OURS SPF "\"b@p.example\"@q.example\n" REST, "1+0"},
		{OURS "spf=pass smtp.helo=p.example\n" REST, "1+0"},
		{OURS "spf=softfail smtp.mailfrom=p.example\n" REST, "1+0"},
		{OURS "spf=PASS smtp.mailfrom=p.example\n" REST, "1+0"},
		{OURS "spf/2=pass smtp.mailfrom=p.example\n" REST, "1+0"},
		{OURS SPF "p.example; spf=fail smtp.mailfrom=p.example\n" REST, "1+0"},
		{OURS SPF "p.example; " SPF "q.example\n" REST, "1+0"},
		{OURS SPF "p.example smtp.mailfrom=p.example\n" REST, "1+0"},
		{OURS SPF "p.example\n" OURS "spf=fail smtp.mailfrom=q.example\n" REST, "2+0"},
		{OURS SPF "p.example\n" OURS "spf=fail smtp.mailfrom=p(\n" REST, "1+1"},
		{OURS SPF "p.example(.q.example\n" REST, "0+1"},
		{OURS SPF "p.example(.q.example)\n" REST, "0+1"},
		{OURS SPF "p.example\n" RECEIVED OURS "spf=fail smtp.mailfrom=p.example\n" REST,
		 "1+0 spf p.example"},
	};

	(void)state;
	check_examples(examples, COUNT(examples));
}

static void more_fields_than_a_hop_adds_are_not_believed(void **state)
{
	(void)state;
	for (size_t count = 16; count <= 17; count++) {
		char header[4096] = "", text[1024], expected[64];
		for (size_t i = 0; i < count; i++)
			strcat(header, OURS DKIM "p.example\n");
		strcat(header, REST);
		snprintf(expected, sizeof(expected), "%s", count == 16 ? "16+0 p.example" : "0+17");
		assert_string_equal(read(text, header, "192.0.2.10", &settings), expected);
	}
}

static void a_signing_domain_covers_its_sub_domains_alone(void **state)
{
	static const struct span listed[] = {{"p.example", 9}, {"mail.q.example", 14}};
	static const struct {
		const char *signer;
		bool covered;
	} cases[] = {
		{"p.example", true},
		{"news.p.example", true},
		{"xp.example", false},
		{"example", false},
		{"q.example", false},
		{"mail.q.example", true},
		{"p.example.evil.example", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span signer = csp_span_from(cases[i].signer);
		const struct authentication one = {.dkim = {&signer, 1}};
		const struct spans domains = {listed, COUNT(listed)};
		CHECK(cases[i].signer,
		      csp_authentication_is_signed_by(&one, domains) == cases[i].covered);
		CHECK(cases[i].signer, !csp_authentication_is_signed_by(&one, (struct spans){0}));
	}
}

static void short_memory_is_said(void **state)
{
	struct span text = SPAN_LIT(OURS DKIM "p.example; " SPF "b@p.example\n" REST);
	struct arena arena;
	struct message message;
	struct authentication found;
	bool enough = false;
	size_t short_of = 0;

	(void)state;
	csp_arena_init(&arena, 1 << 20);
	csp_message_init(&message, &arena,
			 (struct message_limits){.header_bytes = 4096,
						 .header_fields = 10,
						 .recipients = 1,
						 .mailboxes = 100,
						 .encoded_words = 10000});
	message.reverse_path = SPAN_LIT("<b@p.example>");
	assert_true(csp_netaddr_parse(&message.client.address, SPAN_LIT("192.0.2.10")));
	assert_true(csp_message_add_header_section(&message, &text));
	for (size_t room = 0; !enough && room < 1 << 18; room += 16) {
		arena.max = arena.used + room;
		enough = csp_authentication_read(&found, &message, &settings);
		short_of += !enough;
	}
	assert_true(enough && short_of > 1);
	assert_int_equal(found.dkim.count, 1);
	assert_true(csp_span_equal(found.spf, SPAN_LIT("p.example")));
	csp_arena_dispose(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_counts_above_the_first_received_of_a_trusted_hop),
		cmocka_unit_test(where_hops_remove_forged_fields_theirs_may_stand_below_received),
		cmocka_unit_test(a_signature_counts_with_exactly_pass_and_one_domain),
		cmocka_unit_test(spf_counts_for_the_reverse_path_and_without_a_contradiction),
		cmocka_unit_test(more_fields_than_a_hop_adds_are_not_believed),
		cmocka_unit_test(a_signing_domain_covers_its_sub_domains_alone),
		cmocka_unit_test(short_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
