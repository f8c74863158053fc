#include "directory_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READERS_MAX      1024
#define MAP_SIZE_MIN     ((uint64_t)16 << 20)
#define FOLDER_MODE      0750
#define SIZE_PATIENCE_MS 200
#define SIZE_PAUSE_MS    5
#define DATA_MODE        0640
#define LOCK_MODE        0660 /* readers enter themselves there */

static const char *const table_names[TABLE_COUNT] = {
	[TABLE_META] = "meta",           [TABLE_DOMAINS] = "domains",
	[TABLE_ADDRESSES] = "addresses", [TABLE_CUSTOMERS] = "customers",
	[TABLE_PARTNERS] = "partners",   [TABLE_ALIASES] = "aliases",
};

const char *csp_directory_strerror(enum directory_result result)
{
	switch (result) {
	case DIRECTORY_OK:
		return "no error";
	case DIRECTORY_MISSING:
		return "no customer directory there yet";
	case DIRECTORY_FORBIDDEN:
		return "permission denied: a reader needs to read data.mdb and to write lock.mdb";
	case DIRECTORY_INCOMPATIBLE:
		return "not a customer directory of this version";
	case DIRECTORY_FULL:
		return "no room left on the disk or in the map";
	case DIRECTORY_BUSY:
		return "other processes keep it locked: \"fuser -v\" on its lock.mdb names them";
	case DIRECTORY_REFUSED:
		return "an entry breaks a limit";
	case DIRECTORY_FAILED:
		break;
	}
	return "damaged, or a fault of the system";
}

enum directory_result csp_directory_result(int code)
{
	switch (code) {
	case 0:
		return DIRECTORY_OK;
	case ENOENT:
		return DIRECTORY_MISSING;
	case EACCES:
	case EPERM:
	case EROFS:
		return DIRECTORY_FORBIDDEN;
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
		return DIRECTORY_INCOMPATIBLE;
	case MDB_MAP_FULL:
	case MDB_MAP_RESIZED:
	case ENOSPC:
	case EDQUOT:
		return DIRECTORY_FULL;
	case EBUSY:
	case MDB_READERS_FULL:
		return DIRECTORY_BUSY;
	default:
		return DIRECTORY_FAILED;
	}
}

enum found csp_directory_get(struct span *out, const struct directory *directory, MDB_txn *txn,
			     enum codec_table table, struct span key)
{
	MDB_val name = csp_directory_val(key);
	MDB_val value;

	*out = SPAN_LIT("");
	if (key.len == 0 || key.len > (size_t)mdb_env_get_maxkeysize(directory->env))
		return NOT_FOUND;
	int code = mdb_get(txn, directory->tables[table], &name, &value);
	if (code == MDB_NOTFOUND)
		return NOT_FOUND;
	if (code)
		return COULD_NOT_TELL;
	*out = (struct span){value.mv_data, value.mv_size};
	return FOUND;
}

enum found csp_directory_get_head(struct directory_head *out, const struct directory *directory,
				  MDB_txn *txn)
{
	struct codec_reader reader;
	struct span value;

	*out = (struct directory_head){0};
	enum found found =
		csp_directory_get(&value, directory, txn, TABLE_META, SPAN_LIT(HEAD_KEY));
	if (found != FOUND)
		return found;
	if (!csp_codec_open(&reader, TABLE_META, SPAN_LIT(HEAD_KEY), value))
		return COULD_NOT_TELL;
	out->state = csp_codec_take_number(&reader);
	out->exclusions = csp_codec_take_number(&reader);
	out->updated = csp_codec_take_time(&reader);
	return reader.failed ? COULD_NOT_TELL : FOUND;
}

/*
 * A file of ours that is not there yet, made before LMDB would make it: with its own mode whatever
 * the umask, and in the folder's group, so that a daemon in that group can use what root imports.
 */
static int make_file(int folder, const char *name, mode_t mode, gid_t group)
{
	int file = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (file < 0)
		return errno == EEXIST ? 0 : errno;
	/* An owner who is no member of the group may not give the file to it: then it stays as it is. */
	int code = fchown(file, (uid_t)-1, group) != 0 && errno != EPERM ? errno : 0;
	if (!code && fchmod(file, mode) != 0)
		code = errno;
	close(file);
	return code;
}

