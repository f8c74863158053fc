#include "directory_verb.h"

#include <inttypes.h>

#include "report.h"
#include "when.h"

#define ADDRESS_MEMORY ((size_t)64 << 10)

static void add_line(struct buf *out, const char *name, struct span text)
{
	if (text.len == 0)
		return;
	csp_buf_append_format(out, "    %s: ", name);
	csp_report_append_safe(out, text);
	csp_buf_append_char(out, '\n');
}

static void add_lines(struct buf *out, const char *name, struct spans texts)
{
	for (size_t i = 0; i < texts.count; i++)
		add_line(out, name, texts.items[i]);
}

/* A key has lost the quotes that an address may need, and without them could not be read again. */
static bool format_address(struct span *out, struct arena *arena, struct span key)
{
	size_t at = csp_span_find_last(key, '@');
	const struct mailbox mailbox = {csp_span_slice(key, 0, at),
					csp_span_slice(key, at + 1, key.len)};

	return csp_mailbox_format(out, arena, &mailbox);
}

static void add_addresses(struct buf *out, struct spans keys)
{
	struct arena arena;
	struct span address;

	csp_arena_init(&arena, ADDRESS_MEMORY);
	for (size_t i = 0; i < keys.count; i++) {
		csp_arena_reset(&arena);
		if (format_address(&address, &arena, keys.items[i]))
			add_line(out, "address", address);
		else
			out->failed = true;
	}
	csp_arena_dispose(&arena);
}

static void add_domains(struct buf *out, const struct directory_name *domains, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_line(out, domains[i].subdomains ? "domain and sub-domains" : "domain",
			 domains[i].name);
}

static void add_time(struct buf *out, const char *word, int64_t time, int64_t open)
{
	char text[WHEN_TEXT_SIZE];

	if (time == open)
		return;
	csp_buf_append_format(out, ", %s ", word);
	csp_buf_append(out, csp_when_format(text, time));
}

static void add_relation(struct buf *out, const struct relation *relation)
{
	csp_buf_append(out, SPAN_LIT("    partner: "));
	csp_report_append_safe(out, relation->partner);
	csp_buf_append_format(out, ", %s", csp_role_name(relation->role));
	for (size_t i = 0; i < relation->products.count; i++) {
		csp_buf_append(out, i ? SPAN_LIT(" ") : SPAN_LIT(", for "));
		csp_report_append_safe(out, relation->products.items[i]);
	}
	add_time(out, "from", relation->from, INT64_MIN);
	add_time(out, "until", relation->until, INT64_MAX);
	csp_buf_append_char(out, '\n');
}

static void show_customer(struct buf *out, const struct customer_entry *entry)
{
	add_line(out, "cloud", entry->customer.cloud);
	add_domains(out, entry->domains, entry->domain_count);
	add_addresses(out, entry->addresses);
	for (size_t i = 0; i < entry->customer.relation_count; i++)
		add_relation(out, &entry->customer.relations[i]);
	if (entry->customer.relation_count == 0)
		csp_buf_append(out, SPAN_LIT("    no partner\n"));
	add_lines(out, "direct product", entry->customer.direct_products);
}

static struct span format_network(char *text, size_t size, const struct network *network)
{
	char address[NETADDR_TEXT_SIZE];
	struct span span = csp_netaddr_format(address, &network->address);
	int len = snprintf(text, size, "%.*s/%u", SPAN_ARG(span), network->prefix);

	return (struct span){text, len > 0 && (size_t)len < size ? (size_t)len : 0};
}

#define NETWORK_TEXT_SIZE (NETADDR_TEXT_SIZE + 12)

static void show_partner(struct buf *out, const struct partner_entry *entry)
{
	const struct proofs *proofs = &entry->partner.proofs;
	char text[NETWORK_TEXT_SIZE];

	add_lines(out, "alias", entry->aliases);
	add_domains(out, entry->domains, entry->domain_count);
	add_lines(out, "bounce domain", entry->bounce_domains);
	add_lines(out, "login", proofs->logins);
	for (size_t i = 0; i < proofs->network_count; i++)
		add_line(out, "network", format_network(text, sizeof(text), &proofs->networks[i]));
	add_lines(out, "listener", proofs->listeners);
	add_lines(out, "certificate subject", proofs->cert_subjects);
	add_lines(out, "DKIM domain", proofs->dkim_domains);
	if (!csp_proofs_exist(proofs))
		csp_buf_append(out, SPAN_LIT("    no proof but what authentication_results "
					     "lets prove\n"));
	add_line(out, "contact", entry->partner.contact);
}

void csp_directory_show(struct buf *out, enum entry_type type, struct span id, struct span name,
			const struct directory_statements *statements)
{
	csp_buf_append_format(out, "%s ", type == ENTRY_CUSTOMER ? "customer" : "partner");
	csp_report_append_safe(out, id);
	if (name.len > 0) {
		csp_buf_append(out, SPAN_LIT(" "));
		csp_report_append_safe(out, name);
	}
	csp_buf_append_char(out, '\n');
	for (size_t i = 0; i < statements->count; i++) {
		const struct directory_statement *statement = &statements->items[i];
		csp_buf_append(out, SPAN_LIT("  source "));
		csp_report_append_safe(out, statement->source);
		csp_buf_append_char(out, '\n');
		if (type == ENTRY_CUSTOMER)
			show_customer(out, &statement->entry.customer);
		else
			show_partner(out, &statement->entry.partner);
	}
}

