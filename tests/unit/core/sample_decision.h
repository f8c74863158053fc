/*
 * One decision with everything in it, for the tests of the renderers.
 * It owns the arena of its message; sample_dispose gives it back.
 * Short memory fails the test.
 */
#ifndef CSP_SAMPLE_DECISION_H
#define CSP_SAMPLE_DECISION_H

#include <string.h>

#include "decision.h"
#include "shipped_rules.h"

#define SAMPLE_ID "01kb00000000000000000000aa"

struct sample {
	struct arena arena;
	struct message message;
	struct author authors_list[2];
	struct authors authors;
	struct evidence evidence[1];
	struct span products[1], lists[1];
	struct classification classification;
	struct recipient recipients[4];
	struct decision decision;
};

static inline void sample_add_field(struct sample *sample, struct span name, struct span body)
{
	assert_true(csp_message_add_field(&sample->message, name, body));
}

static inline void sample_init(struct sample *sample)
{
	const struct message_limits limits = {
		.header_bytes = 1 << 20, .header_fields = 1000, .recipients = 1000};

	memset(sample, 0, sizeof(*sample));
	csp_arena_init(&sample->arena, (size_t)8 << 20);
	csp_message_init(&sample->message, &sample->arena, limits);
	sample->message.queue_id = SPAN_LIT("4ABC123");
	sample->message.reverse_path = SPAN_LIT("<billing@vendor.example>");
	sample->message.client.helo = SPAN_LIT("mail.vendor.example");
	assert_true(csp_netaddr_parse(&sample->message.client.address, SPAN_LIT("192.0.2.1")));
	sample->authors_list[0] =
		(struct author){.field = AUTHOR_FROM,
				.mailbox = {SPAN_LIT("billing"), SPAN_LIT("vendor.example")},
				.party = PARTY_VENDOR};
	sample->authors_list[1] =
		(struct author){.field = AUTHOR_REVERSE_PATH,
				.mailbox = {SPAN_LIT("b c"), SPAN_LIT("vendor.example")},
				.party = PARTY_OTHER};
	sample->authors = (struct authors){.items = sample->authors_list, .count = 2};
	sample->evidence[0] = (struct evidence){.kind = EVIDENCE_PHRASE,
						.category = CATEGORY_SUBSCRIPTION,
						.rule = SPAN_LIT("en/invoice"),
						.field = SPAN_LIT("Subject"),
						.phrase = SPAN_LIT("invoice*"),
						.match = SPAN_LIT("invoices")};
	sample->products[0] = SPAN_LIT("microsoft-365");
	sample->lists[0] = SPAN_LIT("documented-direct-mail");
	sample->classification = (struct classification){
		.known = true,
		.category = CATEGORY_SUBSCRIPTION,
		.evidence = sample->evidence,
		.evidence_count = 1,
		.products = {sample->products, 1},
		.lists = {sample->lists, 1},
	};
	sample->recipients[0] = (struct recipient){
		.address = SPAN_LIT("<ceo@contoso.example>"),
		.canonical = SPAN_LIT("ceo@contoso.example"),
		.customer = SPAN_LIT("11111111-1111-1111-1111-111111111111"),
		.judged = true,
		.sender = {.known = true, .kind = SENDER_VENDOR, .proof = PROOF_UNKNOWN},
		.product_class = PRODUCT_CSP,
		.marks = MARK_OBFUSCATED,
		.verdict = {.rule = SPAN_LIT("subscription"),
			    .decided_by = &shipped_rules[7],
			    .disposition = DISPOSITION_BLOCK,
			    .would = {&shipped_rules[4]},
			    .would_count = 1},
	};
	sample->recipients[1] = (struct recipient){
		.address = SPAN_LIT("<joe@other.example>"),
		.canonical = SPAN_LIT("joe@other.example"),
		.marks = MARK_OBFUSCATED,
		.verdict = {.rule = SPAN_LIT("not-a-customer"), .outside = true},
	};
	sample->decision = (struct decision){
		.id = SPAN_LIT(SAMPLE_ID),
		.time = {.tv_sec = 1795428000, .tv_nsec = 7000000},
		.mode = MODE_ENFORCE,
		.host = SPAN_LIT("mx.vendor.example"),
		.policy_digest = SPAN_LIT("0123456789abcdef"),
		.directory_state = 42,
		.message = &sample->message,
		.authors = &sample->authors,
		.classification = &sample->classification,
		.categories = &shipped_categories,
		.marks = MARK_OBFUSCATED,
		.recipients = sample->recipients,
		.recipient_count = 2,
		.would_plan = {.action = ACTION_REJECT,
			       .rule = SPAN_LIT("subscription"),
			       .reply_code = SPAN_LIT("550"),
			       .reply_enhanced = SPAN_LIT("5.7.1"),
			       .reply_text = SPAN_LIT("not from you")},
	};
	sample->decision.plan = sample->decision.would_plan;
}

static inline void sample_dispose(struct sample *sample)
{
	csp_arena_dispose(&sample->arena);
}

#endif
