/*
 * The socket that the MTA connects to: its name taken apart, checked, opened through libmilter, and put right.
 * A struct listener keeps its own copy of the name and, once open, the socket file; the descriptor is libmilter's.
 * Each failure is one text for a person, in the listener.
 */
#ifndef CSP_LISTENER_H
#define CSP_LISTENER_H

#include <sys/types.h>

#include "sockfile.h"

struct listener {
	bool tcp;
	int family;     /* AF_UNIX, AF_INET or AF_INET6 */
	char name[512]; /* as libmilter reads it */
	char host[256]; /* empty for a unix socket */
	char port[8];
	const char *path; /* into name; "" unless a unix socket */
	struct sockfile file;
	char error[1024];
};

/* "unix:/path", "inet:port@host", "inet6:port@host"; false: `error` says what is wrong. */
bool csp_listener_parse(struct listener *out, const char *name);

struct listener_settings {
	mode_t mode;
	uid_t owner; /* (uid_t)-1 leaves it; also whose stale socket may be replaced */
	gid_t group; /* (gid_t)-1 leaves it */
	int backlog;
};

/* Gives EX_OK or the exit status for what stands in `error`. */
int csp_listener_check(struct listener *listener, const struct listener_settings *settings);
int csp_listener_open(struct listener *listener, const struct listener_settings *settings);
void csp_listener_remove(struct listener *listener); /* the socket file */

#endif
