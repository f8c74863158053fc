/*
 * Cuts JSON into rows without reading them: lines, or the elements of the lists in one document or several.
 * A struct import_cutter belongs to one file, whose text is the caller's; it holds the file's first line at most.
 * Text that is no JSON ends the cutting with a row that says so; reading and memory fail as enum cut_result says.
 */
#ifndef CSP_IMPORT_CUTTER_H
#define CSP_IMPORT_CUTTER_H

#include "import_batch.h"
#include "textin.h"

enum cut_place {
	CUT_BETWEEN,    /* documents, or lines */
	CUT_IN_LIST,    /* before an element */
	CUT_IN_OBJECT,  /* of a collection, behind its list */
	CUT_AT_THE_END, /* of the file, or of what can be read of it */
};

struct import_cutter {
	struct textin *in;
	struct buf head; /* what was looked at, to be cut before the rest */
	size_t head_at;
	bool lines; /* each line is a row */
	enum cut_place place;
	bool in_collection; /* the list is an object's */
	uint64_t line;      /* of the next byte, from 1 */

	/* The row that is being cut. */
	struct import_batch *batch;
	bool keep; /* its bytes go into the batch */
	struct import_row row;
};

enum cut_result { CUT_FULL, CUT_END, CUT_READ_ERROR, CUT_NO_MEMORY };

void csp_import_cutter_init(struct import_cutter *cutter, struct textin *in);
void csp_import_cutter_dispose(struct import_cutter *cutter);

/* The first line that is not blank, as far as IMPORT_ROW_MAX, and the first byte behind it that is no blank (or EOF). */
struct cut_look {
	struct span line; /* empty when there is none; valid until the first fill */
	int next;
};
enum cut_result csp_import_cutter_look(struct cut_look *out, struct import_cutter *cutter);

/* Adds rows to a batch until it is full. */
enum cut_result csp_import_cutter_fill(struct import_cutter *cutter, struct import_batch *batch);

#endif
