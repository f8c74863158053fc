#include "journal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "journal_file.h"
#include "log.h"

#define QUEUE_MAX     ((size_t)128 << 20) /* bytes that wait to be written */
#define UNSYNCED_MAX  ((size_t)8 << 20)   /* bytes written that bring a sync forward */
#define KEPT_CAPACITY ((size_t)1 << 20)   /* of an empty buf after a burst */

/* A line that nobody waits for is on disk after this long and one sync: within a second. */
#define SYNC_AFTER_MS  500
#define RETRY_AFTER_MS 1000

/* An appender; it stands on its own stack, and on the journal's list until its line's fate is known. */
struct waiter {
	struct waiter *next;
	uint64_t line; /* its number */
	bool known;
	enum journal_result result;
	pthread_cond_t changed;
};

struct journal {
	pthread_t thread;
	pthread_condattr_t monotonic;
	pthread_mutex_t lock; /* over everything down to `state` */
	unsigned timeout;     /* seconds */
	pthread_cond_t work;
	pthread_cond_t idle; /* a reopening or the thread itself has ended */
	struct buf queue;
	uint64_t queued; /* lines so far, which is the number of the last one */
	struct waiter *waiters;
	bool disk_wanted; /* somebody waits for the disk */
	bool broken;      /* the file is given up, and no new one works yet */
	bool stalled;     /* a wait timed out, and no round has ended since */
	bool stopping, stopped;
	uint64_t reopens_wanted, reopens_done;
	char *reopen_path; /* NULL: the same path */
	int reopen_error;
	struct timespec retry_due; /* no new file before this */
	struct journal_state state;

	/* The thread's alone. `unsynced` holds lines that were acknowledged as written and are not
	 * known to be on disk: a new file gets them again when the old one fails. */
	struct journal_file file;
	char *path;
	struct buf batch;
	struct buf unsynced;
	struct timespec sync_due; /* of the oldest line in unsynced */
};

static struct timespec after_ms(long milliseconds)
{
	struct timespec time = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += milliseconds / 1000;
	time.tv_nsec += milliseconds % 1000 * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_sec++;
		time.tv_nsec -= 1000000000;
	}
	return time;
}

static bool is_due(struct timespec due)
{
	struct timespec now = after_ms(0);

	return now.tv_sec > due.tv_sec || (now.tv_sec == due.tv_sec && now.tv_nsec >= due.tv_nsec);
}

/* ---- the journal's thread ---- */

static void empty(struct buf *buf)
{
	if (buf->cap > KEPT_CAPACITY)
		csp_buf_dispose(buf);
	else
		csp_buf_reset(buf);
}

/* What the old file cannot be trusted to keep goes to the new one. */
static int write_anew(struct journal *journal, struct journal_file *file)
{
	int error = csp_journal_file_write(file, csp_buf_span(&journal->unsynced));

	if (!error)
		error = csp_journal_file_write(file, csp_buf_span(&journal->batch));
	return error ? error : csp_journal_file_sync(file);
}

static int start_anew(struct journal *journal)
{
	int error = csp_journal_file_replace(&journal->file);

	return error ? error : write_anew(journal, &journal->file);
}

static bool must_sync(const struct journal *journal)
{
	size_t unsynced = journal->unsynced.len + journal->batch.len;

	return unsynced > UNSYNCED_MAX || (journal->unsynced.len && is_due(journal->sync_due));
}

/* False when memory is short: then the disk must have them at once. */
static bool keep_unsynced(struct journal *journal)
{
	if (journal->unsynced.len == 0)
		journal->sync_due = after_ms(SYNC_AFTER_MS);
	csp_buf_append(&journal->unsynced, csp_buf_span(&journal->batch));
	bool kept = !csp_buf_failed(&journal->unsynced);
	journal->unsynced.failed = false;
	return kept;
}

static int write_batch(struct journal *journal, bool sync)
{
	int error = csp_journal_file_write(&journal->file, csp_buf_span(&journal->batch));

	if (error)
		return error;
	if (!sync && keep_unsynced(journal))
		return 0;
	error = csp_journal_file_sync(&journal->file);
	if (!error)
		empty(&journal->unsynced);
	return error;
}

