#include "facts.h"

#include <string.h>

#define HAS_FROM  4U
#define HAS_UNTIL 8U

void csp_facts_append_block(struct buf *out, const struct facts_block *block)
{
	csp_codec_number(out, block->source);
	csp_codec_number(out, block->generation);
	csp_codec_text(out, block->party);
	csp_codec_text(out, block->names);
}

bool csp_facts_next_block(struct facts_block *out, struct codec_reader *reader)
{
	if (reader->rest.len == 0)
		return false;
	out->source = csp_codec_take_number(reader);
	out->generation = csp_codec_take_number(reader);
	out->party = csp_codec_take_text(reader);
	out->names = csp_codec_take_text(reader);
	return !reader->failed;
}

static void put_spans(struct buf *out, struct spans spans)
{
	csp_codec_number(out, spans.count);
	for (size_t i = 0; i < spans.count; i++)
		csp_codec_text(out, spans.items[i]);
}

static void put_names(struct buf *out, const struct directory_name *names, size_t count)
{
	csp_codec_number(out, count);
	for (size_t i = 0; i < count; i++) {
		csp_codec_number(out, names[i].subdomains);
		csp_codec_text(out, names[i].name);
	}
}

static void put_relation(struct buf *out, const struct relation *relation)
{
	bool has_from = relation->from != INT64_MIN;
	bool has_until = relation->until != INT64_MAX;

	csp_codec_id(out, relation->partner);
	csp_codec_number(out, (unsigned)relation->role | (has_from ? HAS_FROM : 0) |
				      (has_until ? HAS_UNTIL : 0));
	if (has_from)
		csp_codec_time(out, relation->from);
	if (has_until)
		csp_codec_time(out, relation->until);
	put_spans(out, relation->products);
}

static void put_customer(struct buf *out, const struct customer_entry *entry)
{
	const struct customer *customer = &entry->customer;
	size_t relations = entry->ended ? 0 : customer->relation_count;

	csp_codec_text(out, customer->name);
	csp_codec_text(out, customer->cloud);
	csp_codec_number(out, relations);
	for (size_t i = 0; i < relations; i++)
		put_relation(out, &customer->relations[i]);
	put_spans(out, customer->direct_products);
}

static size_t address_size(enum netaddr_family family)
{
	return family == NETADDR_IPV4 ? 4 : 16;
}

static void put_networks(struct buf *out, const struct proofs *proofs)
{
	csp_codec_number(out, proofs->network_count);
	for (size_t i = 0; i < proofs->network_count; i++) {
		const struct network *network = &proofs->networks[i];
		csp_codec_number(out, network->address.family);
		csp_codec_number(out, network->prefix);
		csp_buf_append(out, (struct span){(const char *)network->address.bytes,
						  address_size(network->address.family)});
	}
}

static void put_partner(struct buf *out, const struct partner *partner)
{
	csp_codec_text(out, partner->name);
	csp_codec_text(out, partner->contact);
	put_spans(out, partner->proofs.logins);
	put_networks(out, &partner->proofs);
	put_spans(out, partner->proofs.listeners);
	put_spans(out, partner->proofs.cert_subjects);
	put_spans(out, partner->proofs.dkim_domains);
}

void csp_facts_encode_party(struct buf *out, const struct directory_entry *entry)
{
	if (entry->type == ENTRY_CUSTOMER)
		put_customer(out, &entry->customer);
	else
		put_partner(out, &entry->partner.partner);
}

void csp_facts_encode_names(struct buf *out, const struct directory_entry *entry)
{
	if (entry->type == ENTRY_CUSTOMER) {
		put_names(out, entry->customer.domains, entry->customer.domain_count);
		put_spans(out, entry->customer.addresses);
	} else {
		put_names(out, entry->partner.domains, entry->partner.domain_count);
		put_spans(out, entry->partner.bounce_domains);
		put_spans(out, entry->partner.aliases);
	}
}

struct source_bytes {
	struct codec_reader reader;
	struct arena *arena;
};

static void *take_array(struct source_bytes *from, size_t *count, size_t size)
{
	*count = csp_codec_take_count(&from->reader);
	void *items = *count ? csp_arena_alloc(from->arena, *count, size) : NULL;

	if (*count && !items) {
		from->reader.failed = true;
		*count = 0;
	}
	return items;
}

static struct spans take_spans(struct source_bytes *from)
{
	size_t count;
	struct span *items = take_array(from, &count, sizeof(*items));

	for (size_t i = 0; i < count; i++)
		items[i] = csp_codec_take_text(&from->reader);
	return (struct spans){items, count};
}

static const struct directory_name *take_names(struct source_bytes *from, size_t *count)
{
	struct directory_name *items = take_array(from, count, sizeof(*items));

	for (size_t i = 0; i < *count; i++) {
		items[i].subdomains = csp_codec_take_number(&from->reader) != 0;
		items[i].name = csp_codec_take_text(&from->reader);
	}
	return items;
}

static struct relation take_relation(struct source_bytes *from)
{
	struct codec_reader *reader = &from->reader;
	struct relation relation = {.from = INT64_MIN, .until = INT64_MAX, .partner = SPAN_LIT("")};
	struct span id = csp_codec_take_packed_id(reader);
	uint64_t head = csp_codec_take_number(reader);

	if (!csp_codec_unpack_id(&relation.partner, from->arena, id) ||
	    (head & 3) > ROLE_INDIRECT_RESELLER)
		reader->failed = true;
	relation.role = (enum partner_role)(head & 3);
	if (head & HAS_FROM)
		relation.from = csp_codec_take_time(reader);
	if (head & HAS_UNTIL)
		relation.until = csp_codec_take_time(reader);
	relation.products = take_spans(from);
	return relation;
}

