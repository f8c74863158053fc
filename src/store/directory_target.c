#include "directory_target.h"

#include <errno.h>

/* A transaction's new pages stay in memory until it is committed. */
#define WAITING_MAX ((size_t)128 << 20)
/* What an entry takes: appended, little more than itself; else it may split every page above it. */
#define APPEND_COST(bytes) ((bytes) + 32)
#define PUT_COST(bytes)    ((bytes) + (size_t)16 * PAGE_BYTES)
#define PAGE_BYTES         4096
#define OTHER_PAGES        256 /* for the sources, the head and LMDB's own lists */

#define SWEEP_MEMORY ((size_t)256 << 20)

static int begin_writing(struct directory_target *target)
{
	return mdb_txn_begin(target->directory->env, NULL, 0, &target->at.txn);
}

enum directory_result csp_target_begin(struct directory_target *target, struct directory *directory)
{
	struct directory_head head;
	int dead;

	*target = (struct directory_target){.directory = directory, .at = {.directory = directory}};
	(void)mdb_reader_check(directory->env, &dead);
	int code = begin_writing(target);
	if (code)
		return csp_directory_result(code);
	if (csp_directory_get_head(&head, &target->at) == COULD_NOT_TELL)
		return DIRECTORY_FAILED;
	return DIRECTORY_OK;
}

static int empty_tables(const struct directory_txn *at, uint64_t *pages)
{
	MDB_stat shape;
	int code = 0;

	for (int table = TABLE_META + 1; table < TABLE_COUNT && !code; table++) {
		MDB_dbi dbi = csp_directory_table(at, (enum codec_table)table);
		code = mdb_stat(at->txn, dbi, &shape);
		*pages += shape.ms_leaf_pages + shape.ms_branch_pages + shape.ms_overflow_pages;
		if (!code)
			code = mdb_drop(at->txn, dbi, 0);
	}
	return code;
}

/* The slot that is not read is emptied in a transaction of its own: its pages can be used by the next one. */
static int empty_slot(struct directory *directory, unsigned slot)
{
	struct directory_txn at = {directory, NULL, slot};
	int code = mdb_txn_begin(directory->env, NULL, 0, &at.txn);
	uint64_t pages = 0;

	if (code)
		return code;
	code = empty_tables(&at, &pages);
	/* What is given back is listed, hundreds on a page. */
	if (!code)
		return csp_directory_commit_txn(&at, OTHER_PAGES + pages / 64);
	mdb_txn_abort(at.txn);
	return code;
}

enum directory_result csp_target_begin_anew(struct directory_target *target,
					    struct directory *directory, bool keep)
{
	struct directory_txn *before = &target->before;
	struct directory_head head;
	int dead;

	*target = (struct directory_target){.directory = directory,
					    .building = true,
					    .at = {.directory = directory},
					    .before = {.directory = directory}};
	(void)mdb_reader_check(directory->env, &dead);
	int code = mdb_txn_begin(directory->env, NULL, MDB_RDONLY, &before->txn);
	if (code)
		return csp_directory_result(code);
	enum found found = csp_directory_get_head(&head, before);
	if (found == COULD_NOT_TELL && keep)
		return DIRECTORY_FAILED;
	target->at.slot = (before->slot + 1) % SLOT_COUNT;
	if (found != FOUND || !keep) {
		mdb_txn_abort(before->txn);
		before->txn = NULL;
	}
	code = empty_slot(directory, target->at.slot);
	if (!code)
		code = begin_writing(target);
	return csp_directory_result(code);
}

static int open_appending(struct directory_target *target)
{
	return mdb_cursor_open(target->at.txn, csp_directory_table(&target->at, target->table),
			       &target->appending);
}

static int step(struct directory_target *target, MDB_cursor_op op)
{
	int code = mdb_cursor_get(target->reading, &target->key, &target->value, op);

	target->has_entry = !code;
	target->passed += target->has_entry;
	return code == MDB_NOTFOUND ? 0 : code;
}

enum directory_result csp_target_open_table(struct directory_target *target, enum codec_table table)
{
	target->table = table;
	target->has_entry = false;
	int code = target->building ? open_appending(target) : 0;
	if (!code && target->before.txn)
		code = mdb_cursor_open(target->before.txn,
				       csp_directory_table(&target->before, table),
				       &target->reading);
	if (!code && target->reading)
		code = step(target, MDB_FIRST);
	return csp_directory_result(code);
}

/* Pages that are appended to are at least half full. */
static int commit_txn(struct directory_target *target)
{
	int code = csp_directory_commit_txn(&target->at,
					    OTHER_PAGES + 2 * target->waiting / PAGE_BYTES);

	target->at.txn = NULL;
	target->waiting = 0;
	return code;
}

/* Much at once would be held in memory; nobody reads the slot yet, so it may come in parts. */
static int commit_part(struct directory_target *target)
{
	mdb_cursor_close(target->appending);
	target->appending = NULL;
	int code = commit_txn(target);
	if (!code)
		code = begin_writing(target);
	return code ? code : open_appending(target);
}

static int append(struct directory_target *target, struct span key, struct span value)
{
	MDB_val name = csp_directory_val(key), data = csp_directory_val(value);

	target->waiting += APPEND_COST(key.len + value.len);
	int code = target->waiting > WAITING_MAX ? commit_part(target) : 0;
	return code ? code : mdb_cursor_put(target->appending, &name, &data, MDB_APPEND);
}

static int put_in_place(struct directory_target *target, struct span key, struct span value)
{
	MDB_dbi table = csp_directory_table(&target->at, target->table);
	MDB_val name = csp_directory_val(key), data = csp_directory_val(value);

	target->waiting += PUT_COST(key.len + value.len);
	if (value.len > 0)
		return mdb_put(target->at.txn, table, &name, &data, 0);
	int code = mdb_del(target->at.txn, table, &name, NULL);
	return code == MDB_NOTFOUND ? 0 : code;
}

