#include "../check.h"
#include "classify.h"

#include <stdio.h>
#include <stdlib.h>

enum { SUBSCRIPTION, INCIDENT, OPERATIONAL, OTHER };

static const struct categories categories = {
	.names = {{"subscription", 12}, {"incident", 8}, {"operational", 11}, {"other", 5}},
	.count = 4,
	.subscription = SUBSCRIPTION,
	.incident = INCIDENT,
	.other = OTHER,
};

static const struct phrase phrases[] = {
	{.text = {"invoice", 7}, .rule = {"en/invoice", 10}, .category = SUBSCRIPTION},
	{.text = {"renewal", 7},
	 .rule = {"en/renewal", 10},
	 .category = SUBSCRIPTION,
	 .meaning = 1},
	{.text = {"billing", 7}, .rule = {"en/billing", 10}, .category = SUBSCRIPTION},
	{.text = {"outage", 6}, .rule = {"en/outage", 9}, .category = INCIDENT, .meaning = 2},
	{.text = {"maintenance", 11}, .rule = {"en/maintenance", 14}, .category = OPERATIONAL},
	{.text = {"billing system maintenance", 26},
	 .rule = {"en/billing-system", 17},
	 .category = OPERATIONAL},
	{.text = {"certificate renewal", 19},
	 .rule = {"en/certificate", 14},
	 .category = OPERATIONAL},
	{.text = {"newsletter invoice", 18}, .rule = {"en/newsletter", 13}, .category = OTHER},
	{.text = {"insurance", 9},
	 .rule = {"en/insurance", 12},
	 .category = OTHER,
	 .instead_of = 1},
	{.text = {"table", 5}, .rule = {"en/table", 8}, .category = OTHER, .instead_of = 3},
	{.text = {"has\xc5\x82o renewal", 14},
	 .rule = {"pl/password", 11},
	 .category = OPERATIONAL},
};

static const struct span office_words[] = {{"office 365", 10}};
static const struct span old_office_words[] = {{"office 2019", 11}};
static const struct span azure_words[] = {{"azure", 5}, {"windows azure", 13}};
static const struct span azure_french_words[] = {{"nuage azure", 11}};
static const struct span devops_words[] = {{"azure devops", 12}};
static const struct product products[] = {
	{{"office-365", 10}, true, {office_words, 1}},
	{{"office-old", 10}, false, {old_office_words, 1}},
	{{"azure", 5}, true, {azure_words, 2}},
	{{"azure-devops", 12}, false, {devops_words, 1}},
	{{"azure", 5}, true, {azure_french_words, 1}},
};

static const struct span incident_prefixes[] = {{"EX", 2}};
static const struct span center_prefixes[] = {{"MC", 2}};
static const struct identifier identifiers[] = {
	{.rule = {"m365", 4},
	 .category = INCIDENT,
	 .prefixes = {incident_prefixes, 1},
	 .digits_min = 6,
	 .digits_max = 7},
	{.rule = {"center", 6},
	 .category = OPERATIONAL,
	 .prefixes = {center_prefixes, 1},
	 .digits_min = 6,
	 .digits_max = 7},
};

static const struct sender_entry senders[] = {
	{{"billing", 7}, SUBSCRIPTION, {{"billing", 7}, {"vendor.example", 14}}},
	{{"status", 6}, INCIDENT, {{"", 0}, {"status.example", 14}}},
};

static const struct tag_value text_values[] = {{{"invoice", 7}, SUBSCRIPTION},
					       {{"incident", 8}, INCIDENT}};
static const struct tag_value list_values[] = {{{"type=invoice", 12}, SUBSCRIPTION},
					       {{"type=news", 9}, OTHER}};
static const struct tag tags[] = {
	{{"x-tag", 5}, {"X-Tag", 5}, {.format = TAG_TEXT}, text_values, 2},
	{{"x-tags", 6}, {"X-Tags", 6}, {.format = TAG_LIST}, list_values, 2},
	{{"x-json", 6},
	 {"X-Json", 6},
	 {.format = TAG_JSON, .key = {"category", 8}},
	 text_values,
	 2},
};

static const struct span gdap_phrases[] = {{"admin relationship*", 19}, {"gdap", 4}};
static const struct span any_phrases[] = {{"hello list", 10}};
static const struct list_entry lists[] = {
	{{"direct", 6}, {"direct/gdap", 11}, senders, 1, {gdap_phrases, 2}},
	{{"greetings", 9}, {"greetings/any", 13}, NULL, 0, {any_phrases, 1}},
	{{"direct", 6}, {"direct/hello", 12}, NULL, 0, {any_phrases, 1}},
};

static const struct phrase expressions[] = {
	{.text = {"\\bPO-[0-9]{5}\\b", 16}, .rule = {"site/order", 10}, .category = SUBSCRIPTION},
	{.text = {"^\\[noc\\]", 9}, .rule = {"site/noc", 8}, .category = OPERATIONAL},
};

static const struct pack pack = {
	.expressions = expressions,
	.expression_count = COUNT(expressions),
	.phrases = phrases,
	.phrase_count = COUNT(phrases),
	.products = products,
	.product_count = COUNT(products),
	.identifiers = identifiers,
	.identifier_count = COUNT(identifiers),
	.senders = senders,
	.sender_count = COUNT(senders),
	.tags = tags,
	.tag_count = COUNT(tags),
	.lists = lists,
	.list_count = COUNT(lists),
};

