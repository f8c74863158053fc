#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal.h"
#include "log.h"

/* The disk, as the tests want it: the libraries' calls come here. */
static atomic_int failing_syncs;
static atomic_int sync_delay_ms;
static atomic_int syncs;
static atomic_int failing_writes;
static atomic_int write_delay_ms;
static atomic_int writes;

/* What a power cut would leave of each file. */
#define FILES_MAX 64
static pthread_mutex_t durable_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t durable_count;
static struct {
	ino_t inode;
	off_t size;
} durable[FILES_MAX];

static void note_durable(const struct stat *status)
{
	size_t i = 0;

	pthread_mutex_lock(&durable_lock);
	while (i < durable_count && durable[i].inode != status->st_ino)
		i++;
	if (i < FILES_MAX) {
		durable[i].inode = status->st_ino;
		durable[i].size = status->st_size;
		durable_count = i < durable_count ? durable_count : i + 1;
	}
	pthread_mutex_unlock(&durable_lock);
}

static off_t durable_size(ino_t inode)
{
	off_t size = 0;

	pthread_mutex_lock(&durable_lock);
	for (size_t i = 0; i < durable_count; i++)
		size = durable[i].inode == inode ? durable[i].size : size;
	pthread_mutex_unlock(&durable_lock);
	return size;
}

static void pause_ms(int milliseconds)
{
	struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

	nanosleep(&time, NULL);
}

static bool take_one(atomic_int *count)
{
	int left = atomic_load(count);

	while (left > 0 && !atomic_compare_exchange_weak(count, &left, left - 1))
		;
	return left > 0;
}

/* Who saw a call counted may change the delay: the one that call has is read before. */
static void begin_call(atomic_int *count, atomic_int *delay_ms)
{
	int delay = atomic_load(delay_ms);

	atomic_fetch_add(count, 1);
	if (delay)
		pause_ms(delay);
}

int fdatasync(int fd)
{
	struct stat before;

	fstat(fd, &before);
	begin_call(&syncs, &sync_delay_ms);
	if (take_one(&failing_syncs)) {
		errno = EIO;
		return -1;
	}
	int result = (int)syscall(SYS_fdatasync, fd);
	if (result == 0)
		note_durable(&before);
	return result;
}

/* One that fails leaves half a line behind. */
ssize_t writev(int fd, const struct iovec *parts, int count)
{
	begin_call(&writes, &write_delay_ms);
	if (!take_one(&failing_writes))
		return syscall(SYS_writev, fd, parts, count);
	(void)syscall(SYS_write, fd, parts[0].iov_base, parts[0].iov_len / 2);
	errno = EIO;
	return -1;
}

static char folder[64];
static char path[96];

static int setup(void **state)
{
	(void)state;
	atomic_store(&failing_syncs, 0);
	atomic_store(&sync_delay_ms, 0);
	atomic_store(&failing_writes, 0);
	atomic_store(&write_delay_ms, 0);
	durable_count = 0;
	strcpy(folder, "/tmp/csp-journal-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/decisions.jsonl", folder);
	return 0;
}

