/*
 * Import files into a directory's write transaction: our JSON Lines, and Partner Center's Customers.csv.
 * It owns nothing that outlives the call.
 * A row that is refused is reported with file and line, and the rest is taken; csp_import_file fails only where the
 * file or the directory does.
 */
#ifndef CSP_IMPORT_H
#define CSP_IMPORT_H

#include <stdio.h>

#include "directory.h"

enum import_format { IMPORT_AUTO, IMPORT_JSON_LINES, IMPORT_CUSTOMERS_CSV };

struct import_settings {
	enum import_format format;
	struct span partner; /* for formats that name none; empty refuses them */
	enum partner_role role;
	struct span address_separators;
};

struct import_counts {
	uint64_t rows, customers, partners, exclusions, refused;
};

struct import_report {
	void (*refused)(void *context, const char *file, uint64_t line, const char *why);
	void *context;
};

enum import_result {
	IMPORT_OK,
	IMPORT_UNREADABLE,
	IMPORT_UNKNOWN_FORMAT,
	IMPORT_NEEDS_PARTNER,
	IMPORT_NO_MEMORY,
	IMPORT_DIRECTORY
};

/* `failure` says which when IMPORT_DIRECTORY. `file` is the name for reports. */
enum import_result csp_import_file(struct import_counts *counts, enum directory_result *failure,
				   struct directory_write *write, FILE *stream, const char *file,
				   const struct import_settings *settings,
				   const struct import_report *report);

bool csp_import_format_find(enum import_format *out,
			    struct span name); /* "jsonl", "customers-csv" */

#endif
