/*
 * The rules of conf/policy.conf as data, for tests that must not read files.
 * All of it is constant.
 * Nothing can fail.
 */
#ifndef CSP_SHIPPED_RULES_H
#define CSP_SHIPPED_RULES_H

#include "policy.h"

enum { CATEGORY_SUBSCRIPTION, CATEGORY_INCIDENT, CATEGORY_OPERATIONAL, CATEGORY_OTHER };

#define BIT(value) (1U << (value))
#define TEXT(literal)                                                                              \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	} /* a span in a constant initializer */

static const struct span documented[] = {TEXT("documented-direct-mail")};

static const struct categories shipped_categories = {
	.names = {TEXT("subscription"), TEXT("incident"), TEXT("operational"), TEXT("other")},
	.count = 4,
	.subscription = CATEGORY_SUBSCRIPTION,
	.incident = CATEGORY_INCIDENT,
	.other = CATEGORY_OTHER,
};

static const struct rule shipped_rules[] = {
	{.name = TEXT("documented-direct-mail"),
	 .match = {.lists = {documented, 1}, .proofs = BIT(PROOF_PROVEN)},
	 .disposition = DISPOSITION_PASS,
	 .mode = MODE_ENFORCE},
	{.name = TEXT("partner-of-record"),
	 .match = {.senders = BIT(SENDER_PARTNER_OF_RECORD)},
	 .despite = ~0U,
	 .disposition = DISPOSITION_PASS,
	 .mode = MODE_ENFORCE},
	{.name = TEXT("direct-product"),
	 .match = {.categories = BIT(CATEGORY_SUBSCRIPTION),
		   .product_classes = BIT(PRODUCT_DIRECT),
		   .senders = BIT(SENDER_VENDOR)},
	 .disposition = DISPOSITION_PASS,
	 .mode = MODE_ENFORCE},
	{.name = TEXT("also-direct"),
	 .match = {.categories = BIT(CATEGORY_SUBSCRIPTION),
		   .product_classes = BIT(PRODUCT_UNKNOWN),
		   .also_direct = ALSO_YES},
	 .disposition = DISPOSITION_FLAG,
	 .mode = MODE_ENFORCE},
	{.name = TEXT("unlisted-product"),
	 .match = {.categories = BIT(CATEGORY_SUBSCRIPTION),
		   .product_classes = BIT(PRODUCT_UNLISTED)},
	 .disposition = DISPOSITION_FLAG,
	 .mode = MODE_ENFORCE},
	{.name = TEXT("other-partner"),
	 .match = {.categories = BIT(CATEGORY_SUBSCRIPTION),
		   .senders = BIT(SENDER_PARTNER),
		   .proofs = BIT(PROOF_PROVEN)},
	 .disposition = DISPOSITION_FLAG,
	 .mode = MODE_ENFORCE},
	{.name = TEXT("conflict"),
	 .match = {.categories = BIT(CATEGORY_SUBSCRIPTION),
		   .marks = MARK_CONFLICTING_EVIDENCE,
		   .senders = BIT(SENDER_VENDOR),
		   .proofs = BIT(PROOF_PROVEN)},
	 .has_except = true,
	 .except = {.marks = MARK_DUPLICATE_FIELD | MARK_BARE_NEWLINE},
	 .disposition = DISPOSITION_FLAG,
	 .mode = MODE_ENFORCE},
	{.name = TEXT("subscription"),
	 .match = {.categories = BIT(CATEGORY_SUBSCRIPTION)},
	 .disposition = DISPOSITION_BLOCK,
	 .action = ACTION_REJECT,
	 .mode = MODE_ENFORCE,
	 .reply = {TEXT("550"), TEXT("5.7.1"), TEXT("not from you (${decision})")}},
	{.name = TEXT("service-notice"),
	 .match = {.categories = BIT(CATEGORY_INCIDENT) | BIT(CATEGORY_OPERATIONAL)},
	 .disposition = DISPOSITION_PASS,
	 .mode = MODE_ENFORCE},
	{.name = TEXT("general"), .disposition = DISPOSITION_PASS, .mode = MODE_ENFORCE},
};

#define SHIPPED_RULE_COUNT (sizeof(shipped_rules) / sizeof(shipped_rules[0]))

static const struct policy shipped_policy = {.rules = shipped_rules,
					     .rule_count = SHIPPED_RULE_COUNT};

#endif
