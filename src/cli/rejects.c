#include "rejects.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "json.h"
#include "opt.h"

#define LINE_MAX_BYTES ((size_t)64 << 20)

int csp_rejects_open(struct rejects *rejects, const char *path)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	*rejects = (struct rejects){.path = path};
	if (file >= 0)
		rejects->stream = fdopen(file, "w");
	if (rejects->stream) {
		csp_buf_init(&rejects->line, LINE_MAX_BYTES);
		return EX_OK;
	}
	if (errno == EEXIST)
		csp_cli_error("%s: it exists, and may hold rows that were refused before: name "
			      "another file, or remove it",
			      path);
	else
		csp_cli_error("%s: %s", path, strerror(errno));
	if (file >= 0)
		close(file);
	return EX_CANTCREAT;
}

void csp_rejects_add(struct rejects *rejects, const char *file, uint64_t line, const char *reason,
		     struct span row)
{
	struct json json;

	csp_buf_reset(&rejects->line);
	csp_json_init(&json, &rejects->line);
	csp_json_object(&json);
	csp_json_text_at(&json, "file", csp_span_from(file));
	csp_json_number_at(&json, "line", (int64_t)line);
	csp_json_text_at(&json, "reason", csp_span_from(reason));
	csp_json_text_or_null_at(&json, "row", row);
	csp_json_object_end(&json);
	csp_buf_append_char(&rejects->line, '\n');
	struct span text = csp_buf_span(&rejects->line);
	rejects->count++;
	errno = 0;
	if (csp_buf_failed(&rejects->line))
		rejects->code = ENOMEM;
	else if (fwrite(text.data, 1, text.len, rejects->stream) != text.len)
		rejects->code = errno ? errno : EIO;
}

int csp_rejects_check(struct rejects *rejects)
{
	errno = 0;
	if (!rejects->stream)
		return EX_OK;
	if (!rejects->code && fflush(rejects->stream) != 0)
		rejects->code = errno ? errno : EIO;
	if (!rejects->code)
		return EX_OK;
	csp_cli_error("%s: refused rows could not be written: %s", rejects->path,
		      strerror(rejects->code));
	return EX_IOERR;
}

int csp_rejects_close(struct rejects *rejects)
{
	int status = csp_rejects_check(rejects);

	if (!rejects->stream)
		return status;
	if (fclose(rejects->stream) != 0 && status == EX_OK) {
		csp_cli_error("%s: refused rows could not be written: %s", rejects->path,
			      strerror(errno));
		status = EX_IOERR;
	}
	if (rejects->count == 0)
		unlink(rejects->path);
	csp_buf_dispose(&rejects->line);
	*rejects = (struct rejects){.path = rejects->path, .count = rejects->count};
	return status;
}