/* A file that fails right after it was made is no reason to make the next one at once. */
static int recover(struct journal *journal, int error)
{
	if (!is_due(journal->retry_due))
		return error;
	if (journal->state.healthy)
		csp_log(LOG_ERR, "journal: %s: %s; starting a new file", journal->path,
			strerror(error));
	error = start_anew(journal);
	if (!error)
		empty(&journal->unsynced);
	return error;
}

/* `state` is written by this thread alone, so it may read it without the lock. */
static void log_change(const struct journal *journal, int error)
{
	if (error && journal->state.healthy)
		csp_log(LOG_CRIT, "journal: %s: %s; decisions cannot be recorded", journal->path,
			strerror(error));
	if (!error && !journal->state.healthy && journal->batch.len)
		csp_log(LOG_NOTICE, "journal: %s works again", journal->path);
}

static void note(struct journal *journal, int error)
{
	if (error) {
		journal->state.healthy = false;
		journal->state.error = error;
	} else if (journal->batch.len) {
		journal->state.healthy = true;
		journal->state.error = 0;
		journal->state.commits++;
	}
}

static void tell_waiters(struct journal *journal, uint64_t last, enum journal_result result)
{
	for (struct waiter **at = &journal->waiters; *at;) {
		struct waiter *waiter = *at;
		if (waiter->line > last) {
			at = &waiter->next;
			continue;
		}
		*at = waiter->next;
		waiter->known = true;
		waiter->result = result;
		(void)pthread_cond_signal(&waiter->changed);
	}
}

/* One round: all that is queued is written; the lock is free while the disk works. */
static void write_round(struct journal *journal)
{
	struct buf batch = journal->queue;
	uint64_t last = journal->queued;
	bool sync = journal->disk_wanted || journal->stopping ||
		    journal->reopens_wanted != journal->reopens_done;
	bool broken = journal->broken;

	journal->queue = journal->batch;
	journal->batch = batch;
	journal->disk_wanted = false;
	(void)pthread_mutex_unlock(&journal->lock);
	int error =
		broken ? journal->state.error : write_batch(journal, sync || must_sync(journal));
	bool recovering = error && is_due(journal->retry_due);
	if (error)
		error = recover(journal, error);
	log_change(journal, error);
	(void)pthread_mutex_lock(&journal->lock);

	if (recovering)
		journal->retry_due = after_ms(RETRY_AFTER_MS);
	journal->broken = error != 0;
	journal->stalled = false;
	note(journal, error);
	empty(&journal->batch);
	tell_waiters(journal, last, error ? JOURNAL_FAILED : JOURNAL_OK);
}

static int open_next(struct journal *journal, const char *path)
{
	struct journal_file next;
	int error = csp_journal_file_open(&next, path);

	if (error)
		return error;
	error = write_anew(journal, &next);
	if (error) {
		csp_journal_file_close(&next);
		return error;
	}
	csp_journal_file_close(&journal->file);
	journal->file = next;
	empty(&journal->unsynced);
	return 0;
}

/*
 * The old file gets its lines to disk first, or the new one would hold them a second time. A file
 * that was given up is not opened again under its own name: it is replaced.
 */
static void reopen_round(struct journal *journal)
{
	uint64_t wanted = journal->reopens_wanted;
	char *path = journal->reopen_path;
	bool broken = journal->broken;

	journal->reopen_path = NULL;
	(void)pthread_mutex_unlock(&journal->lock);
	bool same = !path || strcmp(path, journal->path) == 0;
	if (!broken && csp_journal_file_sync(&journal->file) == 0)
		empty(&journal->unsynced);
	int error = broken && same ? start_anew(journal)
				   : open_next(journal, path ? path : journal->path);
	if (!error && path) {
		char *old = journal->path;
		journal->path = path;
		journal->file.path = path;
		path = old;
	}
	free(path);
	if (!error)
		empty(&journal->unsynced);
	(void)pthread_mutex_lock(&journal->lock);
	journal->broken = broken && error;
	journal->reopen_error = error;
	journal->reopens_done = wanted;
	(void)pthread_cond_broadcast(&journal->idle);
}

