#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon.h"
#include "log.h"

/* What the daemon would not open, whoever it belongs to. */
static const char *wrong_kind(const char *path, bool is_socket)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return NULL;
	if (S_ISLNK(status.st_mode))
		return "is a symbolic link";
	if (is_socket)
		return S_ISSOCK(status.st_mode) ? NULL : "is a file, and no socket";
	return S_ISREG(status.st_mode) ? NULL : "is no regular file";
}

/* Can the file be written, or be made where it is not there yet? */
static int try_path(const char *path)
{
	if (access(path, F_OK) == 0 && access(path, W_OK) == 0)
		return 0;
	int error = errno;
	if (error == ENOENT) {
		char *copy = strdup(path);
		if (!copy)
			return ENOMEM;
		error = access(dirname(copy), W_OK | X_OK) == 0 ? 0 : errno;
		free(copy);
	}
	return error;
}

static int check_path(const char *setting, const char *path, bool is_socket)
{
	const char *kind = wrong_kind(path, is_socket);
	int error = kind ? EEXIST : try_path(path);

	if (!error)
		return EX_OK;
	if (!kind)
		kind = error == ENOENT ? "its folder does not exist" : strerror(error);
	csp_log(LOG_ERR, "%s: %s: %s", setting, path, kind);
	return error == EACCES ? EX_NOPERM : error == ENOMEM ? EX_OSERR : EX_CANTCREAT;
}

/* The daemon that runs may keep its sockets: a check comes before a reload. */
static int check_listener(struct listener *listener)
{
	static const struct listener_settings settings;

	if (!listener->tcp)
		return check_path("milter.socket", listener->path, true);
	int status = csp_listener_check(listener, &settings);
	if (status == EX_OK || status == EX_UNAVAILABLE)
		return EX_OK;
	csp_log(LOG_ERR, "milter.socket: %s", listener->error);
	return status;
}

static int check_directory(const char *path)
{
	struct directory *directory;
	enum directory_result result = csp_directory_open(&directory, path, false);

	if (result == DIRECTORY_OK) {
		csp_directory_close(directory);
		return EX_OK;
	}
	csp_log(LOG_ERR, "directory.path: %s: %s", path, csp_directory_strerror(result));
	switch (result) {
	case DIRECTORY_FORBIDDEN:
		return EX_NOPERM;
	case DIRECTORY_MISSING:
		return EX_NOINPUT;
	case DIRECTORY_LOCKED:
		return EX_TEMPFAIL;
	case DIRECTORY_EXHAUSTED:
		return EX_OSERR;
	case DIRECTORY_OK:
	case DIRECTORY_INCOMPATIBLE:
	case DIRECTORY_FULL:
	case DIRECTORY_BUSY:
	case DIRECTORY_REFUSED:
	case DIRECTORY_FAILED:
	default:
		return EX_DATAERR;
	}
}

/* All that is wrong is told; the first is the exit status. */
int csp_daemon_check(struct daemon *daemon)
{
	const struct conf *conf = csp_snapshot_conf(daemon->first);
	int found[5] = {EX_OK};
	int status = EX_OK;

	found[0] = check_listener(&daemon->listener);
	found[1] = csp_identity_become(&daemon->identity);
	found[2] = check_path("milter.control_socket", conf->milter.control_socket, true);
	found[3] = check_path("journal.path", conf->journal.path, false);
	found[4] = check_directory(conf->directory);
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]) && status == EX_OK; i++)
		status = found[i];
	if (status == EX_OK)
		csp_log(LOG_INFO, "%s is right: mode=%s policy=%s", daemon->options.conf_path,
			csp_mode_name(conf->mode), conf->digest);
	csp_snapshot_release(daemon->first);
	daemon->first = NULL;
	return status;
}
