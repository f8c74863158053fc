/*
 * What came of some rows of an import and has not been handed over yet: statements, notes for the report, counts.
 * A struct import_output owns its bytes; a note's row is the caller's and must live until the output is handed over.
 * Writing fails as its bufs fail; handing over fails as the update does.
 */
#ifndef CSP_IMPORT_OUTPUT_H
#define CSP_IMPORT_OUTPUT_H

#include "import.h"

struct import_output {
	struct buf statements; /* each behind its length */
	struct buf notes;
	struct import_counts counts;
	/* How it was when the last row was over. */
	size_t kept_statements, kept_notes;
	struct import_counts kept_counts;
	/* Not OK: behind these rows the file cannot be read on. */
	enum import_result result;
	enum directory_result failure;
};

void csp_import_output_init(struct import_output *output);
void csp_import_output_dispose(struct import_output *output);
void csp_import_output_reset(struct import_output *output);

/* A row is over: what it brought stays, or goes. */
void csp_import_output_keep(struct import_output *output);
void csp_import_output_drop(struct import_output *output);

/* Before the bytes of a statement are written, and behind them. */
size_t csp_import_output_begin(struct import_output *output);
void csp_import_output_end(struct import_output *output, size_t begun);

enum import_note { NOTE_REFUSED, NOTE_WARNED };
void csp_import_output_note(struct import_output *output, enum import_note note, uint64_t line,
			    const char *text, struct span row);

/* To the update, to the report and into the counts; the output is empty then. */
struct import_receiver {
	struct directory_update *update;
	const struct import_report *report;
	const char *file;
	struct import_counts *counts;
};
enum import_result csp_import_output_hand_over(struct import_output *output,
					       const struct import_receiver *receiver);

#endif
