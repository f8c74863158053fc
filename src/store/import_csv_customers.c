#include "import_csv.h"

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
	bool resale = false, ended = false;

	enum row_result result = csp_csv_read_customer(&entry, &domain, import, table);
	if (result == ROW_OK)
		result = csp_import_read_relationship(&resale, &ended, import,
						      csp_csv_cell(table, COLUMN_RELATIONSHIP));
	if (result != ROW_OK)
		return result;
	entry.customer.relations = &relation;
	entry.customer.relation_count = resale;
	entry.ended = ended;
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