static const struct span text_fields[] = {{"Subject", 7}, {"Thread-Topic", 12}};
static const struct span trusted_login[] = {{"trusted", 7}};
static const struct proofs tag_sources = {.logins = {trusted_login, 1}};
static const struct classify_settings settings = {
	.categories = &categories,
	.text_fields = {text_fields, COUNT(text_fields)},
	.tag_sources = &tag_sources,
};
static const struct vendor vendor = {0};

struct fixture {
	struct classifier *classifier;
	struct classify_scratch *scratch;
	struct arena arena;
	struct message message;
	struct authors authors;
	struct sender sender;
	struct classification found;
	char evidence[2048];
};

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct classifier_error error;

	assert_non_null(fixture);
	assert_true(csp_classifier_new(&fixture->classifier, &error, &pack, &settings));
	assert_true(csp_classify_scratch_new(&fixture->scratch, fixture->classifier));
	csp_arena_init(&fixture->arena, 1 << 26);
	fixture->sender =
		(struct sender){.known = true, .kind = SENDER_VENDOR, .proof = PROOF_PROVEN};
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;

	csp_arena_dispose(&fixture->arena);
	csp_classify_scratch_free(fixture->scratch);
	csp_classifier_free(fixture->classifier);
	free(fixture);
	return 0;
}

static void read_header(struct fixture *fixture, struct span header, const char *login)
{
	csp_arena_reset(&fixture->arena);
	csp_message_init(&fixture->message, &fixture->arena,
			 (struct message_limits){.header_bytes = 1 << 24,
						 .header_fields = 100000,
						 .recipients = 10});
	fixture->message.reverse_path = SPAN_LIT("<>");
	fixture->message.client.login = csp_span_from(login);
	assert_true(csp_message_add_header_section(&fixture->message, &header));
	assert_true(csp_authors_collect(&fixture->authors, &fixture->message, &vendor));
}

/* The evidence as "category:rule:field:match|…", numbers for categories. */
static void write_evidence(struct fixture *fixture)
{
	size_t len = 0;

	fixture->evidence[0] = '\0';
	for (size_t i = 0; i < fixture->found.evidence_count; i++) {
		const struct evidence *evidence = &fixture->found.evidence[i];
		int written = snprintf(fixture->evidence + len, sizeof(fixture->evidence) - len,
				       "%s%u:%.*s:%.*s:%.*s", i ? "|" : "", evidence->category,
				       SPAN_ARG(evidence->rule), SPAN_ARG(evidence->field),
				       SPAN_ARG(evidence->match));
		assert_true(written > 0 && (size_t)written < sizeof(fixture->evidence) - len);
		len += (size_t)written;
	}
}

static const struct classification *classify(struct fixture *fixture, const char *header,
					     const char *login)
{
	read_header(fixture, csp_span_from(header), login);
	csp_classify(&fixture->found, fixture->classifier, fixture->scratch, &fixture->message,
		     &fixture->authors, &fixture->sender);
	assert_true(fixture->found.known);
	write_evidence(fixture);
	return &fixture->found;
}

struct case_of {
	const char *header;
	unsigned category;
	unsigned marks;
	const char *evidence; /* NULL: not looked at */
};

static void check_cases(struct fixture *fixture, const char *login, const struct case_of *cases,
			size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct classification *found = classify(fixture, cases[i].header, login);
		if (found->category != cases[i].category || found->marks != cases[i].marks)
			fail_msg("%s: category %u marks %x", cases[i].header, found->category,
				 found->marks);
		if (cases[i].evidence && strcmp(fixture->evidence, cases[i].evidence) != 0)
			fail_msg("%s: %s", cases[i].header, fixture->evidence);
	}
}

#define CONFLICT MARK_CONFLICTING_EVIDENCE

static void the_gravest_evidence_in_the_text_decides(void **state)
{
	static const struct case_of cases[] = {
		{"Subject: lunch\n\n", OTHER, 0, ""},
		{"X-Other: invoice\n\n", OTHER, 0, ""},
		{"Subject:\n\n", OTHER, 0, ""},
		{"\n", OTHER, 0, ""},
		{"Subject: Your Invoice\n\n", SUBSCRIPTION, 0, "0:en/invoice:Subject:invoice"},
		{"SUBJECT: Your Invoice\n\n", SUBSCRIPTION, 0, "0:en/invoice:Subject:invoice"},
		{"Thread-topic: invoice\n\n", SUBSCRIPTION, 0, "0:en/invoice:Thread-Topic:invoice"},
		{"Subject: outage\n\n", INCIDENT, 0, "1:en/outage:Subject:outage"},
		{"Subject: maintenance\n\n", OPERATIONAL, 0,
		 "2:en/maintenance:Subject:maintenance"},
		{"Subject: maintenance after outage\n\n", INCIDENT, 0,
		 "1:en/outage:Subject:outage|2:en/maintenance:Subject:maintenance"},
		{"Subject: maintenance; invoice\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: outage; invoice\n\n", SUBSCRIPTION, CONFLICT, NULL},
		{"Subject: invoice\nThread-Topic: outage\n\n", SUBSCRIPTION, CONFLICT, NULL},
		{"Subject: billing system maintenance\n\n", OPERATIONAL, 0, NULL},
		{"Subject: billing system maintenance; billing\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: certificate renewal\n\n", OPERATIONAL, 0,
		 "2:en/certificate:Subject:certificate renewal"},
		{"Subject: has\xc5\x82o renewal\n\n", OPERATIONAL, 0,
		 "2:pl/password:Subject:has\xc5\x82o renewal"},
		{"Subject: newsletter invoice\n\n", OTHER, 0,
		 "3:en/newsletter:Subject:newsletter invoice"},
		{"Subject: in\n voice; inv\n  oice\n\n", OTHER, 0, ""},
		{"Subject: a\n invoice\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: =?utf-8?B?aW52?= =?utf-8?B?b2ljZQ==?=\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: =?iso-8859-1?q?Inv=4Fice?=\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: in\xe2\x80\x8bvo\xc2\xadice\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: \xef\xbd\x89nvoice\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: invoice invoice\n\n", SUBSCRIPTION, 0, "0:en/invoice:Subject:invoice"},
		{"Subject: invoice\nThread-Topic: invoice\n\n", SUBSCRIPTION, 0,
		 "0:en/invoice:Subject:invoice|0:en/invoice:Thread-Topic:invoice"},
	};

	check_cases(*state, "", cases, COUNT(cases));
}

