/*
 * What the import formats share: the reading of rows, and values turned into the directory's form.
 * A struct import belongs to one thread; what a row needs lives in its arena until the row is over.
 * A value that is refused says why through csp_import_why and makes its row ROW_REFUSED.
 */
#ifndef CSP_IMPORT_PRIVATE_H
#define CSP_IMPORT_PRIVATE_H

#include "import.h"
#include "import_output.h"
#include "textin.h"

/* One reader of rows: of a whole file, or one of those that read it at the same time. */
struct import {
	struct textin *in; /* NULL where others read the file */
	const char *file;
	uint32_t file_number;
	const struct import_settings *settings;
	const struct import_report *report;
	struct directory_update *update;
	struct span exporter; /* the partner of the settings in the directory's form, or empty */
	struct span customer; /* the one that the file is about, or empty */
	uint32_t source;      /* of rows that name none; 0: there is none */

	struct import_counts *counts; /* of all files; NULL where others hand the rows over */
	struct import_output *output;
	enum directory_result failure; /* of the update, when the file is done */

	/* The row. */
	uint64_t line;
	struct span row;        /* its bytes */
	struct span row_source; /* the source it names, or empty */
	struct arena arena;
	char why[256]; /* printable ASCII */

	/* The source that was named last. */
	char known_source[SOURCE_NAME_MAX];
	size_t known_source_len;
	uint32_t known_source_number;
};

/* The rows' own buffers; the rest is filled in by whoever makes it. */
void csp_import_init_rows(struct import *import);
void csp_import_dispose_rows(struct import *import);

enum row_result {
	ROW_OK,
	ROW_REFUSED,
	ROW_NO_MEMORY,
	ROW_DIRECTORY,
	ROW_NEEDS_PARTNER,
	ROW_NEEDS_SOURCE
};

/* One format each: the whole file. */
enum import_result csp_import_json(struct import *import);
enum import_result csp_import_csv(struct import *import);

/* A row is over: counts, reports; a refused one leaves nothing behind. IMPORT_OK when the file goes on. */
enum import_result csp_import_end_row(struct import *import, enum row_result result);

enum row_result csp_import_why(struct import *import, const char *format, ...)
	__attribute__((format(printf, 2, 3))); /* gives ROW_REFUSED */
void csp_import_warn(struct import *import, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

enum row_result csp_import_read_id(struct span *out, struct import *import, struct span text);
enum row_result csp_import_read_domain(struct directory_name *out, struct import *import,
				       struct span text, bool subdomains);
enum row_result csp_import_read_address(struct span *out, struct import *import, struct span text);

/* False: the subscription is gone, and its customer remains. */
enum row_result csp_import_read_subscription_status(bool *held, struct import *import,
						    struct span text);

/* What Partner Center calls the exporter's relation to a customer: only a resale makes it a partner of record. */
enum row_result csp_import_read_relationship(bool *resale, bool *ended, struct import *import,
					     struct span text);

/*
 * The products that the first of the texts names in which there is one. Where there is none, the first text itself as
 * a name that no pack knows: never no products, as a relation to none would be one to all.
 */
#define IMPORT_PRODUCTS_MAX 16
enum row_result csp_import_read_products(struct spans *out, struct import *import,
					 struct spans texts);

/* A customer without a cloud gets that of the settings; domains that are nobody's are left out with a warning. */
enum row_result csp_import_put_customer(struct import *import, const struct customer_entry *entry);
enum row_result csp_import_put_partner(struct import *import, const struct partner_entry *entry);
enum row_result csp_import_put_exclusion(struct import *import, struct span domain);

/* For csp_import_why: at most 64 bytes of text. */
#define IMPORT_QUOTED(text) (int)((text).len < 64 ? (text).len : 64), (text).data

#endif
