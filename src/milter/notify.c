#include "notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void send_state(const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");

	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, strlen(path));
	/* An abstract socket's name starts with NUL. */
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
		     (const struct sockaddr *)&address,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
	(void)close(fd);
}

void csp_notify_ready(void)
{
	send_state("READY=1");
}

void csp_notify_reloading(void)
{
	struct timespec now = {0};
	char state[96];

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		       (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	send_state(state);
}

void csp_notify_status(const char *text)
{
	char state[512];

	(void)snprintf(state, sizeof(state), "STATUS=%s", text);
	send_state(state);
}

long csp_notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	long long value = usec ? strtoll(usec, NULL, 10) : 0;

	if (value <= 0 || (pid && strtoll(pid, NULL, 10) != (long long)getpid()))
		return 0;
	return (long)(value / 1000);
}

void csp_notify_alive(void)
{
	send_state("WATCHDOG=1");
}

void csp_notify_stopping(void)
{
	send_state("STOPPING=1");
}