static bool has_work(const struct journal *journal)
{
	if (journal->queue.len || journal->stopping ||
	    journal->reopens_wanted != journal->reopens_done)
		return true;
	return journal->unsynced.len &&
	       is_due(journal->broken ? journal->retry_due : journal->sync_due);
}

static void wait_for_work(struct journal *journal)
{
	while (!has_work(journal)) {
		const struct timespec *due =
			journal->broken ? &journal->retry_due : &journal->sync_due;
		if (journal->unsynced.len)
			(void)pthread_cond_timedwait(&journal->work, &journal->lock, due);
		else
			(void)pthread_cond_wait(&journal->work, &journal->lock);
	}
}

static void *run(void *argument)
{
	struct journal *journal = argument;

	(void)pthread_mutex_lock(&journal->lock);
	do {
		wait_for_work(journal);
		write_round(journal);
		if (journal->reopens_wanted != journal->reopens_done)
			reopen_round(journal);
	} while (!journal->stopping || journal->queue.len);
	journal->stopped = true;
	(void)pthread_cond_broadcast(&journal->idle);
	(void)pthread_mutex_unlock(&journal->lock);
	return NULL;
}

/* ---- everybody else ---- */

static void dispose(struct journal *journal)
{
	csp_journal_file_close(&journal->file);
	csp_buf_dispose(&journal->queue);
	csp_buf_dispose(&journal->batch);
	csp_buf_dispose(&journal->unsynced);
	free(journal->reopen_path);
	free(journal->path);
	free(journal);
}

static bool init_sync(struct journal *journal)
{
	return pthread_condattr_init(&journal->monotonic) == 0 &&
	       pthread_condattr_setclock(&journal->monotonic, CLOCK_MONOTONIC) == 0 &&
	       pthread_mutex_init(&journal->lock, NULL) == 0 &&
	       pthread_cond_init(&journal->work, &journal->monotonic) == 0 &&
	       pthread_cond_init(&journal->idle, &journal->monotonic) == 0;
}

/* The signals of the daemon are for its main thread. */
static int start_thread(struct journal *journal)
{
	sigset_t all;
	sigset_t before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&journal->thread, NULL, run, journal);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct journal *csp_journal_open(const char *path, unsigned timeout_seconds)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return NULL;
	csp_buf_init(&journal->queue, QUEUE_MAX);
	csp_buf_init(&journal->batch, QUEUE_MAX);
	csp_buf_init(&journal->unsynced, UNSYNCED_MAX + QUEUE_MAX);
	journal->timeout = timeout_seconds;
	journal->state.healthy = true;
	journal->file.fd = -1;
	journal->path = strdup(path);
	int error = journal->path && init_sync(journal) ? 0 : ENOMEM;
	if (!error)
		error = csp_journal_file_open(&journal->file, journal->path);
	if (!error)
		error = start_thread(journal);
	if (!error)
		return journal;
	dispose(journal);
	errno = error;
	return NULL;
}

void csp_journal_close(struct journal *journal)
{
	int late = 0;

	(void)pthread_mutex_lock(&journal->lock);
	struct timespec due = after_ms(1000L * journal->timeout);
	journal->stopping = true;
	(void)pthread_cond_signal(&journal->work);
	while (!journal->stopped && late != ETIMEDOUT)
		late = pthread_cond_timedwait(&journal->idle, &journal->lock, &due);
	bool stopped = journal->stopped;
	(void)pthread_mutex_unlock(&journal->lock);
	if (!stopped) {
		/* A disk that hangs must not keep the daemon from ending; the thread still uses
		 * the memory. */
		csp_log(LOG_CRIT,
			"journal: the disk does not answer; the last records may be lost");
		return;
	}
	(void)pthread_join(journal->thread, NULL);
	(void)pthread_mutex_destroy(&journal->lock);
	(void)pthread_cond_destroy(&journal->work);
	(void)pthread_cond_destroy(&journal->idle);
	(void)pthread_condattr_destroy(&journal->monotonic);
	dispose(journal);
}

