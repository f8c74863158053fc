/*
 * The whole directory as one stream, sorted and sealed as it is stored: for a second gateway, or a copy to go back to.
 * Streams are the caller's. What is read replaces everything, all at once, or nothing.
 * Reading fails with REFUSED on bytes that are no such stream, are damaged, or end early, and else as an update does.
 */
#ifndef CSP_DIRECTORY_PACKED_H
#define CSP_DIRECTORY_PACKED_H

#include <stdio.h>

#include "directory_update.h"

/* True when a stream begins like one of these; what was read to see it is put back. */
bool csp_packed_begins(FILE *stream);

/* errno tells why when it is FULL or FAILED. progress as in update_report, in entries. */
enum directory_result csp_packed_write(FILE *stream, struct directory_read *read,
				       const struct update_report *report);

/* Of the settings now, dry_run, wait and report.progress count. counts: customers, partners, exclusions. */
enum directory_result csp_packed_read(struct update_counts *out, struct directory *directory,
				      FILE *stream, const struct update_settings *settings);

#endif