enum directory_result csp_target_put(struct directory_target *target, struct span key,
				     struct span value)
{
	if (!target->building)
		return csp_directory_result(put_in_place(target, key, value));
	return value.len ? csp_directory_result(append(target, key, value)) : DIRECTORY_OK;
}

/* What is damaged is not carried on as if it were whole. */
static enum directory_result concerns(bool *out, const struct directory_target *target,
				      struct span key, struct span value)
{
	struct codec_reader reader;

	*out = false;
	if (!csp_codec_open(&reader, target->table, key, value))
		return DIRECTORY_FAILED;
	if (!target->sweep)
		return DIRECTORY_OK;
	return target->sweep->concerns(out, target->sweep->context, key, value);
}

static enum directory_result carry(struct directory_target *target)
{
	struct span key = csp_directory_span(target->key);
	struct span value = csp_directory_span(target->value);
	bool concerned;
	enum directory_result result = concerns(&concerned, target, key, value);

	if (result == DIRECTORY_OK)
		result = concerned ? target->sweep->change(target->sweep->context, key, value)
				   : csp_target_put(target, key, value);
	return result == DIRECTORY_OK ? csp_directory_result(step(target, MDB_NEXT)) : result;
}

enum directory_result csp_target_seek(struct span *before, struct directory_target *target,
				      struct span key)
{
	enum directory_result result = DIRECTORY_OK;
	int order = 1;

	*before = SPAN_LIT("");
	if (!target->building)
		return csp_directory_get(before, &target->at, target->table, key) == COULD_NOT_TELL
			       ? DIRECTORY_FAILED
			       : DIRECTORY_OK;
	while (target->has_entry && result == DIRECTORY_OK &&
	       (order = csp_span_compare(csp_directory_span(target->key), key)) < 0)
		result = carry(target);
	if (result != DIRECTORY_OK || !target->has_entry || order != 0)
		return result;
	*before = csp_directory_span(target->value);
	return csp_directory_result(step(target, MDB_NEXT));
}

/* Keys of entries that are to be changed: no cursor walks over a table that changes. */
struct key_list {
	struct directory_target *target;
	struct span *items;
	size_t count, cap;
	struct arena arena;
};

static enum directory_result push(struct key_list *list, struct span key)
{
	void *items = list->items;

	if (!csp_arena_grow(&list->arena, &items, &list->cap, list->count, sizeof(*list->items)))
		return DIRECTORY_FAILED;
	list->items = items;
	return csp_arena_copy(&list->arena, &list->items[list->count++], key) ? DIRECTORY_OK
									      : DIRECTORY_FAILED;
}

static enum directory_result list_concerned(void *context, struct span key, struct span value)
{
	struct key_list *list = context;
	bool concerned;
	enum directory_result result = concerns(&concerned, list->target, key, value);

	list->target->passed++;
	return result == DIRECTORY_OK && concerned ? push(list, key) : result;
}

static enum directory_result change_listed(struct directory_target *target,
					   const struct key_list *list)
{
	enum directory_result result = DIRECTORY_OK;
	struct span value;

	for (size_t i = 0; i < list->count && result == DIRECTORY_OK; i++) {
		if (csp_directory_get(&value, &target->at, target->table, list->items[i]) != FOUND)
			return DIRECTORY_FAILED;
		result = target->sweep->change(target->sweep->context, list->items[i], value);
	}
	return result;
}

static enum directory_result sweep_in_place(struct directory_target *target)
{
	struct key_list list = {.target = target};

	csp_arena_init(&list.arena, SWEEP_MEMORY);
	enum directory_result result =
		csp_directory_each(&target->at, target->table, list_concerned, &list);
	if (result == DIRECTORY_OK)
		result = change_listed(target, &list);
	csp_arena_dispose(&list.arena);
	return result;
}

static void close_cursors(struct directory_target *target)
{
	if (target->reading)
		mdb_cursor_close(target->reading);
	if (target->appending)
		mdb_cursor_close(target->appending);
	target->reading = target->appending = NULL;
}

enum directory_result csp_target_close_table(struct directory_target *target)
{
	enum directory_result result = DIRECTORY_OK;

	if (!target->building)
		return target->sweep ? sweep_in_place(target) : DIRECTORY_OK;
	while (target->has_entry && result == DIRECTORY_OK)
		result = carry(target);
	close_cursors(target);
	return result;
}

/* What was read before takes no room any more; where that fails, the next build does it. */
static void drop_slot(struct directory_target *target, unsigned slot)
{
	mdb_txn_abort(target->before.txn);
	target->before.txn = NULL;
	(void)empty_slot(target->directory, slot);
}

enum directory_result csp_target_commit(struct directory_target *target,
					struct directory_head *head,
					const struct directory_sources *sources)
{
	head->slot = target->at.slot;
	enum directory_result result = csp_sources_store(sources, &target->at);
	if (result == DIRECTORY_OK)
		result = csp_directory_put_head(&target->at, head);
	if (result != DIRECTORY_OK)
		return result;
	int code = commit_txn(target);
	if (code || !target->building)
		return csp_directory_result(code);
	target->building = false;
	drop_slot(target, (head->slot + 1) % SLOT_COUNT);
	return DIRECTORY_OK;
}

void csp_target_abort(struct directory_target *target)
{
	close_cursors(target);
	mdb_txn_abort(target->at.txn);
	target->at.txn = NULL;
	if (target->building)
		drop_slot(target, target->at.slot);
	mdb_txn_abort(target->before.txn);
	*target = (struct directory_target){0};
}