static void a_phrase_stands_instead_of_meanings_in_its_field(void **state)
{
	static const struct case_of cases[] = {
		{"Subject: renewal of your insurance\n\n", OTHER, 0,
		 "3:en/insurance:Subject:insurance|0:en/renewal:Subject:renewal"},
		{"Subject: renewal; your invoice; insurance\n\n", SUBSCRIPTION, 0,
		 "0:en/invoice:Subject:invoice|3:en/insurance:Subject:insurance|0:en/"
		 "renewal:Subject:renewal"},
		{"Subject: insurance: outage\n\n", INCIDENT, 0, NULL},
		{"Subject: table: outage\n\n", OTHER, 0, NULL},
		{"Subject: table: outage; renewal\n\n", OTHER, 0, NULL},
		{"Subject: table: outage; maintenance\n\n", OPERATIONAL, 0, NULL},
		{"Subject: insurance: outage; renewal\n\n", INCIDENT, 0, NULL},
		{"Subject: renewal of your insurance for azure\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: renewal\nThread-Topic: insurance\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: renewal\nSubject: insurance\n\n", SUBSCRIPTION, MARK_DUPLICATE_FIELD,
		 NULL},
		{"Subject: insurance\nThread-Topic: azure renewal\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: renewal insurance\nThread-Topic: azure\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: insurance PO-12345 renewal\n\n", SUBSCRIPTION, 0, NULL},
	};

	check_cases(*state, "", cases, COUNT(cases));
}

static void an_expression_is_evidence_like_a_phrase(void **state)
{
	static const struct case_of cases[] = {
		{"Subject: your po-12345\n\n", SUBSCRIPTION, 0, "0:site/order:Subject:po-12345"},
		{"Subject: PO-12345 PO-54321\n\n", SUBSCRIPTION, 0,
		 "0:site/order:Subject:PO-12345"},
		{"Subject: PO-123456\n\n", OTHER, 0, ""},
		{"Subject: =?utf-8?q?PO-=31234?=\n =?utf-8?q?5?=\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: [NOC] hello\n\n", OPERATIONAL, 0, "2:site/noc:Subject:[NOC]"},
		{"Subject: [NOC] invoice\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: outage of PO-12345\n\n", SUBSCRIPTION, CONFLICT, NULL},
		{"X-Other: PO-12345\n\n", OTHER, 0, ""},
	};

	check_cases(*state, "", cases, COUNT(cases));
}

static void an_identifier_never_makes_a_notice_of_subscription_mail(void **state)
{
	static const struct case_of cases[] = {
		{"Subject: EX123456\n\n", INCIDENT, 0, "1:m365:Subject:EX123456"},
		{"Subject: MC123456\n\n", OPERATIONAL, 0, "2:center:Subject:MC123456"},
		{"Subject: EX123456 invoice\n\n", SUBSCRIPTION, CONFLICT,
		 "0:en/invoice:Subject:invoice|1:m365:Subject:EX123456"},
		{"Subject: MC123456 invoice\n\n", SUBSCRIPTION, CONFLICT, NULL},
		{"Subject: MC123456 outage\n\n", INCIDENT, 0, NULL},
		{"Subject: PO123456\n\n", OTHER, 0, ""},
		{"Subject: =?utf-8?q?EX123456?=\n\n", INCIDENT, 0, NULL},
		{"Subject: ex123456\n\n", OTHER, 0, ""},
	};

	check_cases(*state, "", cases, COUNT(cases));
}

static void a_trusted_tag_decides(void **state)
{
	static const struct case_of cases[] = {
		{"X-Tag: invoice\nSubject: lunch\n\n", SUBSCRIPTION, 0, "0:x-tag:X-Tag:invoice"},
		{"x-tag:  INVOICE \n\n", SUBSCRIPTION, 0, "0:x-tag:X-Tag:INVOICE"},
		{"X-Tag: invoice, incident\n\n", OTHER, 0, ""},
		{"X-Tag: unknown\nSubject: outage\n\n", INCIDENT, 0, NULL},
		{"X-Tags: a=b, TYPE=invoice,\n c=d\n\n", SUBSCRIPTION, 0,
		 "0:x-tags:X-Tags:TYPE=invoice"},
		{"X-Tags: a=b, type=news\nSubject: invoice\n\n", OTHER, CONFLICT, NULL},
		{"X-Tag: incident\nSubject: outage\n\n", INCIDENT, 0,
		 "1:x-tag:X-Tag:incident|1:en/outage:Subject:outage"},
		{"Subject: invoice\nX-Tag: incident\n\n", INCIDENT, CONFLICT,
		 "1:x-tag:X-Tag:incident|0:en/invoice:Subject:invoice"},
		{"X-Tag: invoice\nSubject: outage\n\n", SUBSCRIPTION, CONFLICT, NULL},
		{"X-Tag: invoice\nSubject: MC123456\n\n", SUBSCRIPTION, CONFLICT, NULL},
		{"X-Tag: invoice\nSubject: maintenance\n\n", SUBSCRIPTION, 0, NULL},
		{"X-Tag: incident\nX-Tag: invoice\n\n", SUBSCRIPTION, CONFLICT, NULL},
		{"X-Tag: invoice\nX-Tag: invoice\n\n", SUBSCRIPTION, 0, NULL},
	};

	check_cases(*state, "trusted", cases, COUNT(cases));
}

