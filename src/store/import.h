/*
 * Import files, as statements for one update of the directory: our JSON Lines, Partner Center's and Graph's JSON, CSV.
 * It owns nothing that outlives the call.
 * A row that is refused is reported with file and line, and the rest is taken; csp_import_file fails only where the
 * file, the settings or the directory do, and its caller then aborts the update.
 */
#ifndef CSP_IMPORT_H
#define CSP_IMPORT_H

#include <stdio.h>

#include "directory_update.h"

enum import_format {
	IMPORT_AUTO,
	IMPORT_JSON_LINES,
	IMPORT_PARTNER_CENTER_JSON,
	IMPORT_CUSTOMERS_CSV,
	IMPORT_SUBSCRIPTIONS_CSV,
	IMPORT_PRODUCTS_CSV
};

/* The products that a text names (an offer's name), at most `max` of them; called by several threads at once. */
typedef size_t import_products(void *context, struct span out[], size_t max, struct span text);

/* Added to, file by file. A party is counted with every row that speaks of it. */
struct import_counts {
	uint64_t rows, customers, partners, exclusions, refused;
	uint64_t domains;        /* of customers, that were taken */
	uint64_t public_domains; /* and that were left out, as they are nobody's */
};

/* Called from the caller's thread, in the order of the rows. */
struct import_report {
	/* row: its bytes as they stand in the file, or of CSV its cells; empty when it is too long or there is none */
	void (*refused)(void *context, const char *file, uint64_t line, const char *why,
			struct span row);
	void (*warned)(void *context, const char *file, uint64_t line,
		       const char *what); /* taken all the same */
	/* now and then; of the file, `done` bytes are read; may be NULL */
	void (*progress)(void *context, const struct import_counts *counts, uint64_t done);
	void *context;
};

struct import_settings {
	enum import_format format;
	struct span source;  /* of rows that name none; may be empty */
	struct span partner; /* id, for formats that name none; may be empty */
	enum partner_role role;
	struct span customer; /* id, for documents that name none; empty: from the file's name */
	struct span cloud;    /* of customers that come without one; may be empty */
	struct span address_separators; /* as the look-ups use, see csp_mailbox_key */
	struct spans
		public_domains; /* patterns, sorted (csp_spans_hold_domain_sorted): exact addresses only */
	struct spans tenant_domains; /* patterns: a cloud's own names, each a tenant's alone */
	import_products *products;   /* NULL: none is known */
	void *products_context;
	unsigned threads; /* that read rows; 0: as many as there are processors, up to 4 */
	struct import_report report;
};

/* A file that is to be read. A GUID in its name is of the customer that it is about. */
struct import_file {
	FILE *stream;
	const char *name; /* for reports */
	uint32_t number;  /* for the places of statements */
};

enum import_result {
	IMPORT_OK,
	IMPORT_UNREADABLE,     /* errno says why */
	IMPORT_UNKNOWN_FORMAT, /* nothing was taken */
	IMPORT_NOT_UTF8,       /* nothing was taken: damaged UTF-16 */
	IMPORT_NEEDS_PARTNER,  /* a row that names no partner, and no partner in the settings */
	IMPORT_NEEDS_SOURCE,   /* a row that names no source, and no source in the settings */
	IMPORT_NO_MEMORY,
	IMPORT_DIRECTORY
};

/* `failure` says which when IMPORT_DIRECTORY. */
enum import_result csp_import_file(struct import_counts *counts, enum directory_result *failure,
				   struct directory_update *update, const struct import_file *file,
				   const struct import_settings *settings);

/* "jsonl", "partner-center-json", "customers-csv", "subscriptions-csv" or "products-csv". */
bool csp_import_format_find(enum import_format *out, struct span name);
const char *csp_import_format_names(void); /* all of them, as a text for people */

/* A party's id in the directory's form: without blanks around it, lower case, printable ASCII; false when it is none. */
#define IMPORT_ID_MAX 64
bool csp_import_id(struct span *out, char buffer[IMPORT_ID_MAX], struct span text);

#endif
