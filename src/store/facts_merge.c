#include "facts.h"

#include <string.h>

static bool merge_spans(struct spans *out, struct arena *arena, struct spans a, struct spans b)
{
	if (b.count == 0) {
		*out = a;
		return true;
	}
	struct span *items = csp_arena_alloc(arena, a.count + b.count, sizeof(*items));
	if (!items)
		return false;
	size_t count = a.count;
	if (count)
		memcpy(items, a.items, count * sizeof(*items));
	for (size_t i = 0; i < b.count; i++) {
		if (!csp_spans_hold((struct spans){items, count}, b.items[i]))
			items[count++] = b.items[i];
	}
	*out = (struct spans){items, count};
	return true;
}

struct name_list {
	const struct directory_name *items;
	size_t count;
};

static struct directory_name *find_name(struct directory_name *items, size_t count,
					struct span name)
{
	for (size_t i = 0; i < count; i++) {
		if (csp_span_equal(items[i].name, name))
			return &items[i];
	}
	return NULL;
}

static bool merge_names(struct name_list *out, struct arena *arena, struct name_list a,
			struct name_list b)
{
	struct directory_name *items = csp_arena_alloc(arena, a.count + b.count, sizeof(*items));
	size_t count = a.count;

	if (!items)
		return false;
	if (count)
		memcpy(items, a.items, count * sizeof(*items));
	for (size_t i = 0; i < b.count; i++) {
		struct directory_name *same = find_name(items, count, b.items[i].name);
		if (same)
			same->subdomains |= b.items[i].subdomains;
		else
			items[count++] = b.items[i];
	}
	*out = (struct name_list){items, count};
	return true;
}

static bool same_spans(struct spans a, struct spans b)
{
	if (a.count != b.count)
		return false;
	for (size_t i = 0; i < a.count; i++) {
		if (!csp_span_equal(a.items[i], b.items[i]))
			return false;
	}
	return true;
}

static bool holds_relation(const struct relation *items, size_t count, const struct relation *other)
{
	for (size_t i = 0; i < count; i++) {
		if (items[i].role == other->role && items[i].from == other->from &&
		    items[i].until == other->until &&
		    csp_span_equal(items[i].partner, other->partner) &&
		    same_spans(items[i].products, other->products))
			return true;
	}
	return false;
}

static bool merge_relations(struct customer *out, struct arena *arena, const struct customer *a,
			    const struct customer *b)
{
	struct relation *items =
		csp_arena_alloc(arena, a->relation_count + b->relation_count, sizeof(*items));
	size_t count = a->relation_count;

	if (!items)
		return false;
	if (count)
		memcpy(items, a->relations, count * sizeof(*items));
	for (size_t i = 0; i < b->relation_count; i++) {
		if (!holds_relation(items, count, &b->relations[i]))
			items[count++] = b->relations[i];
	}
	out->relations = items;
	out->relation_count = count;
	return true;
}

static bool holds_network(const struct network *items, size_t count, const struct network *other)
{
	for (size_t i = 0; i < count; i++) {
		if (items[i].prefix == other->prefix &&
		    items[i].address.family == other->address.family &&
		    memcmp(items[i].address.bytes, other->address.bytes,
			   sizeof(other->address.bytes)) == 0)
			return true;
	}
	return false;
}

static bool merge_networks(struct proofs *out, struct arena *arena, const struct proofs *a,
			   const struct proofs *b)
{
	struct network *items =
		csp_arena_alloc(arena, a->network_count + b->network_count, sizeof(*items));
	size_t count = a->network_count;

	if (!items)
		return false;
	if (count)
		memcpy(items, a->networks, count * sizeof(*items));
	for (size_t i = 0; i < b->network_count; i++) {
		if (!holds_network(items, count, &b->networks[i]))
			items[count++] = b->networks[i];
	}
	out->networks = items;
	out->network_count = count;
	return true;
}

/* Not by the order of the sources, which is that of their first import and another in a copy of the directory. */
static struct span one_of(struct span a, struct span b)
{
	if (a.len == 0 || b.len == 0)
		return a.len ? a : b;
	return csp_span_compare(a, b) <= 0 ? a : b;
}

static bool merge_customer(struct customer_entry *out, struct arena *arena,
			   const struct customer_entry *a, const struct customer_entry *b)
{
	struct name_list domains;

	out->customer.name = one_of(a->customer.name, b->customer.name);
	out->customer.cloud = one_of(a->customer.cloud, b->customer.cloud);
	if (!merge_relations(&out->customer, arena, &a->customer, &b->customer) ||
	    !merge_spans(&out->customer.direct_products, arena, a->customer.direct_products,
			 b->customer.direct_products) ||
	    !merge_spans(&out->addresses, arena, a->addresses, b->addresses) ||
	    !merge_names(&domains, arena, (struct name_list){a->domains, a->domain_count},
			 (struct name_list){b->domains, b->domain_count}))
		return false;
	out->domains = domains.items;
	out->domain_count = domains.count;
	return true;
}

static bool merge_proofs(struct proofs *out, struct arena *arena, const struct proofs *a,
			 const struct proofs *b)
{
	return merge_spans(&out->logins, arena, a->logins, b->logins) &&
	       merge_networks(out, arena, a, b) &&
	       merge_spans(&out->listeners, arena, a->listeners, b->listeners) &&
	       merge_spans(&out->cert_subjects, arena, a->cert_subjects, b->cert_subjects) &&
	       merge_spans(&out->dkim_domains, arena, a->dkim_domains, b->dkim_domains);
}

static bool merge_partner(struct partner_entry *out, struct arena *arena,
			  const struct partner_entry *a, const struct partner_entry *b)
{
	struct name_list domains;

	out->partner.name = one_of(a->partner.name, b->partner.name);
	out->partner.contact = one_of(a->partner.contact, b->partner.contact);
	if (!merge_proofs(&out->partner.proofs, arena, &a->partner.proofs, &b->partner.proofs) ||
	    !merge_spans(&out->aliases, arena, a->aliases, b->aliases) ||
	    !merge_spans(&out->bounce_domains, arena, a->bounce_domains, b->bounce_domains) ||
	    !merge_names(&domains, arena, (struct name_list){a->domains, a->domain_count},
			 (struct name_list){b->domains, b->domain_count}))
		return false;
	out->domains = domains.items;
	out->domain_count = domains.count;
	return true;
}

bool csp_facts_merge(struct directory_entry *out, struct arena *arena,
		     const struct directory_entry *a, const struct directory_entry *b)
{
	struct directory_entry merged = *a;
	bool done = a->type == ENTRY_CUSTOMER
			    ? merge_customer(&merged.customer, arena, &a->customer, &b->customer)
			    : merge_partner(&merged.partner, arena, &a->partner, &b->partner);

	*out = merged;
	return done;
}
