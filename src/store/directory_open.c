#include "directory_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define READERS_MAX  1024
#define MAP_SIZE_MIN ((uint64_t)16 << 20)
#define FOLDER_MODE  0750
#define DATA_MODE    0640
#define LOCK_MODE    0660 /* readers enter themselves there */
#define WRITER_FILE  "writer.lock"
#define MAKE_PAGES   256 /* more than the empty tables take */

#define META_NAME "meta"

static const char *const table_names[SLOT_COUNT][TABLE_COUNT] = {
	{META_NAME, "domains.0", "addresses.0", "customers.0", "partners.0", "aliases.0"},
	{META_NAME, "domains.1", "addresses.1", "customers.1", "partners.1", "aliases.1"},
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
		return "another import is changing it: try again when it has ended";
	case DIRECTORY_LOCKED:
		return "other processes keep it locked: \"fuser -v\" on its lock.mdb names them";
	case DIRECTORY_EXHAUSTED:
		return "no descriptors or no memory are left to look at it";
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
		return DIRECTORY_LOCKED;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return DIRECTORY_EXHAUSTED;
	default:
		return DIRECTORY_FAILED;
	}
}

static bool is_full(int file)
{
	struct statvfs disk;

	return fstatvfs(file, &disk) == 0 && disk.f_bavail == 0;
}

