/*
 * One bit of the directory's file is turned over, again and again: never a wrong customer, and what is lost is told.
 *
 * usage: directory-flip [FLIPS [SEED]]
 *
 * After each flip a process of its own asks for every customer by each of its names, and for names that are nobody's. An
 * answer may be could-not-tell, and the process may crash (a supervisor would start it again); another customer's answer
 * is a failure, and so is a customer that is not found while `verify` calls the directory whole. Exit status 0 or 1.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "directory_update.h"
#include "directory_verify.h"

#define CUSTOMERS 400
#define PARTNER   "p0a80001-7b1f-4d52-8f3c-000000000001"

static char folder[] = "directory-flip-XXXXXX";
static char path[64], data[96];

static void die(const char *what)
{
	fprintf(stderr, "directory-flip: %s\n", what);
	_exit(1);
}

static void need(enum directory_result result)
{
	if (result != DIRECTORY_OK)
		die(csp_directory_strerror(result));
}

/* ---- the directory ---- */

static void ignore(void *context, struct place_in_import place, const char *what)
{
	(void)context;
	(void)place;
	(void)what;
}

static struct span name_of(char out[64], const char *what, unsigned number)
{
	int len = snprintf(out, 64, "%s%u.example", what, number);

	return (struct span){out, (size_t)len};
}

static struct span id_of(char out[64], unsigned number)
{
	int len = snprintf(out, 64, "c0a80001-7b1f-4d52-8f3c-%012x", number * 2654435761U);

	return (struct span){out, (size_t)len};
}

static void put(struct directory_update *update, struct buf *bytes,
		const struct directory_entry *entry)
{
	uint32_t source;

	need(csp_directory_update_source(&source, update, SPAN_LIT("flip")));
	csp_buf_reset(bytes);
	csp_statement_write(bytes, entry, source, (struct place_in_import){0, 1});
	need(csp_directory_update_add(update, csp_buf_span(bytes)));
}

static void put_customer(struct directory_update *update, struct buf *bytes, unsigned number)
{
	char id[64], domain[64], other[64], address[64];
	struct directory_name names[] = {{name_of(domain, "www.own", number), false},
					 {name_of(other, "sub", number), true}};
	struct span key = name_of(address, "boss@mail", number);
	const struct relation relation = {
		.partner = SPAN_LIT("4847383"), .from = INT64_MIN, .until = INT64_MAX};
	const struct directory_entry entry = {
		.type = ENTRY_CUSTOMER,
		.customer = {.customer = {.id = id_of(id, number),
					  .name = SPAN_LIT("Name"),
					  .cloud = SPAN_LIT("commercial"),
					  .relations = &relation,
					  .relation_count = 1},
			     .domains = names,
			     .domain_count = 2,
			     .addresses = {&key, 1}},
	};

	put(update, bytes, &entry);
}

static void make_directory(void)
{
	const struct update_settings settings = {.report = {ignore, ignore, NULL, NULL}};
	const struct span alias = SPAN_LIT("4847383");
	const struct directory_entry partner = {
		.type = ENTRY_PARTNER,
		.partner = {.partner = {.id = SPAN_LIT(PARTNER),
					.name = SPAN_LIT("Partner"),
					.contact = SPAN_LIT("")},
			    .aliases = {&alias, 1}},
	};
	struct directory *directory;
	struct directory_update *update;
	struct update_counts counts;
	struct buf bytes;

	csp_buf_init(&bytes, 65536);
	need(csp_directory_open(&directory, path, true));
	need(csp_directory_update_begin(&update, directory, &settings));
	put(update, &bytes, &partner);
	for (unsigned number = 0; number < CUSTOMERS; number++)
		put_customer(update, &bytes, number);
	need(csp_directory_update_finish(&counts, update));
	csp_directory_close(directory);
	csp_buf_dispose(&bytes);
}

/* ---- after a flip, in a process of its own ---- */

enum answer { ANSWER_RIGHT, ANSWER_COULD_NOT_TELL, ANSWER_LOST, ANSWER_WRONG, ANSWER_COUNT };

struct asking {
	struct directory_read *read;
	struct arena arena;
	enum answer worst;
};

static void note(struct asking *asking, enum answer answer)
{
	if (answer > asking->worst)
		asking->worst = answer;
}

static bool is_right(const struct customers *customers, struct span id)
{
	const struct customer *customer = &customers->items[0];

	return customers->count == 1 && csp_span_equal(customer->id, id) &&
	       csp_span_equal(customer->name, SPAN_LIT("Name")) && customer->relation_count == 1 &&
	       (csp_span_equal(customer->relations[0].partner, SPAN_LIT(PARTNER)) ||
		csp_span_equal(customer->relations[0].partner, SPAN_LIT("4847383")));
}

/* id: empty when it is nobody's. */
static void ask(struct asking *asking, struct span address, struct span domain, struct span id)
{
	struct customers customers;

	csp_arena_reset(&asking->arena);
	switch (csp_directory_find_customers(&customers, asking->read, &asking->arena, address,
					     domain)) {
	case FOUND:
		note(asking, id.len && is_right(&customers, id) ? ANSWER_RIGHT : ANSWER_WRONG);
		break;
	case NOT_FOUND:
		note(asking, id.len ? ANSWER_LOST : ANSWER_RIGHT);
		break;
	case COULD_NOT_TELL:
		note(asking, ANSWER_COULD_NOT_TELL);
		break;
	}
}

