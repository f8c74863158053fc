#include "sockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int csp_sockfile_address(struct sockaddr_un *out, const char *path)
{
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(out->sun_path))
		return ENAMETOOLONG;
	memcpy(out->sun_path, path, strlen(path) + 1);
	return 0;
}

static int check_folder(const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return ENOMEM;
	int error = access(dirname(copy), W_OK | X_OK) == 0 ? 0 : errno;
	free(copy);
	return error;
}

/* A full backlog is somebody, too: a probe that would have to wait says EAGAIN. */
static int probe(const char *path)
{
	struct sockaddr_un address;
	int error = csp_sockfile_address(&address, path);

	if (error)
		return error;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno;
	error = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? EADDRINUSE
										     : errno;
	(void)close(fd);
	if (error == ECONNREFUSED)
		return 0;
	return error == EAGAIN || error == EINPROGRESS ? EADDRINUSE : error;
}

int csp_sockfile_clear(const char *path, uid_t also)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ? check_folder(path) : errno;
	if (S_ISLNK(status.st_mode))
		return ELOOP;
	if (!S_ISSOCK(status.st_mode))
		return EEXIST;
	if (status.st_uid != geteuid() && status.st_uid != 0 && status.st_uid != also)
		return EPERM;
	int error = probe(path);
	if (error)
		return error;
	return unlink(path) == 0 || errno == ENOENT ? 0 : errno;
}

int csp_sockfile_adopt(struct sockfile *out, const char *path)
{
	struct stat status;

	*out = (struct sockfile){.path = path};
	if (lstat(path, &status) != 0)
		return errno;
	out->device = status.st_dev;
	out->inode = status.st_ino;
	out->ours = true;
	return 0;
}

void csp_sockfile_remove(struct sockfile *file)
{
	struct stat status;

	if (file->ours && lstat(file->path, &status) == 0 && status.st_dev == file->device &&
	    status.st_ino == file->inode)
		(void)unlink(file->path);
	file->ours = false;
}