/* Neither a link nor a device stands where a file of ours belongs. *empty may be NULL. */
static int check_file(int folder, const char *name, bool *empty)
{
	struct stat status;

	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	if (empty)
		*empty = status.st_size == 0;
	return S_ISREG(status.st_mode) ? 0 : MDB_INVALID;
}

static int make_files(int folder)
{
	struct stat status;

	if (fstat(folder, &status) != 0)
		return errno;
	int code = make_file(folder, "data.mdb", DATA_MODE, status.st_gid);
	return code ? code : make_file(folder, "lock.mdb", LOCK_MODE, status.st_gid);
}

static int check_files(int folder, bool writable)
{
	bool empty = false;
	int code = check_file(folder, "data.mdb", &empty);

	/* LMDB makes an environment of an empty file, but a reader cannot. */
	if (!code && empty && !writable)
		code = ENOENT;
	if (code)
		return code;
	code = check_file(folder, "lock.mdb", NULL);
	/* On a medium that nobody can write to, LMDB reads without a lock file. */
	return code == ENOENT && !writable ? 0 : code;
}

static int prepare_folder(const char *path, bool writable)
{
	if (writable && mkdir(path, FOLDER_MODE) != 0 && errno != EEXIST)
		return errno;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return errno;
	int code = writable ? make_files(folder) : 0;
	if (!code)
		code = check_files(folder, writable);
	close(folder);
	return code;
}

static int open_env(MDB_env **out, const char *path, bool writable, uint64_t map_size)
{
	unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (writable ? 0U : MDB_RDONLY);
	int code = mdb_env_create(out);

	if (code)
		return code;
	code = map_size > SIZE_MAX ? ENOMEM : mdb_env_set_mapsize(*out, (size_t)map_size);
	if (!code)
		code = mdb_env_set_maxreaders(*out, READERS_MAX);
	if (!code)
		code = mdb_env_set_maxdbs(*out, TABLE_COUNT);
	if (!code)
		code = mdb_env_open(*out, path, flags, writable ? DATA_MODE : LOCK_MODE);
	if (code) {
		mdb_env_close(*out);
		*out = NULL;
	}
	return code;
}

/* The size of the data file, and what its meta page says it has to be. */
static int get_sizes(int *file, off_t *size, off_t *wanted, MDB_env *env)
{
	struct stat status;
	MDB_envinfo info;
	MDB_stat shape;
	int code = mdb_env_get_fd(env, file);

	if (!code)
		code = mdb_env_info(env, &info);
	if (!code)
		code = mdb_env_stat(env, &shape);
	if (!code && fstat(*file, &status) != 0)
		code = errno;
	if (code)
		return code;
	*size = status.st_size;
	*wanted = (off_t)((info.me_last_pgno + 1) * shape.ms_psize);
	return 0;
}

/*
 * Reading a page behind the file's end would kill the process. While another process commits, the
 * file may be too short for a moment (csp_directory_commit_txn).
 */
static int check_size(MDB_env *env)
{
	const struct timespec pause = {.tv_nsec = SIZE_PAUSE_MS * 1000000L};
	off_t size, wanted;
	int file;

	for (int waited = 0;; waited += SIZE_PAUSE_MS) {
		int code = get_sizes(&file, &size, &wanted, env);
		if (code || size >= wanted)
			return code;
		if (waited >= SIZE_PATIENCE_MS)
			return MDB_CORRUPTED;
		(void)nanosleep(&pause, NULL);
	}
}

/*
 * LMDB leaves pages at the end unwritten that were given back in the same transaction. With the file
 * as long as its meta page says, check_size can tell a truncated file from a whole one.
 */
int csp_directory_commit_txn(MDB_env *env, MDB_txn *txn)
{
	off_t size, wanted;
	int file;
	int code = mdb_txn_commit(txn);

	if (!code)
		code = get_sizes(&file, &size, &wanted, env);
	if (!code && size < wanted && (ftruncate(file, wanted) != 0 || fsync(file) != 0))
		code = errno;
	return code;
}

static int open_tables(struct directory *directory, MDB_txn *txn, unsigned flags)
{
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		int code = mdb_dbi_open(txn, table_names[i], flags, &directory->tables[i]);
		if (code)
			return code;
	}
	return 0;
}

