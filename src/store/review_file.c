#include "review_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

bool csp_review_file_open(struct review_file *out, const char *path, uint64_t offset)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	out->stream = gzdopen(fd, "r");
	if (!out->stream) {
		close(fd);
		errno = ENOMEM;
		return false;
	}
	if (offset == 0 || gzseek(out->stream, (z_off_t)offset, SEEK_SET) == (z_off_t)offset)
		return true;
	(void)gzclose(out->stream);
	errno = EIO;
	return false;
}

/* What is not compressed is read as it is. */
ssize_t csp_review_file_read(void *source, char *out, size_t size)
{
	const struct review_file *file = source;
	int count = gzread(file->stream, out, (unsigned)size);
	int error = Z_OK;

	if (count >= 0)
		return count;
	(void)gzerror(file->stream, &error);
	if (error != Z_ERRNO)
		errno = error == Z_MEM_ERROR ? ENOMEM : EIO;
	return count;
}

uint64_t csp_review_file_progress(const struct review_file *file)
{
	z_off_t offset = gzoffset(file->stream);

	return offset < 0 ? 0 : (uint64_t)offset;
}

bool csp_review_file_close(struct review_file *file)
{
	return gzclose(file->stream) != Z_BUF_ERROR;
}