static int teardown(void **state)
{
	char pattern[128];
	glob_t found;

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s/*", folder);
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
		globfree(&found);
	}
	return rmdir(folder);
}

static char *read_file(const char *name)
{
	FILE *stream = fopen(name, "r");
	struct stat about;

	assert_non_null(stream);
	assert_int_equal(fstat(fileno(stream), &about), 0);
	size_t size = (size_t)about.st_size;
	char *text = calloc(1, size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, size, stream), size);
	fclose(stream);
	return text;
}

static void write_file(const char *name, const char *text)
{
	FILE *stream = fopen(name, "w");

	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

static void assert_file(const char *name, const char *expected)
{
	char *text = read_file(name);

	assert_string_equal(text, expected);
	free(text);
}

static size_t count_files(const char *suffix)
{
	char pattern[160];
	glob_t found;
	size_t count = 0;

	snprintf(pattern, sizeof(pattern), "%s/decisions.jsonl%s", folder, suffix);
	if (glob(pattern, 0, NULL, &found) == 0) {
		count = found.gl_pathc;
		globfree(&found);
	}
	return count;
}

static struct journal *open_journal(unsigned timeout)
{
	struct journal *journal = csp_journal_open(path, timeout);

	assert_non_null(journal);
	return journal;
}

static void append(struct journal *journal, const char *line, enum journal_durability durability)
{
	assert_int_equal(csp_journal_append(journal, csp_span_from(line), durability), JOURNAL_OK);
}

static void a_line_is_in_the_file_when_append_returns(void **state)
{
	(void)state;
	struct journal *journal = open_journal(5);

	append(journal, "{\"a\":1}", JOURNAL_WRITTEN);
	assert_file(path, "{\"a\":1}\n");
	append(journal, "{\"b\":2}", JOURNAL_ON_DISK);
	assert_file(path, "{\"a\":1}\n{\"b\":2}\n");
	csp_journal_close(journal);
}

static void an_on_disk_append_waits_for_the_sync(void **state)
{
	(void)state;
	struct journal *journal = open_journal(5);
	int before = atomic_load(&syncs);

	append(journal, "x", JOURNAL_ON_DISK);
	assert_true(atomic_load(&syncs) > before);
	csp_journal_close(journal);
}

static void a_written_line_is_synced_within_a_second(void **state)
{
	(void)state;
	struct journal *journal = open_journal(5);
	int before = atomic_load(&syncs);

	append(journal, "x", JOURNAL_WRITTEN);
	assert_int_equal(atomic_load(&syncs), before);
	pause_ms(900);
	assert_true(atomic_load(&syncs) > before);
	csp_journal_close(journal);
}

static void closing_brings_queued_lines_to_disk(void **state)
{
	(void)state;
	struct journal *journal = open_journal(5);
	int before = atomic_load(&syncs);

	append(journal, "queued", JOURNAL_QUEUED);
	csp_journal_close(journal);
	assert_file(path, "queued\n");
	assert_true(atomic_load(&syncs) > before);
}

static void the_file_is_made_with_mode_0640(void **state)
{
	(void)state;
	struct stat status;
	mode_t before = umask(0);
	struct journal *journal = open_journal(5);

	umask(before);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	csp_journal_close(journal);
}

static void a_torn_last_line_is_ended(void **state)
{
	static const struct {
		const char *before;
		const char *after;
	} cases[] = {
		{"", "new\n"},
		{"old\n", "old\nnew\n"},
		{"old\n{\"to", "old\n{\"to\nnew\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(path, cases[i].before);
		struct journal *journal = open_journal(5);
		append(journal, "new", JOURNAL_WRITTEN);
		csp_journal_close(journal);
		assert_file(path, cases[i].after);
	}
}

static void what_is_no_regular_file_of_ours_is_refused(void **state)
{
	char target[128];

	(void)state;
	snprintf(target, sizeof(target), "%s/target", folder);
	assert_int_equal(symlink(target, path), 0);
	assert_null(csp_journal_open(path, 1));
	assert_int_equal(errno, ELOOP);
	assert_int_not_equal(access(target, F_OK), 0);
	unlink(path);

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(csp_journal_open(path, 1));
	assert_int_equal(errno, EINVAL);
	unlink(path);

	assert_null(csp_journal_open("/nonexistent/folder/file", 1));
	assert_int_equal(errno, ENOENT);
	assert_null(csp_journal_open(folder, 1));
	assert_int_equal(errno, EISDIR);

	if (geteuid() != 0)
		return;
	write_file(path, "theirs\n");
	assert_int_equal(chown(path, 4711, 4711), 0);
	assert_null(csp_journal_open(path, 1));
	assert_int_equal(errno, EPERM);
}

static void after_a_failed_sync_all_lines_are_in_a_new_file(void **state)
{
	(void)state;
	struct journal *journal = open_journal(5);

	append(journal, "durable", JOURNAL_ON_DISK);
	append(journal, "written", JOURNAL_WRITTEN);
	atomic_store(&failing_syncs, 1);
	append(journal, "unlucky", JOURNAL_ON_DISK);
	assert_file(path, "written\nunlucky\n");
	assert_int_equal(count_files(".given-up-*"), 1);

	struct journal_state found;
	csp_journal_get_state(journal, &found);
	assert_true(found.healthy);
	assert_int_equal(found.failed, 0);
	assert_int_equal(found.appended, 3);
	csp_journal_close(journal);
}

static void a_disk_that_stays_broken_fails_appends_and_heals(void **state)
{
	(void)state;
	struct journal *journal = open_journal(5);
	struct journal_state found;

	append(journal, "first", JOURNAL_WRITTEN);
	atomic_store(&failing_syncs, 1000);
	assert_int_equal(csp_journal_append(journal, SPAN_LIT("lost"), JOURNAL_ON_DISK),
			 JOURNAL_FAILED);
	/* At once, not after the timeout: mail must not pile up behind a broken disk. */
	assert_int_equal(csp_journal_append(journal, SPAN_LIT("lost"), JOURNAL_WRITTEN),
			 JOURNAL_FAILED);
	csp_journal_get_state(journal, &found);
	assert_false(found.healthy);
	assert_int_equal(found.error, EIO);
	assert_int_equal(found.failed, 2);

	atomic_store(&failing_syncs, 0);
	pause_ms(1200);
	append(journal, "second", JOURNAL_ON_DISK);
	assert_file(path, "first\nsecond\n");
	csp_journal_get_state(journal, &found);
	assert_true(found.healthy);
	assert_int_equal(count_files(".given-up-*"), 1);
	csp_journal_close(journal);
}

