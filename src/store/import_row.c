#include <stdarg.h>
#include <string.h>

#include "import_private.h"

#define ROW_MEMORY ((size_t)64 << 20)
#define SLUG_MAX   64

void csp_import_init_rows(struct import *import)
{
	import->row = import->row_source = SPAN_LIT("");
	csp_arena_init(&import->arena, ROW_MEMORY);
}

void csp_import_dispose_rows(struct import *import)
{
	csp_arena_dispose(&import->arena);
}

/* ---- what is said of a row ---- */

/* What a file says goes to a terminal: nothing in it may speak to that. */
static void __attribute__((format(printf, 2, 0)))
write_words(char out[256], const char *format, va_list args)
{
	if (vsnprintf(out, 256, format, args) < 0)
		out[0] = '\0';
	for (char *at = out; *at; at++) {
		if (*at < ' ' || *at > '~')
			*at = '?';
	}
}

enum row_result csp_import_why(struct import *import, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_words(import->why, format, args);
	va_end(args);
	return ROW_REFUSED;
}

void csp_import_warn(struct import *import, const char *format, ...)
{
	char words[256];
	va_list args;

	va_start(args, format);
	write_words(words, format, args);
	va_end(args);
	csp_import_output_note(import->output, NOTE_WARNED, import->line, words, SPAN_LIT(""));
}

static enum import_result result_of(enum row_result result)
{
	switch (result) {
	case ROW_OK:
	case ROW_REFUSED:
		return IMPORT_OK;
	case ROW_NO_MEMORY:
		break;
	case ROW_DIRECTORY:
		return IMPORT_DIRECTORY;
	case ROW_NEEDS_PARTNER:
		return IMPORT_NEEDS_PARTNER;
	case ROW_NEEDS_SOURCE:
		return IMPORT_NEEDS_SOURCE;
	}
	return IMPORT_NO_MEMORY;
}

#define PROGRESS_EVERY 1000 /* rows */

static enum import_result hand_over(struct import *import)
{
	const struct import_receiver receiver = {import->update, import->report, import->file,
						 import->counts};
	enum import_result result = csp_import_output_hand_over(import->output, &receiver);

	if (result == IMPORT_OK && import->report->progress &&
	    import->counts->rows % PROGRESS_EVERY == 0)
		import->report->progress(import->report->context, import->counts,
					 csp_textin_consumed(import->in));
	return result;
}

enum import_result csp_import_end_row(struct import *import, enum row_result result)
{
	struct import_output *output = import->output;

	csp_arena_reset(&import->arena);
	import->row_source = SPAN_LIT("");
	if (result != ROW_OK)
		csp_import_output_drop(output);
	output->counts.rows++;
	if (result == ROW_REFUSED) {
		output->counts.refused++;
		csp_import_output_note(output, NOTE_REFUSED, import->line, import->why,
				       import->row);
	}
	output->result = result_of(result);
	if (csp_buf_failed(&output->statements) || csp_buf_failed(&output->notes))
		output->result = IMPORT_NO_MEMORY;
	csp_import_output_keep(output);
	return import->counts ? hand_over(import) : output->result;
}

/* ---- values ---- */

bool csp_import_id(struct span *out, char buffer[IMPORT_ID_MAX], struct span text)
{
	text = csp_span_trim(text);
	if (text.len == 0 || text.len > IMPORT_ID_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] <= ' ' || text.data[i] > '~')
			return false;
		buffer[i] = csp_ascii_lower(text.data[i]);
	}
	*out = (struct span){buffer, text.len};
	return true;
}

enum row_result csp_import_read_id(struct span *out, struct import *import, struct span text)
{
	char buffer[IMPORT_ID_MAX];
	struct span id;

	if (!csp_import_id(&id, buffer, text))
		return csp_import_why(import, "\"%.*s\" is no id of 1 to %d printable characters",
				      IMPORT_QUOTED(text), IMPORT_ID_MAX);
	return csp_arena_copy(&import->arena, out, id) ? ROW_OK : ROW_NO_MEMORY;
}

static enum row_result mailbox_row(struct import *import, enum mailbox_result result,
				   const char *what, struct span text)
{
	switch (result) {
	case MAILBOX_OK:
		return ROW_OK;
	case MAILBOX_NO_MEMORY:
		return ROW_NO_MEMORY;
	case MAILBOX_NULL:
	case MAILBOX_INVALID:
		break;
	}
	return csp_import_why(import, "\"%.*s\" is no %s", IMPORT_QUOTED(text), what);
}

enum row_result csp_import_read_domain(struct directory_name *out, struct import *import,
				       struct span text, bool subdomains)
{
	struct span domain = SPAN_LIT("");
	enum row_result result = mailbox_row(
		import, csp_domain_canonical(&domain, &import->arena, text), "domain", text);

