/*
 * Preloaded into the daemon: makes one call fail, the one that a test asks for. CSP_INJECT names a
 * file of struct order, which the test writes while the daemon runs.
 *
 * libconfig believes that memory never ends, so nothing fails inside of it.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NOTHING, MEMORY, WRITE, SYNC, OPEN, MAP, KINDS };

/* In the file's order, each a 64-bit number. */
struct order {
	atomic_llong kind;  /* which calls count */
	atomic_llong left;  /* 1: the next of them fails */
	atomic_llong calls; /* how many were made since the test last cleared it */
};

static struct order *order;
static _Thread_local int in_libconfig; /* how deep */

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static bool fails(enum kind kind)
{
	if (!order || in_libconfig || atomic_load(&order->kind) != kind)
		return false;
	atomic_fetch_add(&order->calls, 1);
	return atomic_fetch_sub(&order->left, 1) == 1;
}

#define REAL(type, name, arguments) \
	static type(*real) arguments; \
	if (!real) { \
		void *found = next(#name); \
		memcpy(&real, &found, sizeof(real)); \
	}

/* dlsym itself asks for memory before the real functions are known. */
static char early[65536];
static atomic_size_t early_used;

static void *early_alloc(size_t size)
{
	size_t at = atomic_fetch_add(&early_used, (size + 15) & ~(size_t)15);

	return at + size <= sizeof(early) ? early + at : NULL;
}

static bool is_early(const void *pointer)
{
	return (const char *)pointer >= early && (const char *)pointer < early + sizeof(early);
}

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("CSP_INJECT");
	void *found = next("malloc");

	memcpy(&real_malloc, &found, sizeof(found));
	found = next("calloc");
	memcpy(&real_calloc, &found, sizeof(found));
	found = next("realloc");
	memcpy(&real_realloc, &found, sizeof(found));
	found = next("free");
	memcpy(&real_free, &found, sizeof(found));
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *map = mmap(NULL, sizeof(*order), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	order = map == MAP_FAILED ? NULL : map;
}

static void *none(void)
{
	errno = ENOMEM;
	return NULL;
}

void *malloc(size_t size)
{
	if (!real_malloc)
		return early_alloc(size);
	return fails(MEMORY) ? none() : real_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	if (!real_calloc)
		return early_alloc(count * size); /* zero, because it is static */
	return fails(MEMORY) ? none() : real_calloc(count, size);
}

void *realloc(void *pointer, size_t size)
{
	if (is_early(pointer)) {
		void *moved = malloc(size);
		if (moved)
			memcpy(moved, pointer, size);
		return moved;
	}
	if (!real_realloc)
		return early_alloc(size);
	return fails(MEMORY) ? none() : real_realloc(pointer, size);
}

void free(void *pointer)
{
	if (real_free && !is_early(pointer))
		real_free(pointer);
}

ssize_t write(int fd, const void *data, size_t size)
{
	REAL(ssize_t, write, (int, const void *, size_t))
	if (!fails(WRITE))
		return real(fd, data, size);
	errno = EIO;
	return -1;
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	REAL(ssize_t, writev, (int, const struct iovec *, int))
	if (!fails(WRITE))
		return real(fd, pieces, count);
	errno = EIO;
	return -1;
}

int fdatasync(int fd)
{
	REAL(int, fdatasync, (int))
	if (!fails(SYNC))
		return real(fd);
	errno = EIO;
	return -1;
}

int fsync(int fd)
{
	REAL(int, fsync, (int))
	if (!fails(SYNC))
		return real(fd);
	errno = EIO;
	return -1;
}

static int mode_of(int flags, va_list list)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;
}

int open(const char *path, int flags, ...)
{
	REAL(int, open, (const char *, int, ...))
	va_list list;

	va_start(list, flags);
	int mode = mode_of(flags, list);
	va_end(list);
	if (!fails(OPEN))
		return real(path, flags, mode);
	errno = EMFILE;
	return -1;
}

int openat(int folder, const char *path, int flags, ...)
{
	REAL(int, openat, (int, const char *, int, ...))
	va_list list;

	va_start(list, flags);
	int mode = mode_of(flags, list);
	va_end(list);
	if (!fails(OPEN))
		return real(folder, path, flags, mode);
	errno = EMFILE;
	return -1;
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	REAL(void *, mmap, (void *, size_t, int, int, int, off_t))
	if (!fails(MAP))
		return real(address, size, protection, flags, fd, offset);
	errno = ENOMEM;
	return MAP_FAILED;
}

struct config_t;

void config_init(struct config_t *config);
int config_read_string(struct config_t *config, const char *text);

void config_init(struct config_t *config)
{
	REAL(void, config_init, (struct config_t *))
	in_libconfig++;
	real(config);
	in_libconfig--;
}

int config_read_string(struct config_t *config, const char *text)
{
	REAL(int, config_read_string, (struct config_t *, const char *))
	in_libconfig++;
	int read = real(config, text);
	in_libconfig--;
	return read;
}
