/*
 * Preloaded into the private Sendmail of the tests: a qualified host name, and no names for anybody else.
 * Every function here stands in for libc's and keeps its contract: an answer is good until the next question.
 * Nothing can fail but a buffer that is too short: without it Sendmail would sleep a minute for want of a qualified name
 * and ask the network about every client.
 */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int gethostname(char *name, size_t size)
{
	static const char ours[] = "gateway.sendmail.example";

	if (size < sizeof ours) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, ours, sizeof ours);
	return 0;
}

static struct hostent *not_found(void)
{
	h_errno = HOST_NOT_FOUND;
	return NULL;
}

/* Numeric IPv4 addresses alone: nothing in the rig has a name. */
EXPORTED struct hostent *gethostbyname2(const char *name, int family)
{
	static struct in_addr address;
	static char *addresses[] = {(char *)&address, NULL};
	static char *aliases[] = {NULL};
	static char canonical[INET_ADDRSTRLEN];
	static struct hostent found = {canonical, aliases, AF_INET, sizeof address, addresses};

	if (family != AF_INET || inet_pton(AF_INET, name, &address) != 1)
		return not_found();
	inet_ntop(AF_INET, &address, canonical, sizeof canonical);
	return &found;
}

EXPORTED struct hostent *gethostbyaddr(const void *address, socklen_t size, int family)
{
	(void)address, (void)size, (void)family;
	return not_found();
}
