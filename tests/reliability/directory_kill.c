/*
 * The importing process is killed at random moments while others read: never a mixed state, never a lost one.
 *
 * usage: directory-kill [KILLS [SEED]]
 *
 * Every update gives all customers the same generation, in place and anew by turns. Readers look at many customers in
 * one transaction; all must be of one generation, and no later transaction of an earlier one. What an importer was told
 * is committed must be there when the next one starts. Exit status 0, or 1 with what was seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "directory_update.h"
#include "directory_verify.h"

#define CUSTOMERS 300
#define READERS   10
#define SAMPLES   40
#define PAUSE_MAX 40000 /* microseconds until a kill; longer where none gets so far as to commit */
#define PATIENCE  10    /* kills without a commit */

static char folder[] = "directory-kill-XXXXXX";
static char path[64];

static void die(const char *what)
{
	fprintf(stderr, "directory-kill: %s\n", what);
	_exit(1);
}

static void need(enum directory_result result, const char *what)
{
	if (result == DIRECTORY_OK)
		return;
	fprintf(stderr, "directory-kill: %s: %s\n", what, csp_directory_strerror(result));
	_exit(1);
}

/* ---- the importer ---- */

static void ignore(void *context, struct place_in_import place, const char *what)
{
	(void)context;
	(void)place;
	(void)what;
}

static void put_customer(struct directory_update *update, struct buf *bytes, unsigned number,
			 unsigned generation)
{
	char id[40], domain[64], name[16];
	struct directory_name names[2];
	struct directory_entry entry = {.type = ENTRY_CUSTOMER};
	struct customer_entry *customer = &entry.customer;
	char changing[64];
	uint32_t source;

	snprintf(id, sizeof(id), "c0a80001-7b1f-4d52-8f3c-%012x", number);
	snprintf(name, sizeof(name), "%u", generation);
	snprintf(domain, sizeof(domain), "c%u.example", number);
	snprintf(changing, sizeof(changing), "g%u.c%u.example", generation, number);
	names[0] = (struct directory_name){csp_span_from(domain), false};
	names[1] = (struct directory_name){csp_span_from(changing), false};
	customer->customer = (struct customer){
		.id = csp_span_from(id), .name = csp_span_from(name), .cloud = SPAN_LIT("")};
	customer->domains = names;
	customer->domain_count = 2;
	need(csp_directory_update_source(&source, update, SPAN_LIT("kill")), "source");
	csp_buf_reset(bytes);
	csp_statement_write(bytes, &entry, source, (struct place_in_import){0, number});
	if (csp_buf_failed(bytes))
		die("no memory");
	need(csp_directory_update_add(update, csp_buf_span(bytes)), "add");
}

static void import_one(struct directory *directory, unsigned generation)
{
	static const enum update_mode modes[] = {UPDATE_UPSERT, UPDATE_UPSERT, UPDATE_REPLACE,
						 UPDATE_REPLACE_ALL};
	const struct update_settings settings = {
		.mode = modes[generation % 4],
		.replaced = SPAN_LIT("kill"),
		.now = 1795428000,
		.report = {ignore, ignore, NULL, NULL},
		.memory = generation % 2 ? 20000 : 0,
		.in_place_max = generation % 2 ? 1 : 0,
		.wait = true,
	};
	struct directory_update *update;
	struct update_counts counts;
	struct buf bytes;

	csp_buf_init(&bytes, 65536);
	need(csp_directory_update_begin(&update, directory, &settings), "begin");
	for (unsigned number = 0; number < CUSTOMERS; number++)
		put_customer(update, &bytes, number, generation);
	need(csp_directory_update_finish(&counts, update), "finish");
	csp_buf_dispose(&bytes);
}

/* One generation after another, each told through the pipe once it is committed. */
static void run_importer(unsigned generation, int done)
{
	struct directory *directory;

	need(csp_directory_open(&directory, path, true), "open to write");
	for (;;) {
		import_one(directory, ++generation);
		if (write(done, &generation, sizeof(generation)) != sizeof(generation))
			_exit(0);
	}
}

/* ---- the readers ---- */

static unsigned generation_of(struct directory_read *read, struct arena *arena, unsigned number)
{
	struct customers customers;
	char domain[64], text[16];

	snprintf(domain, sizeof(domain), "c%u.example", number);
	if (csp_directory_find_customers(&customers, read, arena, SPAN_LIT(""),
					 csp_span_from(domain)) != FOUND ||
	    customers.count != 1)
		die("a customer was not found");
	snprintf(text, sizeof(text), "%.*s", SPAN_ARG(customers.items[0].name));
	unsigned generation = (unsigned)strtoul(text, NULL, 10);
	snprintf(domain, sizeof(domain), "g%u.c%u.example", generation, number);
	if (csp_directory_find_customers(&customers, read, arena, SPAN_LIT(""),
					 csp_span_from(domain)) != FOUND)
		die("a customer without its own domain");
	snprintf(domain, sizeof(domain), "g%u.c%u.example", generation - 1, number);
	if (csp_directory_find_customers(&customers, read, arena, SPAN_LIT(""),
					 csp_span_from(domain)) != NOT_FOUND)
		die("a domain of an earlier generation");
	return generation;
}

