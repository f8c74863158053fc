/*
 * What the directory's modules share: the LMDB environment, its tables, and LMDB's codes in our words.
 * A struct directory owns the environment; a read or write transaction must end before csp_directory_close.
 * Nothing outside src/store and its tests includes this.
 */
#ifndef CSP_DIRECTORY_PRIVATE_H
#define CSP_DIRECTORY_PRIVATE_H

#include <lmdb.h>
#include <string.h>
#include <sys/types.h>

#include "codec.h"
#include "directory.h"

/* Every table but TABLE_META twice: what is built anew is built in the slot that nobody reads. */
#define SLOT_COUNT 2

struct directory {
	MDB_env *env;
	MDB_dbi tables[SLOT_COUNT][TABLE_COUNT];
	int folder, writer; /* descriptors; writer is locked while it is open, else -1 */
	bool writable;
	dev_t lock_device;
	ino_t lock_inode; /* 0: there is no lock file, or it cannot be used */
};

/* A transaction and the slot that it looks at. */
struct directory_txn {
	const struct directory *directory;
	MDB_txn *txn;
	unsigned slot;
};

struct directory_read {
	struct directory_txn at;
	uint64_t state;
	int64_t updated;
};

#define DIRECTORY_MAP_SIZE ((uint64_t)64 << 30) /* address space, not disk */

/* csp_directory_open with a smaller map; halved until the address space has room for it. */
enum directory_result csp_directory_open_sized(struct directory **out, const char *path,
					       bool writable, uint64_t map_size);

enum directory_result csp_directory_result(int code); /* of an MDB_ or errno code */

/* LMDB calls a write that ended halfway a fault: FULL when the disk has no room left, else `result` as it is. */
enum directory_result csp_directory_full_or(enum directory_result result,
					    const struct directory *directory);

/*
 * Waits a moment for whoever holds the lock file alone, for LMDB would wait for ever; gives an errno
 * code, EBUSY when that takes too long. Never while this process has the directory open: that would
 * cost it its own lock.
 */
int csp_directory_wait_for_lock(const char *path);

/* Notes which lock file stands at the path, if any; gives an errno code. */
int csp_directory_note_lock(struct directory *directory, const char *path);

/* MDB_CORRUPTED when the data file is shorter than what it holds: reading behind its end would kill the process. */
int csp_directory_check_size(const struct directory *directory);

/* 0, or MDB_INCOMPATIBLE when another version wrote it. */
int csp_directory_check_format(const struct directory *directory, MDB_txn *txn);

/* LMDB writes to neither, but its struct has no const. */
static inline MDB_val csp_directory_val(struct span span)
{
	MDB_val val = {.mv_size = span.len};

	memcpy(&val.mv_data, &span.data, sizeof(val.mv_data));
	return val;
}

/* Commits and ends a writing transaction, which took no more than `pages` new pages; gives an MDB_ or errno code. */
int csp_directory_commit_txn(const struct directory_txn *at, uint64_t pages);

static inline struct span csp_directory_span(MDB_val val)
{
	return (struct span){val.mv_data, val.mv_size};
}

static inline MDB_dbi csp_directory_table(const struct directory_txn *at, enum codec_table table)
{
	return at->directory->tables[at->slot][table];
}

/* The value under a key, valid until the transaction ends or writes. Keys LMDB cannot hold are not found. */
enum found csp_directory_get(struct span *out, const struct directory_txn *at,
			     enum codec_table table, struct span key);

/* Every entry of a table, by key, as long as `visit` gives OK; it may put nothing. What it gave last is the result. */
typedef enum directory_result directory_each(void *context, struct span key, struct span value);
enum directory_result csp_directory_each(const struct directory_txn *at, enum codec_table table,
					 directory_each *visit, void *context);

/* Of all tables but TABLE_META. */
uint64_t csp_directory_count_entries(const struct directory_txn *at);

/* The one value about the whole. */
struct directory_head {
	uint64_t state;
	unsigned slot; /* that is read */
	int64_t updated;
};

/* The transaction's slot becomes the one that its state reads. */
enum found csp_directory_get_head(struct directory_head *out, struct directory_txn *at);
enum directory_result csp_directory_put_head(struct directory_txn *at,
					     const struct directory_head *head);

/* Keeps other writers out until csp_directory_unlock or the process's end, waiting for one if `wait`; else BUSY. */
enum directory_result csp_directory_lock(struct directory *directory, bool wait);
void csp_directory_unlock(struct directory *directory);

#define FORMAT_KEY "format" /* plain text: every version can read it */
#define FORMAT     "csp-milter directory 2"
#define HEAD_KEY   "head"

#endif
