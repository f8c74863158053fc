/*
 * Import files into a directory's write transaction: our JSON Lines, and Partner Center's Customers.csv.
 * It owns nothing that outlives the call.
 * A row that is refused is reported with file and line, and the rest is taken; csp_import_file fails only where the
 * file or the directory does.
 */
#ifndef CSP_IMPORT_H
#define CSP_IMPORT_H

#include <stdio.h>

#include "directory_update.h"

enum import_format { IMPORT_AUTO, IMPORT_JSON_LINES, IMPORT_CUSTOMERS_CSV };

/* The products that a text names (an offer's name), at most `max` of them; called by several threads at once. */
typedef size_t import_products(void *context, struct span out[], size_t max, struct span text);

struct import_settings {
	enum import_format format;
	struct span source;  /* of rows that name none; empty refuses them */
	struct span partner; /* id, for formats that name none; empty refuses them */
	enum partner_role role;
	struct span customer; /* id, for documents that name none; empty: from the file's name */
	struct span cloud;    /* of customers that come without one; may be empty */
	struct span address_separators; /* as the look-ups use, see csp_mailbox_key */
	struct spans
		public_domains; /* patterns, sorted (csp_spans_hold_domain_sorted): exact addresses only */
	struct spans tenant_domains; /* patterns: a cloud's own names, each a tenant's alone */
	import_products *products;   /* NULL: none is known */
	void *products_context;
};

/* Added to, file by file. */
struct import_counts {
	uint64_t rows, customers, partners, exclusions, refused;
	uint64_t
		no_own_domain; /* customers that gave no domain but the cloud's, as in tenant.onmicrosoft.com */
};

struct import_report {
	void (*refused)(void *context, const char *file, uint64_t line, const char *why);
	void (*warned)(void *context, const char *file, uint64_t line,
		       const char *what); /* taken all the same */
	void (*progress)(void *context,
			 const struct import_counts *counts); /* now and then; may be NULL */
	void *context;
};

enum import_result {
	IMPORT_OK,
	IMPORT_UNREADABLE,     /* errno says why */
	IMPORT_UNKNOWN_FORMAT, /* nothing was taken */
	IMPORT_NOT_UTF8,       /* nothing was taken: damaged UTF-16 */
	IMPORT_NEEDS_PARTNER,  /* nothing was taken */
	IMPORT_NO_MEMORY,
	IMPORT_DIRECTORY
};

/* `failure` says which when IMPORT_DIRECTORY. `file` is the name for reports. */
enum import_result csp_import_file(struct import_counts *counts, enum directory_result *failure,
				   struct directory_update *update, FILE *stream, const char *file,
				   const struct import_settings *settings,
				   const struct import_report *report);

bool csp_import_format_find(enum import_format *out,
			    struct span name); /* "jsonl", "customers-csv" */

/* A party's id in the directory's form: without blanks around it, lower case, printable ASCII; false when it is none. */
#define IMPORT_ID_MAX 64
bool csp_import_id(struct span *out, char buffer[IMPORT_ID_MAX], struct span text);

#endif