	if (result != ROW_OK)
		return result;
	/* Look-ups stop before the last label, so the entry would not do what it says. */
	if (subdomains && csp_span_find(domain, '.') == domain.len)
		return csp_import_why(import,
				      "the top-level domain \"%.*s\" cannot count its sub-domains",
				      IMPORT_QUOTED(text));
	*out = (struct directory_name){domain, subdomains};
	return ROW_OK;
}

enum row_result csp_import_read_address(struct span *out, struct import *import, struct span text)
{
	struct mailbox mailbox;
	enum row_result result = mailbox_row(
		import, csp_mailbox_parse(&mailbox, &import->arena, text), "address", text);

	if (result != ROW_OK)
		return result;
	return csp_mailbox_key(out, &import->arena, &mailbox, import->settings->address_separators)
		       ? ROW_OK
		       : ROW_NO_MEMORY;
}

enum row_result csp_import_read_subscription_status(bool *held, struct import *import,
						    struct span text)
{
	/* Suspended is not gone: the partner still holds the subscription, until it is deleted. */
	static const struct {
		struct span name;
		bool held;
	} statuses[] = {
		{SPAN_INIT(""), true},          {SPAN_INIT("active"), true},
		{SPAN_INIT("pending"), true},   {SPAN_INIT("suspended"), true},
		{SPAN_INIT("expired"), true},   {SPAN_INIT("disabled"), true},
		{SPAN_INIT("deleted"), false},  {SPAN_INIT("cancelled"), false},
		{SPAN_INIT("canceled"), false},
	};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		if (csp_span_equal_nocase(statuses[i].name, text)) {
			*held = statuses[i].held;
			return ROW_OK;
		}
	}
	return csp_import_why(import, "the status \"%.*s\" is not known", IMPORT_QUOTED(text));
}

enum row_result csp_import_read_relationship(bool *resale, bool *ended, struct import *import,
					     struct span text)
{
	static const struct {
		struct span name;
		bool resale, ended;
	} relationships[] = {
		{SPAN_INIT("reseller"), true, false},
		{SPAN_INIT("Cloud Reseller"), true, false},
		{SPAN_INIT("Indirect Reseller"), true, false},
		{SPAN_INIT("syndication"), true, false},
		{SPAN_INIT("advisor"), false, false},
		{SPAN_INIT("microsoft_support"), false, false},
		{SPAN_INIT("Microsoft Support"), false, false},
		{SPAN_INIT("none"), false, true},
	};

	for (size_t i = 0; i < sizeof(relationships) / sizeof(*relationships); i++) {
		if (csp_span_equal_nocase(relationships[i].name, text)) {
			*resale = relationships[i].resale;
			*ended = relationships[i].ended;
			return ROW_OK;
		}
	}
	return csp_import_why(import, "the relationship \"%.*s\" is not known",
			      IMPORT_QUOTED(text));
}

static enum row_result make_slug(struct span *out, struct import *import, struct span text)
{
	char bytes[SLUG_MAX];
	size_t len = 0;

	for (size_t i = 0; i < text.len && len < sizeof(bytes); i++) {
		char c = csp_ascii_lower(text.data[i]);
		if (csp_ascii_is_alpha(c) || csp_ascii_is_digit(c))
			bytes[len++] = c;
		else if (len > 0 && bytes[len - 1] != '-')
			bytes[len++] = '-';
	}
	if (len > 0 && bytes[len - 1] == '-')
		len--;
	if (len == 0) {
		*out = SPAN_LIT("unnamed");
		return ROW_OK;
	}
	return csp_arena_copy(&import->arena, out, (struct span){bytes, len}) ? ROW_OK
									      : ROW_NO_MEMORY;
}

enum row_result csp_import_read_products(struct spans *out, struct import *import,
					 struct spans texts)
{
	const struct import_settings *settings = import->settings;
	struct span *names = csp_arena_alloc(&import->arena, IMPORT_PRODUCTS_MAX, sizeof(*names));
	struct span first = SPAN_LIT("");

	if (!names)
		return ROW_NO_MEMORY;
	for (size_t i = 0; i < texts.count; i++) {
		struct span text = texts.items[i];
		size_t count = 0;
		if (settings->products && text.len > 0)
			count = settings->products(settings->products_context, names,
						   IMPORT_PRODUCTS_MAX, text);
		if (count > 0) {
			*out = (struct spans){names, count};
			return ROW_OK;
		}
		if (first.len == 0)
			first = text;
	}
	*out = (struct spans){names, 1};
	return make_slug(&names[0], import, first);
}

/* ---- statements ---- */

static enum row_result find_source(uint32_t *out, struct import *import)
{
	struct span name = import->row_source;

