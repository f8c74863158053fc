#include "journal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "journal_file.h"
#include "journal_queue.h"
#include "log.h"

#define QUEUE_MAX    ((size_t)128 << 20) /* bytes that are not known to be on disk */
#define UNSYNCED_MAX ((size_t)8 << 20)   /* bytes written that bring a sync forward */
#define GROUP_LINES  64                  /* of one write */

/* A line that nobody waits for is on disk after this long and one sync: within a second. */
#define SYNC_AFTER_MS  500
#define RETRY_AFTER_MS 1000

/* Something that is done to the file without the lock, and when it has taken too long. */
struct operation {
	bool running;
	struct timespec limit;
};

/*
 * Writing is apart from syncing. An appender writes its line itself, with all that are queued by
 * then, unless somebody writes already: then it queues its line, and the first such appender is
 * the next to write. The thread syncs, and has the file for itself when it must be another one.
 * Lines stay in the queue until they are known to be on disk, for the new file when the old one
 * fails.
 */
struct journal {
	pthread_t thread;
	pthread_condattr_t monotonic;
	pthread_mutex_t lock; /* over everything below; never held while the disk works */
	unsigned timeout;     /* seconds */
	pthread_cond_t work;
	pthread_cond_t idle; /* a reopening or the thread itself has ended */
	struct journal_queue queue;
	struct operation writing;  /* by whoever it is */
	struct operation disk;     /* the thread's */
	size_t unsynced;           /* bytes written since the last sync began */
	struct timespec sync_due;  /* of the oldest of them */
	bool disk_wanted;          /* somebody waits for them */
	int error;                 /* the file is given up for it: nobody writes to it */
	bool broken;               /* and no new one works yet */
	struct timespec retry_due; /* no new file before this */
	bool stopping, stopped;
	uint64_t reopens_wanted, reopens_done;
	char *reopen_path; /* NULL: the same path */
	int reopen_error;
	struct journal_state state;

	/* Changed by the thread alone, while nobody writes. */
	struct journal_file file;
	char *path;
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

static void begin(struct operation *operation, unsigned timeout)
{
	*operation = (struct operation){true, after_ms(1000L * timeout)};
}

static bool is_late(const struct operation *operation)
{
	return operation->running && is_due(operation->limit);
}

/* ---- writing ---- */

static bool wants_reopening(const struct journal *journal)
{
	return journal->reopens_wanted != journal->reopens_done;
}

/* The thread has the file for itself, or is about to. */
static bool is_held(const struct journal *journal)
{
	return journal->error || wants_reopening(journal);
}

static bool may_write(const struct journal *journal)
{
	return !journal->writing.running && !is_held(journal) &&
	       csp_journal_queue_unwritten(&journal->queue);
}

static int write_group(struct journal *journal, const struct journal_file *file,
		       struct journal_line **last)
{
	struct iovec parts[GROUP_LINES];
	int count = csp_journal_queue_gather(&journal->queue, parts, GROUP_LINES, last);

