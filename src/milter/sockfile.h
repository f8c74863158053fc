/*
 * A socket file: the name that a unix socket has in the file system.
 * It owns nothing but what it remembers of the file it was given.
 * Everything gives 0 or an errno; a socket that somebody listens on is never removed.
 */
#ifndef CSP_SOCKFILE_H
#define CSP_SOCKFILE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/un.h>

struct sockfile {
	const char *path;
	dev_t device;
	ino_t inode;
	bool ours;
};

int csp_sockfile_address(struct sockaddr_un *out, const char *path); /* ENAMETOOLONG */

/*
 * Makes room for a socket: removes one that nobody listens on. EADDRINUSE: somebody does; ELOOP: a
 * symlink; EEXIST: no socket; EPERM: neither ours, root's nor `also`'s; ENOENT, EACCES: its folder is missing or closed to us.
 */
int csp_sockfile_clear(const char *path, uid_t also);

int csp_sockfile_adopt(struct sockfile *out, const char *path); /* remembers what was bound there */
void csp_sockfile_remove(struct sockfile *file); /* only while it is the one that was adopted */

#endif
