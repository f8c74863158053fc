/*
 * The files of a journal in its folder: the one that grows, and those it was before, rotated and compressed ones, the oldest first.
 * The list and its texts are the arena's.
 */
#ifndef CSP_REVIEW_FOLDER_H
#define CSP_REVIEW_FOLDER_H

#include <stdint.h>

#include "arena.h"

struct review_folder_file {
	const char *path;
	int64_t device, inode, size;
	int64_t mtime; /* nanoseconds since 1970 */
};

/* Regular files whose names are the journal's, or begin with it and '.' or '-'. False: errno says why. */
bool csp_review_folder_list(struct review_folder_file **out, size_t *count, struct arena *arena,
			    const char *journal);

#endif