/* The one generation that all customers looked at are of. */
static unsigned look(struct directory *directory)
{
	struct directory_read *read;
	struct arena arena;

	csp_arena_init(&arena, (size_t)16 << 20);
	need(csp_directory_read_begin(&read, directory), "read");
	unsigned generation = generation_of(read, &arena, 0);
	for (unsigned i = 0; i < SAMPLES; i++) {
		if (generation_of(read, &arena, (unsigned)rand() % CUSTOMERS) != generation)
			die("two generations in one state");
	}
	csp_directory_read_end(read);
	csp_arena_dispose(&arena);
	return generation;
}

static void run_reader(unsigned seed, int looks)
{
	struct directory *directory;
	unsigned last = 0;

	srand(seed);
	need(csp_directory_open(&directory, path, false), "open to read");
	for (uint64_t count = 1;; count++) {
		unsigned generation = look(directory);
		if (generation < last)
			die("an earlier generation than before");
		last = generation;
		if (write(looks, "", 1) != 1)
			_exit(0);
	}
}

/* ---- the one who kills ---- */

static void say_problem(void *context, const char *what)
{
	(void)context;
	fprintf(stderr, "directory-kill: %s\n", what);
}

/* In a process of its own, for a directory may be open once in each. */
static unsigned check_after_kill(void)
{
	const struct verify_report report = {.problem = say_problem};
	struct verify_counts counts;
	struct directory *directory;
	struct directory_read *read;

	need(csp_directory_open(&directory, path, false), "open after a kill");
	unsigned generation = look(directory);
	need(csp_directory_read_begin(&read, directory), "read after a kill");
	need(csp_directory_verify(&counts, read, &report), "verify");
	if (counts.problems)
		die("a directory that is not whole");
	csp_directory_read_end(read);
	csp_directory_close(directory);
	return generation;
}

static void drain(int descriptor, unsigned *last, uint64_t *count)
{
	unsigned number;

	while (read(descriptor, &number, sizeof(number)) == sizeof(number)) {
		*last = number;
		++*count;
	}
}

/* The generation that the importer of one round was last told is there. */
static unsigned kill_one(unsigned generation, uint64_t *commits, int pause_max)
{
	int us = 1 + rand() % pause_max;
	struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L};
	int done[2], status;
	unsigned last = generation;

	if (pipe(done) != 0)
		die("no pipe");
	pid_t importer = fork();
	if (importer == 0) {
		close(done[0]);
		run_importer(generation, done[1]);
	}
	close(done[1]);
	(void)nanosleep(&pause, NULL);
	(void)kill(importer, SIGKILL);
	if (waitpid(importer, &status, 0) != importer || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != SIGKILL)
		die("an importer ended by itself");
	drain(done[0], &last, commits);
	close(done[0]);
	return last;
}

static void remove_files(void)
{
	static const char *const names[] = {"data.mdb", "lock.mdb", "writer.lock", "sort.tmp"};
	char name[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(name, sizeof(name), "%s/%s", path, names[i]);
		(void)unlink(name);
	}
	(void)rmdir(path);
	(void)rmdir(folder);
}

static void first_import(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct directory *directory;
		need(csp_directory_open(&directory, path, true), "make");
		import_one(directory, 1);
		csp_directory_close(directory);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status != 0)
		die("the first import failed");
}

/* Readers that ended by themselves have seen something wrong, and said so. */
static void stop_readers(const pid_t readers[READERS])
{
	int status;

	for (int i = 0; i < READERS; i++) {
		(void)kill(readers[i], SIGKILL);
		if (waitpid(readers[i], &status, 0) != readers[i] || !WIFSIGNALED(status))
			die("a reader ended by itself");
	}
}

int main(int argc, char **argv)
{
	unsigned kills = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200;
	unsigned seed = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : (unsigned)time(NULL);
	unsigned generation = 1;
	uint64_t commits = 0, reads = 0;
	int pause_max = PAUSE_MAX, idle = 0;
	pid_t readers[READERS];
	char looked[4096];
	int looks[2];

	if (!mkdtemp(folder) || pipe(looks) != 0)
		die("no folder or pipe");
	snprintf(path, sizeof(path), "%s/directory", folder);
	srand(seed);
	first_import();
	for (int i = 0; i < READERS; i++) {
		readers[i] = fork();
		if (readers[i] == 0) {
			close(looks[0]);
			run_reader(seed + (unsigned)i, looks[1]);
		}
	}
	close(looks[1]);
	(void)fcntl(looks[0], F_SETFL, O_NONBLOCK);
	for (unsigned i = 0; i < kills; i++) {
		uint64_t before = commits;
		unsigned told = kill_one(generation, &commits, pause_max);
		idle = commits > before ? 0 : idle + 1;
		if (idle == PATIENCE && pause_max < 1000000) {
			pause_max *= 2;
			idle = 0;
		}
		unsigned found = check_after_kill();
		if (found < told || found > told + 1)
			die("what was committed is lost");
		generation = found;
		for (ssize_t got = 1; got > 0; reads += got > 0 ? (uint64_t)got : 0)
			got = read(looks[0], looked, sizeof(looked));
	}
	stop_readers(readers);
	remove_files();
	printf("%u kills, seed %u: %llu updates committed, %llu states read, none mixed, none "
	       "lost\n",
	       kills, seed, (unsigned long long)commits, (unsigned long long)reads);
	return commits > 0 && reads > 0 ? 0 : 1;
}
