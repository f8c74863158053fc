#include "listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "log.h"

/* Where libmilter's descriptor can be: the daemon has few when it starts. */
#define DESCRIPTORS_SEARCHED 1024

#define SAY(listener, ...) (void)snprintf((listener)->error, sizeof((listener)->error), __VA_ARGS__)

/* ---- the name ---- */

static bool parse_port(char *out, size_t size, const char *text, size_t len)
{
	unsigned long port = 0;

	if (len == 0 || len >= size)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		port = port * 10 + (unsigned long)(text[i] - '0');
	}
	memcpy(out, text, len);
	out[len] = '\0';
	return port >= 1 && port <= 65535;
}

/* libmilter binds every interface when there is no host: that must be asked for by name. */
static bool parse_inet(struct listener *out, const char *rest, const char *any)
{
	const char *at = strchr(rest, '@');

	if (!at || at[1] == '\0') {
		SAY(out, "\"%s\" names no host; write port@host (port@%s for every interface)",
		    out->name, any);
		return false;
	}
	if (!parse_port(out->port, sizeof(out->port), rest, (size_t)(at - rest))) {
		SAY(out, "\"%s\" has no port from 1 to 65535 before the '@'", out->name);
		return false;
	}
	if (strlen(at + 1) >= sizeof(out->host)) {
		SAY(out, "the host of the socket is too long");
		return false;
	}
	memcpy(out->host, at + 1, strlen(at + 1) + 1);
	out->tcp = true;
	return true;
}

static bool parse_unix(struct listener *out, const char *path)
{
	struct sockaddr_un address;

	if (path[0] != '/') {
		SAY(out, "\"%s\" is no absolute path", path);
		return false;
	}
	if (csp_sockfile_address(&address, path) != 0) {
		SAY(out, "\"%s\" is longer than the %zu bytes a unix socket may have", path,
		    sizeof(address.sun_path) - 1);
		return false;
	}
	out->path = path;
	return true;
}

bool csp_listener_parse(struct listener *out, const char *name)
{
	static const struct {
		const char *prefix;
		int family;
	} kinds[] = {
		{"unix:", AF_UNIX}, {"local:", AF_UNIX}, {"inet:", AF_INET}, {"inet6:", AF_INET6}};

	*out = (struct listener){.path = ""};
	if (strlen(name) >= sizeof(out->name)) {
		SAY(out, "the name of the socket is too long");
		return false;
	}
	memcpy(out->name, name, strlen(name) + 1);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);
		if (strncmp(name, kinds[i].prefix, len) != 0)
			continue;
		out->family = kinds[i].family;
		if (out->family == AF_UNIX)
			return parse_unix(out, out->name + len);
		return parse_inet(out, out->name + len, out->family == AF_INET ? "0.0.0.0" : "::");
	}
	SAY(out, "\"%s\" is none of unix:/path, inet:port@host, inet6:port@host", name);
	return false;
}

/* ---- can it be opened ---- */

static int explain_unix(struct listener *listener, int error)
{
	const char *path = listener->path;

	switch (error) {
	case 0:
		return EX_OK;
	case EADDRINUSE:
		SAY(listener, "%s: another daemon listens there", path);
		return EX_UNAVAILABLE;
	case ELOOP:
		SAY(listener, "%s: is a symbolic link; remove it", path);
		return EX_CANTCREAT;
	case EEXIST:
		SAY(listener, "%s: is a file, and no socket; remove it", path);
		return EX_CANTCREAT;
	case EPERM:
		SAY(listener, "%s: belongs to another user", path);
		return EX_NOPERM;
	case EACCES:
		SAY(listener, "%s: no permission to make a socket in its folder", path);
		return EX_NOPERM;
	case ENOENT:
		SAY(listener, "%s: its folder does not exist", path);
		return EX_CANTCREAT;
	default:
		SAY(listener, "%s: %s", path, strerror(error));
		return EX_OSERR;
	}
}

static int explain_inet(struct listener *listener, int error)
{
	SAY(listener, "%s: %s", listener->name,
	    error == EADDRINUSE ? "another program listens there" : strerror(error));
	switch (error) {
	case EADDRINUSE:
		return EX_UNAVAILABLE;
	case EACCES:
		return EX_NOPERM;
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return EX_CANTCREAT;
	default:
		return EX_OSERR;
	}
}

static int try_bind(const struct addrinfo *address)
{
	int on = 1;
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	int error = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
				    bind(fd, address->ai_addr, address->ai_addrlen) != 0
			    ? errno
			    : 0;
	(void)close(fd);
	return error;
}

/* libmilter does not tell why it could not bind; a bind of our own does. */
static int check_inet(struct listener *listener)
{
	struct addrinfo hints = {.ai_family = listener->family,
				 .ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	int status = getaddrinfo(listener->host, listener->port, &hints, &found);

	if (status != 0) {
		SAY(listener, "%s: %s", listener->name, gai_strerror(status));
		return EX_NOHOST;
	}
	int error = try_bind(found);
	freeaddrinfo(found);
	return error ? explain_inet(listener, error) : EX_OK;
}

static int check_unix(struct listener *listener, const struct listener_settings *settings)
{
	return explain_unix(listener, csp_sockfile_clear(listener->path, settings->owner));
}

int csp_listener_check(struct listener *listener, const struct listener_settings *settings)
{
	return listener->tcp ? check_inet(listener) : check_unix(listener, settings);
}

/* ---- opening ---- */

static bool is_listening(int fd, const struct listener *listener)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	int listening = 0;
	socklen_t size = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening &&
	       getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
	       address.ss_family == listener->family;
}

/*
 * libmilter answers in several small writes and never sets TCP_NODELAY: Nagle's algorithm against
 * the peer's delayed ACK then costs 40 ms a message. Sockets that are accepted inherit it on Linux.
 */
static void set_nodelay(const struct listener *listener)
{
	int on = 1;
	bool done = false;

	for (int fd = 0; fd < DESCRIPTORS_SEARCHED; fd++)
		if (is_listening(fd, listener) &&
		    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0)
			done = true;
	if (!done)
		csp_log(LOG_WARNING, "%s: TCP_NODELAY could not be set; answers may be slow",
			listener->name);
}

static int put_right(struct listener *listener, const struct listener_settings *settings)
{
	int error = csp_sockfile_adopt(&listener->file, listener->path);

	if (!error && chown(listener->path, settings->owner, settings->group) != 0)
		error = errno;
	if (!error && chmod(listener->path, settings->mode) != 0)
		error = errno;
	if (!error)
		return EX_OK;
	SAY(listener, "%s: cannot set its owner, group or mode: %s", listener->path,
	    strerror(error));
	return EX_NOPERM;
}

int csp_listener_open(struct listener *listener, const struct listener_settings *settings)
{
	int status = csp_listener_check(listener, settings);

	if (status != EX_OK)
		return status;
	mode_t before = umask(~settings->mode & 0777);
	bool opened = smfi_setconn(listener->name) == MI_SUCCESS &&
		      smfi_setbacklog(settings->backlog) == MI_SUCCESS &&
		      smfi_opensocket(false) == MI_SUCCESS;
	(void)umask(before);
	if (!opened) {
		SAY(listener, "%s: libmilter cannot open this socket", listener->name);
		return EX_OSERR;
	}
	if (listener->tcp) {
		set_nodelay(listener);
		return EX_OK;
	}
	return put_right(listener, settings);
}

void csp_listener_remove(struct listener *listener)
{
	csp_sockfile_remove(&listener->file);
}