static void take_customer(struct customer *customer, struct source_bytes *from)
{
	customer->name = csp_codec_take_text(&from->reader);
	customer->cloud = csp_codec_take_text(&from->reader);
	struct relation *relations =
		take_array(from, &customer->relation_count, sizeof(*relations));
	for (size_t i = 0; i < customer->relation_count; i++)
		relations[i] = take_relation(from);
	customer->relations = relations;
	customer->direct_products = take_spans(from);
}

static struct network take_network(struct codec_reader *reader)
{
	struct network network = {0};
	uint64_t family = csp_codec_take_number(reader);
	uint64_t prefix = csp_codec_take_number(reader);
	bool known = family == NETADDR_IPV4 || family == NETADDR_IPV6;

	if (!known || prefix > 128 ||
	    reader->rest.len < address_size((enum netaddr_family)family)) {
		reader->failed = true;
		return network;
	}
	size_t size = address_size((enum netaddr_family)family);
	network.address.family = (enum netaddr_family)family;
	network.prefix = (unsigned)prefix;
	memcpy(network.address.bytes, reader->rest.data, size);
	reader->rest = csp_span_slice(reader->rest, size, reader->rest.len);
	return network;
}

static void take_partner(struct partner *partner, struct source_bytes *from)
{
	struct proofs *proofs = &partner->proofs;

	partner->name = csp_codec_take_text(&from->reader);
	partner->contact = csp_codec_take_text(&from->reader);
	proofs->logins = take_spans(from);
	struct network *networks = take_array(from, &proofs->network_count, sizeof(*networks));
	for (size_t i = 0; i < proofs->network_count; i++)
		networks[i] = take_network(&from->reader);
	proofs->networks = networks;
	proofs->listeners = take_spans(from);
	proofs->cert_subjects = take_spans(from);
	proofs->dkim_domains = take_spans(from);
}

bool csp_facts_decode_party(struct directory_entry *out, struct arena *arena, enum entry_type type,
			    struct span party)
{
	struct source_bytes from = {.reader = {.rest = party}, .arena = arena};

	memset(out, 0, sizeof(*out));
	out->type = type;
	out->customer.customer.id = out->partner.partner.id = SPAN_LIT("");
	if (type == ENTRY_CUSTOMER)
		take_customer(&out->customer.customer, &from);
	else
		take_partner(&out->partner.partner, &from);
	return !from.reader.failed && from.reader.rest.len == 0;
}

bool csp_facts_decode_names(struct directory_entry *out, struct arena *arena, struct span names)
{
	struct source_bytes from = {.reader = {.rest = names}, .arena = arena};

	if (out->type == ENTRY_CUSTOMER) {
		out->customer.domains = take_names(&from, &out->customer.domain_count);
		out->customer.addresses = take_spans(&from);
	} else {
		out->partner.domains = take_names(&from, &out->partner.domain_count);
		out->partner.bounce_domains = take_spans(&from);
		out->partner.aliases = take_spans(&from);
	}
	return !from.reader.failed && from.reader.rest.len == 0;
}

static bool add_name(struct facts_names *names, struct arena *arena, size_t *cap,
		     const struct facts_name *name)
{
	void *items = names->items;

	if (!csp_arena_grow(arena, &items, cap, names->count, sizeof(*names->items)))
		return false;
	names->items = items;
	names->items[names->count++] = *name;
	return true;
}

static bool add_spans(struct facts_names *names, struct arena *arena, size_t *cap,
		      const struct facts_name *like, struct spans spans)
{
	struct facts_name name = *like;

	for (size_t i = 0; i < spans.count; i++) {
		name.name.name = spans.items[i];
		if (!add_name(names, arena, cap, &name))
			return false;
	}
	return true;
}

static bool add_domains(struct facts_names *names, struct arena *arena, size_t *cap,
			enum claim_kind kind, const struct directory_entry *entry)
{
	bool is_customer = kind == CLAIM_CUSTOMER;
	const struct directory_name *domains =
		is_customer ? entry->customer.domains : entry->partner.domains;
	size_t count = is_customer ? entry->customer.domain_count : entry->partner.domain_count;

	for (size_t i = 0; i < count; i++) {
		struct facts_name name = {TABLE_DOMAINS, kind, domains[i]};
		if (!add_name(names, arena, cap, &name))
			return false;
	}
	return true;
}

bool csp_facts_names(struct facts_names *out, struct arena *arena,
		     const struct directory_entry *entry)
{
	static const struct facts_name address = {
		TABLE_ADDRESSES, CLAIM_CUSTOMER, {{"", 0}, false}};
	static const struct facts_name bounce = {TABLE_DOMAINS, CLAIM_BOUNCE, {{"", 0}, false}};
	static const struct facts_name alias = {TABLE_ALIASES, CLAIM_PARTNER, {{"", 0}, false}};
	size_t cap = 0;

	*out = (struct facts_names){0};
	if (entry->type == ENTRY_CUSTOMER)
		return add_domains(out, arena, &cap, CLAIM_CUSTOMER, entry) &&
		       add_spans(out, arena, &cap, &address, entry->customer.addresses);
	return add_domains(out, arena, &cap, CLAIM_PARTNER, entry) &&
	       add_spans(out, arena, &cap, &bounce, entry->partner.bounce_domains) &&
	       add_spans(out, arena, &cap, &alias, entry->partner.aliases);
}