static void a_slow_disk_times_out_and_then_fails_at_once(void **state)
{
	(void)state;
	struct journal *journal = open_journal(1);

	atomic_store(&sync_delay_ms, 1800);
	assert_int_equal(csp_journal_append(journal, SPAN_LIT("slow"), JOURNAL_ON_DISK),
			 JOURNAL_TIMEOUT);
	time_t before = time(NULL);
	assert_int_equal(csp_journal_append(journal, SPAN_LIT("next"), JOURNAL_ON_DISK),
			 JOURNAL_FAILED);
	assert_true(time(NULL) - before <= 1);
	append(journal, "outcome", JOURNAL_QUEUED);
	atomic_store(&sync_delay_ms, 0);
	pause_ms(1200);
	append(journal, "later", JOURNAL_ON_DISK);
	assert_file(path, "slow\noutcome\nlater\n");
	csp_journal_close(journal);
}

static void a_file_at_its_size_limit_is_replaced(void **state)
{
	struct rlimit before;
	char line[1000];

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	struct rlimit limit = {10000, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	struct journal *journal = open_journal(5);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	for (int i = 0; i < 15; i++)
		append(journal, line, JOURNAL_ON_DISK);
	csp_journal_close(journal);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);

	char *text = read_file(path);
	assert_int_equal(strlen(text), 5000);
	free(text);
	assert_int_equal(count_files(".given-up-*"), 1);
}

