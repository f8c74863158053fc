/*
 * The lines of a journal that are not known to be on disk, in order: those that are written, then those that are not yet.
 * A struct journal_queue owns its lines; a waiter is its appender's own, and no line points at it once it is told.
 * Only csp_journal_line_new can fail, for want of memory; all the others need the lock of the journal.
 */
#ifndef CSP_JOURNAL_QUEUE_H
#define CSP_JOURNAL_QUEUE_H

#include <pthread.h>
#include <sys/uio.h>

#include "journal.h"

/* An appender that waits; it stands on its own stack. */
struct journal_waiter {
	enum journal_durability durability;
	bool told;
	enum journal_result result;
	pthread_cond_t changed;
};

struct journal_line {
	struct journal_line *next;
	struct journal_waiter *waiter; /* NULL: nobody waits, or not any more */
	size_t size;                   /* with the newline */
	char text[];
};

struct journal_queue {
	struct journal_line *first;
	struct journal_line *last;
	struct journal_line *written; /* the last one that is; NULL when none is */
	size_t size;                  /* of all lines */
};

struct journal_line *csp_journal_line_new(struct span text);
void csp_journal_lines_free(struct journal_line *first); /* and all that follow it */

void csp_journal_queue_add(struct journal_queue *queue, struct journal_line *line);
struct journal_line *csp_journal_queue_unwritten(const struct journal_queue *queue); /* or NULL */
struct journal_waiter *csp_journal_queue_next_waiter(const struct journal_queue *queue);

/* At most `max` unwritten lines, as writev() wants them; their last one in `last`. */
int csp_journal_queue_gather(const struct journal_queue *queue, struct iovec *parts, int max,
			     struct journal_line **last);

struct journal_written {
	size_t size;
	bool disk_wanted; /* somebody waits until they are on disk */
};
/* The lines up to `last` are written: who waits for no more is told. */
struct journal_written csp_journal_queue_written(struct journal_queue *queue,
						 struct journal_line *last);
/* The lines up to `last` are on disk: who waits is told. They are the caller's to free. */
struct journal_line *csp_journal_queue_settle(struct journal_queue *queue,
					      struct journal_line *last);
/* Who waits is told JOURNAL_FAILED, and the line is taken out; what stays counts as not written. */
void csp_journal_queue_fail(struct journal_queue *queue);

#endif