enum directory_result csp_directory_full_or(enum directory_result result,
					    const struct directory *directory)
{
	return result == DIRECTORY_FAILED && is_full(directory->folder) ? DIRECTORY_FULL : result;
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

/*
 * Who was killed at the very end of a commit has changed the file, but readers are shown the state
 * before until the next writer begins. What an update reads first must be what it will write upon.
 */
static int catch_up(MDB_env *env)
{
	MDB_txn *txn;
	int code = mdb_txn_begin(env, NULL, 0, &txn);

	if (!code)
		mdb_txn_abort(txn);
	return code;
}

/* A lock of the process, so that whoever is killed lets go. */
enum directory_result csp_directory_lock(struct directory *directory, bool wait)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct stat status;

	if (fstat(directory->folder, &status) != 0)
		return DIRECTORY_FAILED;
	int code = make_file(directory->folder, WRITER_FILE, LOCK_MODE, status.st_gid);
	if (code)
		return csp_directory_result(code);
	directory->writer = openat(directory->folder, WRITER_FILE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (directory->writer < 0)
		return csp_directory_result(errno);
	do {
		code = fcntl(directory->writer, wait ? F_SETLKW : F_SETLK, &lock) ? errno : 0;
	} while (code == EINTR);
	bool busy = code == EAGAIN || code == EACCES;
	if (!code)
		code = catch_up(directory->env);
	if (code)
		csp_directory_unlock(directory);
	return busy ? DIRECTORY_BUSY : csp_directory_result(code);
}

void csp_directory_unlock(struct directory *directory)
{
	if (directory->writer >= 0)
		close(directory->writer);
	directory->writer = -1;
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

static int prepare_folder(struct directory *directory, const char *path)
{
	bool writable = directory->writable;

	if (writable && mkdir(path, FOLDER_MODE) != 0 && errno != EEXIST)
		return errno;
	directory->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory->folder < 0)
		return errno;
	int code = writable ? make_files(directory->folder) : 0;
	return code ? code : check_files(directory->folder, writable);
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
		code = mdb_env_set_maxdbs(*out, SLOT_COUNT * TABLE_COUNT);
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

	if (!code && fstat(*file, &status) != 0)
		code = errno;
	/* The meta pages, which LMDB reads for the rest. */
	if (!code && status.st_size < 2 * sysconf(_SC_PAGESIZE))
		code = MDB_CORRUPTED;
	if (!code)
		code = mdb_env_info(env, &info);
	if (!code)
		code = mdb_env_stat(env, &shape);
	/* Only now: the file grows before its meta page counts more pages, never after. */
	if (!code && fstat(*file, &status) != 0)
		code = errno;
	if (code)
		return code;
	*size = status.st_size;
	*wanted = (off_t)((info.me_last_pgno + 1) * shape.ms_psize);
	return 0;
}

/* Reading a page behind the file's end would kill the process. */
int csp_directory_check_size(const struct directory *directory)
{
	off_t size, wanted;
	int file;
	int code = get_sizes(&file, &size, &wanted, directory->env);

	return !code && size < wanted ? MDB_CORRUPTED : code;
}

/*
 * LMDB leaves pages at the end unwritten that were given back in the same transaction, so the file
 * may end before the last page that its meta page counts. That must not look like a truncated file
 * to others, not even where this process is killed in between: the file is long enough before the
 * commit (that costs no disk), and as long as needed after it. A file system that takes no such
 * length leaves it at the second.
 */
int csp_directory_commit_txn(const struct directory_txn *at, uint64_t pages)
{
	MDB_env *env = at->directory->env;
	off_t size, wanted;
	MDB_stat shape;
	int file;
	int code = get_sizes(&file, &size, &wanted, env);

	if (!code)
		code = mdb_env_stat(env, &shape);
	if (code) {
		mdb_txn_abort(at->txn);
		return code;
	}
	(void)!ftruncate(file, wanted + (off_t)(pages * shape.ms_psize));
	code = mdb_txn_commit(at->txn);
	/* Asked before the file gives back what it got. */
	if (code == EIO && is_full(file))
		code = ENOSPC;
	if (get_sizes(&file, &size, &wanted, env) != 0 || size == wanted)
		return code;
	/* A file that is too long does no harm after a crash of the machine, so only a longer one is synced. */
	if ((ftruncate(file, wanted) != 0 || (size < wanted && fsync(file) != 0)) && !code)
		code = errno;
	return code;
}

static int open_tables(struct directory *directory, MDB_txn *txn, unsigned flags)
{
	int code = 0;

	for (size_t i = 0; i < (size_t)SLOT_COUNT * TABLE_COUNT && !code; i++) {
		size_t slot = i / TABLE_COUNT, table = i % TABLE_COUNT;
		code = mdb_dbi_open(txn, table_names[slot][table], flags,
				    &directory->tables[slot][table]);
	}
	return code;
}

static int put_format(struct directory *directory, MDB_txn *txn)
{
	MDB_val key = csp_directory_val(SPAN_LIT(FORMAT_KEY));
	MDB_val value = csp_directory_val(SPAN_LIT(FORMAT));

	return mdb_put(txn, directory->tables[0][TABLE_META], &key, &value, 0);
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
	const struct directory_txn at = {directory, txn, 0};
	struct span format;
	enum found found = csp_directory_get(&format, &at, TABLE_META, SPAN_LIT(FORMAT_KEY));

	return found == FOUND && csp_span_equal(format, SPAN_LIT(FORMAT)) ? 0 : MDB_INCOMPATIBLE;
}

/* For a reader, a directory into which nothing was ever committed is missing. */
static int check_head(const struct directory *directory, MDB_txn *txn)
{
	struct directory_txn at = {directory, txn, 0};
	struct directory_head head;

	switch (csp_directory_get_head(&head, &at)) {
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
	struct directory_txn at = {.directory = directory};
	bool make = is_empty(directory->env);

	if (make && !directory->writable)
		return ENOENT;
	int code = mdb_txn_begin(directory->env, NULL, make ? 0 : MDB_RDONLY, &at.txn);
	if (code)
		return code;
	code = open_tables(directory, at.txn, make ? MDB_CREATE : 0);
	if (code == MDB_NOTFOUND)
		code = MDB_INCOMPATIBLE;
	if (!code && make)
		code = put_format(directory, at.txn);
	if (!code)
		code = csp_directory_check_format(directory, at.txn);
	if (!code)
		code = check_head(directory, at.txn);
	if (code)
		mdb_txn_abort(at.txn);
	else
		code = make ? csp_directory_commit_txn(&at, MAKE_PAGES) : mdb_txn_commit(at.txn);
	return code;
}

static int open_directory(struct directory *directory, const char *path, uint64_t map_size)
{
	int code = prepare_folder(directory, path);

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
		code = csp_directory_check_size(directory);
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
	directory->folder = directory->writer = -1;
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
	csp_directory_unlock(directory);
	mdb_env_close(directory->env);
	if (directory->folder >= 0)
		close(directory->folder);
	free(directory);
}
