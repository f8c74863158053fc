/*
 * The file under a journal: opened with care, written whole, brought to disk, and given up at the first failure.
 * A struct journal_file owns its descriptor; the path is its owner's and outlives it.
 * Everything gives 0 or an errno; after any failure the file must be replaced or closed, never written again.
 */
#ifndef CSP_JOURNAL_FILE_H
#define CSP_JOURNAL_FILE_H

#include "span.h"

struct journal_file {
	int fd; /* -1 when closed */
	const char *path;
	bool wrote; /* at least one whole write */
	bool fresh; /* made by csp_journal_file_replace, and nothing is on disk only in it */
};

/*
 * Opens or makes the file, mode 0640; ends a torn last line. ELOOP for a symlink, EINVAL for what is
 * no regular file, EPERM when neither we nor root own it.
 */
int csp_journal_file_open(struct journal_file *out, const char *path);
void csp_journal_file_close(struct journal_file *file);

int csp_journal_file_write(struct journal_file *file, struct span text); /* all of it */
int csp_journal_file_sync(struct journal_file *file);

/*
 * Gives a file up after a failure and makes a new one at its path. The old one is moved aside, or
 * removed while it is fresh. After a failure it may be called again; a file that cannot be moved
 * stays open, so that it is known again and not taken for a new one.
 */
int csp_journal_file_replace(struct journal_file *file);

#endif
