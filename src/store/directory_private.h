/*
 * What the directory's modules share: the LMDB environment, its tables, and LMDB's codes in our words.
 * A struct directory owns the environment; a read or write transaction must end before csp_directory_close.
 * Nothing outside src/store and its tests includes this.
 */
#ifndef CSP_DIRECTORY_PRIVATE_H
#define CSP_DIRECTORY_PRIVATE_H

#include <lmdb.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/types.h>

#include "codec.h"
#include "directory.h"

struct directory {
	MDB_env *env;
	MDB_dbi tables[TABLE_COUNT];
	bool writable;
	dev_t lock_device;
	ino_t lock_inode;  /* 0: there is no lock file, or it cannot be used */
	atomic_llong size; /* of the data file, as it was last seen */
};

struct directory_read {
	struct directory *directory;
	MDB_txn *txn;
	uint64_t state;
	int64_t updated;
};

#define DIRECTORY_MAP_SIZE ((uint64_t)64 << 30) /* address space, not disk */

/* csp_directory_open with a smaller map; halved until the address space has room for it. */
enum directory_result csp_directory_open_sized(struct directory **out, const char *path,
					       bool writable, uint64_t map_size);

enum directory_result csp_directory_result(int code); /* of an MDB_ or errno code */

/*
 * Waits a moment for whoever holds the lock file alone, for LMDB would wait for ever; gives an errno
 * code, EBUSY when that takes too long. Never while this process has the directory open: that would
 * cost it its own lock.
 */
int csp_directory_wait_for_lock(const char *path);

/* Notes which lock file stands at the path, if any; gives an errno code. */
int csp_directory_note_lock(struct directory *directory, const char *path);

/* The data file is not shorter than before: reading behind its end would kill the process. */
bool csp_directory_is_whole(struct directory *directory);

/* 0, or MDB_INCOMPATIBLE when another version wrote it. */
int csp_directory_check_format(const struct directory *directory, MDB_txn *txn);

/* LMDB writes to neither, but its struct has no const. */
static inline MDB_val csp_directory_val(struct span span)
{
	MDB_val val = {.mv_size = span.len};

	memcpy(&val.mv_data, &span.data, sizeof(val.mv_data));
	return val;
}

/* Commits and ends a writing transaction; gives an MDB_ or errno code. */
int csp_directory_commit_txn(MDB_env *env, MDB_txn *txn);

/* The value under a key, valid until the transaction ends or writes. Keys LMDB cannot hold are not found. */
enum found csp_directory_get(struct span *out, const struct directory *directory, MDB_txn *txn,
			     enum codec_table table, struct span key);

/* The key of a party; an id that could not be stored is not found. */
enum found csp_directory_pack(struct span *out, struct arena *arena, struct span id);

/* The one value about the whole. */
struct directory_head {
	uint64_t state, exclusions;
	int64_t updated;
};
enum found csp_directory_get_head(struct directory_head *out, const struct directory *directory,
				  MDB_txn *txn);

/* The value about one source, under SOURCE_PREFIX and its name. */
#define SOURCE_PREFIX "source/"
struct directory_source_head {
	uint64_t number, customers, partners;
	int64_t updated;
};
bool csp_directory_read_source(struct directory_source_head *out, struct span key,
			       struct span value);

#define FORMAT_KEY "format" /* plain text: every version can read it */
#define FORMAT     "csp-milter directory 1"
#define HEAD_KEY   "head"

#endif
