/*
 * Some rows of a file on their way from the one who reads it to those who read the rows, and what came of them.
 * A batch owns the rows' bytes and the output.
 * Adding fails as the buf does.
 */
#ifndef CSP_IMPORT_BATCH_H
#define CSP_IMPORT_BATCH_H

#include "import_output.h"

#define IMPORT_ROW_MAX    ((size_t)1 << 20) /* bytes */
#define IMPORT_BATCH_SIZE ((size_t)1 << 20) /* bytes, from which on a batch is full */
#define IMPORT_BATCH_ROWS 8192

struct import_row {
	size_t at, len;  /* in the bytes */
	uint64_t line;   /* the first */
	const char *why; /* it is refused unread; or NULL */
};

struct import_batch {
	struct buf bytes;
	struct import_row rows[IMPORT_BATCH_ROWS + 1]; /* the last step of a cutter may add two */
	size_t row_count;
	uint64_t done; /* bytes of the file that were read when it was full */
	struct import_output output;
};

static inline bool csp_import_batch_is_full(const struct import_batch *batch)
{
	return batch->row_count >= IMPORT_BATCH_ROWS || batch->bytes.len >= IMPORT_BATCH_SIZE;
}

#endif
