/*
 * A disk that fails, for the daemon to be started with: LD_PRELOAD, and in the environment
 *   CSP_DISK_FILE    part of the path of the files that it is about
 *   CSP_DISK_FAULTS  "fdatasync:1:5 link:0:28": once one call went well, those to fdatasync fail with errno 5, all to link with 28;
 *                    "writev:0:0" writes a part
 *   CSP_DISK_SWITCH  a path: while a file is there the faults are
 *   CSP_DISK_TRACE   a file that gets a line "sync" behind every sync that went well, "answer" before every reply code and
 *                    "part" before every write of a part
 *   CSP_DISK_DURABLE a file that gets a line behind every sync: "INODE SIZE" of what a power cut would leave of a file, and
 *                    "made INODE" when one is made, whose name stays only once "folder" follows
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN, WRITEV, FDATASYNC, FSYNC, LINK, UNLINK, PREAD, CALLS };

static const char *const names[CALLS] = {"open", "writev", "fdatasync", "fsync",
					 "link", "unlink", "pread"};
static atomic_int seen[CALLS];

static int is_ours(const char *path)
{
	const char *part = getenv("CSP_DISK_FILE");

	return part && strstr(path, part) != NULL;
}

static int is_our_descriptor(int fd)
{
	char link[64], path[4096];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return 0;
	path[len] = '\0';
	return is_ours(path);
}

/* The errno that this call is to fail with, -1 for none. */
static int fault_of(int call)
{
	const char *faults = getenv("CSP_DISK_FAULTS"), *gate = getenv("CSP_DISK_SWITCH");
	size_t len = strlen(names[call]);

	if (!faults || !gate || access(gate, F_OK) != 0) {
		atomic_store(&seen[call], 0);
		return -1;
	}
	for (const char *at = faults; at; at = strchr(at, ' ')) {
		int good = 0, error = 0;
		at += *at == ' ';
		if (strncmp(at, names[call], len) == 0 &&
		    sscanf(at + len, ":%d:%d", &good, &error) == 2)
			return atomic_fetch_add(&seen[call], 1) < good ? -1 : error;
	}
	return -1;
}

static int fails(int call)
{
	int error = fault_of(call);

	if (error > 0)
		errno = error;
	return error > 0;
}

static void note(const char *variable, const char *line)
{
	const char *path = getenv(variable);
	int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path,
				     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
		      : -1;

	if (fd < 0)
		return;
	if (write(fd, line, strlen(line)) < 0)
		abort();
	close(fd);
}

static void trace(const char *line)
{
	note("CSP_DISK_TRACE", line);
}

static void note_file(const char *word, const struct stat *about)
{
	char line[64];

	if (*word)
		(void)snprintf(line, sizeof(line), "%s %lu\n", word, (unsigned long)about->st_ino);
	else
		(void)snprintf(line, sizeof(line), "%lu %ld\n", (unsigned long)about->st_ino,
			       (long)about->st_size);
	note("CSP_DISK_DURABLE", line);
}

int open(const char *path, int flags, ...)
{
	struct stat about;
	va_list args;

	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (is_ours(path) && fails(OPEN))
		return -1;
	bool made = is_ours(path) && (flags & O_CREAT) && access(path, F_OK) != 0;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (made && fd >= 0 && fstat(fd, &about) == 0)
		note_file("made", &about);
	return fd;
}

/* A milter's packet is its length in 4 octets, then its command: 'y' is a reply code. */
static int is_reply_code(int fd, const struct iovec *parts, int count)
{
	struct stat about;

	return count > 0 && parts[0].iov_len == 5 && ((const char *)parts[0].iov_base)[4] == 'y' &&
	       fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	if (is_reply_code(fd, parts, count))
		trace("answer\n");
	if (!is_our_descriptor(fd))
		return syscall(SYS_writev, fd, parts, count);
	int error = fault_of(WRITEV);
	if (error > 0) {
		errno = error;
		return -1;
	}
	if (error == 0 && parts[0].iov_len > 1) {
		trace("part\n");
		return write(fd, parts[0].iov_base, parts[0].iov_len / 2);
	}
	return syscall(SYS_writev, fd, parts, count);
}

int fdatasync(int fd)
{
	struct stat before;

	if (fstat(fd, &before) != 0)
		return -1;
	if (is_our_descriptor(fd) && fails(FDATASYNC))
		return -1;
	int result = (int)syscall(SYS_fdatasync, fd);
	if (result == 0 && is_our_descriptor(fd)) {
		note_file("", &before);
		trace("sync\n");
	}
	return result;
}

/* The only folders that are synced are those of the files. */
int fsync(int fd)
{
	int result = fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
	if (result == 0)
		note("CSP_DISK_DURABLE", "folder\n");
	return result;
}

int link(const char *old, const char *new)
{
	return is_ours(old) && fails(LINK)
		       ? -1
		       : (int)syscall(SYS_linkat, AT_FDCWD, old, AT_FDCWD, new, 0);
}

int unlink(const char *path)
{
	return is_ours(path) && fails(UNLINK) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

ssize_t pread(int fd, void *out, size_t size, off_t at)
{
	return is_our_descriptor(fd) && fails(PREAD) ? -1 : syscall(SYS_pread64, fd, out, size, at);
}