static void a_tag_from_anyone_else_is_ignored_and_marked_where_it_contradicts(void **state)
{
	static const struct case_of cases[] = {
		{"X-Tag: incident\nSubject: invoice\n\n", SUBSCRIPTION, MARK_UNTRUSTED_TAG,
		 "0:en/invoice:Subject:invoice"},
		{"X-Tag: invoice\n\n", OTHER, MARK_UNTRUSTED_TAG, ""},
		{"X-Tag: unknown\n\n", OTHER, 0, ""},
		{"X-Tags: a, type=news\n\n", OTHER, 0, ""},
		{"X-Tags: a, type=news\nSubject: outage\n\n", INCIDENT, MARK_UNTRUSTED_TAG, NULL},
		{"X-Tag: incident\nSubject: outage\n\n", INCIDENT, 0, "1:en/outage:Subject:outage"},
		{"X-Tag: invoice\nSubject: outage\n\n", INCIDENT, MARK_UNTRUSTED_TAG, NULL},
		{"X-Tag: incident\nX-Tag: invoice\nSubject: outage\n\n", INCIDENT,
		 MARK_UNTRUSTED_TAG, NULL},
		{"X-Json: {\"category\":\"incident\"}\nSubject: outage\n\n", INCIDENT, 0, NULL},
		{"X-Json: {\"category\":\"incident\"\nSubject: outage\n\n", INCIDENT,
		 MARK_UNTRUSTED_TAG, NULL},
		{"X-Tag: =?utf-8?q?incident\nSubject: outage\n\n", INCIDENT, 0, NULL},
	};

	check_cases(*state, "someone", cases, COUNT(cases));
	check_cases(*state, "", cases, COUNT(cases));
}

static void a_trusted_tag_that_cannot_be_read_is_marked(void **state)
{
	static const struct case_of cases[] = {
		{"X-Json: {\"category\":[\"a\",\"incident\"]}\n\n", INCIDENT, 0,
		 "1:x-json:X-Json:incident"},
		{"X-Json: {\"category\":\"incident\"\nSubject: invoice\n\n", SUBSCRIPTION,
		 MARK_UNDECODABLE, "0:en/invoice:Subject:invoice"},
		{"X-Json: {\"category\":\"incident\",}\n\n", OTHER, MARK_UNDECODABLE, ""},
		{"X-Json: \n\n", OTHER, MARK_UNDECODABLE, ""},
		{"X-Json: {\"category\":\"what\"}\n\n", OTHER, 0, ""},
		{"X-Json: {\"category\":\"incident\",\"category\":\"invoice\"}\n\n", SUBSCRIPTION,
		 CONFLICT, NULL},
		{"X-Tag: =?utf-8?q?invoice\n\n", SUBSCRIPTION, MARK_UNDECODABLE,
		 "0:x-tag:X-Tag:invoice"},
		{"X-Tag: =?utf-8?b?aW52b2ljZQ==?=\n\n", SUBSCRIPTION, 0, "0:x-tag:X-Tag:invoice"},
		{"X-Tags: =?utf-8?q?type=3Dinvoice?=,=?x\n\n", SUBSCRIPTION, 0, NULL},
		{"X-Tag: in\rcident\n\n", OTHER, MARK_BARE_NEWLINE, ""},
	};

	check_cases(*state, "trusted", cases, COUNT(cases));
}

static void trusted_tags_that_conflict_never_give_the_milder_category(void **state)
{
	static const struct case_of cases[] = {
		{"X-Tag: incident\nX-Tags: type=invoice\n\n", SUBSCRIPTION, CONFLICT, NULL},
		{"X-Tags: type=news, type=invoice\n\n", SUBSCRIPTION, CONFLICT, NULL},
		{"X-Tags: type=news\nX-Tag: incident\n\n", INCIDENT, CONFLICT, NULL},
		{"X-Tag: incident\nX-Json: {\"category\":[\"incident\",\"invoice\"]}\n\n",
		 SUBSCRIPTION, CONFLICT, NULL},
		{"X-Tag: incident\nX-Json: {\"category\":[\"incident\"]}\n\n", INCIDENT, 0, NULL},
	};

	check_cases(*state, "trusted", cases, COUNT(cases));
}

static void the_sender_counts_only_where_nothing_else_speaks(void **state)
{
	static const struct case_of cases[] = {
		{"From: Billing <Billing@vendor.example>\nSubject: hello\n\n", SUBSCRIPTION, 0,
		 "0:billing:From:Billing@vendor.example"},
		{"From: anyone@status.example\n\n", INCIDENT, 0, NULL},
		{"From: anyone@sub.status.example\n\n", OTHER, 0, ""},
		{"From: billing@vendor.example, x@status.example\n\n", SUBSCRIPTION, 0, NULL},
		{"From: billing@vendor.example\nSubject: maintenance\n\n", OPERATIONAL, 0, NULL},
		{"From: billing@vendor.example\nSubject: newsletter invoice\n\n", OTHER, 0, NULL},
		{"From: x@vendor.example\nSender: billing@vendor.example\n\n", OTHER, 0, ""},
	};
	static const struct case_of unproven[] = {
		{"From: billing@vendor.example\nSubject: hello\n\n", OTHER, 0, ""},
	};
	struct fixture *fixture = *state;

	check_cases(fixture, "", cases, COUNT(cases));
	fixture->sender.proof = PROOF_UNPROVEN;
	check_cases(fixture, "", unproven, 1);
	fixture->sender.proof = PROOF_UNKNOWN;
	check_cases(fixture, "", unproven, 1);
	fixture->sender = (struct sender){.known = false};
	check_cases(fixture, "", unproven, 1);
}

