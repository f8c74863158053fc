/*
 * What the CSV formats share: a table whose header row was recognised, and its cells by what they mean.
 * A table belongs to csp_import_csv; cells live until the next row.
 * What a row cannot say makes it ROW_REFUSED, as in import_private.h.
 */
#ifndef CSP_IMPORT_CSV_H
#define CSP_IMPORT_CSV_H

#include "csv.h"
#include "import_private.h"

enum csv_column {
	COLUMN_CUSTOMER,
	COLUMN_NAME,
	COLUMN_DOMAIN,
	COLUMN_RELATIONSHIP,
	COLUMN_SUBSCRIPTION,
	COLUMN_RESELLER,
	COLUMN_EXPORTER, /* the exporter's own MPN number */
	COLUMN_STATUS,
	COLUMN_OFFER, /* and others that name what was bought, the most telling first */
	COLUMN_PRODUCT,
	COLUMN_SKU,
	COLUMN_SUBSCRIPTION_NAME,
	COLUMN_FRIENDLY_NAME,
	COLUMN_COUNT
};

/* Titles are compared without case, blanks, '_' and quotes. */
struct csv_title {
	struct span text;
	enum csv_column column;
};

struct csv_table;
typedef enum row_result csv_put(struct import *import, const struct csv_table *table);

struct csv_format {
	const struct csv_title *titles; /* of one column, the first that is there */
	size_t title_count;
	unsigned needed; /* set of 1 << column */
	bool alone;      /* no other column beside them */
	bool needs_partner;
	csv_put *put; /* one row */
};

extern const struct csv_format csp_csv_customers, csp_csv_subscriptions, csp_csv_products;

struct csv_table {
	const struct csv_format *format;
	const struct csv_title *titles[COLUMN_COUNT]; /* NULL: not in this file */
	size_t at[COLUMN_COUNT];
	struct span partner; /* the exporter; empty where none is needed */
	char partner_id[IMPORT_ID_MAX];
	struct textin in;
	struct csv csv;
};

/* Without blanks around it; empty where there is no such column or cell. */
struct span csp_csv_cell(const struct csv_table *table, enum csv_column column);

/* A customer without relations, from the columns customer, name and domain; its domain is put into *domain. */
enum row_result csp_csv_read_customer(struct customer_entry *out, struct directory_name *domain,
				      struct import *import, const struct csv_table *table);

/* The products that the text names, at most CSV_PRODUCTS_MAX. */
#define CSV_PRODUCTS_MAX 16
size_t csp_csv_find_products(struct span out[CSV_PRODUCTS_MAX], const struct import *import,
			     struct span text);

#endif
