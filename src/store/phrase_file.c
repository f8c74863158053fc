#include "phrase_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX  ((off_t)1 << 30)
#define HASH      crypto_generichash_BYTES
#define FILE_MODE 0640

/* Before the octets: what they are of, and what they are themselves. */
struct head {
	char magic[16];
	unsigned char name[HASH], octets[HASH];
};

static const char magic[16] = "csp-phrases/1\n";

static void add_span(crypto_generichash_state *state, struct span text)
{
	const uint64_t length = text.len;

	(void)crypto_generichash_update(state, (const unsigned char *)&length, sizeof(length));
	(void)crypto_generichash_update(state, (const unsigned char *)text.data, text.len);
}

static void hash_name(unsigned char out[HASH], const struct phrase_set_name *name)
{
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, NULL, 0, HASH);
	add_span(&state, name->version);
	for (size_t i = 0; i < name->count; i++)
		add_span(&state, name->literals[i]);
	(void)crypto_generichash_final(&state, out, HASH);
}

static void hash_octets(unsigned char out[HASH], struct span octets)
{
	(void)crypto_generichash(out, HASH, (const unsigned char *)octets.data, octets.len, NULL,
				 0);
}

/* ---- reading ---- */

static bool is_trusted(const struct stat *about)
{
	return S_ISREG(about->st_mode) && (about->st_uid == 0 || about->st_uid == geteuid()) &&
	       (about->st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
	       about->st_size > (off_t)sizeof(struct head) && about->st_size < FILE_MAX;
}

static bool read_whole(int fd, void *out, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t count = read(fd, (char *)out + have, size - have);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		have += (size_t)count;
	}
	return true;
}

static bool is_of(const struct head *head, const struct phrase_set_name *name)
{
	unsigned char wanted[HASH];

	hash_name(wanted, name);
	return memcmp(head->magic, magic, sizeof(magic)) == 0 &&
	       memcmp(head->name, wanted, HASH) == 0;
}

static char *read_octets(int fd, const struct head *head, size_t size)
{
	unsigned char found[HASH];
	char *octets = malloc(size);

	if (octets && read_whole(fd, octets, size)) {
		hash_octets(found, (struct span){octets, size});
		if (memcmp(head->octets, found, HASH) == 0)
			return octets;
	}
	free(octets);
	return NULL;
}

static char *get(void *context, size_t *size, const struct phrase_set_name *name)
{
	const struct phrase_file *file = context;
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *octets = NULL;
	struct stat about;
	struct head head;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &about) == 0 && is_trusted(&about) && read_whole(fd, &head, sizeof(head)) &&
	    is_of(&head, name)) {
		*size = (size_t)about.st_size - sizeof(head);
		octets = read_octets(fd, &head, *size);
	}
	(void)close(fd);
	return octets;
}

/* ---- writing ---- */

static bool is_own_folder(const char *path)
{
	char *copy = strdup(path);
	struct stat about;
	bool own = copy && stat(dirname(copy), &about) == 0 && about.st_uid == geteuid() &&
		   (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;

	free(copy);
	return own;
}

static bool write_whole(int fd, const void *octets, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t count = write(fd, (const char *)octets + done, size - done);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		done += (size_t)count;
	}
	return true;
}

/* It can be made again, so it is not waited for the disk: what a crash leaves half is seen by its hash. */
static void put(void *context, struct span octets, const struct phrase_set_name *name)
{
	const char *path = ((const struct phrase_file *)context)->path;
	char beside[PATH_MAX];
	struct head head;
	int length = snprintf(beside, sizeof(beside), "%s.%ld", path, (long)getpid());

	if (length < 0 || (size_t)length >= sizeof(beside) || !is_own_folder(path))
		return;
	memcpy(head.magic, magic, sizeof(magic));
	hash_name(head.name, name);
	hash_octets(head.octets, octets);
	(void)unlink(beside);
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (fd < 0)
		return;
	bool written =
		write_whole(fd, &head, sizeof(head)) && write_whole(fd, octets.data, octets.len);
	written = close(fd) == 0 && written;
	if (!written || rename(beside, path) != 0)
		(void)unlink(beside);
}

struct phrase_cache csp_phrase_file(struct phrase_file *file)
{
	if (file->path[0] == '\0' || sodium_init() < 0)
		return (struct phrase_cache){.get = NULL};
	return (struct phrase_cache){get, put, file};
}
