/*
 * Looks at everything a directory holds: each value's checksum and form, the order of keys, and whether parties, names and counts agree.
 * It owns nothing. It runs in a process of its own: on a damaged page LMDB may end the process.
 * DIRECTORY_OK means that it got through; what is wrong has been told through `problem`.
 */
#ifndef CSP_DIRECTORY_VERIFY_H
#define CSP_DIRECTORY_VERIFY_H

#include "directory.h"

struct verify_report {
	void (*problem)(void *context, const char *what); /* printable ASCII, one line */
	void (*progress)(void *context, uint64_t done, uint64_t total); /* entries; may be NULL */
	void *context;
};

struct verify_counts {
	uint64_t entries, problems;
};

enum directory_result csp_directory_verify(struct verify_counts *out, struct directory_read *read,
					   const struct verify_report *report);

#endif
