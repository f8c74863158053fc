#include "import_csv.h"

#include <errno.h>
#include <inttypes.h>

#include "utf8.h"

static const struct csv_format *const formats[] = {
	&csp_csv_customers,
	&csp_csv_subscriptions,
	&csp_csv_products,
	NULL,
};

struct span csp_csv_cell(const struct csv_table *table, enum csv_column column)
{
	if (!table->titles[column] || table->at[column] >= table->csv.cell_count)
		return SPAN_LIT("");
	return csp_span_trim(table->csv.cells[table->at[column]]);
}

/* The rest of a title from its next byte that counts. */
static struct span skip_idle(struct span title)
{
	static const struct span idle = SPAN_INIT(" \t\r\n_\"'");
	size_t at = 0;

	while (at < title.len && csp_span_find(idle, title.data[at]) < idle.len)
		at++;
	return csp_span_slice(title, at, title.len);
}

static bool is_title(struct span a, struct span b)
{
	for (;;) {
		a = skip_idle(a);
		b = skip_idle(b);
		if (a.len == 0 || b.len == 0)
			return a.len == b.len;
		if (csp_ascii_lower(a.data[0]) != csp_ascii_lower(b.data[0]))
			return false;
		a = csp_span_slice(a, 1, a.len);
		b = csp_span_slice(b, 1, b.len);
	}
}

static void find_column(struct csv_table *table, const struct csv_title *title)
{
	if (table->titles[title->column])
		return;
	for (size_t at = 0; at < table->csv.cell_count; at++) {
		if (is_title(table->csv.cells[at], title->text)) {
			table->titles[title->column] = title;
			table->at[title->column] = at;
			return;
		}
	}
}

static size_t count_titled(const struct csv *csv)
{
	size_t count = 0;

	for (size_t i = 0; i < csv->cell_count; i++)
		count += skip_idle(csv->cells[i]).len > 0;
	return count;
}

static bool is_format(struct csv_table *table, const struct csv_format *format)
{
	size_t found = 0;

	for (size_t column = 0; column < COLUMN_COUNT; column++)
		table->titles[column] = NULL;
	for (size_t i = 0; i < format->title_count; i++)
		find_column(table, &format->titles[i]);
	for (size_t column = 0; column < COLUMN_COUNT; column++) {
		if (table->titles[column])
			found++;
		else if (format->needed & 1U << column)
			return false;
	}
	table->format = format;
	return !format->alone || found == count_titled(&table->csv);
}

static bool find_format(struct csv_table *table)
{
	for (size_t i = 0; formats[i]; i++) {
		if (is_format(table, formats[i]))
			return true;
	}
	return false;
}

enum row_result csp_csv_read_customer(struct customer_entry *out, struct directory_name *domain,
				      struct import *import, const struct csv_table *table)
{
	struct span name = csp_csv_cell(table, COLUMN_DOMAIN);

	*out = (struct customer_entry){
		.customer = {.id = SPAN_LIT(""),
			     .name = csp_csv_cell(table, COLUMN_NAME),
			     .cloud = import->settings->cloud},
		.domains = domain,
		.domain_count = name.len > 0,
	};
	enum row_result result =
		csp_import_read_id(&out->customer.id, import, csp_csv_cell(table, COLUMN_CUSTOMER));
	if (result == ROW_OK && name.len > 0)
		result = csp_import_read_domain(domain, import, name, false);
	return result;
}

size_t csp_csv_find_products(struct span out[CSV_PRODUCTS_MAX], const struct import *import,
			     struct span text)
{
	const struct import_settings *settings = import->settings;

	if (!settings->products || text.len == 0)
		return 0;
	return settings->products(settings->products_context, out, CSV_PRODUCTS_MAX, text);
}

static enum row_result check_row(struct import *import, const struct csv_table *table)
{
	for (size_t column = 0; column < COLUMN_COUNT; column++) {
		if (!table->titles[column])
			continue;
		if (table->format->needed & 1U << column &&
		    table->at[column] >= table->csv.cell_count)
			return csp_import_why(import, "no cell under \"%s\"",
					      table->titles[column]->text.data);
		if (!csp_utf8_is_valid(csp_csv_cell(table, (enum csv_column)column)))
			return csp_import_why(import, "not UTF-8: save the file as \"CSV UTF-8\"");
	}
	return ROW_OK;
}

/* The reader has stopped for good: the rest of the file is one refused row. */
static enum import_result end_early(struct import *import, const struct csv_table *table,
				    enum csv_result result)
{
	switch (result) {
	case CSV_OPEN_QUOTE:
		csp_import_why(import, "a quote that never ends; the rest was not read");
		break;
	case CSV_TOO_LONG:
		csp_import_why(import, "longer than %d bytes; the rest was not read", CSV_ROW_MAX);
		break;
	case CSV_TOO_WIDE:
		csp_import_why(import, "more than %d cells; the rest was not read", CSV_CELLS_MAX);
		break;
	case CSV_NOT_TEXT:
		csp_import_why(import,
			       "half a character of UTF-16, %" PRIu64
			       " bytes into the file; the rest was not read",
			       table->in.bad_at);
		break;
	case CSV_NO_MEMORY:
		return IMPORT_NO_MEMORY;
	case CSV_ROW:
	case CSV_END:
	case CSV_READ_ERROR:
		return IMPORT_UNREADABLE;
	}
	return csp_import_end_row(import, ROW_REFUSED);
}

static enum import_result read_rows(struct import *import, struct csv_table *table)
{
	for (;;) {
		enum csv_result read = csp_csv_next(&table->csv);
		import->line = table->csv.row_line;
		if (read == CSV_END)
			return IMPORT_OK;
		if (read != CSV_ROW)
			return end_early(import, table, read);
		enum row_result row = check_row(import, table);
		if (row == ROW_OK)
			row = table->format->put(import, table);
		enum import_result result = csp_import_end_row(import, row);
		if (result != IMPORT_OK)
			return result;
	}
}

static enum import_result read_table(struct import *import, struct csv_table *table)
{
	switch (csp_csv_next(&table->csv)) {
	case CSV_ROW:
		break;
	case CSV_READ_ERROR:
		return IMPORT_UNREADABLE;
	case CSV_NO_MEMORY:
		return IMPORT_NO_MEMORY;
	case CSV_END:
	case CSV_OPEN_QUOTE:
	case CSV_TOO_LONG:
	case CSV_TOO_WIDE:
		return IMPORT_UNKNOWN_FORMAT;
	case CSV_NOT_TEXT:
		return IMPORT_NOT_UTF8;
	}
	if (!find_format(table))
		return IMPORT_UNKNOWN_FORMAT;
	if (table->format->needs_partner &&
	    !csp_import_id(&table->partner, table->partner_id, import->settings->partner))
		return IMPORT_NEEDS_PARTNER;
	return read_rows(import, table);
}

enum import_result csp_import_csv(struct import *import)
{
	struct csv_table table = {.partner = SPAN_LIT("")};

	csp_textin_init(&table.in, import->stream);
	csp_csv_init(&table.csv, &table.in);
	enum import_result result = read_table(import, &table);
	int error = table.in.error;
	csp_csv_dispose(&table.csv);
	csp_textin_dispose(&table.in);
	if (result == IMPORT_UNREADABLE)
		errno = error;
	return result;
}
