#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sockfile.h"

#define REQUEST_MAX   64
#define ANSWER_MAX    ((size_t)1 << 20)
#define CLIENT_MS     1000 /* that one client may take for its request, and again for our answer */
#define CONTROL_MODE  0660
#define CONTROL_QUEUE 8

int csp_control_open(struct control *control, const char *path)
{
	struct sockaddr_un address;
	int error = csp_sockfile_address(&address, path);

	control->fd = -1;
	if (!error)
		error = csp_sockfile_clear(path, geteuid());
	if (error)
		return error;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno;
	mode_t before = umask(~(mode_t)CONTROL_MODE & 0777);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, CONTROL_QUEUE) != 0)
		error = errno;
	(void)umask(before);
	if (error)
		(void)close(fd);
	else
		control->fd = fd;
	return error;
}

void csp_control_close(struct control *control, const char *path)
{
	if (control->fd < 0)
		return;
	(void)close(control->fd);
	control->fd = -1;
	(void)unlink(path);
}

static int64_t now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool wait_until(int fd, short events, int64_t deadline)
{
	struct pollfd wanted = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = deadline - now_ms();
		if (left <= 0)
			return false;
		int ready = poll(&wanted, 1, (int)left);
		if (ready > 0)
			return true;
		if (ready == 0 || errno != EINTR)
			return false;
	}
}

/* One line without its end; false when none came in time or it is too long. */
static bool read_request(struct span *out, int fd, char text[REQUEST_MAX])
{
	int64_t deadline = now_ms() + CLIENT_MS;
	size_t len = 0;

	while (len < REQUEST_MAX && wait_until(fd, POLLIN, deadline)) {
		ssize_t got = recv(fd, text + len, REQUEST_MAX - len, 0);
		if (got == 0)
			return false;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		len += got > 0 ? (size_t)got : 0;
		*out = (struct span){text, csp_span_find((struct span){text, len}, '\n')};
		if (out->len < len)
			return true;
	}
	return false;
}

static void send_all(int fd, struct span text)
{
	int64_t deadline = now_ms() + CLIENT_MS;

	while (text.len && wait_until(fd, POLLOUT, deadline)) {
		ssize_t sent = send(fd, text.data, text.len, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (sent > 0)
			text = csp_span_slice(text, (size_t)sent, text.len);
	}
}

static bool unknown_request(struct json *json)
{
	csp_json_key(json, "errors");
	csp_json_array(json);
	csp_json_text(json, SPAN_LIT("unknown request; there are status and reload"));
	csp_json_array_end(json);
	return false;
}

/* "ok" stands before the fields but is known after them: they are written aside. */
static void answer(struct buf *out, const struct control *control, struct span request)
{
	struct buf fields;
	struct json json;
	bool ok;

	csp_buf_init(&fields, ANSWER_MAX);
	csp_json_init(&json, &fields);
	json.need_comma = true;
	if (csp_span_equal(request, SPAN_LIT("status")))
		ok = control->status(control->context, &json);
	else if (csp_span_equal(request, SPAN_LIT("reload")))
		ok = control->reload(control->context, &json);
	else
		ok = unknown_request(&json);
	csp_buf_append_format(out, "{\"schema\":\"csp-milter/control/1\",\"ok\":%s",
			      ok ? "true" : "false");
	csp_buf_append(out, csp_buf_span(&fields));
	csp_buf_append(out, SPAN_LIT("}\n"));
	out->failed |= csp_buf_failed(&fields);
	csp_buf_dispose(&fields);
}

void csp_control_serve(struct control *control)
{
	char text[REQUEST_MAX];
	struct span request;
	struct buf out;
	int fd = accept(control->fd, NULL, NULL);

	if (fd < 0)
		return;
	csp_buf_init(&out, ANSWER_MAX + 128);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
	    read_request(&request, fd, text)) {
		answer(&out, control, request);
		if (!csp_buf_failed(&out))
			send_all(fd, csp_buf_span(&out));
	}
	csp_buf_dispose(&out);
	(void)close(fd);
}
