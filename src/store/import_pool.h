/*
 * The threads that read rows while the caller's reads the file: batches go out full and come back in their order.
 * A pool owns its threads and batches; statements and reports are handed over by the caller's thread alone.
 * Making it and reading fail when memory is short; a row that the file cannot be read on from ends it with its result.
 */
#ifndef CSP_IMPORT_POOL_H
#define CSP_IMPORT_POOL_H

#include "import_batch.h"
#include "import_private.h"

struct import_pool;

/* Reads one row; called by one thread for each struct import. */
typedef enum row_result import_read_row(struct import *import, struct span row);

/* run: what its threads start from; its report and counts get what comes back. Threads begin with the first full batch. */
bool csp_import_pool_new(struct import_pool **out, const struct import *run, import_read_row *read);
void csp_import_pool_free(struct import_pool *pool); /* NULL is allowed */

struct import_batch *csp_import_pool_batch(struct import_pool *pool); /* the one to be filled */

/* It is full: another one is to be filled. Waits for the oldest where all are on their way. */
enum import_result csp_import_pool_send(struct import_pool *pool);

/* The last one has been filled: waits for all of them. */
enum import_result csp_import_pool_finish(struct import_pool *pool);

#endif
