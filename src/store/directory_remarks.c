#include "directory_remarks.h"

#include <stdio.h>

#define ARENA_MAX ((size_t)64 << 20)
#define KEPT_MAX  10000 /* who has more to mend than that sees it from the first of them */

struct remark {
	struct span customer; /* id */
	struct place_in_import place;
};

void csp_remarks_init(struct directory_remarks *remarks, const struct update_settings *settings,
		      struct update_counts *counts)
{
	*remarks = (struct directory_remarks){.settings = settings, .counts = counts};
	csp_arena_init(&remarks->kept, ARENA_MAX);
	csp_arena_init(&remarks->arena, ARENA_MAX);
}

void csp_remarks_dispose(struct directory_remarks *remarks)
{
	csp_arena_dispose(&remarks->kept);
	csp_arena_dispose(&remarks->arena);
}

static bool has_own_domain(const struct directory_remarks *remarks,
			   const struct customer_entry *entry)
{
	for (size_t i = 0; i < entry->domain_count; i++) {
		if (!csp_spans_hold_domain_sorted(remarks->settings->tenant_domains,
						  entry->domains[i].name))
			return true;
	}
	return entry->addresses.count > 0;
}

/* A provider and its reseller are both a customer's partners; two of the same kind are one too many. */
static bool is_crowded(const struct customer *customer, int64_t now)
{
	for (size_t i = 0; i < customer->relation_count; i++) {
		const struct relation *a = &customer->relations[i];
		for (size_t k = 0; k < i; k++) {
			const struct relation *b = &customer->relations[k];
			bool alike = (a->role == ROLE_INDIRECT_RESELLER) ==
				     (b->role == ROLE_INDIRECT_RESELLER);
			if (alike && !csp_span_equal(a->partner, b->partner) &&
			    csp_relation_is_valid(a, now) && csp_relation_is_valid(b, now))
				return true;
		}
	}
	return false;
}

/* The customer as all its blocks describe it. */
static bool decode(struct directory_entry *out, struct arena *arena, struct span party,
		   struct span value)
{
	struct directory_entry entry, merged;
	struct codec_reader reader;
	struct facts_block block;
	bool first = true;

	if (!csp_codec_open(&reader, TABLE_CUSTOMERS, party, value))
		return false;
	for (; csp_facts_next_block(&block, &reader); first = false) {
		if (!csp_facts_decode_party(&entry, arena, ENTRY_CUSTOMER, block.party) ||
		    !csp_facts_decode_names(&entry, arena, block.names))
			return false;
		if (!first && !csp_facts_merge(&merged, arena, out, &entry))
			return false;
		*out = first ? entry : merged;
	}
	return !reader.failed && !first;
}

static bool keep(struct directory_remarks *remarks, const struct party_changes *changes)
{
	void *items = remarks->items;

	if (remarks->count == KEPT_MAX)
		return true;
	if (!csp_arena_grow(&remarks->kept, &items, &remarks->cap, remarks->count,
			    sizeof(*remarks->items)))
		return false;
	remarks->items = items;
	struct remark *remark = &remarks->items[remarks->count++];
	remark->place = changes->items[0].place;
	return csp_codec_unpack_id(&remark->customer, &remarks->kept, changes->party);
}

bool csp_remarks_customer(struct directory_remarks *remarks, const struct party_changes *changes,
			  struct span after)
{
	struct directory_entry entry;

	csp_arena_reset(&remarks->arena);
	if (!decode(&entry, &remarks->arena, changes->party, after))
		return false;
	remarks->counts->no_own_domain += !has_own_domain(remarks, &entry.customer);
	const struct customer *customer = &entry.customer.customer;
	if (!csp_spans_hold(remarks->settings->single_partner_clouds, customer->cloud) ||
	    !is_crowded(customer, remarks->settings->now))
		return true;
	return keep(remarks, changes);
}

enum directory_result csp_remarks_finish(struct directory_remarks *remarks,
					 const struct directory_txn *at)
{
	const struct update_report *report = &remarks->settings->report;
	struct directory_read read = {.at = *at};
	const struct customer *customer;
	char text[CODEC_ID_MAX + 64];

	for (size_t i = 0; i < remarks->count; i++) {
		const struct remark *remark = &remarks->items[i];
		csp_arena_reset(&remarks->arena);
		if (csp_directory_customer(&customer, &read, &remarks->arena, remark->customer) !=
		    FOUND)
			return DIRECTORY_FAILED;
		if (!is_crowded(customer, remarks->settings->now))
			continue;
		remarks->counts->crowded++;
		(void)snprintf(text, sizeof(text),
			       "%.*s has two partners in a cloud that allows one",
			       SPAN_ARG(remark->customer));
		report->warned(report->context, remark->place, text);
	}
	return DIRECTORY_OK;
}