static void odd_fields_are_marked(void **state)
{
	static const struct case_of cases[] = {
		{"Subject: a\nSubject: invoice\n\n", SUBSCRIPTION, MARK_DUPLICATE_FIELD, NULL},
		{"Thread-Topic: a\nthread-topic: b\n\n", OTHER, MARK_DUPLICATE_FIELD, NULL},
		{"From: a@b.example\nFrom: a@b.example\n\n", OTHER, MARK_DUPLICATE_FIELD, NULL},
		{"Sender: a@b.example\nSender: a@b.example\n\n", OTHER, MARK_DUPLICATE_FIELD, NULL},
		{"Date: x\nDate: x\n\n", OTHER, MARK_DUPLICATE_FIELD, NULL},
		{"Message-ID: x\nMessage-Id: y\n\n", OTHER, MARK_DUPLICATE_FIELD, NULL},
		{"Reply-To: x\nReply-To: y\n\n", OTHER, MARK_DUPLICATE_FIELD, NULL},
		{"To: x\nTo: y\n\n", OTHER, MARK_DUPLICATE_FIELD, NULL},
		{"Cc: x\nCC: y\n\n", OTHER, MARK_DUPLICATE_FIELD, NULL},
		{"Content-Type: x\nContent-Type: y\n\n", OTHER, MARK_DUPLICATE_FIELD, NULL},
		{"Bcc: x\nBCC: x\n\n", OTHER, MARK_DUPLICATE_FIELD, NULL},
		{"In-Reply-To: <x@y>\nin-reply-to: <x@y>\n\n", OTHER, MARK_DUPLICATE_FIELD, NULL},
		{"References: <x@y>\nSubject: a\nReferences: <x@y>\n\n", OTHER,
		 MARK_DUPLICATE_FIELD, NULL},
		{"Subject: a\nSubject : invoice\n\n", SUBSCRIPTION, MARK_DUPLICATE_FIELD, NULL},
		{"Subject:\nSUBJECT:\n\n", OTHER, MARK_DUPLICATE_FIELD, NULL},
		{"Subject: a\nX-Subject: a\nSubjects: a\n\n", OTHER, 0, NULL},
		{"Received: x\nReceived: y\nX-Tag: z\nX-Tag: z\n\n", OTHER, 0, NULL},
		{"Subject: =?no-such?B?aW52?=\n\n", OTHER, MARK_UNDECODABLE, NULL},
		{"Subject: caf\xe9 invoice\n\n", SUBSCRIPTION, MARK_UNDECODABLE, NULL},
		{"X-Other: caf\xe9\n\n", OTHER, 0, NULL},
		{"Subject: =?visual?q?invoice?=\n\n", SUBSCRIPTION, MARK_UNDECODABLE, NULL},
		{"Subject: =?utf-16?q?i=00n=00v=00oice?=\n\n", SUBSCRIPTION, MARK_UNDECODABLE,
		 NULL},
		{"Subject: =?utf-7?q?+AGk-nvoice?= invoice\n\n", SUBSCRIPTION, MARK_UNDECODABLE,
		 NULL},
		{"Subject: =?utf-8?b?aW52b2l?=\n =?utf-8?b?jZQ==?= invoice\n\n", SUBSCRIPTION,
		 MARK_UNDECODABLE, NULL},
		{"Subject: \xc0\xaf invoice\n\n", SUBSCRIPTION, MARK_UNDECODABLE, NULL},
		{"Subject: a\r invoice\n\n", SUBSCRIPTION, MARK_BARE_NEWLINE, NULL},
		{"Subject: in\rvoice\n\n", OTHER, MARK_BARE_NEWLINE, NULL},
		{"Subject: a\n invoice\r\n\tb\n\n", SUBSCRIPTION, 0, NULL},
		{"X-Tag: in\rvoice\n\n", OTHER, MARK_BARE_NEWLINE, NULL},
	};
	struct fixture *fixture = *state;

	check_cases(fixture, "", cases, COUNT(cases));
	/* Nothing is carried over to the next message. */
	check_cases(fixture, "",
		    &(struct case_of){"Subject: a\nFrom: a@b.example\n\n", OTHER, 0, ""}, 1);
}

static void look_alike_letters_are_seen_through_and_marked(void **state)
{
	static const struct case_of cases[] = {
		{"Subject: =?utf-8?q?inv=D0=BEice?=\n\n", SUBSCRIPTION, MARK_OBFUSCATED,
		 "0:en/invoice:Subject:invoice"},
		{"Subject: =?utf-8?q?inv=D0=BEice_invoice?=\n\n", SUBSCRIPTION, 0, NULL},
		{"Subject: =?utf-8?q?=CE=99=CE=9DV=CE=9FIC=CE=95_EX123456?=\n\n", SUBSCRIPTION,
		 MARK_OBFUSCATED | CONFLICT, NULL},
		{"Subject: =?utf-8?q?invoice_=D1=81=D1=87=D1=91=D1=82?=\n\n", SUBSCRIPTION, 0,
		 NULL},
		{"Subject: =?utf-8?q?n=D0=BEthing?=\n\n", OTHER, 0, ""},
		/* It names the product, and earns no place on the list. */
		{"From: billing@vendor.example\nSubject: "
		 "=?utf-8?q?maintenance_of_=D0=B0zure_gd=D0=B0p?=\n\n",
		 OPERATIONAL, MARK_OBFUSCATED, NULL},
	};
	struct fixture *fixture = *state;

	check_cases(fixture, "", cases, COUNT(cases));
	assert_int_equal(fixture->found.products.count, 1);
	assert_int_equal(fixture->found.lists.count, 0);
}