/* The objects of a source are those of an import file, so that what is shown can be read back. */
static void write_texts(struct json *json, const char *name, struct spans texts)
{
	if (texts.count == 0)
		return;
	csp_json_texts_at(json, name, texts.items, texts.count);
}

static void write_addresses(struct json *json, struct spans keys)
{
	struct arena arena;
	struct span address;

	if (keys.count == 0)
		return;
	csp_json_key(json, "addresses");
	csp_json_array(json);
	csp_arena_init(&arena, ADDRESS_MEMORY);
	for (size_t i = 0; i < keys.count; i++) {
		csp_arena_reset(&arena);
		if (format_address(&address, &arena, keys.items[i]))
			csp_json_text(json, address);
		else
			json->out->failed = true;
	}
	csp_arena_dispose(&arena);
	csp_json_array_end(json);
}

static void write_text(struct json *json, const char *name, struct span text)
{
	if (text.len > 0)
		csp_json_text_at(json, name, text);
}

static void write_domains(struct json *json, const struct directory_name *domains, size_t count)
{
	if (count == 0)
		return;
	csp_json_key(json, "domains");
	csp_json_array(json);
	for (size_t i = 0; i < count; i++) {
		if (!domains[i].subdomains) {
			csp_json_text(json, domains[i].name);
			continue;
		}
		csp_json_object(json);
		csp_json_text_at(json, "name", domains[i].name);
		csp_json_key(json, "subdomains");
		csp_json_bool(json, true);
		csp_json_object_end(json);
	}
	csp_json_array_end(json);
}

static void write_time(struct json *json, const char *name, int64_t time, int64_t open)
{
	char text[WHEN_TEXT_SIZE];

	if (time != open)
		csp_json_text_at(json, name, csp_when_format(text, time));
}

static void write_relation(struct json *json, const struct relation *relation)
{
	csp_json_object(json);
	csp_json_text_at(json, "partner", relation->partner);
	csp_json_text_at(json, "role", csp_span_from(csp_role_name(relation->role)));
	write_texts(json, "products", relation->products);
	write_time(json, "from", relation->from, INT64_MIN);
	write_time(json, "until", relation->until, INT64_MAX);
	csp_json_object_end(json);
}

static void write_customer(struct json *json, const struct customer_entry *entry)
{
	const struct customer *customer = &entry->customer;

	csp_json_text_at(json, "type", SPAN_LIT("customer"));
	csp_json_text_at(json, "id", customer->id);
	write_text(json, "name", customer->name);
	write_text(json, "cloud", customer->cloud);
	write_domains(json, entry->domains, entry->domain_count);
	write_addresses(json, entry->addresses);
	csp_json_key(json, "partners");
	csp_json_array(json);
	for (size_t i = 0; i < customer->relation_count; i++)
		write_relation(json, &customer->relations[i]);
	csp_json_array_end(json);
	write_texts(json, "direct_products", customer->direct_products);
}

static void write_proofs(struct json *json, const struct proofs *proofs)
{
	char text[NETWORK_TEXT_SIZE];

	if (!csp_proofs_exist(proofs) && proofs->dkim_domains.count == 0)
		return;
	csp_json_key(json, "proofs");
	csp_json_object(json);
	write_texts(json, "logins", proofs->logins);
	if (proofs->network_count > 0) {
		csp_json_key(json, "networks");
		csp_json_array(json);
		for (size_t i = 0; i < proofs->network_count; i++)
			csp_json_text(json,
				      format_network(text, sizeof(text), &proofs->networks[i]));
		csp_json_array_end(json);
	}
	write_texts(json, "listeners", proofs->listeners);
	write_texts(json, "cert_subjects", proofs->cert_subjects);
	write_texts(json, "dkim_domains", proofs->dkim_domains);
	csp_json_object_end(json);
}

static void write_partner(struct json *json, const struct partner_entry *entry)
{
	csp_json_text_at(json, "type", SPAN_LIT("partner"));
	csp_json_text_at(json, "id", entry->partner.id);
	write_text(json, "name", entry->partner.name);
	write_texts(json, "aliases", entry->aliases);
	write_domains(json, entry->domains, entry->domain_count);
	write_texts(json, "bounce_domains", entry->bounce_domains);
	write_proofs(json, &entry->partner.proofs);
	write_text(json, "contact", entry->partner.contact);
}

void csp_directory_show_entry(struct json *json, const struct directory_entry *entry)
{
	if (entry->type == ENTRY_CUSTOMER)
		write_customer(json, &entry->customer);
	else
		write_partner(json, &entry->partner);
}

void csp_directory_show_line(struct buf *out, const struct directory_statement *statement)
{
	struct json json;

	csp_json_init(&json, out);
	csp_json_object(&json);
	csp_json_text_at(&json, "source", statement->source);
	csp_directory_show_entry(&json, &statement->entry);
	csp_json_object_end(&json);
	csp_buf_append_char(out, '\n');
}

void csp_directory_show_exclusion(struct buf *out, struct span source, struct span domain)
{
	struct json json;

	csp_json_init(&json, out);
	csp_json_object(&json);
	csp_json_text_at(&json, "source", source);
	csp_json_text_at(&json, "type", SPAN_LIT("exclusion"));
	csp_json_text_at(&json, "domain", domain);
	csp_json_object_end(&json);
	csp_buf_append_char(out, '\n');
}

void csp_directory_show_count(struct buf *out, uint64_t count, const char *one, const char *many)
{
	csp_buf_append_format(out, "%" PRIu64 " %s", count, count == 1 ? one : many);
}
