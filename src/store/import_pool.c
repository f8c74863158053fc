#include "import_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS_MAX     64
#define THREADS_DEFAULT 4
/* For each thread one to read and one to wait for it; and the one that is being filled. */
#define BATCHES_MAX (2 * THREADS_MAX + 1)
#define BYTES_MAX   (IMPORT_BATCH_SIZE + 2 * IMPORT_ROW_MAX)

struct reader {
	struct import import;
	struct import_pool *pool;
	pthread_t thread;
};

struct slot {
	struct import_batch batch;
	bool is_read; /* by a thread, under the lock */
};

struct import_pool {
	const struct import *run;
	import_read_row *read;
	struct reader readers[THREADS_MAX];
	unsigned wanted, started;
	struct slot *slots[BATCHES_MAX];
	size_t slot_count;
	pthread_mutex_t lock;
	pthread_cond_t sent_one, read_one;
	bool ending;
	/* Batches as they are numbered: below `back` they came back, below `taken` a thread has them, below `sent` they wait. */
	uint64_t back, taken, sent;
};

static struct slot *slot_of(const struct import_pool *pool, uint64_t number)
{
	return pool->slots[number % pool->slot_count];
}

static unsigned count_threads(const struct import *run)
{
	unsigned wanted = run->settings->threads;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (wanted > 0)
		return wanted < THREADS_MAX ? wanted : THREADS_MAX;
	if (processors < 1)
		return 1;
	return processors < THREADS_DEFAULT ? (unsigned)processors : THREADS_DEFAULT;
}

static bool add_slot(struct import_pool *pool)
{
	struct slot *slot = malloc(sizeof(*slot));

	if (!slot)
		return false;
	csp_buf_init(&slot->batch.bytes, BYTES_MAX);
	slot->batch.row_count = 0;
	slot->batch.done = 0;
	slot->is_read = false;
	csp_import_output_init(&slot->batch.output);
	pool->slots[pool->slot_count++] = slot;
	return true;
}

static void init_reader(struct import_pool *pool, struct reader *reader)
{
	reader->pool = pool;
	reader->import = *pool->run;
	reader->import.in = NULL;
	reader->import.counts = NULL;
	csp_import_init_rows(&reader->import);
}

bool csp_import_pool_new(struct import_pool **out, const struct import *run, import_read_row *read)
{
	struct import_pool *pool = calloc(1, sizeof(*pool));

	*out = pool;
	if (!pool)
		return false;
	pool->run = run;
	pool->read = read;
	pool->wanted = count_threads(run);
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->sent_one, NULL);
	(void)pthread_cond_init(&pool->read_one, NULL);
	for (unsigned i = 0; i < pool->wanted; i++)
		init_reader(pool, &pool->readers[i]);
	if (add_slot(pool))
		return true;
	csp_import_pool_free(pool);
	*out = NULL;
	return false;
}

static void end_threads(struct import_pool *pool)
{
	(void)pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	(void)pthread_cond_broadcast(&pool->sent_one);
	(void)pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->started; i++)
		(void)pthread_join(pool->readers[i].thread, NULL);
}

