#include "directory_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* Another process that makes the lock file anew holds it alone for much less than this. */
#define PATIENCE_MS 200
#define PAUSE_MS    5

#define TRIES 3

static int open_folder(int *out, const char *path)
{
	*out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out < 0 ? errno : 0;
}

/* ---- before it is open ---- */

static int wait_until_free(int lock)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

	for (int waited = 0;; waited += PAUSE_MS) {
		/* What a reader of LMDB 0.9 asks for: the first byte, shared. */
		struct flock wanted = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1};
		if (fcntl(lock, F_GETLK, &wanted) != 0)
			return errno;
		if (wanted.l_type == F_UNLCK)
			return 0;
		if (waited >= PATIENCE_MS)
			return EBUSY;
		(void)nanosleep(&pause, NULL);
	}
}

int csp_directory_wait_for_lock(const char *path)
{
	int folder;
	int code = open_folder(&folder, path);

	if (code)
		return code;
	int lock = openat(folder, "lock.mdb", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	code = lock < 0 && errno != ENOENT ? errno : 0;
	close(folder);
	if (lock < 0)
		return code;
	code = wait_until_free(lock);
	close(lock);
	return code;
}

/* ---- while it is open: no file of it may be opened and closed here, or LMDB's lock is gone ---- */

/* Gives no inode where there is no such file. */
static int look(struct stat *out, int folder, const char *name)
{
	if (fstatat(folder, name, out, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	*out = (struct stat){.st_ino = 0};
	return errno == ENOENT ? 0 : errno;
}

/*
 * On a file system that cannot be written to LMDB reads without the lock file, so it is as good as
 * none; once the file system can be written to, a reader without a lock is in danger.
 */
static int look_at_lock(struct stat *out, int folder)
{
	struct statvfs system;
	int code = look(out, folder, "lock.mdb");

	if (!code && fstatvfs(folder, &system) != 0)
		code = errno;
	if (!code && system.f_flag & ST_RDONLY)
		*out = (struct stat){.st_ino = 0};
	return code;
}

int csp_directory_note_lock(struct directory *directory, const char *path)
{
	struct stat lock;
	int folder;
	int code = open_folder(&folder, path);

	if (code)
		return code;
	code = look_at_lock(&lock, folder);
	close(folder);
	directory->lock_device = lock.st_dev;
	directory->lock_inode = lock.st_ino;
	return code;
}

static int stat_data(struct stat *out, const struct directory *directory)
{
	int file;
	int code = mdb_env_get_fd(directory->env, &file);

	return !code && fstat(file, out) != 0 ? errno : code;
}

static int compare_files(const struct directory *directory, int folder)
{
	struct stat ours, data, lock;
	int code = stat_data(&ours, directory);

	if (!code)
		code = look(&data, folder, "data.mdb");
	if (!code)
		code = look_at_lock(&lock, folder);
	if (code)
		return code;
	bool same = data.st_ino == ours.st_ino && data.st_dev == ours.st_dev &&
		    lock.st_ino == directory->lock_inode && lock.st_dev == directory->lock_device;
	return same ? 0 : ENOENT;
}

enum directory_result csp_directory_is_at(const struct directory *directory, const char *path)
{
	int folder;
	int code = open_folder(&folder, path);

	if (code)
		return csp_directory_result(code);
	code = compare_files(directory, folder);
	close(folder);
	return csp_directory_result(code);
}

/*
 * Whoever copies another file's bytes over this one leaves the lock file behind, and with it the
 * number of a state that the file does not hold. A writer that was killed leaves it one behind.
 */
static bool agrees_with_lock(const struct directory_read *read)
{
	size_t state = mdb_txn_id(read->at.txn);
	MDB_envinfo info;

	return mdb_env_info(read->at.directory->env, &info) == 0 &&
	       (info.me_last_txnid == state || info.me_last_txnid == state + 1);
}

/* *agrees is false, too, when others write much faster than this reads. */
static enum directory_result check_content(int64_t *updated, bool *agrees,
					   struct directory *directory)
{
	struct directory_read *read;
	enum directory_result result = csp_directory_read_begin(&read, directory);

	if (result != DIRECTORY_OK)
		return result;
	*updated = csp_directory_updated(read);
	*agrees = agrees_with_lock(read);
	int code = csp_directory_check_format(directory, read->at.txn);
	csp_directory_read_end(read);
	return csp_directory_result(code);
}

enum directory_result csp_directory_check(int64_t *updated, struct directory *directory,
					  const char *path)
{
	enum directory_result result = csp_directory_is_at(directory, path);
	bool agrees = false;

	*updated = 0;
	for (int i = 0; i < TRIES && result == DIRECTORY_OK && !agrees; i++)
		result = check_content(updated, &agrees, directory);
	return result == DIRECTORY_OK && !agrees ? DIRECTORY_FAILED : result;
}
