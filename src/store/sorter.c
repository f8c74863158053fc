#include "sorter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES_FIRST ((size_t)64 << 10)
#define WINDOW_MIN  ((size_t)32 << 10)
#define WINDOW_MAX  ((size_t)1 << 20)
#define HEAD_SIZE   sizeof(uint32_t) /* a record's length, before it in a run */

struct sorter_item {
	uint64_t prefix; /* its first bytes: most comparisons need no more */
	size_t at;
	uint32_t len;
	const char *bytes; /* set when they no longer move */
};

/* A sorted piece of the file and the window of it that is in memory. */
struct sorter_run {
	int64_t next, end; /* of what has not been read */
	char *window;
	size_t at, len, cap;
	struct span record; /* the next one, in the window */
	uint64_t prefix;
};

void csp_sorter_init(struct sorter *sorter, int folder, size_t memory)
{
	*sorter = (struct sorter){.folder = folder, .memory = memory, .file = -1};
}

void csp_sorter_dispose(struct sorter *sorter)
{
	for (size_t i = 0; i < sorter->run_count; i++)
		free(sorter->runs[i].window);
	free(sorter->runs);
	free(sorter->items);
	free(sorter->bytes);
	if (sorter->file >= 0)
		close(sorter->file);
	csp_sorter_init(sorter, -1, 0);
}

static uint64_t prefix_of(struct span record)
{
	uint64_t prefix = 0;

	for (size_t i = 0; i < sizeof(prefix); i++)
		prefix = prefix << 8 | (i < record.len ? (unsigned char)record.data[i] : 0);
	return prefix;
}

static int compare_items(const void *a, const void *b)
{
	const struct sorter_item *left = a, *right = b;

	if (left->prefix != right->prefix)
		return left->prefix < right->prefix ? -1 : 1;
	return csp_span_compare((struct span){left->bytes, left->len},
				(struct span){right->bytes, right->len});
}

static void sort_items(struct sorter *sorter)
{
	for (size_t i = 0; i < sorter->item_count; i++)
		sorter->items[i].bytes = sorter->bytes + sorter->items[i].at;
	if (sorter->item_count)
		qsort(sorter->items, sorter->item_count, sizeof(*sorter->items), compare_items);
}

