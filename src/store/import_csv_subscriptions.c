#include "import_csv.h"

#define SLUG_MAX 64

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

static enum row_result read_status(bool *held, struct import *import, struct span text)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		if (csp_span_equal_nocase(statuses[i].name, text)) {
			*held = statuses[i].held;
			return ROW_OK;
		}
	}
	return csp_import_why(import, "the status \"%.*s\" is not known", IMPORT_QUOTED(text));
}

/* Not empty: a relation to no product would be one to all of them. */
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

static enum row_result read_products(struct spans *out, struct span names[CSV_PRODUCTS_MAX],
				     struct import *import, const struct csv_table *table)
{
	struct span offer = SPAN_LIT("");

	for (int column = COLUMN_OFFER; column <= COLUMN_FRIENDLY_NAME; column++) {
		struct span text = csp_csv_cell(table, (enum csv_column)column);
		size_t count = csp_csv_find_products(names, import, text);
		if (count > 0) {
			*out = (struct spans){names, count};
			return ROW_OK;
		}
		if (offer.len == 0)
			offer = text;
	}
	*out = (struct spans){names, 1};
	return make_slug(&names[0], import, offer);
}

static bool is_zero(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] != '0')
			return false;
	}
	return true;
}

/* *found stays empty when the row names no reseller but the exporter. */
static enum row_result read_reseller(struct span *found, struct import *import,
				     const struct csv_table *table)
{
	struct span text = csp_csv_cell(table, COLUMN_RESELLER);
	struct span id;

	if (is_zero(text) || csp_span_equal(text, csp_csv_cell(table, COLUMN_EXPORTER)))
		return ROW_OK;
	enum row_result result = csp_import_read_id(&id, import, text);
	if (result == ROW_OK && !csp_span_equal(id, table->partner))
		*found = id;
	return result;
}

/* To the exporter, and to the reseller of record when that is somebody else. */
static enum row_result read_relations(struct relation out[2], size_t *count, struct import *import,
				      const struct csv_table *table, struct spans products)
{
	struct span reseller = SPAN_LIT("");
	enum row_result result = read_reseller(&reseller, import, table);

	out[0] = (struct relation){
		.partner = table->partner,
		.role = import->settings->role,
		.products = products,
		.from = INT64_MIN,
		.until = INT64_MAX,
	};
	out[1] = out[0];
	out[1].partner = reseller;
	out[1].role = ROLE_INDIRECT_RESELLER;
	*count = reseller.len > 0 ? 2 : 1;
	return result;
}

/* Of a subscription that is gone the customer remains, and what other rows say of it. */
static enum row_result put_row(struct import *import, const struct csv_table *table)
{
	struct span names[CSV_PRODUCTS_MAX];
	struct spans products = {names, 0};
	struct relation relations[2];
	struct customer_entry entry;
	struct directory_name domain;
	bool held = false;

	enum row_result result = csp_csv_read_customer(&entry, &domain, import, table);
	if (result == ROW_OK)
		result = read_status(&held, import, csp_csv_cell(table, COLUMN_STATUS));
	if (result == ROW_OK && held)
		result = read_products(&products, names, import, table);
	if (result == ROW_OK && held)
		result = read_relations(relations, &entry.customer.relation_count, import, table,
					products);
	if (result != ROW_OK)
		return result;
	entry.customer.relations = relations;
	return csp_import_put_customer(import, &entry);
}

/* A reconciliation file's PartnerId and MpnId are the exporter's own. */
static const struct csv_title titles[] = {
	{SPAN_INIT("Customer ID"), COLUMN_CUSTOMER},
	{SPAN_INIT("Customer tenant ID"), COLUMN_CUSTOMER},
	{SPAN_INIT("Microsoft ID"), COLUMN_CUSTOMER},
	{SPAN_INIT("Customer name"), COLUMN_NAME},
	{SPAN_INIT("Company name"), COLUMN_NAME},
	{SPAN_INIT("Customer domain name"), COLUMN_DOMAIN},
	{SPAN_INIT("Customer domain"), COLUMN_DOMAIN},
	{SPAN_INIT("Primary domain name"), COLUMN_DOMAIN},
	{SPAN_INIT("Domain name"), COLUMN_DOMAIN},
	{SPAN_INIT("Subscription ID"), COLUMN_SUBSCRIPTION},
	{SPAN_INIT("Reseller MPN ID"), COLUMN_RESELLER},
	{SPAN_INIT("MPN ID of reseller"), COLUMN_RESELLER},
	{SPAN_INIT("Tier 2 MPN ID"), COLUMN_RESELLER},
	{SPAN_INIT("Partner ID on subscription"), COLUMN_RESELLER},
	{SPAN_INIT("MPN ID"), COLUMN_EXPORTER},
	{SPAN_INIT("Subscription status"), COLUMN_STATUS},
	{SPAN_INIT("Status"), COLUMN_STATUS},
	{SPAN_INIT("Offer name"), COLUMN_OFFER},
	{SPAN_INIT("Product name"), COLUMN_PRODUCT},
	{SPAN_INIT("SKU name"), COLUMN_SKU},
	{SPAN_INIT("Subscription name"), COLUMN_SUBSCRIPTION_NAME},
	{SPAN_INIT("Friendly name"), COLUMN_FRIENDLY_NAME},
};

/* Partner Center's exports of subscriptions and of what is billed for them. */
const struct csv_format csp_csv_subscriptions = {
	.titles = titles,
	.title_count = sizeof(titles) / sizeof(*titles),
	.needed = 1U << COLUMN_CUSTOMER | 1U << COLUMN_SUBSCRIPTION,
	.needs_partner = true,
	.put = put_row,
};
