#include "import_csv.h"

/*
 * What Partner Center writes into "Relationship", and the names of its interface. Only a resale makes
 * the exporting partner a partner of record; the others are customers whose billing is not its own.
 */
static const struct {
	struct span name;
	bool resale;
} relationships[] = {
	{SPAN_INIT("Cloud Reseller"), true},     {SPAN_INIT("Reseller"), true},
	{SPAN_INIT("Indirect Reseller"), true},  {SPAN_INIT("Syndication"), true},
	{SPAN_INIT("Advisor"), false},           {SPAN_INIT("Microsoft Support"), false},
	{SPAN_INIT("microsoft_support"), false}, {SPAN_INIT("None"), false},
};

static enum row_result read_relationship(bool *resale, struct import *import, struct span text)
{
	for (size_t i = 0; i < sizeof(relationships) / sizeof(*relationships); i++) {
		if (csp_span_equal_nocase(relationships[i].name, text)) {
			*resale = relationships[i].resale;
			return ROW_OK;
		}
	}
	return csp_import_why(import, "the relationship \"%.*s\" is not known",
			      IMPORT_QUOTED(text));
}

static enum row_result put_row(struct import *import, const struct csv_table *table)
{
	struct relation relation = {
		.partner = table->partner,
		.role = import->settings->role,
		.from = INT64_MIN,
		.until = INT64_MAX,
	};
	struct customer_entry entry;
	struct directory_name domain;
	bool resale = false;

	enum row_result result = csp_csv_read_customer(&entry, &domain, import, table);
	if (result == ROW_OK)
		result = read_relationship(&resale, import,
					   csp_csv_cell(table, COLUMN_RELATIONSHIP));
	if (result != ROW_OK)
		return result;
	entry.customer.relations = &relation;
	entry.customer.relation_count = 1;
	entry.ended = !resale;
	return csp_import_put_customer(import, &entry);
}

static const struct csv_title titles[] = {
	{SPAN_INIT("Microsoft ID"), COLUMN_CUSTOMER},
	{SPAN_INIT("Company name"), COLUMN_NAME},
	{SPAN_INIT("Primary domain name"), COLUMN_DOMAIN},
	{SPAN_INIT("Relationship"), COLUMN_RELATIONSHIP},
};

/* Partner Center's Customers.csv. */
const struct csv_format csp_csv_customers = {
	.titles = titles,
	.title_count = sizeof(titles) / sizeof(*titles),
	.needed = 1U << COLUMN_CUSTOMER | 1U << COLUMN_NAME | 1U << COLUMN_DOMAIN |
		  1U << COLUMN_RELATIONSHIP,
	.needs_partner = true,
	.put = put_row,
};
