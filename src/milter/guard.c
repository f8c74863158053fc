/*
 * Three functions that libmilter finds in the program before it finds them elsewhere, because it calls
 * them through the dynamic symbol table. They are part of the program, not of the layer's library:
 * nothing else refers to them.
 *
 * sigwait: libmilter has a thread that waits for HUP, TERM and INT, and ends the filter on each. It
 * waits for ever now, and the signals are the main thread's (lifecycle.h).
 *
 * mi_rd_cmd: libmilter believes its peer. After a list of macros in which a value is missing smfi_getsymval
 * reads behind the end, and the daemon dies with every session it has. Half a packet keeps one of
 * its few threads until the session's timeout, and other sessions wait for that thread. So the
 * reader of packets closes the session of such a peer. Where a libmilter binds the call to its own
 * reader, nothing changes.
 *
 * accept: libmilter takes connections until there is no descriptor left, and then asks again at once,
 * without end and without a word. So some are kept for ourselves, for what is opened while mail goes on,
 * and who asks in vain is told only after a while.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include "log.h"

/* How libmilter's reader says, in the place of a command's letter, why it gives no packet. */
#define TIMED_OUT  '\1'
#define UNREADABLE '\6'

/* What the pieces of a packet may be apart. Once somebody took longer, packets must be there as a
 * whole, at once, before a thread takes them up, for a while. */
#define PIECE_SECONDS   3
#define STRICT_SECONDS  60
#define WHOLE_MS        100
#define WHOLE_STEP_MS   2
#define WHOLE_BYTES_MAX 32768 /* more may not fit into the socket at once */

/* A journal that rotates, a look at the directory, a reload, and who asks how we are. */
#define RESERVED_DESCRIPTORS 16
#define SHORTAGE_MS          50

typedef char *reader(int fd, struct timeval *timeout, char *command, size_t *len, char *name);

reader mi_rd_cmd __attribute__((visibility("default")));
int sigwait(const sigset_t *set, int *number) __attribute__((visibility("default")));

/* By another name, because glibc declares the first with a type of its own. */
typedef int acceptor(int fd, struct sockaddr *address, socklen_t *len);

acceptor accept_or_wait __asm__("accept") __attribute__((visibility("default")));

static reader *next_reader;
static acceptor *next_acceptor;
static bool pooled; /* sessions share threads, and are read from only when there is something */
static pthread_once_t looked_up = PTHREAD_ONCE_INIT;
static atomic_llong last_miss; /* seconds, 0: none */
static atomic_llong miss_logged, malformed_logged, shortage_logged;

int sigwait(const sigset_t *set, int *number)
{
	(void)set;
	(void)number;
	for (;;)
		(void)pause();
}

static void look_up(void)
{
	void *found = dlsym(RTLD_NEXT, "mi_rd_cmd");

	/* ISO C has no conversion from an object pointer to a function's. */
	memcpy(&next_reader, &found, sizeof(next_reader));
	found = dlsym(RTLD_NEXT, "accept");
	memcpy(&next_acceptor, &found, sizeof(next_acceptor));
	pooled = dlsym(RTLD_NEXT, "mi_pool_controller_init") != NULL;
}

/* ---- too many connections ---- */

static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static bool is_reserve_there(int fd)
{
	struct rlimit limit;
	int lowest = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (lowest >= 0)
		(void)close(lowest);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return true;
	return lowest >= 0 && (rlim_t)lowest + RESERVED_DESCRIPTORS < limit.rlim_cur;
}

/* Who asks for no address is our own control socket, for which the reserve is there. */
static int take_connection(int fd, struct sockaddr *address, socklen_t *len)
{
	(void)pthread_once(&looked_up, look_up);
	if (next_acceptor && (!address || is_reserve_there(fd)))
		return next_acceptor(fd, address, len);
	errno = EMFILE;
	return -1;
}

int accept_or_wait(int fd, struct sockaddr *address, socklen_t *len)
{
	const struct timespec pause = {.tv_nsec = SHORTAGE_MS * 1000000L};
	int got = take_connection(fd, address, len);
	int error = errno;

	if (got >= 0 || !is_shortage(error))
		return got;
	csp_log_seldom(&shortage_logged, LOG_ERR,
		       "new connections wait: no descriptors are left for them");
	(void)nanosleep(&pause, NULL);
	errno = error;
	return got;
}

/* ---- half packets ---- */

static long long now_seconds(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void note_miss(void)
{
	atomic_store(&last_miss, now_seconds());
	csp_log_seldom(&miss_logged, LOG_WARNING, "half a packet ends a session of the MTA");
}

static bool is_strict(void)
{
	long long last = atomic_load(&last_miss);

	return last && now_seconds() - last < STRICT_SECONDS;
}

/* Nothing at all is whole, too: it is the end of the session, which is the reader's. */
static bool is_whole(int fd)
{
	uint32_t size;
	int waiting = 0;

	if (ioctl(fd, FIONREAD, &waiting) != 0 || waiting == 0)
		return true;
	if (recv(fd, &size, sizeof(size), MSG_PEEK | MSG_DONTWAIT) != sizeof(size))
		return false;
	size = ntohl(size);
	return size > WHOLE_BYTES_MAX || (size_t)waiting >= sizeof(size) + size;
}

static bool has_hung_up(int fd)
{
	struct pollfd state = {.fd = fd, .events = POLLRDHUP};

	return poll(&state, 1, 0) > 0;
}

static bool await_whole(int fd)
{
	const struct timespec step = {.tv_nsec = WHOLE_STEP_MS * 1000000L};

	for (int waited = 0; !is_whole(fd) && !has_hung_up(fd); waited += WHOLE_STEP_MS) {
		if (waited >= WHOLE_MS)
			return false;
		(void)nanosleep(&step, NULL);
	}
	return true;
}

/* ---- malformed packets ---- */

/* The command that they are for, then names and values in turn. */
static bool are_pairs(const char *text, size_t len)
{
	size_t strings = 0;

	for (size_t i = 1; i < len; i++)
		strings += text[i] == '\0';
	return strings % 2 == 0 && (len <= 1 || text[len - 1] == '\0');
}

static bool is_well_formed(char command, const char *text, size_t len)
{
	switch (command) {
	case SMFIC_MACRO:
		return are_pairs(text, len);
	case SMFIC_CONNECT:
	case SMFIC_MAIL:
	case SMFIC_RCPT:
		return memchr(text, '\0', len) != NULL;
	default:
		return true;
	}
}

static char *refuse(char *command, size_t *len)
{
	*command = UNREADABLE;
	*len = 0;
	return NULL;
}

char *mi_rd_cmd(int fd, struct timeval *timeout, char *command, size_t *len, char *name)
{
	struct timeval patience = *timeout;

	(void)pthread_once(&looked_up, look_up);
	if (!next_reader)
		return refuse(command, len);
	if (pooled && is_strict() && !await_whole(fd)) {
		note_miss();
		return refuse(command, len);
	}
	if (pooled && patience.tv_sec > PIECE_SECONDS)
		patience.tv_sec = PIECE_SECONDS;
	char *text = next_reader(fd, &patience, command, len, name);
	if (!text && *command == TIMED_OUT)
		note_miss();
	if (!text || is_well_formed(*command, text, *len))
		return text;
	csp_log_seldom(&malformed_logged, LOG_WARNING,
		       "a malformed packet ('%c') ends a session of the MTA", *command);
	free(text);
	return refuse(command, len);
}