static enum answer ask_all(void)
{
	struct asking asking = {.worst = ANSWER_RIGHT};
	struct directory *directory;
	char id[64], text[64];

	if (csp_directory_open(&directory, path, false) != DIRECTORY_OK ||
	    csp_directory_read_begin(&asking.read, directory) != DIRECTORY_OK)
		return ANSWER_COULD_NOT_TELL;
	csp_arena_init(&asking.arena, (size_t)1 << 20);
	for (unsigned number = 0; number < CUSTOMERS; number++) {
		struct span customer = id_of(id, number);
		ask(&asking, SPAN_LIT(""), name_of(text, "www.own", number), customer);
		ask(&asking, SPAN_LIT(""), name_of(text, "below.sub", number), customer);
		ask(&asking, name_of(text, "boss@mail", number), SPAN_LIT(""), customer);
		ask(&asking, SPAN_LIT(""), name_of(text, "below.www.own", number), SPAN_LIT(""));
		ask(&asking, SPAN_LIT(""), name_of(text, "nobody", number), SPAN_LIT(""));
	}
	return asking.worst;
}

static void count_problem(void *context, const char *what)
{
	(void)context;
	(void)what;
}

/* 0: whole; 1: something is wrong with it. */
static int verify(void)
{
	const struct verify_report report = {.problem = count_problem};
	struct verify_counts counts = {0};
	struct directory *directory;
	struct directory_read *read;

	if (csp_directory_open(&directory, path, false) != DIRECTORY_OK ||
	    csp_directory_read_begin(&read, directory) != DIRECTORY_OK ||
	    csp_directory_verify(&counts, read, &report) != DIRECTORY_OK)
		return 1;
	return counts.problems > 0;
}

static int ask_and_exit(void)
{
	return (int)ask_all();
}

/* The exit status of a function in a process of its own, or -1 when that crashed. */
static int run(int (*function)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(ANSWER_COUNT);
		_exit(function());
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		die("no process");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- flips ---- */

static void flip(off_t at, unsigned bit)
{
	unsigned char byte;
	int file = open(data, O_RDWR | O_CLOEXEC);

	if (file < 0 || pread(file, &byte, 1, at) != 1)
		die("the file cannot be read");
	byte ^= (unsigned char)(1U << bit);
	if (pwrite(file, &byte, 1, at) != 1)
		die("the file cannot be written");
	close(file);
}

struct tally {
	unsigned answers[ANSWER_COUNT], crashes, untold;
};

static void try_one(struct tally *tally, off_t size)
{
	off_t at = (off_t)(((uint64_t)rand() << 16 ^ (uint64_t)rand()) % (uint64_t)size);
	unsigned bit = (unsigned)rand() & 7;

	flip(at, bit);
	int answer = run(ask_and_exit);
	if (answer < 0)
		tally->crashes++;
	else
		tally->answers[answer]++;
	if ((answer == ANSWER_LOST || answer == ANSWER_WRONG) && run(verify) == 0) {
		fprintf(stderr, "directory-flip: bit %u of byte %lld is told by nobody\n", bit,
			(long long)at);
		tally->untold++;
	}
	flip(at, bit);
}

static void remove_files(void)
{
	static const char *const names[] = {"data.mdb", "lock.mdb", "writer.lock"};
	char name[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(name, sizeof(name), "%s/%s", path, names[i]);
		(void)unlink(name);
	}
	(void)rmdir(path);
	(void)rmdir(folder);
}

int main(int argc, char **argv)
{
	unsigned flips = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 3000;
	unsigned seed = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
	struct tally tally = {.crashes = 0};
	struct stat status;

	if (!mkdtemp(folder))
		die("no folder");
	snprintf(path, sizeof(path), "%s/directory", folder);
	snprintf(data, sizeof(data), "%s/data.mdb", path);
	srand(seed);
	make_directory();
	if (stat(data, &status) != 0 || run(ask_and_exit) != ANSWER_RIGHT || run(verify) != 0)
		die("the directory is not right to begin with");
	for (unsigned i = 0; i < flips; i++)
		try_one(&tally, status.st_size);
	bool whole = run(ask_and_exit) == ANSWER_RIGHT && run(verify) == 0;
	remove_files();
	printf("%u flips in %lld bytes, seed %u: %u changed no answer, %u could not tell, "
	       "%u lost a name (%u of them untold), %u wrong, %u restarts\n",
	       flips, (long long)status.st_size, seed, tally.answers[ANSWER_RIGHT],
	       tally.answers[ANSWER_COULD_NOT_TELL], tally.answers[ANSWER_LOST], tally.untold,
	       tally.answers[ANSWER_WRONG], tally.crashes);
	return whole && !tally.untold && !tally.answers[ANSWER_WRONG] ? 0 : 1;
}
