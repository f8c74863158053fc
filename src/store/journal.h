/*
 * The journal: an append-only file of records, one line each, that its appenders write and one thread brings to disk.
 * A struct journal owns its descriptor and its thread; it is shared by all sessions.
 * An append that fails or does not reach the disk in time says so, and the caller must not answer as if it had.
 */
#ifndef CSP_JOURNAL_H
#define CSP_JOURNAL_H

#include <stdint.h>

#include "span.h"

struct journal;

enum journal_result { JOURNAL_OK, JOURNAL_TIMEOUT, JOURNAL_FAILED };
enum journal_durability {
	JOURNAL_QUEUED,
	JOURNAL_WRITTEN,
	JOURNAL_ON_DISK
}; /* what an append waits for */

/* Opens or makes the file, mode 0640, after a torn last line is ended; NULL and errno on failure. A symlink or a file
 * that is no regular one is refused (ELOOP, EINVAL). */
struct journal *csp_journal_open(const char *path, unsigned timeout_seconds);
void csp_journal_close(struct journal *journal); /* brings everything to disk first */

/*
 * JOURNAL_QUEUED waits for nothing: the line is written after those that were given before it. JOURNAL_WRITTEN waits for
 * write() and never for a sync that goes well. The caller itself may do the write(): a wait for others and for the disk
 * ends after the timeout, a write() of its own that hangs is bounded by the MTA's timeout alone.
 */
enum journal_result csp_journal_append(struct journal *journal, struct span line,
				       enum journal_durability durability);

/* The file at its path anew, or at another path (NULL: the same); 0, or an errno and the old file stays in use. */
int csp_journal_reopen(struct journal *journal, const char *path);
void csp_journal_set_timeout(struct journal *journal, unsigned timeout_seconds);

struct journal_state {
	bool healthy;
	int error; /* errno of the last failure, 0 */
	uint64_t appended, failed, commits;
};
void csp_journal_get_state(struct journal *journal, struct journal_state *out);

#endif