	*out = import->source;
	if (name.len == 0)
		return import->source ? ROW_OK : ROW_NEEDS_SOURCE;
	*out = import->known_source_number;
	if (csp_span_equal(name, (struct span){import->known_source, import->known_source_len}))
		return ROW_OK;
	enum directory_result result = csp_directory_update_source(out, import->update, name);
	if (result == DIRECTORY_REFUSED)
		return csp_import_why(import,
				      "\"%.*s\" is no name of a source: 1 to %d printable "
				      "characters, no blanks",
				      IMPORT_QUOTED(name), SOURCE_NAME_MAX);
	if (result != DIRECTORY_OK) {
		import->output->failure = result;
		return ROW_DIRECTORY;
	}
	memcpy(import->known_source, name.data, name.len);
	import->known_source_len = name.len;
	import->known_source_number = *out;
	return ROW_OK;
}

/* The entry, or an exclusion where it is NULL. */
static enum row_result put(struct import *import, const struct directory_entry *entry,
			   struct span domain)
{
	const struct place_in_import place = {import->file_number, import->line};
	struct buf *out = &import->output->statements;
	uint32_t source;
	enum row_result result = find_source(&source, import);

	if (result != ROW_OK)
		return result;
	size_t begun = csp_import_output_begin(import->output);
	if (entry)
		csp_statement_write(out, entry, source, place);
	else
		csp_statement_write_exclusion(out, domain, source, place);
	csp_import_output_end(import->output, begun);
	return csp_buf_failed(out) ? ROW_NO_MEMORY : ROW_OK;
}

static enum row_result put_entry(struct import *import, const struct directory_entry *entry,
				 uint64_t *counter)
{
	const char *why = csp_statement_refusal(entry);

	if (why)
		return csp_import_why(import, "%s", why);
	++*counter;
	return put(import, entry, SPAN_LIT(""));
}

/* A cloud's own domain, below which each tenant has one: the first is nobody's, and its sub-domains are everybody's. */
static bool is_tenant_suffix(const struct import *import, const struct directory_name *domain)
{
	struct spans patterns = import->settings->tenant_domains;

	for (size_t i = 0; i < patterns.count; i++) {
		struct span suffix = patterns.items[i];
		if (suffix.len == 0 || suffix.data[0] != '.')
			continue;
		struct span bare = csp_span_slice(suffix, 1, suffix.len);
		if (csp_span_equal(bare, domain->name))
			return true;
		if (domain->subdomains && bare.len > domain->name.len &&
		    csp_span_ends_with_nocase(bare, domain->name) &&
		    bare.data[bare.len - domain->name.len - 1] == '.')
			return true;
	}
	return false;
}

static bool is_nobodys(struct import *import, const struct directory_name *domain)
{
	if (is_tenant_suffix(import, domain)) {
		csp_import_warn(import, "%.*s belongs to all tenants of a cloud: name the tenant's",
				IMPORT_QUOTED(domain->name));
		return true;
	}
	if (!csp_spans_hold_domain_sorted(import->settings->public_domains, domain->name))
		return false;
	csp_import_warn(import, "%.*s is a public mail domain: name exact addresses instead",
			IMPORT_QUOTED(domain->name));
	return true;
}

static enum row_result filter_domains(struct customer_entry *entry, struct import *import)
{
	struct directory_name *items =
		csp_arena_alloc(&import->arena, entry->domain_count, sizeof(*items));
	size_t count = 0;

	if (!items)
		return ROW_NO_MEMORY;
	for (size_t i = 0; i < entry->domain_count; i++) {
		if (is_nobodys(import, &entry->domains[i]))
			import->output->counts.public_domains++;
		else
			items[count++] = entry->domains[i];
	}
	entry->domains = items;
	entry->domain_count = count;
	import->output->counts.domains += count;
	return ROW_OK;
}

enum row_result csp_import_put_customer(struct import *import, const struct customer_entry *entry)
{
	struct directory_entry whole = {.type = ENTRY_CUSTOMER, .customer = *entry};
	enum row_result result = filter_domains(&whole.customer, import);

	if (result != ROW_OK)
		return result;
	if (whole.customer.customer.cloud.len == 0)
		whole.customer.customer.cloud = import->settings->cloud;
	return put_entry(import, &whole, &import->output->counts.customers);
}

enum row_result csp_import_put_partner(struct import *import, const struct partner_entry *entry)
{
	const struct directory_entry whole = {.type = ENTRY_PARTNER, .partner = *entry};

	return put_entry(import, &whole, &import->output->counts.partners);
}

enum row_result csp_import_put_exclusion(struct import *import, struct span domain)
{
	import->output->counts.exclusions++;
	return put(import, NULL, domain);
}