/* Gone with the descriptor; what somebody who was killed left there is replaced. */
static int make_file(struct sorter *sorter)
{
	(void)unlinkat(sorter->folder, SORTER_FILE, 0);
	sorter->file = openat(sorter->folder, SORTER_FILE,
			      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (sorter->file < 0)
		return errno;
	return unlinkat(sorter->folder, SORTER_FILE, 0) == 0 ? 0 : errno;
}

static int write_all(struct sorter *sorter, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t done = pwrite(sorter->file, bytes, len, (off_t)sorter->file_len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? errno : EIO;
		bytes += done;
		len -= (size_t)done;
		sorter->file_len += done;
	}
	return 0;
}

/* Through a window, because a record is a small thing to ask the kernel for. */
static int write_items(struct sorter *sorter, char *window)
{
	size_t used = 0;
	int code = 0;

	for (size_t i = 0; i < sorter->item_count && !code; i++) {
		const struct sorter_item *item = &sorter->items[i];
		if (used + HEAD_SIZE + item->len > WINDOW_MAX) {
			code = write_all(sorter, window, used);
			used = 0;
		}
		if (HEAD_SIZE + item->len > WINDOW_MAX) {
			code = code ? code : write_all(sorter, (const char *)&item->len, HEAD_SIZE);
			code = code ? code : write_all(sorter, item->bytes, item->len);
			continue;
		}
		memcpy(window + used, &item->len, HEAD_SIZE);
		memcpy(window + used + HEAD_SIZE, item->bytes, item->len);
		used += HEAD_SIZE + item->len;
	}
	return code ? code : write_all(sorter, window, used);
}

static struct sorter_run *push_run(struct sorter *sorter)
{
	if (sorter->run_count == sorter->run_cap) {
		size_t cap = sorter->run_cap ? 2 * sorter->run_cap : 16;
		struct sorter_run *runs = realloc(sorter->runs, cap * sizeof(*runs));
		if (!runs)
			return NULL;
		sorter->runs = runs;
		sorter->run_cap = cap;
	}
	struct sorter_run *run = &sorter->runs[sorter->run_count++];
	*run = (struct sorter_run){.next = sorter->file_len};
	return run;
}

/* What is in memory becomes a run of the file. */
static int spill(struct sorter *sorter)
{
	char *window = malloc(WINDOW_MAX);
	int code = sorter->file < 0 ? make_file(sorter) : 0;
	struct sorter_run *run = window && !code ? push_run(sorter) : NULL;

	if (run) {
		sort_items(sorter);
		code = write_items(sorter, window);
		run->end = sorter->file_len;
		sorter->len = sorter->item_count = 0;
	}
	free(window);
	return run || code ? code : ENOMEM;
}

static size_t grown(size_t cap, size_t first, size_t needed)
{
	size_t next = cap ? cap : first;

	while (next < needed)
		next *= 2;
	return next;
}

static int make_room(struct sorter *sorter, size_t len)
{
	size_t cap = grown(sorter->cap, BYTES_FIRST, sorter->len + len);
	size_t item_cap = grown(sorter->item_cap, 1024, sorter->item_count + 1);

	if (cap != sorter->cap) {
		char *bytes = realloc(sorter->bytes, cap);
		if (!bytes)
			return ENOMEM;
		sorter->bytes = bytes;
		sorter->cap = cap;
	}
	if (item_cap != sorter->item_cap) {
		struct sorter_item *items = realloc(sorter->items, item_cap * sizeof(*items));
		if (!items)
			return ENOMEM;
		sorter->items = items;
		sorter->item_cap = item_cap;
	}
	return 0;
}

int csp_sorter_add(struct sorter *sorter, struct span record)
{
	size_t used = sorter->len + sorter->item_count * sizeof(*sorter->items);

	if (record.len > UINT32_MAX / 2)
		return EFBIG;
	if (sorter->item_count && used + record.len + sizeof(*sorter->items) > sorter->memory) {
		int code = spill(sorter);
		if (code)
			return code;
	}
	int code = make_room(sorter, record.len);
	if (code)
		return code;
	if (record.len)
		memcpy(sorter->bytes + sorter->len, record.data, record.len);
	sorter->items[sorter->item_count++] = (struct sorter_item){
		.prefix = prefix_of(record), .at = sorter->len, .len = (uint32_t)record.len};
	sorter->len += record.len;
	sorter->count++;
	return 0;
}

/* What is left in the window moves to its front, and it holds `len` bytes. */
static int make_window(struct sorter_run *run, size_t len)
{
	memmove(run->window, run->window + run->at, run->len - run->at);
	run->len -= run->at;
	run->at = 0;
	if (len <= run->cap)
		return 0;
	char *window = realloc(run->window, len);
	if (!window)
		return ENOMEM;
	run->window = window;
	run->cap = len;
	return 0;
}

/* The window holds at least `len` bytes from its place on, unless the run ends before. */
static int fill(struct sorter_run *run, int file, size_t len)
{
	if (run->len - run->at >= len || run->next == run->end)
		return 0;
	int code = make_window(run, len);
	while (!code && run->len < run->cap && run->next < run->end) {
		size_t wanted = run->cap - run->len;
		if ((int64_t)wanted > run->end - run->next)
			wanted = (size_t)(run->end - run->next);
		ssize_t got = pread(file, run->window + run->len, wanted, (off_t)run->next);
		if (got <= 0) {
			code = got < 0 ? errno : EIO;
			code = code == EINTR ? 0 : code;
			continue;
		}
		run->len += (size_t)got;
		run->next += got;
	}
	return code;
}

/* SORTER_END at the run's end. */
static int advance(struct sorter_run *run, int file)
{
	uint32_t len;
	int code = fill(run, file, HEAD_SIZE);

	if (code)
		return code;
	if (run->at == run->len)
		return SORTER_END;
	memcpy(&len, run->window + run->at, HEAD_SIZE);
	code = fill(run, file, HEAD_SIZE + len);
	if (code)
		return code;
	run->record = (struct span){run->window + run->at + HEAD_SIZE, len};
	run->prefix = prefix_of(run->record);
	run->at += HEAD_SIZE + len;
	return 0;
}

static bool is_before(const struct sorter_run *a, const struct sorter_run *b)
{
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix;
	return csp_span_compare(a->record, b->record) < 0;
}

static void sift_down(struct sorter *sorter, size_t at)
{
	for (;;) {
		size_t first = at, child = 2 * at + 1;
		if (child < sorter->heap_count &&
		    is_before(&sorter->runs[child], &sorter->runs[first]))
			first = child;
		if (child + 1 < sorter->heap_count &&
		    is_before(&sorter->runs[child + 1], &sorter->runs[first]))
			first = child + 1;
		if (first == at)
			return;
		struct sorter_run run = sorter->runs[at];
		sorter->runs[at] = sorter->runs[first];
		sorter->runs[first] = run;
		at = first;
	}
}

static int open_runs(struct sorter *sorter)
{
	size_t window = sorter->memory / (sorter->run_count + 1);

	if (window > WINDOW_MAX)
		window = WINDOW_MAX;
	if (window < WINDOW_MIN)
		window = WINDOW_MIN;
	for (size_t i = 0; i < sorter->run_count; i++) {
		struct sorter_run *run = &sorter->runs[i];
		run->window = malloc(window);
		run->cap = window;
		int code = run->window ? advance(run, sorter->file) : ENOMEM;
		if (code)
			return code;
	}
	sorter->heap_count = sorter->run_count;
	for (size_t i = sorter->heap_count; i-- > 0;)
		sift_down(sorter, i);
	return 0;
}

int csp_sorter_sort(struct sorter *sorter)
{
	if (!sorter->run_count) {
		sort_items(sorter);
		return 0;
	}
	int code = sorter->item_count ? spill(sorter) : 0;
	if (code)
		return code;
	free(sorter->items);
	free(sorter->bytes);
	sorter->items = NULL;
	sorter->bytes = NULL;
	sorter->item_cap = sorter->cap = 0;
	return open_runs(sorter);
}

static int next_in_memory(struct span *out, struct sorter *sorter)
{
	if (sorter->item_next == sorter->item_count)
		return SORTER_END;
	const struct sorter_item *item = &sorter->items[sorter->item_next++];
	*out = (struct span){item->bytes, item->len};
	return 0;
}

/* The record handed out last stands in the window of the first run, so that one moves on only now. */
static int step(struct sorter *sorter)
{
	int code = advance(&sorter->runs[0], sorter->file);

	if (code == SORTER_END) {
		struct sorter_run run = sorter->runs[0];
		sorter->runs[0] = sorter->runs[--sorter->heap_count];
		sorter->runs[sorter->heap_count] = run;
	} else if (code) {
		return code;
	}
	sift_down(sorter, 0);
	return 0;
}

int csp_sorter_next(struct span *out, struct sorter *sorter)
{
	*out = SPAN_LIT("");
	if (!sorter->run_count)
		return next_in_memory(out, sorter);
	int code = sorter->item_next++ && sorter->heap_count ? step(sorter) : 0;
	if (code)
		return code;
	if (!sorter->heap_count)
		return SORTER_END;
	*out = sorter->runs[0].record;
	return 0;
}
