#include "party.h"

#include <stdlib.h>

bool csp_spans_hold(struct spans list, struct span text)
{
	for (size_t i = 0; i < list.count; i++) {
		if (csp_span_equal(list.items[i], text))
			return true;
	}
	return false;
}

bool csp_spans_hold_domain(struct spans patterns, struct span domain)
{
	for (size_t i = 0; i < patterns.count; i++) {
		if (csp_domain_matches(domain, patterns.items[i]))
			return true;
	}
	return false;
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *left = a, *right = b;

	return csp_span_compare(*left, *right);
}

void csp_spans_sort(struct span *items, size_t count)
{
	if (count > 1)
		qsort(items, count, sizeof(*items), compare_spans);
}

bool csp_spans_hold_sorted(struct spans sorted, struct span text)
{
	return sorted.count &&
	       bsearch(&text, sorted.items, sorted.count, sizeof(text), compare_spans);
}

/* The domain itself, then a pattern of sub-domains for each domain above it. */
bool csp_spans_hold_domain_sorted(struct spans patterns, struct span domain)
{
	bool held = csp_spans_hold_sorted(patterns, domain);

	for (size_t at = csp_span_find(domain, '.'); at < domain.len && !held;) {
		domain = csp_span_slice(domain, at, domain.len);
		held = csp_spans_hold_sorted(patterns, domain);
		at = 1 + csp_span_find(csp_span_slice(domain, 1, domain.len), '.');
	}
	return held;
}

bool csp_proofs_exist(const struct proofs *proofs)
{
	return proofs->logins.count || proofs->network_count || proofs->listeners.count ||
	       proofs->cert_subjects.count;
}

/* A fact that the MTA did not give is an empty span, and an empty entry of a list must not match it. */
static bool fact_is_listed(struct spans list, struct span fact)
{
	return fact.len > 0 && csp_spans_hold(list, fact);
}

static bool network_is_listed(const struct proofs *proofs, const struct netaddr *address)
{
	for (size_t i = 0; i < proofs->network_count; i++) {
		if (csp_network_holds(&proofs->networks[i], address))
			return true;
	}
	return false;
}

bool csp_proofs_hold(const struct proofs *proofs, const struct client *client)
{
	return fact_is_listed(proofs->logins, client->login) ||
	       fact_is_listed(proofs->listeners, client->listener) ||
	       fact_is_listed(proofs->cert_subjects, client->cert_subject) ||
	       network_is_listed(proofs, &client->address);
}

bool csp_relation_is_valid(const struct relation *relation, int64_t now)
{
	return relation->from <= now && now < relation->until;
}

bool csp_relation_covers(const struct relation *relation, struct spans products)
{
	if (relation->products.count == 0)
		return true;
	for (size_t i = 0; i < products.count; i++) {
		if (!csp_spans_hold(relation->products, products.items[i]))
			return false;
	}
	return true;
}

bool csp_customer_is_csp(const struct customer *customer, int64_t now)
{
	for (size_t i = 0; i < customer->relation_count; i++) {
		if (csp_relation_is_valid(&customer->relations[i], now))
			return true;
	}
	return false;
}

static const char *const role_names[] = {
	[ROLE_DIRECT_BILL] = "direct-bill",
	[ROLE_INDIRECT_PROVIDER] = "indirect-provider",
	[ROLE_INDIRECT_RESELLER] = "indirect-reseller",
};

#define ROLE_COUNT (sizeof(role_names) / sizeof(role_names[0]))

bool csp_role_find(enum partner_role *out, struct span name)
{
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		if (csp_span_equal(csp_span_from(role_names[i]), name)) {
			*out = (enum partner_role)i;
			return true;
		}
	}
	return false;
}

const char *csp_role_name(enum partner_role role)
{
	return role_names[role];
}