static int put_format(struct directory *directory, MDB_txn *txn)
{
	MDB_val key = csp_directory_val(SPAN_LIT(FORMAT_KEY));
	MDB_val value = csp_directory_val(SPAN_LIT(FORMAT));

	return mdb_put(txn, directory->tables[TABLE_META], &key, &value, 0);
}

/*
 * As a transaction sees it: mdb_env_stat sees what another process is committing, which a transaction
 * that begins now does not.
 */
static bool is_empty(MDB_env *env)
{
	MDB_stat shape;
	MDB_txn *txn;
	MDB_dbi root;

	if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0)
		return false;
	bool empty = mdb_dbi_open(txn, NULL, 0, &root) == 0 && mdb_stat(txn, root, &shape) == 0 &&
		     shape.ms_entries == 0;
	mdb_txn_abort(txn);
	return empty;
}

int csp_directory_check_format(const struct directory *directory, MDB_txn *txn)
{
	struct span format;
	enum found found =
		csp_directory_get(&format, directory, txn, TABLE_META, SPAN_LIT(FORMAT_KEY));

	return found == FOUND && csp_span_equal(format, SPAN_LIT(FORMAT)) ? 0 : MDB_INCOMPATIBLE;
}

/* For a reader, a directory into which nothing was ever committed is missing. */
static int check_head(const struct directory *directory, MDB_txn *txn)
{
	struct directory_head head;

	switch (csp_directory_get_head(&head, directory, txn)) {
	case FOUND:
		return 0;
	case NOT_FOUND:
		return directory->writable ? 0 : ENOENT;
	case COULD_NOT_TELL:
		break;
	}
	return MDB_CORRUPTED;
}

static int attach(struct directory *directory)
{
	bool make = is_empty(directory->env);
	MDB_txn *txn;

	if (make && !directory->writable)
		return ENOENT;
	int code = mdb_txn_begin(directory->env, NULL, make ? 0 : MDB_RDONLY, &txn);
	if (code)
		return code;
	code = open_tables(directory, txn, make ? MDB_CREATE : 0);
	if (code == MDB_NOTFOUND)
		code = MDB_INCOMPATIBLE;
	if (!code && make)
		code = put_format(directory, txn);
	if (!code)
		code = csp_directory_check_format(directory, txn);
	if (!code)
		code = check_head(directory, txn);
	if (code)
		mdb_txn_abort(txn);
	else
		code = make ? csp_directory_commit_txn(directory->env, txn) : mdb_txn_commit(txn);
	return code;
}

static int open_directory(struct directory *directory, const char *path, uint64_t map_size)
{
	int code = prepare_folder(path, directory->writable);

	if (!code)
		code = csp_directory_wait_for_lock(path);
	if (!code)
		code = csp_directory_note_lock(directory, path);
	if (code)
		return code;
	/* A limit on address space is ENOMEM from the kernel, EINVAL from valgrind. */
	do {
		code = open_env(&directory->env, path, directory->writable, map_size);
		map_size /= 2;
	} while ((code == ENOMEM || code == EINVAL) && map_size >= MAP_SIZE_MIN);
	if (!code)
		code = check_size(directory->env);
	/* LMDB may have made the lock file only now. */
	if (!code && !directory->lock_inode)
		code = csp_directory_note_lock(directory, path);
	return code ? code : attach(directory);
}

enum directory_result csp_directory_open_sized(struct directory **out, const char *path,
					       bool writable, uint64_t map_size)
{
	struct directory *directory = calloc(1, sizeof(*directory));

	*out = NULL;
	if (!directory || sodium_init() < 0) {
		free(directory);
		return DIRECTORY_FAILED;
	}
	directory->writable = writable;
	int code = open_directory(directory, path, map_size);
	if (code) {
		csp_directory_close(directory);
		return csp_directory_result(code);
	}
	*out = directory;
	return DIRECTORY_OK;
}

enum directory_result csp_directory_open(struct directory **out, const char *path, bool writable)
{
	return csp_directory_open_sized(out, path, writable, DIRECTORY_MAP_SIZE);
}

void csp_directory_close(struct directory *directory)
{
	if (!directory)
		return;
	mdb_env_close(directory->env);
	free(directory);
}
