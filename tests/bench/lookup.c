/*
 * Times look-ups in a directory that holds the made-up customers of population.h.
 * Each thread has an arena and questions of its own, made before the clock starts; a writer is a process of its own.
 * Exit status 0, or 1 when the directory does not answer as it must: a wrong answer is not measured.
 *
 * usage: lookup [-t THREADS] [-n LOOKUPS] [-k KIND] [-w] DIRECTORY CUSTOMERS
 *
 * A line for each kind of question: nanoseconds of one look-up, the median over blocks of look-ups that share a
 * transaction. "first-touch" is by domain in a file that this process has not read yet, though its pages may be in memory;
 * for all the others it has. "begin-end" is a transaction without a question, "message" one with a question. With -w
 * another process changes a customer again and again; the last line then says how often.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "directory_private.h"
#include "directory_update.h"
#include "population.h"

enum { BLOCK = 512, THREADS_MAX = 64, ARENA_MAX = 1 << 20 };

enum kind {
	KIND_FIRST_TOUCH,
	KIND_DOMAIN,
	KIND_SUBDOMAIN,
	KIND_ADDRESS,
	KIND_MISS,
	KIND_BEGIN_END,
	KIND_MESSAGE
};

static const char *const kind_names[] = {
	[KIND_FIRST_TOUCH] = "first-touch",
	[KIND_DOMAIN] = "domain",
	[KIND_SUBDOMAIN] = "subdomain",
	[KIND_ADDRESS] = "address",
	[KIND_MISS] = "miss",
	[KIND_BEGIN_END] = "begin-end",
	[KIND_MESSAGE] = "message",
};

struct work {
	const char *path;
	uint64_t customers;
	unsigned threads, blocks;
	const char *only; /* kind's name; NULL: all */
	bool writer;
};

struct question {
	char address[POPULATION_TEXT];
	char domain[POPULATION_TEXT];
	struct span key, name;
};

