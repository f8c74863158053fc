/*
 * What the import formats share: the run, and values turned into the directory's form.
 * A struct import belongs to csp_import_file; what a row needs lives in its arena until the next row.
 * A value that is refused says why through csp_import_why and makes its row ROW_REFUSED.
 */
#ifndef CSP_IMPORT_PRIVATE_H
#define CSP_IMPORT_PRIVATE_H

#include "import.h"

struct import {
	FILE *stream;
	const char *file;
	uint64_t line;
	const struct import_settings *settings;
	const struct import_report *report;
	struct import_counts *counts;
	struct directory_update *update;
	uint32_t source;
	struct buf statement;
	enum directory_result failure;
	struct arena arena;
	char why[256]; /* printable ASCII */
};

enum row_result { ROW_OK, ROW_REFUSED, ROW_NO_MEMORY, ROW_DIRECTORY };

/* One format each: the whole stream. */
enum import_result csp_import_json_lines(struct import *import);
enum import_result csp_import_csv(struct import *import);

/* A row is over: counts, reports; IMPORT_OK when the file goes on. */
enum import_result csp_import_end_row(struct import *import, enum row_result result);

enum row_result csp_import_why(struct import *import, const char *format, ...)
	__attribute__((format(printf, 2, 3))); /* gives ROW_REFUSED */

enum row_result csp_import_read_id(struct span *out, struct import *import, struct span text);
enum row_result csp_import_read_domain(struct directory_name *out, struct import *import,
				       struct span text, bool subdomains);
enum row_result csp_import_read_address(struct span *out, struct import *import, struct span text);

enum row_result csp_import_put_customer(struct import *import, const struct customer_entry *entry);
enum row_result csp_import_put_partner(struct import *import, const struct partner_entry *entry);
enum row_result csp_import_put_exclusion(struct import *import, struct span domain);

/* For csp_import_why: at most 64 bytes of text. */
#define IMPORT_QUOTED(text) (int)((text).len < 64 ? (text).len : 64), (text).data

#endif