static void a_full_disk_fails_and_heals_without_littering(void **state)
{
	char filler[128];

	(void)state;
	if (geteuid() != 0 || mount("none", folder, "tmpfs", 0, "size=64k") != 0)
		skip();
	struct journal *journal = open_journal(5);
	append(journal, "before", JOURNAL_ON_DISK);
	snprintf(filler, sizeof(filler), "%s/filler", folder);
	int fd = open(filler, O_WRONLY | O_CREAT, 0600);
	char page[4096] = {0};
	while (write(fd, page, sizeof(page)) > 0)
		;
	close(fd);
	char line[5000];
	memset(line, 'y', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	for (int i = 0; i < 3; i++) {
		assert_int_equal(csp_journal_append(journal, csp_span_from(line), JOURNAL_ON_DISK),
				 JOURNAL_FAILED);
		pause_ms(1100);
	}
	unlink(filler);
	append(journal, "after", JOURNAL_ON_DISK);
	assert_file(path, "after\n");
	assert_int_equal(count_files(".given-up-*"), 1);
	csp_journal_close(journal);
	assert_int_equal(umount2(folder, MNT_DETACH), 0);
}

static void reopening_follows_a_renamed_file(void **state)
{
	char old[128];

	(void)state;
	struct journal *journal = open_journal(5);
	append(journal, "one", JOURNAL_WRITTEN);
	snprintf(old, sizeof(old), "%s.1", path);
	assert_int_equal(rename(path, old), 0);
	append(journal, "two", JOURNAL_WRITTEN);
	assert_int_equal(csp_journal_reopen(journal, NULL), 0);
	append(journal, "three", JOURNAL_WRITTEN);
	assert_file(old, "one\ntwo\n");
	assert_file(path, "three\n");
	csp_journal_close(journal);
}

static void reopening_at_another_path_moves_the_journal(void **state)
{
	char other[128];

	(void)state;
	struct journal *journal = open_journal(5);
	append(journal, "one", JOURNAL_WRITTEN);
	snprintf(other, sizeof(other), "%s/other", folder);
	assert_int_equal(csp_journal_reopen(journal, other), 0);
	append(journal, "two", JOURNAL_WRITTEN);
	assert_int_equal(csp_journal_reopen(journal, NULL), 0);
	append(journal, "three", JOURNAL_WRITTEN);
	assert_file(path, "one\n");
	assert_file(other, "two\nthree\n");
	csp_journal_close(journal);
}

static void a_failed_reopening_keeps_the_old_file(void **state)
{
	(void)state;
	struct journal *journal = open_journal(5);

	assert_int_equal(csp_journal_reopen(journal, "/nonexistent/journal"), ENOENT);
	append(journal, "still here", JOURNAL_ON_DISK);
	assert_file(path, "still here\n");
	csp_journal_close(journal);
}

static void a_broken_journal_heals_at_a_reopening(void **state)
{
	(void)state;
	struct journal *journal = open_journal(5);

	append(journal, "first", JOURNAL_WRITTEN);
	atomic_store(&failing_syncs, 2);
	assert_int_equal(csp_journal_append(journal, SPAN_LIT("lost"), JOURNAL_ON_DISK),
			 JOURNAL_FAILED);
	assert_int_equal(csp_journal_reopen(journal, NULL), 0);
	append(journal, "second", JOURNAL_ON_DISK);
	assert_file(path, "first\nsecond\n");
	csp_journal_close(journal);
}

static void a_line_over_the_queues_limit_is_refused_alone(void **state)
{
	size_t size = (size_t)129 << 20;
	char *big = malloc(size);

	(void)state;
	assert_non_null(big);
	memset(big, 'z', size);
	struct journal *journal = open_journal(5);
	assert_int_equal(csp_journal_append(journal, (struct span){big, size}, JOURNAL_WRITTEN),
			 JOURNAL_FAILED);
	free(big);
	append(journal, "small", JOURNAL_WRITTEN);
	assert_file(path, "small\n");
	csp_journal_close(journal);
}

/* Each line is looked for in all files: with a sanitizer that takes minutes. */
#define WRITERS 8
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LINES 60
#else
#define LINES 200
#endif

struct writer {
	struct journal *journal;
	int number;
	int acknowledged[LINES];
};

static void *write_lines(void *argument)
{
	struct writer *writer = argument;

	for (int i = 0; i < LINES; i++) {
		char line[64];
		enum journal_durability durability = i % 5 ? JOURNAL_WRITTEN : JOURNAL_ON_DISK;
		snprintf(line, sizeof(line), "writer %d line %d.", writer->number, i);
		writer->acknowledged[i] = csp_journal_append(writer->journal, csp_span_from(line),
							     durability) == JOURNAL_OK;
	}
	return NULL;
}

static size_t count_in_files(const char *line)
{
	char pattern[128];
	glob_t found;
	size_t count = 0;

	snprintf(pattern, sizeof(pattern), "%s/*", folder);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *text = read_file(found.gl_pathv[i]);
		for (char *at = text; (at = strstr(at, line)); at++)
			count++;
		free(text);
	}
	globfree(&found);
	return count;
}

static void rotate_under_load(struct writer *writers, int failing_sync_at)
{
	pthread_t threads[WRITERS];
	struct journal *journal = open_journal(10);

	for (int i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){.journal = journal, .number = i};
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &writers[i]), 0);
	}
	for (int i = 0; i < 20; i++) {
		char old[128];
		snprintf(old, sizeof(old), "%s.%d", path, i);
		if (i % 2)
			(void)rename(path, old);
		if (i == failing_sync_at)
			atomic_store(&failing_syncs, 1);
		(void)csp_journal_reopen(journal, NULL);
		pause_ms(3);
	}
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	csp_journal_close(journal);
}

static size_t count_line(int writer, int number)
{
	char line[64];

	snprintf(line, sizeof(line), "writer %d line %d.\n", writer, number);
	return count_in_files(line);
}

static void every_line_is_there_once_while_files_rotate(void **state)
{
	struct writer writers[WRITERS];

	(void)state;
	rotate_under_load(writers, -1);
	for (int i = 0; i < WRITERS; i++) {
		for (int j = 0; j < LINES; j++) {
			assert_true(writers[i].acknowledged[j]);
			assert_int_equal(count_line(i, j), 1);
		}
	}
}