struct thread {
	const struct work *work;
	struct directory *directory;
	enum kind kind;
	uint64_t seed;
	double *nanoseconds; /* a look-up's, one a block */
	bool failed;
	pthread_t id;
	struct arena arena;
	struct question questions[BLOCK];
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* ---- the writer ---- */

static void ignore(void *context, struct place_in_import place, const char *what)
{
	(void)context;
	(void)place;
	(void)what;
}

static bool add_statement(struct directory_update *update, uint64_t number)
{
	char name[POPULATION_TEXT];
	const struct directory_name domain = {SPAN_LIT("changing.example"), false};
	struct directory_entry entry = {.type = ENTRY_CUSTOMER};
	struct buf bytes;
	uint32_t source;

	snprintf(name, sizeof name, "Version %" PRIu64, number);
	entry.customer.customer = (struct customer){
		.id = SPAN_LIT("changing"), .name = csp_span_from(name), .cloud = SPAN_LIT("")};
	entry.customer.domains = &domain;
	entry.customer.domain_count = 1;
	if (csp_directory_update_source(&source, update, SPAN_LIT("changing")) != DIRECTORY_OK)
		return false;
	csp_buf_init(&bytes, 65536);
	csp_statement_write(&bytes, &entry, source, (struct place_in_import){0, 1});
	bool done = !csp_buf_failed(&bytes) &&
		    csp_directory_update_add(update, csp_buf_span(&bytes)) == DIRECTORY_OK;
	csp_buf_dispose(&bytes);
	return done;
}

static bool update_once(struct directory *directory, uint64_t number)
{
	const struct update_settings settings = {.now = 1795428000,
						 .report = {.refused = ignore, .warned = ignore}};
	struct directory_update *update;
	struct update_counts counts;

	if (csp_directory_update_begin(&update, directory, &settings) != DIRECTORY_OK)
		return false;
	if (!add_statement(update, number)) {
		csp_directory_update_abort(update);
		return false;
	}
	return csp_directory_update_finish(&counts, update) == DIRECTORY_OK;
}

static void run_writer(const struct work *work)
{
	struct directory *directory;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (csp_directory_open(&directory, work->path, true) != DIRECTORY_OK)
		_exit(1);
	for (uint64_t number = 0;; number++) {
		if (!update_once(directory, number))
			_exit(1);
	}
}

/* ---- the readers ---- */

static void ask_domain(struct question *out, const char *domain, const char *below, uint64_t user)
{
	snprintf(out->domain, sizeof out->domain, "%s%.100s", below, domain);
	snprintf(out->address, sizeof out->address, "user-%" PRIu64 "@%.100s", user % 10000,
		 out->domain);
}

static void make_question(struct question *out, enum kind kind, uint64_t customers, uint64_t random)
{
	char domain[POPULATION_TEXT];
	uint64_t customer = random % (customers - customers % 64);

	switch (kind) {
	case KIND_SUBDOMAIN:
		population_domain(domain, customer / 8 * 8 + 1);
		ask_domain(out, domain, "mail.", random);
		break;
	case KIND_ADDRESS:
		population_address(out->address, customer / 64 * 64 + 2);
		snprintf(out->domain, sizeof out->domain, "mail.example");
		break;
	case KIND_MISS:
		population_domain(domain, customer + customers);
		ask_domain(out, domain, "", random);
		break;
	case KIND_FIRST_TOUCH:
	case KIND_DOMAIN:
	case KIND_BEGIN_END:
	case KIND_MESSAGE:
		population_domain(domain, customer);
		ask_domain(out, domain, "", random);
		break;
	}
	out->key = csp_span_from(out->address);
	out->name = csp_span_from(out->domain);
}

static bool find(struct thread *thread, struct directory_read *read, size_t at)
{
	const struct question *question = &thread->questions[at];
	struct customers customers;

	csp_arena_reset(&thread->arena);
	enum found found = csp_directory_find_customers(&customers, read, &thread->arena,
							question->key, question->name);
	if (thread->kind == KIND_MISS)
		return found == NOT_FOUND;
	return found == FOUND && customers.count == 1 && customers.items[0].relation_count == 1;
}

static bool one_transaction(struct thread *thread, size_t from, size_t to)
{
	struct directory_read *read;
	bool good = true;

	if (csp_directory_read_begin(&read, thread->directory) != DIRECTORY_OK)
		return false;
	for (size_t i = from; i < to; i++)
		good = find(thread, read, i) && good;
	csp_directory_read_end(read);
	return good;
}

static bool run_block(struct thread *thread)
{
	bool good = true;

	if (thread->kind != KIND_BEGIN_END && thread->kind != KIND_MESSAGE)
		return one_transaction(thread, 0, BLOCK);
	for (size_t i = 0; i < BLOCK; i++)
		good = one_transaction(thread, i, i + (thread->kind == KIND_MESSAGE)) && good;
	return good;
}

static void *run_thread(void *argument)
{
	struct thread *thread = argument;
	uint64_t random = thread->seed;

	for (unsigned block = 0; block < thread->work->blocks && !thread->failed; block++) {
		for (size_t i = 0; i < BLOCK; i++)
			make_question(&thread->questions[i], thread->kind, thread->work->customers,
				      population_mix(random++) >> 1);
		double start = now();
		thread->failed = !run_block(thread);
		thread->nanoseconds[block] = (now() - start) / BLOCK;
	}
	return NULL;
}

static bool touch_table(const struct directory_txn *at, enum codec_table table)
{
	MDB_cursor *cursor;
	MDB_val key, value;

	if (mdb_cursor_open(at->txn, csp_directory_table(at, table), &cursor) != 0)
		return false;
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
		(void)*(const volatile char *)value.mv_data;
	mdb_cursor_close(cursor);
	return true;
}

/* As after a long run: no page is still to be brought in. */
static bool touch_all(struct directory *directory)
{
	struct directory_read *read;
	bool good = true;

	if (csp_directory_read_begin(&read, directory) != DIRECTORY_OK)
		return false;
	for (size_t table = 0; table < TABLE_COUNT; table++)
		good = touch_table(&read->at, (enum codec_table)table) && good;
	csp_directory_read_end(read);
	return good;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool run_threads(struct thread *threads, const struct work *work, enum kind kind)
{
	bool good = true;

	for (unsigned i = 0; i < work->threads; i++) {
		threads[i].kind = kind;
		threads[i].seed = (uint64_t)kind << 50 | (uint64_t)i << 40;
		if (pthread_create(&threads[i].id, NULL, run_thread, &threads[i]) != 0)
			abort();
	}
	for (unsigned i = 0; i < work->threads; i++) {
		pthread_join(threads[i].id, NULL);
		good = good && !threads[i].failed;
	}
	return good;
}

static bool measure(struct thread *threads, double *all, const struct work *work)
{
	size_t count = (size_t)work->threads * work->blocks;

	for (enum kind kind = KIND_FIRST_TOUCH; kind <= KIND_MESSAGE; kind++) {
		if (kind == KIND_DOMAIN && !touch_all(threads[0].directory))
			return false;
		if (work->only && strcmp(work->only, kind_names[kind]) != 0)
			continue;
		if (!run_threads(threads, work, kind)) {
			fprintf(stderr, "lookup: %s: not the answer that was expected\n",
				kind_names[kind]);
			return false;
		}
		for (unsigned i = 0; i < work->threads; i++)
			memcpy(all + (size_t)i * work->blocks, threads[i].nanoseconds,
			       work->blocks * sizeof *all);
		qsort(all, count, sizeof *all, compare);
		printf("kind=%s ns=%.0f\n", kind_names[kind], all[count / 2]);
	}
	return true;
}

static bool get_state(uint64_t *out, struct directory *directory)
{
	struct directory_read *read;

	if (csp_directory_read_begin(&read, directory) != DIRECTORY_OK)
		return false;
	*out = csp_directory_state(read);
	csp_directory_read_end(read);
	return true;
}

static bool measure_directory(const struct work *work, struct directory *directory)
{
	struct thread *threads = calloc(work->threads, sizeof *threads);
	double *all = calloc((size_t)work->threads * work->blocks, sizeof *all);
	bool good = threads && all;
	uint64_t before = 0, after = 0;

	for (unsigned i = 0; good && i < work->threads; i++) {
		threads[i].work = work;
		threads[i].directory = directory;
		threads[i].nanoseconds = calloc(work->blocks, sizeof(double));
		csp_arena_init(&threads[i].arena, ARENA_MAX);
		good = threads[i].nanoseconds != NULL;
	}
	double start = now();
	good = good && get_state(&before, directory) && measure(threads, all, work) &&
	       get_state(&after, directory);
	if (good)
		printf("updates=%" PRIu64 " seconds=%.3f\n", after - before, (now() - start) / 1e9);
	for (unsigned i = 0; threads && i < work->threads; i++) {
		free(threads[i].nanoseconds);
		csp_arena_dispose(&threads[i].arena);
	}
	free(threads);
	free(all);
	return good;
}

static bool run(const struct work *work)
{
	struct directory *directory;
	pid_t writer = work->writer ? fork() : 0;

	if (work->writer && writer == 0)
		run_writer(work);
	enum directory_result result = csp_directory_open(&directory, work->path, false);
	if (result != DIRECTORY_OK)
		fprintf(stderr, "lookup: %s: %s\n", work->path, csp_directory_strerror(result));
	bool good = result == DIRECTORY_OK && measure_directory(work, directory);
	if (writer > 0) {
		kill(writer, SIGKILL);
		waitpid(writer, NULL, 0);
	}
	if (result == DIRECTORY_OK)
		csp_directory_close(directory);
	return good;
}

static bool parse_options(struct work *work, int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "t:n:k:w")) != -1) {
		if (letter == 't')
			work->threads = (unsigned)strtoul(optarg, NULL, 10);
		else if (letter == 'n')
			work->blocks = (unsigned)strtoul(optarg, NULL, 10) / BLOCK + 1;
		else if (letter == 'k')
			work->only = optarg;
		else if (letter == 'w')
			work->writer = true;
		else
			return false;
	}
	if (argc - optind != 2)
		return false;
	work->path = argv[optind];
	work->customers = strtoull(argv[optind + 1], NULL, 10);
	return work->threads >= 1 && work->threads <= THREADS_MAX && work->customers >= 64;
}

int main(int argc, char **argv)
{
	struct work work = {.threads = 1, .blocks = 200};

	if (!parse_options(&work, argc, argv)) {
		fputs("usage: lookup [-t THREADS] [-n LOOKUPS] [-k KIND] [-w] DIRECTORY "
		      "CUSTOMERS\n",
		      stderr);
		return EX_USAGE;
	}
	return run(&work) ? EX_OK : 1;
}
