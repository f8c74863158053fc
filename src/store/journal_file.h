/*
 * The file under a journal: opened with care, written whole, brought to disk, and given up at the first failure.
 * A struct journal_file owns its descriptor; the path is its owner's and outlives it.
 * Everything gives 0 or an errno; after any failure the file must be replaced or closed, never written again.
 */
#ifndef CSP_JOURNAL_FILE_H
#define CSP_JOURNAL_FILE_H

#include <stdbool.h>
#include <sys/uio.h>

struct journal_file {
	int fd; /* -1 when closed */
	const char *path;
	bool fresh; /* made by csp_journal_file_replace, and not synced since */
};

/*
 * Opens or makes the file, mode 0640; ends a torn last line. ELOOP for a symlink, EINVAL for what is
 * no regular file, EPERM when neither we nor root own it.
 */
int csp_journal_file_open(struct journal_file *out, const char *path);
void csp_journal_file_close(struct journal_file *file);

/* All of the parts, which it uses up. One thread may write while another syncs. */
int csp_journal_file_write(const struct journal_file *file, struct iovec *parts, int count);
int csp_journal_file_sync(struct journal_file *file);

/*
 * Gives a file up after a failure and makes a new one at its path. The old one is moved aside, or
 * removed while it is fresh. After a failure it may be called again; a file that cannot be moved
 * stays open, so that it is known again and not taken for a new one.
 */
int csp_journal_file_replace(struct journal_file *file);

#endif