static void no_acknowledged_line_is_lost_while_a_sync_fails(void **state)
{
	struct writer writers[WRITERS];
	int acknowledged = 0;

	(void)state;
	rotate_under_load(writers, 10);
	for (int i = 0; i < WRITERS; i++) {
		for (int j = 0; j < LINES; j++) {
			if (writers[i].acknowledged[j])
				assert_true(count_line(i, j) >= 1);
			acknowledged += writers[i].acknowledged[j];
		}
	}
	assert_true(acknowledged > WRITERS * LINES / 2);
}

struct appender {
	struct journal *journal;
	const char *line;
	enum journal_durability durability;
	enum journal_result result;
	atomic_bool done;
	pthread_t thread;
};

static void *append_once(void *argument)
{
	struct appender *appender = argument;

	appender->result = csp_journal_append(appender->journal, csp_span_from(appender->line),
					      appender->durability);
	atomic_store(&appender->done, true);
	return NULL;
}

static void start_append(struct appender *appender)
{
	assert_int_equal(pthread_create(&appender->thread, NULL, append_once, appender), 0);
}

static void wait_for_more(atomic_int *count, int before)
{
	for (int i = 0; i < 5000 && atomic_load(count) == before; i++)
		pause_ms(1);
	assert_true(atomic_load(count) > before);
}

static void a_written_line_does_not_wait_for_a_sync(void **state)
{
	(void)state;
	struct journal *journal = open_journal(10);
	struct appender reject = {journal, "reject", JOURNAL_ON_DISK, JOURNAL_FAILED, false, 0};
	int before = atomic_load(&syncs);

	atomic_store(&sync_delay_ms, 2000);
	start_append(&reject);
	wait_for_more(&syncs, before);
	for (int i = 0; i < 100; i++)
		append(journal, "pass", JOURNAL_WRITTEN);
	assert_false(atomic_load(&reject.done));
	assert_int_equal(atomic_load(&syncs), before + 1);
	atomic_store(&sync_delay_ms, 0);
	assert_int_equal(pthread_join(reject.thread, NULL), 0);
	assert_int_equal(reject.result, JOURNAL_OK);
	csp_journal_close(journal);
}

static void lines_of_passing_mail_share_syncs(void **state)
{
	(void)state;
	struct journal *journal = open_journal(10);
	int before = atomic_load(&syncs);

	for (int i = 0; i < 300; i++) {
		append(journal, "pass", JOURNAL_WRITTEN);
		pause_ms(1);
	}
	csp_journal_close(journal);
	assert_in_range(atomic_load(&syncs) - before, 1, 5);
}

static void one_sync_is_for_all_that_wait(void **state)
{
	(void)state;
	struct journal *journal = open_journal(10);
	struct appender appenders[32];
	int before = atomic_load(&syncs);

	atomic_store(&sync_delay_ms, 300);
	for (int i = 0; i < 32; i++) {
		appenders[i] = (struct appender){
			.journal = journal, .line = "reject", .durability = JOURNAL_ON_DISK};
		start_append(&appenders[i]);
	}
	for (int i = 0; i < 32; i++) {
		assert_int_equal(pthread_join(appenders[i].thread, NULL), 0);
		assert_int_equal(appenders[i].result, JOURNAL_OK);
	}
	assert_in_range(atomic_load(&syncs) - before, 1, 4);
	atomic_store(&sync_delay_ms, 0);
	csp_journal_close(journal);
}

static void lines_that_come_during_a_write_share_the_next(void **state)
{
	(void)state;
	struct journal *journal = open_journal(10);
	struct appender appenders[17];
	int before = atomic_load(&writes);

	atomic_store(&write_delay_ms, 300);
	for (int i = 0; i < 17; i++) {
		appenders[i] = (struct appender){
			.journal = journal, .line = "pass", .durability = JOURNAL_WRITTEN};
		start_append(&appenders[i]);
		if (i == 0)
			wait_for_more(&writes, before);
	}
	for (int i = 0; i < 17; i++) {
		assert_int_equal(pthread_join(appenders[i].thread, NULL), 0);
		assert_int_equal(appenders[i].result, JOURNAL_OK);
	}
	assert_in_range(atomic_load(&writes) - before, 2, 4);
	atomic_store(&write_delay_ms, 0);
	csp_journal_close(journal);
}

