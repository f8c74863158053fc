#include "journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

/* O_NONBLOCK: a FIFO in the file's place must not hang the daemon; on a regular file it means nothing. */
#define OPEN_FLAGS (O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
#define FILE_MODE  0640

/* How many files may be moved aside within one second. */
#define ASIDE_TRIES 100

static int check(int fd, struct stat *status)
{
	if (fstat(fd, status) != 0)
		return errno;
	if (!S_ISREG(status->st_mode))
		return EINVAL;
	if (status->st_uid != geteuid() && status->st_uid != 0)
		return EPERM;
	return 0;
}

static int end_torn_line(const struct journal_file *file, off_t size)
{
	char last;
	char newline[] = "\n";
	struct iovec part = {newline, 1};

	if (size == 0)
		return 0;
	ssize_t got = pread(file->fd, &last, 1, size - 1);
	if (got != 1)
		return got < 0 ? errno : EIO;
	return last == '\n' ? 0 : csp_journal_file_write(file, &part, 1);
}

/* A new name is durable only once its folder is; some file systems cannot sync a folder and say EINVAL. */
static int sync_folder(const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return ENOMEM;
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || (fsync(fd) != 0 && errno != EINVAL) ? errno : 0;
	if (fd >= 0)
		(void)close(fd);
	free(copy);
	return error;
}

int csp_journal_file_open(struct journal_file *out, const char *path)
{
	struct stat status;

	*out = (struct journal_file){.fd = open(path, OPEN_FLAGS, FILE_MODE), .path = path};
	if (out->fd < 0)
		return errno == ENXIO ? EINVAL : errno;
	int error = check(out->fd, &status);
	if (!error)
		error = end_torn_line(out, status.st_size);
	if (!error && status.st_size == 0)
		error = sync_folder(path);
	if (error)
		csp_journal_file_close(out);
	return error;
}

void csp_journal_file_close(struct journal_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
}

int csp_journal_file_write(const struct journal_file *file, struct iovec *parts, int count)
{
	while (count > 0) {
		ssize_t written = writev(file->fd, parts, count);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? errno : EIO;
		size_t rest = (size_t)written;
		for (; count > 0 && rest >= parts->iov_len; parts++, count--)
			rest -= parts->iov_len;
		if (count > 0)
			*parts = (struct iovec){(char *)parts->iov_base + rest,
						parts->iov_len - rest};
	}
	return 0;
}

int csp_journal_file_sync(struct journal_file *file)
{
	if (fdatasync(file->fd) != 0)
		return errno;
	file->fresh = false;
	return 0;
}

static bool is_empty(const struct journal_file *file)
{
	struct stat status;

	return fstat(file->fd, &status) == 0 && status.st_size == 0;
}

/* Is the path still the file that is given up? Somebody may have moved it away already. */
static bool stands_at_path(const struct journal_file *file)
{
	struct stat ours;
	struct stat there;

	return file->fd >= 0 && fstat(file->fd, &ours) == 0 && lstat(file->path, &there) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* link, not rename: a name that is taken must not be lost. */
static int move_aside(const char *path)
{
	char aside[PATH_MAX];
	char stamp[sizeof("20000101T000000Z")];
	struct tm parts;
	time_t now = time(NULL);
	int error = EEXIST;

	if (!gmtime_r(&now, &parts) || !strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &parts))
		return EOVERFLOW;
	for (unsigned attempt = 0; error == EEXIST && attempt < ASIDE_TRIES; attempt++) {
		int len = snprintf(aside, sizeof(aside), "%s.given-up-%s-%u", path, stamp, attempt);
		if (len < 0 || (size_t)len >= sizeof(aside))
			return ENAMETOOLONG;
		error = link(path, aside) == 0 ? 0 : errno;
	}
	if (error || unlink(path) != 0)
		return error ? error : errno;
	csp_log(LOG_WARNING, "journal: %s was given up, what is in it stays in %s", path, aside);
	return 0;
}

int csp_journal_file_replace(struct journal_file *file)
{
	const char *path = file->path;
	int error = 0;

	if (stands_at_path(file))
		error = !file->fresh ? move_aside(path) : unlink(path) == 0 ? 0 : errno;
	if (error)
		return error;
	csp_journal_file_close(file);
	error = csp_journal_file_open(file, path);
	file->fresh = !error && is_empty(file);
	return error;
}
