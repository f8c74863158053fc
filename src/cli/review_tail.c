#include "review_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "opt.h"
#include "report.h"
#include "view.h"

#define POLL_NS 200000000L

struct tail {
	const struct review_call *call;
	const char *path;
	int fd;
	struct buf line; /* the beginning of one that is not whole yet */
	bool failed;
};

static int open_error(const char *path)
{
	int error = errno;

	csp_cli_error("%s: %s", path, strerror(error));
	return error == EACCES ? EX_NOPERM : EX_NOINPUT;
}

static void append_cell(struct buf *out, struct span text)
{
	csp_buf_append(out, SPAN_LIT("  "));
	csp_report_append_safe(out, text.len ? text : SPAN_LIT("-"));
}

static bool print_row(json_t *record)
{
	struct gravest gravest = csp_review_gravest(record);
	struct buf row;

	csp_buf_init(&row, VIEW_TEXT_MAX);
	csp_view_append_time(&row, csp_review_text(record, "time"));
	append_cell(&row, csp_review_text(record, "decision"));
	csp_buf_append(&row, SPAN_LIT("  "));
	csp_view_append_result(&row, record);
	append_cell(&row, gravest.rule);
	append_cell(&row, csp_review_origin(record));
	append_cell(&row, csp_review_text(gravest.recipient, "address"));
	append_cell(&row, csp_review_text(record, "subject"));
	csp_buf_append_char(&row, '\n');
	bool ok = !csp_buf_failed(&row) && fwrite(row.data, 1, row.len, stdout) == row.len;
	csp_buf_dispose(&row);
	return ok;
}

/* An outcome says of a decision that was shown that it ended in another way. */
static bool print_outcome(json_t *record)
{
	struct buf row;

	csp_buf_init(&row, VIEW_TEXT_MAX);
	csp_view_append_time(&row, csp_review_text(record, "time"));
	append_cell(&row, csp_review_outcome_of(record));
	append_cell(&row, csp_review_text(record, "outcome"));
	csp_buf_append(&row, SPAN_LIT("  (in the end)\n"));
	bool ok = !csp_buf_failed(&row) && fwrite(row.data, 1, row.len, stdout) == row.len;
	csp_buf_dispose(&row);
	return ok;
}

static void show(struct tail *tail, struct span line)
{
	json_t *record = csp_review_line(line);
	bool failed = false;

	if (!record)
		return;
	bool outcome = csp_review_outcome_of(record).len > 0;
	if (outcome || csp_review_meets(record, &tail->call->filter, &failed)) {
		bool printed = tail->call->json ? csp_view_json(record)
			       : outcome        ? print_outcome(record)
						: print_row(record);
		tail->failed = !printed || fflush(stdout) != 0;
	}
	json_decref(record);
}

/* Takes whole lines off what was read. */
static void take_lines(struct tail *tail, struct span text)
{
	while (text.len && !tail->failed) {
		size_t end = csp_span_find(text, '\n');
		csp_buf_append(&tail->line, csp_span_slice(text, 0, end));
		if (end == text.len)
			return;
		if (!csp_buf_failed(&tail->line))
			show(tail, csp_buf_span(&tail->line));
		csp_buf_reset(&tail->line);
		text = csp_span_slice(text, end + 1, text.len);
	}
}

static bool read_more(struct tail *tail)
{
	char chunk[65536];
	ssize_t count = read(tail->fd, chunk, sizeof(chunk));

	if (count <= 0)
		return false;
	take_lines(tail, (struct span){chunk, (size_t)count});
	return true;
}

/* Another file has taken the path: the old one was read to its end. While there is none, the old one may still grow. */
static void follow_rotation(struct tail *tail)
{
	struct stat here, there;

	if (fstat(tail->fd, &here) != 0 || stat(tail->path, &there) != 0 ||
	    (here.st_ino == there.st_ino && here.st_dev == there.st_dev))
		return;
	int next = open(tail->path, O_RDONLY | O_CLOEXEC);
	if (next < 0)
		return;
	while (read_more(tail))
		continue;
	close(tail->fd);
	tail->fd = next;
	csp_buf_reset(&tail->line);
}

int csp_review_tail(const struct review_call *call, const char *path)
{
	struct tail tail = {.call = call, .path = path, .fd = open(path, O_RDONLY | O_CLOEXEC)};
	const struct timespec pause = {0, POLL_NS};

	if (tail.fd < 0)
		return open_error(path);
	csp_buf_init(&tail.line, REVIEW_LINE_MAX);
	(void)lseek(tail.fd, 0, SEEK_END);
	while (!tail.failed) {
		if (read_more(&tail))
			continue;
		follow_rotation(&tail);
		(void)nanosleep(&pause, NULL);
	}
	csp_buf_dispose(&tail.line);
	close(tail.fd);
	csp_cli_error("the result could not be written");
	return EX_IOERR;
}