static void a_bare_line_end_in_a_text_field_is_marked(void **state)
{
	static const char *const bodies[] = {"in\nvoice", "a\rb", "a\r\nb"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		read_header(fixture, SPAN_LIT("\n"), "");
		assert_true(csp_message_add_field(&fixture->message, SPAN_LIT("Subject"),
						  csp_span_from(bodies[i])));
		csp_classify(&fixture->found, fixture->classifier, fixture->scratch,
			     &fixture->message, &fixture->authors, &fixture->sender);
		assert_int_equal(fixture->found.marks, MARK_BARE_NEWLINE);
	}
}

static void a_text_outside_of_messages_names_products_too(void **state)
{
	static const struct {
		const char *text, *products;
		size_t max;
	} cases[] = {
		{"", "", 8},
		{"Office", "", 8},
		{"OFFICE 365 E3 (No Teams)", "office-365 ", 8},
		{"Office365", "office-365 ", 8},
		{"Office 2019", "office-old ", 8},
		{"Windows Azure, nuage Azure", "azure ", 8},
		{"Azure DevOps", "azure-devops ", 8},
		{"Azure for Office 365", "office-365 azure ", 8},
		{"Azure for Office 365", "office-365 ", 1},
		{"Azure", "", 0},
		{"invoice", "", 8},
		{"=?utf-8?q?azure?=", "azure ", 8},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span items[8];
		struct product_names names = {items, 7, cases[i].max};
		char text[256] = "";
		CHECK(cases[i].text,
		      csp_classifier_products(&names, fixture->classifier, fixture->scratch,
					      csp_span_from(cases[i].text)));
		for (size_t j = 0; j < names.count; j++) {
			strncat(text, items[j].data, items[j].len);
			strcat(text, " ");
		}
		CHECK_SPAN(cases[i].text, csp_span_from(text), csp_span_from(cases[i].products));
	}
}

static void products_are_named_once_each(void **state)
{
	static const struct {
		const char *header, *products;
	} cases[] = {
		{"Subject: hello\n\n", ""},
		{"Subject: Office 365 and office 365\n\n", "office-365 "},
		{"Subject: Office 2019\n\n", "office-old "},
		{"Subject: Office 2016\n\n", ""},
		{"Subject: Office\n\n", ""},
		{"Subject: Azure; windows azure\n\n", "azure "},
		{"Subject: nuage azure, azure\n\n", "azure "},
		{"Subject: Azure DevOps\n\n", "azure-devops "},
		{"Subject: Azure\nThread-Topic: Azure, Office 365\n\n", "azure office-365 "},
		{"Subject: Azure from 3 May\n\n", "azure "},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct classification *found = classify(fixture, cases[i].header, "");
		char text[256] = "";
		for (size_t j = 0; j < found->products.count; j++) {
			strncat(text, found->products.items[j].data, found->products.items[j].len);
			strcat(text, " ");
		}
		if (strcmp(text, cases[i].products) != 0)
			fail_msg("%s: %s", cases[i].header, text);
	}
}

static void a_list_wants_every_author_and_a_phrase(void **state)
{
	static const struct {
		const char *header, *lists;
	} cases[] = {
		{"From: billing@vendor.example\nSubject: admin relationships\n\n", "direct "},
		{"From: billing@vendor.example\nSubject: GDAP; admin relationship\n\n", "direct "},
		{"From: billing@vendor.example\nSubject: hello\n\n", ""},
		{"From: x@vendor.example\nSubject: gdap\n\n", ""},
		{"Subject: gdap\n\n", ""},
		{"From: billing@vendor.example, x@evil.example\nSubject: gdap\n\n", ""},
		{"From: billing@vendor.example\nFrom: x@evil.example\nSubject: gdap\n\n", ""},
		{"Subject: hello list\n\n", "greetings direct "},
		{"From: billing@vendor.example\nSubject: hello list, gdap\n\n",
		 "direct greetings "},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct classification *found = classify(fixture, cases[i].header, "");
		char text[256] = "";
		for (size_t j = 0; j < found->lists.count; j++) {
			strncat(text, found->lists.items[j].data, found->lists.items[j].len);
			strcat(text, " ");
		}
		if (strcmp(text, cases[i].lists) != 0)
			fail_msg("%s: %s", cases[i].header, text);
	}
}

static void evidence_has_a_limit_that_the_decision_does_not_feel(void **state)
{
	struct fixture *fixture = *state;
	struct span header;
	char *text = malloc(40 * 32);
	size_t len = 0;

	assert_non_null(text);
	for (size_t i = 0; i < 36; i++)
		len += (size_t)sprintf(text + len, "Subject: EX%06zu\n", i);
	len += (size_t)sprintf(text + len, "Subject: invoice\n\n");
	header = (struct span){text, len};
	read_header(fixture, header, "");
	csp_classify(&fixture->found, fixture->classifier, fixture->scratch, &fixture->message,
		     &fixture->authors, &fixture->sender);
	assert_int_equal(fixture->found.category, SUBSCRIPTION);
	assert_int_equal(fixture->found.evidence_count, EVIDENCE_MAX);
	assert_int_equal(fixture->found.evidence[0].category, SUBSCRIPTION);
	free(text);
}

