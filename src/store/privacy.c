#include "privacy.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX 4096
#define HASH     8

struct privacy {
	unsigned char key[crypto_generichash_KEYBYTES];
};

/* Keys of any length become one of the hash's own. */
static void take_key(struct privacy *privacy, struct span text)
{
	(void)crypto_generichash(privacy->key, sizeof(privacy->key),
				 (const unsigned char *)text.data, text.len, NULL, 0);
}

struct privacy *csp_privacy_new(const char *key_path)
{
	int fd = open(key_path, O_RDONLY | O_CLOEXEC);
	struct privacy *privacy = calloc(1, sizeof(*privacy));
	char text[FILE_MAX];
	ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int error = count < 0 ? errno : 0;
	struct span key = csp_span_trim((struct span){text, count < 0 ? 0 : (size_t)count});

	if (!privacy)
		error = ENOMEM;
	if (!error && key.len < PRIVACY_KEY_MIN)
		error = EINVAL;
	if (!error && sodium_init() < 0)
		error = ENOSYS;
	if (privacy && !error)
		take_key(privacy, key);
	sodium_memzero(text, sizeof(text));
	if (fd >= 0)
		(void)close(fd);
	if (!error)
		return privacy;
	csp_privacy_free(privacy);
	errno = error;
	return NULL;
}

void csp_privacy_free(struct privacy *privacy)
{
	if (!privacy)
		return;
	sodium_memzero(privacy, sizeof(*privacy));
	free(privacy);
}

void csp_privacy_hide(const void *context, struct buf *out, struct span text)
{
	const struct privacy *privacy = context;
	unsigned char hash[crypto_generichash_BYTES_MIN];
	char hex[2 * HASH + 1];

	(void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)text.data, text.len,
				 privacy->key, sizeof(privacy->key));
	csp_buf_append(out, SPAN_LIT("h-"));
	csp_buf_append(out, csp_span_from(sodium_bin2hex(hex, sizeof(hex), hash, HASH)));
}
