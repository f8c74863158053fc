#include "statement.h"

#include <string.h>

static bool id_fits(struct span id)
{
	return id.len > 0 && id.len <= CODEC_ID_MAX;
}

static bool name_fits(struct span name)
{
	return name.len > 0 && name.len <= CODEC_NAME_MAX && csp_span_find(name, '\0') == name.len;
}

static bool names_fit(struct spans names)
{
	for (size_t i = 0; i < names.count; i++) {
		if (!name_fits(names.items[i]))
			return false;
	}
	return true;
}

static bool domains_fit(const struct directory_name *domains, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!name_fits(domains[i].name))
			return false;
	}
	return true;
}

static bool partners_fit(const struct customer *customer)
{
	for (size_t i = 0; i < customer->relation_count; i++) {
		if (!id_fits(customer->relations[i].partner))
			return false;
	}
	return true;
}

const char *csp_statement_refusal(const struct directory_entry *entry)
{
	bool is_customer = entry->type == ENTRY_CUSTOMER;
	const struct customer_entry *customer = &entry->customer;
	const struct partner_entry *partner = &entry->partner;

	if (!id_fits(is_customer ? customer->customer.id : partner->partner.id))
		return "an id has 1 to 64 characters";
	if (is_customer && !partners_fit(&customer->customer))
		return "a partner's id has 1 to 64 characters";
	bool fits = is_customer ? domains_fit(customer->domains, customer->domain_count) &&
					  names_fit(customer->addresses)
				: domains_fit(partner->domains, partner->domain_count) &&
					  names_fit(partner->bounce_domains) &&
					  names_fit(partner->aliases);
	return fits ? NULL : "a domain, address or alias is empty or too long";
}

/* No party's bytes begin another's, so records compare like the directory's keys. */
static void write_head(struct buf *out, enum statement_type type, struct span party,
		       uint32_t source, struct place_in_import place)
{
	csp_buf_append_char(out, (char)type);
	csp_buf_append(out, party);
	csp_codec_fixed(out, source, 4);
	csp_codec_fixed(out, place.file, 4);
	csp_codec_fixed(out, place.line, 8);
}

static void write_parts(struct buf *out, struct span facts, struct span names)
{
	csp_codec_text(out, facts);
	csp_codec_text(out, names);
}

void csp_statement_write(struct buf *out, const struct directory_entry *entry, uint32_t source,
			 struct place_in_import place)
{
	bool customer = entry->type == ENTRY_CUSTOMER;
	struct buf party, part;

	csp_buf_init(&party, 1 + CODEC_ID_MAX);
	csp_buf_init(&part, out->max);
	csp_codec_id(&party, customer ? entry->customer.customer.id : entry->partner.partner.id);
	write_head(out, customer ? STATEMENT_CUSTOMER : STATEMENT_PARTNER, csp_buf_span(&party),
		   source, place);
	csp_facts_encode_party(&part, entry);
	csp_codec_text(out, csp_buf_span(&part));
	out->failed = out->failed || csp_buf_failed(&part) || csp_buf_failed(&party);
	csp_buf_reset(&part);
	csp_facts_encode_names(&part, entry);
	csp_codec_text(out, csp_buf_span(&part));
	out->failed = out->failed || csp_buf_failed(&part);
	csp_buf_dispose(&party);
	csp_buf_dispose(&part);
}

void csp_statement_write_exclusion(struct buf *out, struct span domain, uint32_t source,
				   struct place_in_import place)
{
	struct buf name;

	csp_buf_init(&name, CODEC_NAME_MAX + 1);
	csp_buf_append(&name, domain);
	csp_buf_append_char(&name, '\0');
	write_head(out, STATEMENT_EXCLUSION, csp_buf_span(&name), source, place);
	write_parts(out, SPAN_LIT(""), SPAN_LIT(""));
	out->failed = out->failed || csp_buf_failed(&name);
	csp_buf_dispose(&name);
}

static struct span take_domain(struct codec_reader *reader)
{
	struct span domain = csp_codec_take_bytes(reader, csp_span_find(reader->rest, '\0'));

	(void)csp_codec_take_bytes(reader, 1);
	return domain;
}

bool csp_statement_read(struct statement *out, struct span bytes)
{
	struct codec_reader reader = {.rest = bytes};
	struct span type = csp_codec_take_bytes(&reader, 1);

	*out = (struct statement){0};
	if (reader.failed || (unsigned char)type.data[0] > STATEMENT_EXCLUSION)
		return false;
	out->type = (enum statement_type)type.data[0];
	out->party = out->type == STATEMENT_EXCLUSION ? take_domain(&reader)
						      : csp_codec_take_packed_id(&reader);
	out->source = (uint32_t)csp_codec_take_fixed(&reader, 4);
	out->place.file = (uint32_t)csp_codec_take_fixed(&reader, 4);
	out->place.line = csp_codec_take_fixed(&reader, 8);
	out->facts = csp_codec_take_text(&reader);
	out->names = csp_codec_take_text(&reader);
	return !reader.failed && reader.rest.len == 0;
}