/* Is there any sense in waiting? */
static bool admits(const struct journal *journal, enum journal_durability durability)
{
	if (journal->stopping || (journal->broken && !is_due(journal->retry_due)))
		return false;
	return durability == JOURNAL_QUEUED || !journal->stalled;
}

static bool queue_line(struct journal *journal, struct span line)
{
	size_t before = journal->queue.len;

	csp_buf_append(&journal->queue, line);
	csp_buf_append_char(&journal->queue, '\n');
	if (csp_buf_failed(&journal->queue)) {
		journal->queue.len = before;
		journal->queue.failed = false;
		return false;
	}
	journal->queued++;
	if (before == 0)
		(void)pthread_cond_signal(&journal->work);
	return true;
}

static void leave(struct journal *journal, const struct waiter *waiter)
{
	struct waiter **at = &journal->waiters;

	while (*at && *at != waiter)
		at = &(*at)->next;
	if (*at)
		*at = waiter->next;
}

static enum journal_result wait_for_line(struct journal *journal)
{
	struct waiter waiter = {.next = journal->waiters, .line = journal->queued};
	struct timespec due = after_ms(1000L * journal->timeout);
	int late = 0;

	if (pthread_cond_init(&waiter.changed, &journal->monotonic) != 0)
		return JOURNAL_FAILED;
	journal->waiters = &waiter;
	while (!waiter.known && late != ETIMEDOUT)
		late = pthread_cond_timedwait(&waiter.changed, &journal->lock, &due);
	if (!waiter.known) {
		leave(journal, &waiter);
		journal->stalled = true;
		waiter.result = JOURNAL_TIMEOUT;
	}
	(void)pthread_cond_destroy(&waiter.changed);
	return waiter.result;
}

enum journal_result csp_journal_append(struct journal *journal, struct span line,
				       enum journal_durability durability)
{
	enum journal_result result = JOURNAL_FAILED;

	(void)pthread_mutex_lock(&journal->lock);
	if (admits(journal, durability) && queue_line(journal, line)) {
		journal->disk_wanted |= durability == JOURNAL_ON_DISK;
		result = durability == JOURNAL_QUEUED ? JOURNAL_OK : wait_for_line(journal);
	}
	if (result == JOURNAL_OK)
		journal->state.appended++;
	else
		journal->state.failed++;
	(void)pthread_mutex_unlock(&journal->lock);
	return result;
}

int csp_journal_reopen(struct journal *journal, const char *path)
{
	char *copy = path ? strdup(path) : NULL;
	int late = 0;

	if (path && !copy)
		return ENOMEM;
	(void)pthread_mutex_lock(&journal->lock);
	struct timespec due = after_ms(1000L * journal->timeout);
	uint64_t mine = ++journal->reopens_wanted;
	if (copy) {
		free(journal->reopen_path);
		journal->reopen_path = copy;
	}
	(void)pthread_cond_signal(&journal->work);
	while (journal->reopens_done < mine && late != ETIMEDOUT)
		late = pthread_cond_timedwait(&journal->idle, &journal->lock, &due);
	int error = journal->reopens_done < mine ? ETIMEDOUT : journal->reopen_error;
	(void)pthread_mutex_unlock(&journal->lock);
	return error;
}

void csp_journal_set_timeout(struct journal *journal, unsigned timeout_seconds)
{
	(void)pthread_mutex_lock(&journal->lock);
	journal->timeout = timeout_seconds;
	(void)pthread_mutex_unlock(&journal->lock);
}

void csp_journal_get_state(struct journal *journal, struct journal_state *out)
{
	(void)pthread_mutex_lock(&journal->lock);
	*out = journal->state;
	(void)pthread_mutex_unlock(&journal->lock);
}