static void a_write_that_hangs_holds_others_for_the_timeout_alone(void **state)
{
	(void)state;
	struct journal *journal = open_journal(1);
	struct appender stuck = {journal, "stuck", JOURNAL_WRITTEN, JOURNAL_FAILED, false, 0};
	int before = atomic_load(&writes);

	atomic_store(&write_delay_ms, 2500);
	start_append(&stuck);
	wait_for_more(&writes, before);
	atomic_store(&write_delay_ms, 0);
	assert_int_equal(csp_journal_append(journal, SPAN_LIT("behind"), JOURNAL_WRITTEN),
			 JOURNAL_TIMEOUT);
	assert_int_equal(csp_journal_append(journal, SPAN_LIT("next"), JOURNAL_WRITTEN),
			 JOURNAL_FAILED);
	assert_false(atomic_load(&stuck.done));
	append(journal, "outcome", JOURNAL_QUEUED);
	assert_int_equal(pthread_join(stuck.thread, NULL), 0);
	assert_int_equal(stuck.result, JOURNAL_OK);
	append(journal, "later", JOURNAL_WRITTEN);
	assert_file(path, "stuck\nbehind\noutcome\nlater\n");
	csp_journal_close(journal);
}

static void a_sync_that_hangs_stops_passing_mail_after_the_timeout(void **state)
{
	(void)state;
	struct journal *journal = open_journal(1);
	int before = atomic_load(&syncs);

	atomic_store(&sync_delay_ms, 2500);
	append(journal, "pass", JOURNAL_WRITTEN);
	wait_for_more(&syncs, before);
	append(journal, "pass", JOURNAL_WRITTEN);
	pause_ms(1100);
	assert_int_equal(csp_journal_append(journal, SPAN_LIT("late"), JOURNAL_WRITTEN),
			 JOURNAL_FAILED);
	atomic_store(&sync_delay_ms, 0);
	pause_ms(1600);
	append(journal, "pass", JOURNAL_ON_DISK);
	assert_file(path, "pass\npass\npass\n");
	csp_journal_close(journal);
}

static void after_a_torn_write_all_lines_are_in_a_new_file(void **state)
{
	(void)state;
	struct journal *journal = open_journal(5);

	append(journal, "durable", JOURNAL_ON_DISK);
	append(journal, "written", JOURNAL_WRITTEN);
	atomic_store(&failing_writes, 1);
	append(journal, "unlucky", JOURNAL_WRITTEN);
	assert_file(path, "written\nunlucky\n");
	assert_int_equal(count_files(".given-up-*"), 1);
	csp_journal_close(journal);
}

static void a_reopening_that_fails_after_a_failed_sync_does_not_trust_the_file(void **state)
{
	(void)state;
	struct journal *journal = open_journal(5);

	append(journal, "written", JOURNAL_WRITTEN);
	atomic_store(&failing_syncs, 1);
	assert_int_equal(csp_journal_reopen(journal, "/nonexistent/journal"), ENOENT);
	append(journal, "later", JOURNAL_ON_DISK);
	assert_file(path, "written\nlater\n");
	assert_int_equal(count_files(".given-up-*"), 1);
	csp_journal_close(journal);
}

/* Disks that fail at any moment; a build may ask for more of them. */
#ifndef STORMS
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STORMS 3
#else
#define STORMS 10
#endif
#endif

struct storm {
	unsigned seed;
	struct writer writers[WRITERS];
	bool kept[WRITERS][LINES]; /* found in what a power cut would leave of some file */
};

static void *write_in_storm(void *argument)
{
	static const enum journal_durability durabilities[] = {
		JOURNAL_WRITTEN, JOURNAL_WRITTEN, JOURNAL_ON_DISK, JOURNAL_WRITTEN, JOURNAL_QUEUED};
	struct writer *writer = argument;

	for (int i = 0; i < LINES; i++) {
		char line[64];
		snprintf(line, sizeof(line), "writer %d line %d.", writer->number, i);
		writer->acknowledged[i] =
			csp_journal_append(writer->journal, csp_span_from(line),
					   durabilities[(i + writer->number) % 5]) == JOURNAL_OK;
		if (!writer->acknowledged[i])
			pause_ms(1);
	}
	return NULL;
}

