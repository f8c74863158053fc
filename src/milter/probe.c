#include "probe.h"

#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* SMFIC_OPTNEG with version 6, and all actions and steps that it knows; then SMFIC_QUIT. */
static const unsigned char question[] = {0, 0, 0, 13,   'O', 0,    0,    0,   6,
					 0, 0, 1, 0xff, 0,   0x1f, 0xff, 0xff};
static const unsigned char farewell[] = {0, 0, 0, 1, 'Q'};

static int64_t now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A socket that does not wait. A host that is no address is not looked up: that could take long. */
static int open_socket(struct sockaddr_storage *address, socklen_t *length,
		       const struct listener *listener)
{
	const struct addrinfo hints = {.ai_family = listener->family,
				       .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found = NULL;

	if (!listener->tcp) {
		*length = sizeof(struct sockaddr_un);
		if (csp_sockfile_address((struct sockaddr_un *)address, listener->path) != 0)
			return -1;
	} else {
		const char *host = strcmp(listener->host, "localhost") != 0 ? listener->host
				   : listener->family == AF_INET6           ? "::1"
									    : "127.0.0.1";
		if (getaddrinfo(host, listener->port, &hints, &found) != 0)
			return -1;
		memcpy(address, found->ai_addr, found->ai_addrlen);
		*length = found->ai_addrlen;
		freeaddrinfo(found);
	}
	return socket(listener->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static bool wait_for(int fd, short events, int64_t end)
{
	struct pollfd polled = {.fd = fd, .events = events};
	int64_t left = end - now_ms();

	return left > 0 && poll(&polled, 1, (int)left) == 1;
}

static bool ask(int fd, int64_t end)
{
	unsigned char answer[64];
	size_t have = 0;

	if (!wait_for(fd, POLLOUT, end) ||
	    send(fd, question, sizeof(question), MSG_NOSIGNAL) != (ssize_t)sizeof(question))
		return false;
	while (have < sizeof(question) && wait_for(fd, POLLIN, end)) {
		ssize_t count = recv(fd, answer + have, sizeof(answer) - have, 0);
		if (count <= 0)
			return false;
		have += (size_t)count;
	}
	(void)send(fd, farewell, sizeof(farewell), MSG_NOSIGNAL);
	return have >= sizeof(question) && answer[4] == 'O';
}

bool csp_probe_answers(const struct listener *listener, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;
	struct sockaddr_storage address = {0};
	socklen_t length = 0;
	int fd = open_socket(&address, &length, listener);
	bool answered = false;

	if (fd < 0)
		return false;
	/* A unix socket's connection is there at once or not at all; one over TCP may be on its way. */
	if (connect(fd, (const struct sockaddr *)&address, length) == 0 || listener->tcp)
		answered = ask(fd, end);
	(void)close(fd);
	return answered;
}
