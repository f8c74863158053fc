/*
 * A CSV reader (RFC 4180) for files that people export: CRLF or LF, quoted cells over several lines, `,`, `;` or tabs.
 * It owns the row it returns until the next call; what it reads from is the caller's.
 * A quote that never ends, a row over its limit, damaged UTF-16 or a failed read ends the reading with the row's first
 * line named.
 */
#ifndef CSP_CSV_H
#define CSP_CSV_H

#include "buf.h"
#include "textin.h"

#define CSV_CELLS_MAX 128
#define CSV_ROW_MAX   65536 /* bytes */

struct csv {
	struct textin *in;
	char separator; /* found in the first row */
	bool ends[2]
		 [256]; /* the bytes that end a run of plain ones: outside and inside of quotes */
	uint64_t line;  /* of the next byte, from 1 */
	uint64_t row_line; /* where the last row began */
	struct buf bytes;
	size_t cell_ends[CSV_CELLS_MAX]; /* in bytes */
	struct span cells[CSV_CELLS_MAX];
	size_t cell_count;
};

enum csv_result {
	CSV_ROW,
	CSV_END,
	CSV_OPEN_QUOTE,
	CSV_TOO_LONG,
	CSV_TOO_WIDE,
	CSV_NOT_TEXT,   /* see TEXTIN_NOT_TEXT */
	CSV_READ_ERROR, /* see TEXTIN_READ_ERROR */
	CSV_NO_MEMORY
};

void csp_csv_init(struct csv *csv, struct textin *in);
void csp_csv_dispose(struct csv *csv);
enum csv_result csp_csv_next(struct csv *csv); /* empty rows are stepped over */

#endif
