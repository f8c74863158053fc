/*
 * What one row of an import says of one party, as bytes that sort (memcmp): by party, then source, then place in the import.
 * A statement that was read points into its bytes.
 * Writing fails as the buf fails; reading fails on bytes that are no statement.
 */
#ifndef CSP_STATEMENT_H
#define CSP_STATEMENT_H

#include "directory_entry.h"
#include "facts.h"

enum statement_type { STATEMENT_CUSTOMER, STATEMENT_PARTNER, STATEMENT_EXCLUSION };

/* Where in the import it stands: the file's number as the caller counts, and the row's first line. */
struct place_in_import {
	uint32_t file;
	uint64_t line;
};

struct statement {
	enum statement_type type;
	struct span party; /* packed id; an exclusion's domain */
	uint32_t source;   /* number, see csp_directory_update_source */
	struct place_in_import place;
	struct span facts; /* both as facts.h encodes them; empty for an exclusion */
	struct span names;
};

/* Why an entry cannot be in the directory, or NULL. */
const char *csp_statement_refusal(const struct directory_entry *entry);

/* Appended to `out`. The entry's ids and names are in the directory's form; an ended customer keeps no relation. */
void csp_statement_write(struct buf *out, const struct directory_entry *entry, uint32_t source,
			 struct place_in_import place);
void csp_statement_write_exclusion(struct buf *out, struct span domain, uint32_t source,
				   struct place_in_import place);

bool csp_statement_read(struct statement *out, struct span bytes);

#endif
