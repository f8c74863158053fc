#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "opt.h"

#define MODE   0640
#define SUFFIX ".XXXXXX"

static int cannot_create(const struct outfile *out)
{
	csp_cli_error("%s: %s", out->name, strerror(errno));
	return EX_CANTCREAT;
}

static void forget(struct outfile *out)
{
	free(out->target);
	free(out->temporary);
	*out = (struct outfile){.name = out->name};
}

static bool make_names(struct outfile *out)
{
	size_t size = strlen(out->name) + sizeof(SUFFIX);

	out->target = strdup(out->name);
	out->temporary = malloc(size);
	return out->target && out->temporary &&
	       snprintf(out->temporary, size, "%s" SUFFIX, out->name) == (int)size - 1;
}

static bool make_temporary(struct outfile *out)
{
	int file = mkstemp(out->temporary);

	if (file < 0)
		return false;
	if (fchmod(file, MODE) == 0)
		out->stream = fdopen(file, "wb");
	if (out->stream)
		return true;
	int code = errno;
	close(file);
	unlink(out->temporary);
	errno = code;
	return false;
}

/* Whoever can plant a link must not choose which file root overwrites. */
static bool is_link(const char *name)
{
	struct stat status;

	return lstat(name, &status) == 0 && S_ISLNK(status.st_mode);
}

int csp_outfile_open(struct outfile *out, const char *name)
{
	struct stat status;

	*out = (struct outfile){.name = name};
	if (strcmp(name, "-") == 0) {
		out->name = "standard output";
		out->stream = stdout;
		return EX_OK;
	}
	bool is_there = stat(name, &status) == 0;
	if (is_there && !S_ISREG(status.st_mode)) {
		out->stream = fopen(name, "wb");
		return out->stream ? EX_OK : cannot_create(out);
	}
	if (is_link(name)) {
		csp_cli_error("%s: is a symbolic link: name the file itself", name);
		return EX_CANTCREAT;
	}
	if (make_names(out) && make_temporary(out))
		return EX_OK;
	int result = cannot_create(out);
	forget(out);
	return result;
}

/* The rename itself has to reach the disk. */
static bool sync_folder(const char *path)
{
	char *copy = strdup(path);
	int folder = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool done = folder >= 0 && (fsync(folder) == 0 || errno == EINVAL);

	if (folder >= 0)
		close(folder);
	free(copy);
	return done;
}

static bool finish(struct outfile *out)
{
	bool done = !out->code && !ferror(out->stream) && fflush(out->stream) == 0;

	if (out->stream == stdout)
		return done;
	if (!out->target)
		return fclose(out->stream) == 0 && done;
	done = done && fsync(fileno(out->stream)) == 0;
	done = fclose(out->stream) == 0 && done;
	return done && rename(out->temporary, out->target) == 0 && sync_folder(out->target);
}

int csp_outfile_close(struct outfile *out, int status)
{
	errno = 0;
	if (status != EX_OK && out->stream != stdout) {
		fclose(out->stream);
	} else if (status == EX_OK && !finish(out)) {
		int code = out->code ? out->code : errno;
		csp_cli_error("%s: the result could not be written%s%s", out->name,
			      code ? ": " : "", code ? strerror(code) : "");
		status = EX_IOERR;
	}
	if (status != EX_OK && out->temporary)
		unlink(out->temporary);
	forget(out);
	return status;
}
