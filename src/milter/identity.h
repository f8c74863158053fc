/*
 * Who the daemon is: the user and groups it runs as and gives its socket to.
 * It owns nothing.
 * A name that does not exist, or a change that the system refuses, is one log line and an exit status.
 */
#ifndef CSP_IDENTITY_H
#define CSP_IDENTITY_H

#include <sys/types.h>

#include "conf.h"

struct identity {
	const char *name; /* NULL: stays who it is */
	uid_t user;       /* (uid_t)-1 then, and so with the groups */
	gid_t group;
	gid_t socket_group;
};

int csp_identity_find(struct identity *out, const struct conf_milter *conf);
int csp_identity_become(const struct identity *identity); /* for good */

#endif