	(void)pthread_mutex_unlock(&journal->lock);
	int error = csp_journal_file_write(file, parts, count);
	(void)pthread_mutex_lock(&journal->lock);
	return error;
}

/* The thread is woken to sync now, or to know when it must. */
static void note_written(struct journal *journal, struct journal_line *last)
{
	struct journal_written written = csp_journal_queue_written(&journal->queue, last);
	bool first = journal->unsynced == 0;

	if (first)
		journal->sync_due = after_ms(SYNC_AFTER_MS);
	journal->unsynced += written.size;
	journal->disk_wanted |= written.disk_wanted;
	journal->state.commits++;
	if (first || written.disk_wanted || journal->unsynced > UNSYNCED_MAX)
		(void)pthread_cond_signal(&journal->work);
}

/* To the next that waits for a write; to the thread when nobody does, or when it waits for the file. */
static void hand_over(struct journal *journal)
{
	struct journal_waiter *next = csp_journal_queue_next_waiter(&journal->queue);

	if (next && may_write(journal))
		(void)pthread_cond_signal(&next->changed);
	else if (is_held(journal) || may_write(journal))
		(void)pthread_cond_signal(&journal->work);
	if (journal->stopping)
		(void)pthread_cond_signal(&journal->work);
}

static void give_up_file(struct journal *journal, int error)
{
	if (!journal->error)
		journal->error = error;
}

/* A sync that failed meanwhile leaves it open whether the file holds the lines: they are for the next one. */
static void write_lines(struct journal *journal)
{
	struct journal_line *last = NULL;

	begin(&journal->writing, journal->timeout);
	int error = write_group(journal, &journal->file, &last);
	journal->writing.running = false;
	if (error)
		give_up_file(journal, error);
	else if (!journal->error)
		note_written(journal, last);
	hand_over(journal);
}

/* ---- the journal's thread; all of it has the lock ---- */

static void log_unlocked(struct journal *journal, int priority, int error, const char *what)
{
	(void)pthread_mutex_unlock(&journal->lock);
	csp_log(priority, "journal: %s%s%s%s", journal->path, error ? ": " : "",
		error ? strerror(error) : "", what);
	(void)pthread_mutex_lock(&journal->lock);
}

static int sync_file(struct journal *journal, struct journal_file *file)
{
	(void)pthread_mutex_unlock(&journal->lock);
	int error = csp_journal_file_sync(file);
	(void)pthread_mutex_lock(&journal->lock);
	return error;
}

static void settle(struct journal *journal, struct journal_line *last)
{
	struct journal_line *settled = csp_journal_queue_settle(&journal->queue, last);

	(void)pthread_mutex_unlock(&journal->lock);
	csp_journal_lines_free(settled);
	(void)pthread_mutex_lock(&journal->lock);
	if (journal->state.healthy)
		return;
	journal->state.healthy = true;
	journal->state.error = 0;
	log_unlocked(journal, LOG_NOTICE, 0, " works again");
}

static bool must_sync(const struct journal *journal)
{
	return journal->unsynced && (journal->disk_wanted || journal->stopping ||
				     journal->unsynced > UNSYNCED_MAX || is_due(journal->sync_due));
}

/* One sync for all lines that were written before it; others are written meanwhile. */
static void sync_lines(struct journal *journal)
{
	struct journal_line *last = journal->queue.written;

	journal->unsynced = 0;
	journal->disk_wanted = false;
	int error = sync_file(journal, &journal->file);
	if (error)
		give_up_file(journal, error);
	else
		settle(journal, last);
}

/* What the old file cannot be trusted to keep goes to the new one. Lines that come meanwhile go with
 * it; they end, because their appenders wait. */
static int write_anew(struct journal *journal, struct journal_file *file)
{
	struct journal_line *last = NULL;
	int error = 0;

	journal->queue.written = NULL;
	journal->unsynced = 0;
	journal->disk_wanted = false;
	while (!error && csp_journal_queue_unwritten(&journal->queue)) {
		error = write_group(journal, file, &last);
		if (!error)
			journal->queue.written = last;
	}
	if (!error && last)
		error = sync_file(journal, file);
	if (error)
		journal->queue.written = NULL;
	else if (last)
		settle(journal, last);
	return error;
}

static int start_anew(struct journal *journal)
{
	(void)pthread_mutex_unlock(&journal->lock);
	int error = csp_journal_file_replace(&journal->file);
	(void)pthread_mutex_lock(&journal->lock);
	return error ? error : write_anew(journal, &journal->file);
}

static void break_down(struct journal *journal, int error)
{
	if (journal->state.healthy)
		log_unlocked(journal, LOG_CRIT, error, "; decisions cannot be recorded");
	journal->broken = true;
	journal->state.healthy = false;
	journal->state.error = error;
	csp_journal_queue_fail(&journal->queue);
}

/* A file that fails right after it was made is no reason to make the next one at once. */
static void recover(struct journal *journal)
{
	if (is_due(journal->retry_due)) {
		if (journal->state.healthy)
			log_unlocked(journal, LOG_ERR, journal->error, "; starting a new file");
		journal->error = start_anew(journal);
		journal->retry_due = after_ms(RETRY_AFTER_MS);
	}
	if (journal->error)
		break_down(journal, journal->error);
	else
		journal->broken = false;
}

/* Lines are put into it here only if the old file cannot be trusted: the new one may be the same. */
static int open_next(struct journal *journal, const char *path)
{
	struct journal_file next;

	(void)pthread_mutex_unlock(&journal->lock);
	int error = csp_journal_file_open(&next, path);
	(void)pthread_mutex_lock(&journal->lock);
	if (error)
		return error;
	if (journal->error)
		error = write_anew(journal, &next);
	if (!error) {
		struct journal_file old = journal->file;
		journal->file = next;
		next = old;
	}
	(void)pthread_mutex_unlock(&journal->lock);
	csp_journal_file_close(&next);
	(void)pthread_mutex_lock(&journal->lock);
	return error;
}

/*
 * The old file gets its lines to disk first, or the new one would hold them a second time. A file
 * that was given up is not opened again under its own name: it is replaced.
 */
static void reopen(struct journal *journal)
{
	uint64_t wanted = journal->reopens_wanted;
	char *path = journal->reopen_path;
	bool same = !path || strcmp(path, journal->path) == 0;

	journal->reopen_path = NULL;
	if (!journal->error && journal->unsynced)
		sync_lines(journal);
	int error = journal->error && same ? start_anew(journal)
					   : open_next(journal, path ? path : journal->path);
	if (!error && path) {
		char *old = journal->path;
		journal->path = path;
		journal->file.path = path;
		path = old;
	}
	free(path);
	if (!error) {
		journal->error = 0;
		journal->broken = false;
	}
	journal->reopen_error = error;
	journal->reopens_done = wanted;
	(void)pthread_cond_broadcast(&journal->idle);
}

static bool has_work(const struct journal *journal)
{
	if (!is_held(journal))
		return must_sync(journal) || may_write(journal) ||
		       (journal->stopping && !journal->writing.running);
	if (journal->writing.running)
		return false;
	return wants_reopening(journal) || journal->stopping || !journal->broken ||
	       (journal->queue.first && is_due(journal->retry_due));
}

/* When there will be work that nobody wakes the thread for; NULL: never. */
static const struct timespec *next_due(const struct journal *journal)
{
	if (!is_held(journal))
		return journal->unsynced ? &journal->sync_due : NULL;
	return journal->writing.running || !journal->queue.first ? NULL : &journal->retry_due;
}

static void wait_for_work(struct journal *journal)
{
	while (!has_work(journal)) {
		const struct timespec *due = next_due(journal);
		if (due)
			(void)pthread_cond_timedwait(&journal->work, &journal->lock, due);
		else
			(void)pthread_cond_wait(&journal->work, &journal->lock);
	}
}

static void do_work(struct journal *journal)
{
	begin(&journal->disk, journal->timeout);
	if (wants_reopening(journal))
		reopen(journal);
	else if (journal->error)
		recover(journal);
	else if (must_sync(journal))
		sync_lines(journal);
	journal->disk.running = false;
	if (may_write(journal))
		write_lines(journal);
}

static void *run(void *argument)
{
	struct journal *journal = argument;

	(void)pthread_mutex_lock(&journal->lock);
	do {
		wait_for_work(journal);
		do_work(journal);
	} while (!journal->stopping || (journal->queue.first && !journal->broken));
	journal->stopped = true;
	(void)pthread_cond_broadcast(&journal->idle);
	(void)pthread_mutex_unlock(&journal->lock);
	return NULL;
}

/* ---- everybody else ---- */

static void dispose(struct journal *journal)
{
	csp_journal_file_close(&journal->file);
	csp_journal_lines_free(journal->queue.first);
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
static bool admits(const struct journal *journal, size_t size, enum journal_durability durability)
{
	if (journal->stopping || size > QUEUE_MAX - journal->queue.size ||
	    (journal->broken && !is_due(journal->retry_due)))
		return false;
	return durability == JOURNAL_QUEUED ||
	       (!is_late(&journal->writing) && !is_late(&journal->disk));
}

/* Who waited in vain spares the others the wait, and leaves its turn to write to somebody. */
static void leave(struct journal *journal, struct journal_line *line)
{
	line->waiter = NULL;
	journal->writing.limit = journal->disk.limit = after_ms(0);
	hand_over(journal);
}

/* Until it is told, its line is in the queue. */
static enum journal_result see_through(struct journal *journal, struct journal_line *line,
				       enum journal_durability durability)
{
	struct journal_waiter waiter = {.durability = durability, .result = JOURNAL_TIMEOUT};
	struct timespec due = after_ms(1000L * journal->timeout);
	int late = 0;

	if (pthread_cond_init(&waiter.changed, &journal->monotonic) != 0)
		return JOURNAL_FAILED;
	line->waiter = &waiter;
	while (!waiter.told && late != ETIMEDOUT) {
		if (may_write(journal))
			write_lines(journal);
		else
			late = pthread_cond_timedwait(&waiter.changed, &journal->lock, &due);
	}
	if (!waiter.told)
		leave(journal, line);
	(void)pthread_cond_destroy(&waiter.changed);
	return waiter.result;
}

enum journal_result csp_journal_append(struct journal *journal, struct span text,
				       enum journal_durability durability)
{
	struct journal_line *line = text.len < QUEUE_MAX ? csp_journal_line_new(text) : NULL;
	enum journal_result result = JOURNAL_FAILED;

	(void)pthread_mutex_lock(&journal->lock);
	if (line && admits(journal, line->size, durability)) {
		csp_journal_queue_add(&journal->queue, line);
		if (durability == JOURNAL_QUEUED || is_held(journal))
			(void)pthread_cond_signal(&journal->work);
		result = durability == JOURNAL_QUEUED ? JOURNAL_OK
						      : see_through(journal, line, durability);
		line = NULL;
	}
	if (result == JOURNAL_OK)
		journal->state.appended++;
	else
		journal->state.failed++;
	(void)pthread_mutex_unlock(&journal->lock);
	free(line);
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
