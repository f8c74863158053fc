/*
 * A CSV reader (RFC 4180) for files that people export: BOM, CRLF or LF, quoted cells over several lines, `,` or `;`.
 * It owns the row it returns until the next call; the stream is the caller's.
 * A quote that never ends, a row over its limit, UTF-16 or a failed read ends the reading with the row's first line named.
 */
#ifndef CSP_CSV_H
#define CSP_CSV_H

#include <stdint.h>
#include <stdio.h>

#include "buf.h"

#define CSV_CELLS_MAX 64
#define CSV_ROW_MAX   65536 /* bytes */

struct csv {
	FILE *stream;
	char separator;    /* found in the first row */
	uint64_t line;     /* of the next byte, from 1 */
	uint64_t row_line; /* where the last row began */
	struct buf bytes;
	size_t ends[CSV_CELLS_MAX]; /* of the cells in bytes */
	struct span cells[CSV_CELLS_MAX];
	size_t cell_count;
};

enum csv_result {
	CSV_ROW,
	CSV_END,
	CSV_OPEN_QUOTE,
	CSV_TOO_LONG,
	CSV_TOO_WIDE,
	CSV_NOT_UTF8, /* UTF-16, or half a byte order mark */
	CSV_READ_ERROR,
	CSV_NO_MEMORY
};

void csp_csv_init(struct csv *csv, FILE *stream);
void csp_csv_dispose(struct csv *csv);
enum csv_result csp_csv_next(struct csv *csv); /* empty rows are stepped over */

#endif