void csp_import_pool_free(struct import_pool *pool)
{
	if (!pool)
		return;
	end_threads(pool);
	for (unsigned i = 0; i < pool->wanted; i++)
		csp_import_dispose_rows(&pool->readers[i].import);
	for (size_t i = 0; i < pool->slot_count; i++) {
		csp_buf_dispose(&pool->slots[i]->batch.bytes);
		csp_import_output_dispose(&pool->slots[i]->batch.output);
		free(pool->slots[i]);
	}
	(void)pthread_cond_destroy(&pool->read_one);
	(void)pthread_cond_destroy(&pool->sent_one);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* ---- reading ---- */

static enum row_result read_row(struct import_pool *pool, struct import *import,
				const struct import_row *row)
{
	if (row->why)
		return csp_import_why(import, "%s", row->why);
	return pool->read(import, import->row);
}

/* Every row, unless one ends the file. */
static void read_batch(struct import_pool *pool, struct import *import, struct import_batch *batch)
{
	struct span bytes = csp_buf_span(&batch->bytes);
	enum import_result result = IMPORT_OK;

	import->output = &batch->output;
	for (size_t i = 0; i < batch->row_count && result == IMPORT_OK; i++) {
		const struct import_row *row = &batch->rows[i];
		import->line = row->line;
		import->row = csp_span_slice(bytes, row->at, row->at + row->len);
		result = csp_import_end_row(import, read_row(pool, import, row));
	}
}

static void *run_thread(void *context)
{
	struct reader *reader = context;
	struct import_pool *pool = reader->pool;

	(void)pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (pool->taken == pool->sent && !pool->ending)
			(void)pthread_cond_wait(&pool->sent_one, &pool->lock);
		if (pool->ending)
			break;
		struct slot *slot = slot_of(pool, pool->taken++);
		(void)pthread_mutex_unlock(&pool->lock);
		read_batch(pool, &reader->import, &slot->batch);
		(void)pthread_mutex_lock(&pool->lock);
		slot->is_read = true;
		(void)pthread_cond_signal(&pool->read_one);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* A small file needs none of this. One thread is enough where no more can be had. */
static bool start_threads(struct import_pool *pool)
{
	while (pool->slot_count < 2 * pool->wanted + 1) {
		if (!add_slot(pool))
			return false;
	}
	for (; pool->started < pool->wanted; pool->started++) {
		struct reader *reader = &pool->readers[pool->started];
		if (pthread_create(&reader->thread, NULL, run_thread, reader) != 0)
			break;
	}
	return pool->started > 0;
}

/* ---- handing over ---- */

static enum import_result hand_over(struct import_pool *pool, struct slot *slot)
{
	const struct import *run = pool->run;
	const struct import_receiver receiver = {run->update, run->report, run->file, run->counts};
	struct import_batch *batch = &slot->batch;
	enum import_result result = csp_import_output_hand_over(&batch->output, &receiver);

	run->output->failure = batch->output.failure;
	csp_buf_reset(&batch->bytes);
	batch->row_count = 0;
	slot->is_read = false;
	if (result == IMPORT_OK && run->report->progress)
		run->report->progress(run->report->context, run->counts, batch->done);
	return result;
}

/* Hands over what came back, and waits while `most` or more are on their way. */
static enum import_result take_back(struct import_pool *pool, uint64_t most)
{
	enum import_result result = IMPORT_OK;

	(void)pthread_mutex_lock(&pool->lock);
	while (pool->back < pool->sent && result == IMPORT_OK) {
		struct slot *oldest = slot_of(pool, pool->back);
		if (!oldest->is_read && pool->sent - pool->back < most)
			break;
		while (!oldest->is_read)
			(void)pthread_cond_wait(&pool->read_one, &pool->lock);
		(void)pthread_mutex_unlock(&pool->lock);
		result = hand_over(pool, oldest);
		(void)pthread_mutex_lock(&pool->lock);
		pool->back++;
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return result;
}

struct import_batch *csp_import_pool_batch(struct import_pool *pool)
{
	return &slot_of(pool, pool->sent)->batch;
}

enum import_result csp_import_pool_send(struct import_pool *pool)
{
	if (!pool->started && !start_threads(pool))
		return IMPORT_NO_MEMORY;
	(void)pthread_mutex_lock(&pool->lock);
	pool->sent++;
	(void)pthread_cond_signal(&pool->sent_one);
	(void)pthread_mutex_unlock(&pool->lock);
	return take_back(pool, pool->slot_count);
}

enum import_result csp_import_pool_finish(struct import_pool *pool)
{
	if (pool->started) {
		enum import_result result = csp_import_pool_send(pool);
		return result == IMPORT_OK ? take_back(pool, 1) : result;
	}
	read_batch(pool, &pool->readers[0].import, csp_import_pool_batch(pool));
	return hand_over(pool, slot_of(pool, 0));
}
