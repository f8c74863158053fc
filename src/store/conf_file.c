#include "conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "utf8.h"

#define ERROR_SIZE 128
#define STICKY     ((mode_t)01000) /* S_ISVTX, which POSIX has with XSI alone */

bool csp_conf_file_path(struct span *out, struct conf_reader *reader, const char *file,
			struct span path)
{
	struct span from = csp_span_from(file);
	size_t slash = csp_span_find_last(from, '/');
	size_t folder = slash < from.len ? slash + 1 : 0;

	if (path.len && path.data[0] == '/')
		folder = 0;
	char *joined = csp_arena_alloc(&reader->scratch, folder + path.len + 1, 1);
	if (!joined) {
		reader->no_memory = true;
		return false;
	}
	memcpy(joined, from.data, folder);
	memcpy(joined + folder, path.data, path.len);
	*out = (struct span){joined, folder + path.len};
	return true;
}

static void refuse(struct conf_reader *reader, struct conf_origin origin, const char *name,
		   const char *why)
{
	if (origin.file)
		csp_conf_error(reader, origin.file, origin.line, "%s %s", name, why);
	else
		csp_conf_error(reader, name, 0, "%s", why);
}

static const char *system_error(struct conf_reader *reader, int error)
{
	char *text = csp_arena_alloc(&reader->scratch, ERROR_SIZE, 1);

	if (!text || strerror_r(error, text, ERROR_SIZE) != 0)
		return "cannot be read";
	return text;
}

static const char *open_error(struct conf_reader *reader, int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return "does not exist";
	case EACCES:
	case EPERM:
		return "may not be read by this user";
	case ELOOP:
		return "is a symbolic link that leads to itself";
	default:
		return system_error(reader, error);
	}
}

/* Who may replace a file in its folder may as well write it; the sticky bit takes that right away. */
static const char *folder_error(const char *name)
{
	struct span path = csp_span_from(name);
	size_t slash = csp_span_find_last(path, '/');
	char folder[4096] = ".";
	struct stat status;

	if (slash < path.len) {
		size_t len = slash ? slash : 1;
		if (len >= sizeof(folder))
			return "has a path that is too long";
		memcpy(folder, name, len);
		folder[len] = '\0';
	}
	if (stat(folder, &status) != 0)
		return "stands in a folder that cannot be examined";
	if ((status.st_mode & (S_IWGRP | S_IWOTH)) && !(status.st_mode & STICKY))
		return "stands in a folder that its group or everybody may write: \"chmod go-w\" "
		       "the folder";
	if (!(status.st_mode & STICKY) && status.st_uid != 0 && status.st_uid != geteuid())
		return "stands in a folder that belongs neither to root nor to the user that reads "
		       "it";
	return NULL;
}

static const char *status_error(const struct stat *status)
{
	if (S_ISDIR(status->st_mode))
		return "is a folder, not a file";
	if (!S_ISREG(status->st_mode))
		return "is not a regular file";
	if (status->st_mode & (S_IWGRP | S_IWOTH))
		return "may be written by its group or by everybody: \"chmod go-w\" it";
	if (status->st_uid != 0 && status->st_uid != geteuid())
		return "belongs neither to root nor to the user that reads it: \"chown root\" it";
	if ((uintmax_t)status->st_size > CONF_FILE_MAX)
		return "is larger than 16 MiB";
	return NULL;
}

/* The file may change while it is read: what is there now counts, up to the size it had. */
static bool read_whole(struct span *out, struct conf_reader *reader, int fd, size_t size)
{
	char *text = csp_arena_alloc(&reader->scratch, size + 1, 1);
	size_t len = 0;

	if (!text) {
		reader->no_memory = true;
		errno = ENOMEM;
		return false;
	}
	while (len < size) {
		ssize_t got = read(fd, text + len, size - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*out = (struct span){text, len};
	return true;
}

static bool check_bytes(struct conf_reader *reader, const struct conf_file *file)
{
	unsigned line = 1;
	size_t at = 0;

	while (at < file->text.len) {
		uint32_t rune = (unsigned char)file->text.data[at];
		size_t taken = 1;

		if (rune >= 0x80)
			taken = csp_utf8_decode(&rune,
						csp_span_slice(file->text, at, file->text.len));
		if (!taken) {
			csp_conf_error(reader, file->name, line,
				       "byte 0x%02x is not UTF-8: save the file as UTF-8",
				       (unsigned)(unsigned char)file->text.data[at]);
			return false;
		}
		if (rune == 0) {
			csp_conf_error(reader, file->name, line,
				       "a NUL byte: this is not a text file");
			return false;
		}
		line += rune == '\n';
		at += taken;
	}
	return true;
}

/* The length goes first, so that text moved from one file to the next changes the digest. */
static void add_to_digest(struct conf_reader *reader, struct span text)
{
	unsigned char length[8];

	for (unsigned i = 0; i < sizeof(length); i++)
		length[i] = (unsigned char)((uint64_t)text.len >> (8 * i));
	crypto_generichash_update(&reader->hash, length, sizeof(length));
	crypto_generichash_update(&reader->hash, (const unsigned char *)text.data, text.len);
}

static const char *take(struct conf_file *out, struct conf_reader *reader, int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return system_error(reader, errno);
	out->device = status.st_dev;
	out->inode = status.st_ino;
	const char *why = status_error(&status);
	if (!why)
		why = folder_error(out->name);
	if (why)
		return why;
	reader->bytes += (size_t)status.st_size;
	if (reader->bytes > CONF_TOTAL_MAX)
		return "is one file too many: a configuration has at most 64 MiB in all";
	if (!read_whole(&out->text, reader, fd, (size_t)status.st_size))
		return system_error(reader, errno);
	return NULL;
}

bool csp_conf_file_read(struct conf_file *out, struct conf_reader *reader, struct span path,
			struct conf_origin origin)
{
	*out = (struct conf_file){.name = csp_conf_add_file(reader, path)};
	if (!out->name)
		return false;

	/* O_NONBLOCK: a named pipe would wait for a writer for ever. */
	int fd = open(out->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const char *why = fd < 0 ? open_error(reader, errno) : take(out, reader, fd);

	if (fd >= 0)
		close(fd);
	if (why) {
		reader->incomplete = true;
		refuse(reader, origin, out->name, why);
		return false;
	}
	add_to_digest(reader, out->text);
	if (!check_bytes(reader, out)) {
		reader->incomplete = true;
		return false;
	}
	if (csp_span_starts_with(out->text, SPAN_LIT("\xEF\xBB\xBF")))
		out->text = csp_span_slice(out->text, 3, out->text.len);
	return true;
}
