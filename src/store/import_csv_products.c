#include "import_csv.h"

/* A text with a '-' and without blanks is meant for a name; a product that merely occurs in it is another one. */
static bool is_name(struct span text)
{
	return csp_span_find(text, '-') < text.len && csp_span_find(text, ' ') == text.len;
}

static void warn_unknown(struct import *import, struct span product)
{
	csp_import_why(import, "no pack knows the product \"%.*s\"; it is taken as written",
		       IMPORT_QUOTED(product));
	import->report->warned(import->report->context, import->file, import->line, import->why);
}

static enum row_result lower_copy(struct span *out, struct import *import, struct span text)
{
	char *bytes = csp_arena_alloc(&import->arena, text.len, 1);

	if (!bytes)
		return ROW_NO_MEMORY;
	for (size_t i = 0; i < text.len; i++)
		bytes[i] = csp_ascii_lower(text.data[i]);
	*out = (struct span){bytes, text.len};
	return ROW_OK;
}

static enum row_result read_products(struct spans *out, struct span names[CSV_PRODUCTS_MAX],
				     struct import *import, struct span text)
{
	size_t count = csp_csv_find_products(names, import, text);
	struct span written = SPAN_LIT("");

	if (text.len == 0)
		return csp_import_why(import, "no product is named");
	enum row_result result = lower_copy(&written, import, text);
	if (result != ROW_OK)
		return result;
	bool known = csp_spans_hold((struct spans){names, count}, written);
	*out = (struct spans){names, count};
	if (count > 0 && !known && !is_name(text))
		return ROW_OK;
	names[0] = written;
	out->count = 1;
	if (!known && import->settings->products)
		warn_unknown(import, written);
	return ROW_OK;
}

static enum row_result put_row(struct import *import, const struct csv_table *table)
{
	struct span names[CSV_PRODUCTS_MAX];
	struct customer_entry entry;
	struct directory_name domain;

	enum row_result result = csp_csv_read_customer(&entry, &domain, import, table);
	if (result == ROW_OK)
		result = read_products(&entry.customer.direct_products, names, import,
				       csp_csv_cell(table, COLUMN_PRODUCT));
	return result == ROW_OK ? csp_import_put_customer(import, &entry) : result;
}

static const struct csv_title titles[] = {
	{SPAN_INIT("Customer"), COLUMN_CUSTOMER},  {SPAN_INIT("Customer ID"), COLUMN_CUSTOMER},
	{SPAN_INIT("Tenant ID"), COLUMN_CUSTOMER}, {SPAN_INIT("Microsoft ID"), COLUMN_CUSTOMER},
	{SPAN_INIT("Product"), COLUMN_PRODUCT},    {SPAN_INIT("Product name"), COLUMN_PRODUCT},
};

/* What customers bought elsewhere: no export says it, so the file is made by hand. */
const struct csv_format csp_csv_products = {
	.titles = titles,
	.title_count = sizeof(titles) / sizeof(*titles),
	.needed = 1U << COLUMN_CUSTOMER | 1U << COLUMN_PRODUCT,
	.alone = true,
	.put = put_row,
};
