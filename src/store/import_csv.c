#include "csv.h"
#include "import_private.h"
#include "utf8.h"

enum column { COLUMN_ID, COLUMN_NAME, COLUMN_DOMAIN, COLUMN_RELATIONSHIP, COLUMN_COUNT };

static const struct span titles[COLUMN_COUNT] = {
	[COLUMN_ID] = {"Microsoft ID", 12},
	[COLUMN_NAME] = {"Company name", 12},
	[COLUMN_DOMAIN] = {"Primary domain name", 19},
	[COLUMN_RELATIONSHIP] = {"Relationship", 12},
};

/*
 * What Partner Center writes into "Relationship", and the names of its interface. Only a resale makes
 * the exporting partner a partner of record; the others are customers whose billing is not its own.
 */
static const struct {
	struct span name;
	bool resale;
} relationships[] = {
	{{"Cloud Reseller", 14}, true},
	{{"Reseller", 8}, true},
	{{"Indirect Reseller", 17}, true},
	{{"Syndication", 11}, true},
	{{"Advisor", 7}, false},
	{{"Microsoft Support", 17}, false},
	{{"microsoft_support", 17}, false},
	{{"None", 4}, false},
};

struct table {
	struct csv csv;
	size_t at[COLUMN_COUNT]; /* cell of each column */
	struct span partner;
	char partner_id[IMPORT_ID_MAX];
};

static struct span cell(const struct table *table, enum column column)
{
	return csp_span_trim(table->csv.cells[table->at[column]]);
}

static bool find_columns(struct table *table)
{
	for (size_t column = 0; column < COLUMN_COUNT; column++) {
		size_t at = 0;
		while (at < table->csv.cell_count &&
		       !csp_span_equal_nocase(csp_span_trim(table->csv.cells[at]), titles[column]))
			at++;
		if (at == table->csv.cell_count)
			return false;
		table->at[column] = at;
	}
	return true;
}

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

static enum row_result check_row(struct import *import, const struct table *table)
{
	for (size_t column = 0; column < COLUMN_COUNT; column++) {
		if (table->at[column] >= table->csv.cell_count)
			return csp_import_why(import, "no cell under \"%s\"", titles[column].data);
	}
	if (!csp_utf8_is_valid(cell(table, COLUMN_NAME)))
		return csp_import_why(import, "not UTF-8: save the file as \"CSV UTF-8\"");
	return ROW_OK;
}

static enum row_result put_row(struct import *import, const struct table *table)
{
	struct relation relation = {
		.partner = table->partner,
		.role = import->settings->role,
		.from = INT64_MIN,
		.until = INT64_MAX,
	};
	struct customer_entry entry = {
		.customer = {.id = SPAN_LIT(""),
			     .name = cell(table, COLUMN_NAME),
			     .cloud = SPAN_LIT(""),
			     .relations = &relation,
			     .relation_count = 1},
	};
	struct directory_name domain;
	struct span name = cell(table, COLUMN_DOMAIN);
	bool resale = false;

	enum row_result result =
		csp_import_read_id(&entry.customer.id, import, cell(table, COLUMN_ID));
	if (result == ROW_OK)
		result = read_relationship(&resale, import, cell(table, COLUMN_RELATIONSHIP));
	if (result == ROW_OK && name.len > 0)
		result = csp_import_read_domain(&domain, import, name, false);
	if (result != ROW_OK)
		return result;
	entry.ended = !resale;
	entry.domains = &domain;
	entry.domain_count = name.len > 0;
	return csp_import_put_customer(import, &entry);
}

/* The reader has stopped for good: the rest of the file is one refused row. */
static enum import_result end_early(struct import *import, enum csv_result result)
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
	case CSV_NO_MEMORY:
		return IMPORT_NO_MEMORY;
	case CSV_NOT_UTF8:
		return IMPORT_NOT_UTF8;
	case CSV_ROW:
	case CSV_END:
	case CSV_READ_ERROR:
		return IMPORT_UNREADABLE;
	}
	return csp_import_end_row(import, ROW_REFUSED);
}

static enum import_result read_rows(struct import *import, struct table *table)
{
	for (;;) {
		enum csv_result read = csp_csv_next(&table->csv);
		import->line = table->csv.row_line;
		if (read == CSV_END)
			return IMPORT_OK;
		if (read != CSV_ROW)
			return end_early(import, read);
		enum row_result row = check_row(import, table);
		if (row == ROW_OK)
			row = put_row(import, table);
		enum import_result result = csp_import_end_row(import, row);
		if (result != IMPORT_OK)
			return result;
	}
}

static enum import_result read_table(struct import *import, struct table *table)
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
	case CSV_NOT_UTF8:
		return IMPORT_NOT_UTF8;
	}
	if (!find_columns(table))
		return IMPORT_UNKNOWN_FORMAT;
	if (!csp_import_id(&table->partner, table->partner_id, import->settings->partner))
		return IMPORT_NEEDS_PARTNER;
	return read_rows(import, table);
}

enum import_result csp_import_customers_csv(struct import *import)
{
	struct table table = {.partner = SPAN_LIT("")};

	csp_csv_init(&table.csv, import->stream);
	enum import_result result = read_table(import, &table);
	csp_csv_dispose(&table.csv);
	return result;
}