static void padding_hides_nothing(void **state)
{
	struct fixture *fixture = *state;
	const size_t words = 100000;
	char *text = malloc(words * 12 + 64);
	size_t len = (size_t)sprintf(text, "Subject:");

	assert_non_null(text);
	for (size_t i = 0; i < words; i++) {
		memcpy(text + len, " maintenance", 12);
		len += 12;
	}
	len += (size_t)sprintf(text + len, " invoice\n\n");
	read_header(fixture, (struct span){text, len}, "");
	csp_classify(&fixture->found, fixture->classifier, fixture->scratch, &fixture->message,
		     &fixture->authors, &fixture->sender);
	assert_true(fixture->found.known);
	assert_int_equal(fixture->found.category, SUBSCRIPTION);
	assert_int_equal(fixture->found.marks, MARK_TRUNCATED);
	free(text);
}

static void a_list_of_tags_has_a_limit(void **state)
{
	struct fixture *fixture = *state;
	char *text = malloc(8192);
	size_t len = (size_t)sprintf(text, "X-Tags: ");

	assert_non_null(text);
	for (size_t i = 0; i < 1000; i++)
		len += (size_t)sprintf(text + len, "a,");
	len += (size_t)sprintf(text + len, "type=invoice\n\n");
	classify(fixture, text, "trusted");
	assert_int_equal(fixture->found.marks, MARK_TRUNCATED);
	free(text);
}

static void short_memory_is_not_a_category(void **state)
{
	struct fixture *fixture = *state;
	const char *header = "X-Tag: invoice\nSubject: EX123456 Azure gdap invoice\n"
			     "From: billing@vendor.example\n\n";
	size_t failures = 0;

	for (size_t room = 0;; room += 16) {
		read_header(fixture, csp_span_from(header), "trusted");
		fixture->arena.max = fixture->arena.used + room;
		csp_classify(&fixture->found, fixture->classifier, fixture->scratch,
			     &fixture->message, &fixture->authors, &fixture->sender);
		fixture->arena.max = 1 << 26;
		if (fixture->found.known)
			break;
		failures++;
		assert_true(room < 1 << 16);
	}
	assert_true(failures > 3);
	assert_int_equal(fixture->found.category, SUBSCRIPTION);
}

static void a_site_may_rank_its_own_categories(void **state)
{
	static const struct categories ranked = {
		.names = {{"legal", 5}, {"subscription", 12}, {"incident", 8}, {"other", 5}},
		.count = 4,
		.subscription = 1,
		.incident = 2,
		.other = 3,
	};
	static const struct phrase own[] = {
		{.text = {"lawsuit", 7}, .rule = {"legal", 5}, .category = 0},
		{.text = {"invoice", 7}, .rule = {"invoice", 7}, .category = 1}};
	const struct pack own_pack = {.phrases = own, .phrase_count = 2};
	const struct classify_settings own_settings = {.categories = &ranked,
						       .text_fields = {text_fields, 1}};
	struct fixture *fixture = *state;
	struct classifier_error error;

	csp_classify_scratch_free(fixture->scratch);
	csp_classifier_free(fixture->classifier);
	assert_true(csp_classifier_new(&fixture->classifier, &error, &own_pack, &own_settings));
	assert_true(csp_classify_scratch_new(&fixture->scratch, fixture->classifier));
	check_cases(fixture, "",
		    &(struct case_of){"Subject: lawsuit over an invoice\n\n", 0, CONFLICT, NULL},
		    1);
	check_cases(fixture, "", &(struct case_of){"Subject: lawsuit\n\n", 0, 0, NULL}, 1);
	check_cases(fixture, "",
		    &(struct case_of){"Subject: invoice\nX-Tag: incident\n\n", 1, 0, NULL}, 1);
}

static void an_empty_pack_classifies_as_other(void **state)
{
	static const struct pack empty = {0};
	struct fixture *fixture = *state;
	struct classifier_error error;

	csp_classify_scratch_free(fixture->scratch);
	csp_classifier_free(fixture->classifier);
	assert_true(csp_classifier_new(&fixture->classifier, &error, &empty, &settings));
	assert_true(csp_classify_scratch_new(&fixture->scratch, fixture->classifier));
	check_cases(fixture, "", &(struct case_of){"Subject: invoice 7\n\n", OTHER, 0, ""}, 1);
	assert_int_equal(csp_classifier_product_class(fixture->classifier,
						      (struct spans){azure_words, 1}, NULL, 0),
			 PRODUCT_UNLISTED);
}

static void a_wrong_phrase_is_named(void **state)
{
	static const struct phrase wrong[] = {
		{.text = {"fine", 4}, .rule = {"a", 1}, .category = 0},
		{.text = {"#", 1}, .rule = {"b", 1}, .category = 0}};
	const struct pack wrong_pack = {.phrases = wrong, .phrase_count = 2};
	struct classifier *classifier;
	struct classifier_error error;

	(void)state;
	assert_false(csp_classifier_new(&classifier, &error, &wrong_pack, &settings));
	CHECK_SPAN("phrase", error.text, SPAN_LIT("#"));
	assert_string_equal(error.why,
			    "has a part of which no letter is left: it would be found everywhere");
}

#define NAMES(...) ((const struct span[]){__VA_ARGS__})
#define OFFICE                                                                                     \
	{                                                                                          \
		"office-365", 10                                                                   \
	}
#define OLD                                                                                        \
	{                                                                                          \
		"office-old", 10                                                                   \
	}
#define AZURE                                                                                      \
	{                                                                                          \
		"azure", 5                                                                         \
	}
#define STRANGE                                                                                    \
	{                                                                                          \
		"strange", 7                                                                       \
	}

