/*
 * Records in the order of their bytes (memcmp), however many: what does not fit into memory waits in a file.
 * A struct sorter owns its memory and the file, which loses its name at once; a record is valid until the next call.
 * Adding, sorting and reading give 0 or an errno code; after one nothing but dispose is useful.
 */
#ifndef CSP_SORTER_H
#define CSP_SORTER_H

#include <stdint.h>

#include "span.h"

#define SORTER_FILE                                                                                \
	"sort.tmp" /* for a moment, in the folder; whoever sorts there keeps others out */

#define SORTER_END (-1) /* csp_sorter_next: there is no more */

struct sorter_item;
struct sorter_run;

struct sorter {
	int folder;    /* where the file is made; the caller's */
	size_t memory; /* bytes, for records and their places */
	uint64_t count;
	char *bytes; /* records waiting to be sorted */
	size_t len, cap;
	struct sorter_item *items;
	size_t item_count, item_cap, item_next;
	int file; /* -1: none yet */
	struct sorter_run
		*runs; /* sorted, in the file; once reading, a heap by their next record */
	size_t run_count, run_cap, heap_count;
	int64_t file_len;
};

void csp_sorter_init(struct sorter *sorter, int folder, size_t memory); /* allocates nothing */
void csp_sorter_dispose(struct sorter *sorter);

int csp_sorter_add(struct sorter *sorter, struct span record);
int csp_sorter_sort(struct sorter *sorter); /* after the last add, once */
int csp_sorter_next(struct span *out, struct sorter *sorter);

#endif