static void rage(struct storm *storm)
{
	pthread_t threads[WRITERS];
	struct journal *journal = open_journal(10);

	for (int i = 0; i < WRITERS; i++) {
		storm->writers[i] = (struct writer){.journal = journal, .number = i};
		assert_int_equal(
			pthread_create(&threads[i], NULL, write_in_storm, &storm->writers[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pause_ms(rand_r(&storm->seed) % 15);
		atomic_store(rand_r(&storm->seed) % 2 ? &failing_syncs : &failing_writes,
			     1 + rand_r(&storm->seed) % 2);
		pause_ms(rand_r(&storm->seed) % 15);
		if (rand_r(&storm->seed) % 4)
			(void)csp_journal_reopen(journal, NULL);
	}
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	atomic_store(&failing_syncs, 0);
	atomic_store(&failing_writes, 0);
	assert_int_equal(csp_journal_reopen(journal, NULL), 0);
	csp_journal_close(journal);
}

/* A writer's lines are in order, so none is there twice. */
static void look_into(struct storm *storm, const char *name)
{
	int last[WRITERS];
	struct stat status;
	char *text = read_file(name);

	memset(last, -1, sizeof(last));
	assert_int_equal(stat(name, &status), 0);
	off_t size = durable_size(status.st_ino);
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		int writer = -1;
		int number = -1;
		*end = '\0';
		if (sscanf(line, "writer %d line %d.", &writer, &number) != 2)
			continue;
		assert_in_range(writer, 0, WRITERS - 1);
		assert_in_range(number, last[writer] + 1, LINES - 1);
		last[writer] = number;
		if (end - text < size)
			storm->kept[writer][number] = true;
	}
	free(text);
}

static int look_after(struct storm *storm)
{
	char pattern[128];
	glob_t found;
	int acknowledged = 0;

	snprintf(pattern, sizeof(pattern), "%s/*", folder);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		look_into(storm, found.gl_pathv[i]);
	globfree(&found);
	for (int i = 0; i < WRITERS; i++) {
		for (int j = 0; j < LINES; j++) {
			if (storm->writers[i].acknowledged[j])
				assert_true(storm->kept[i][j]);
			acknowledged += storm->writers[i].acknowledged[j];
		}
	}
	return acknowledged;
}

static void what_was_acknowledged_survives_a_disk_that_fails_at_any_moment(void **state)
{
	int acknowledged = 0;
	size_t given_up = 0;

	for (unsigned i = 0; i < STORMS; i++) {
		struct storm storm = {.seed = i};
		if (i > 0)
			assert_int_equal(setup(state), 0);
		atomic_store(&sync_delay_ms, 2);
		rage(&storm);
		acknowledged += look_after(&storm);
		given_up += count_files(".given-up-*");
		if (i + 1 < STORMS)
			assert_int_equal(teardown(state), 0);
	}
	assert_true(acknowledged > STORMS * WRITERS * LINES / 20);
	assert_true(given_up >= STORMS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_line_is_in_the_file_when_append_returns),
		TEST(an_on_disk_append_waits_for_the_sync),
		TEST(a_written_line_is_synced_within_a_second),
		TEST(closing_brings_queued_lines_to_disk),
		TEST(the_file_is_made_with_mode_0640),
		TEST(a_torn_last_line_is_ended),
		TEST(what_is_no_regular_file_of_ours_is_refused),
		TEST(after_a_failed_sync_all_lines_are_in_a_new_file),
		TEST(a_disk_that_stays_broken_fails_appends_and_heals),
		TEST(a_slow_disk_times_out_and_then_fails_at_once),
		TEST(a_file_at_its_size_limit_is_replaced),
		TEST(a_full_disk_fails_and_heals_without_littering),
		TEST(reopening_follows_a_renamed_file),
		TEST(reopening_at_another_path_moves_the_journal),
		TEST(a_failed_reopening_keeps_the_old_file),
		TEST(a_broken_journal_heals_at_a_reopening),
		TEST(a_line_over_the_queues_limit_is_refused_alone),
		TEST(every_line_is_there_once_while_files_rotate),
		TEST(no_acknowledged_line_is_lost_while_a_sync_fails),
		TEST(a_written_line_does_not_wait_for_a_sync),
		TEST(lines_of_passing_mail_share_syncs),
		TEST(one_sync_is_for_all_that_wait),
		TEST(lines_that_come_during_a_write_share_the_next),
		TEST(a_write_that_hangs_holds_others_for_the_timeout_alone),
		TEST(a_sync_that_hangs_stops_passing_mail_after_the_timeout),
		TEST(after_a_torn_write_all_lines_are_in_a_new_file),
		TEST(a_reopening_that_fails_after_a_failed_sync_does_not_trust_the_file),
		TEST(what_was_acknowledged_survives_a_disk_that_fails_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