static void products_stand_to_a_customer_as_it_holds_them(void **state)
{
	const struct relation all = {.from = 0, .until = 100};
	const struct relation ended = {.from = 0, .until = 10};
	const struct relation only_old = {.products = {NAMES(OLD), 1}, .from = 0, .until = 100};
	const struct relation only_azure = {.products = {NAMES(AZURE), 1}, .from = 0, .until = 100};
	const struct customer nothing = {0};
	const struct customer with_all = {
		.relations = &all, .relation_count = 1, .direct_products = {NAMES(OFFICE, OLD), 2}};
	const struct customer with_ended = {
		.relations = &ended, .relation_count = 1, .direct_products = {NAMES(OFFICE), 1}};
	const struct customer with_old = {
		.relations = &only_old, .relation_count = 1, .direct_products = {NAMES(OFFICE), 1}};
	const struct customer with_azure = {
		.relations = &only_azure, .relation_count = 1, .direct_products = {NAMES(OLD), 1}};
	const struct {
		const struct customer *customer;
		struct spans products;
		enum product_class class;
	} cases[] = {
		{&with_all, {NULL, 0}, PRODUCT_UNKNOWN},
		{NULL, {NULL, 0}, PRODUCT_UNKNOWN},
		{NULL, {NAMES(AZURE), 1}, PRODUCT_UNLISTED},
		{&nothing, {NAMES(AZURE), 1}, PRODUCT_UNLISTED},
		{&with_all, {NAMES(AZURE), 1}, PRODUCT_CSP},
		/* Held both ways. */
		{&with_all, {NAMES(OFFICE), 1}, PRODUCT_CSP},
		{&with_all, {NAMES(OLD), 1}, PRODUCT_DIRECT},
		{&with_all, {NAMES(OLD, AZURE), 2}, PRODUCT_CSP},
		{&with_all, {NAMES(STRANGE), 1}, PRODUCT_UNLISTED},
		{&with_all, {NAMES(OLD, STRANGE), 2}, PRODUCT_UNLISTED},
		{&with_all, {NAMES(STRANGE, OLD), 2}, PRODUCT_UNLISTED},
		{&with_ended, {NAMES(OFFICE), 1}, PRODUCT_DIRECT},
		{&with_ended, {NAMES(AZURE), 1}, PRODUCT_UNLISTED},
		{&with_old, {NAMES(OLD), 1}, PRODUCT_CSP},
		{&with_old, {NAMES(OFFICE), 1}, PRODUCT_DIRECT},
		{&with_old, {NAMES(AZURE), 1}, PRODUCT_UNLISTED},
		{&with_azure, {NAMES(AZURE, OLD), 2}, PRODUCT_CSP},
		{&with_azure, {NAMES(OLD), 1}, PRODUCT_DIRECT},
	};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		enum product_class class = csp_classifier_product_class(
			fixture->classifier, cases[i].products, cases[i].customer, 50);
		if (class != cases[i].class)
			fail_msg("case %zu: %s", i, csp_product_class_name(class));
	}
}

static void product_classes_have_names(void **state)
{
	static const char *const names[] = {"csp", "unlisted", "direct", "unknown"};

	(void)state;
	for (int i = PRODUCT_CSP; i <= PRODUCT_UNKNOWN; i++)
		assert_string_equal(csp_product_class_name((enum product_class)i), names[i]);
}

static void categories_are_found_by_name(void **state)
{
	unsigned found;

	(void)state;
	assert_true(csp_category_find(&found, &categories, SPAN_LIT("operational")));
	assert_int_equal(found, OPERATIONAL);
	assert_false(csp_category_find(&found, &categories, SPAN_LIT("Operational")));
	assert_false(csp_category_find(&found, &categories, SPAN_LIT("")));
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(the_gravest_evidence_in_the_text_decides),
		WITH_FIXTURE(a_phrase_stands_instead_of_meanings_in_its_field),
		WITH_FIXTURE(an_expression_is_evidence_like_a_phrase),
		WITH_FIXTURE(an_identifier_never_makes_a_notice_of_subscription_mail),
		WITH_FIXTURE(a_trusted_tag_decides),
		WITH_FIXTURE(a_tag_from_anyone_else_is_ignored_and_marked_where_it_contradicts),
		WITH_FIXTURE(a_trusted_tag_that_cannot_be_read_is_marked),
		WITH_FIXTURE(trusted_tags_that_conflict_never_give_the_milder_category),
		WITH_FIXTURE(the_sender_counts_only_where_nothing_else_speaks),
		WITH_FIXTURE(odd_fields_are_marked),
		WITH_FIXTURE(look_alike_letters_are_seen_through_and_marked),
		WITH_FIXTURE(a_bare_line_end_in_a_text_field_is_marked),
		WITH_FIXTURE(products_are_named_once_each),
		WITH_FIXTURE(a_text_outside_of_messages_names_products_too),
		WITH_FIXTURE(a_list_wants_every_author_and_a_phrase),
		WITH_FIXTURE(evidence_has_a_limit_that_the_decision_does_not_feel),
		WITH_FIXTURE(padding_hides_nothing),
		WITH_FIXTURE(a_list_of_tags_has_a_limit),
		WITH_FIXTURE(short_memory_is_not_a_category),
		WITH_FIXTURE(a_site_may_rank_its_own_categories),
		WITH_FIXTURE(an_empty_pack_classifies_as_other),
		cmocka_unit_test(a_wrong_phrase_is_named),
		WITH_FIXTURE(products_stand_to_a_customer_as_it_holds_them),
		cmocka_unit_test(product_classes_have_names),
		cmocka_unit_test(categories_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
