/*
 * The control socket: a person's questions to the running daemon, one line in, one JSON object out.
 * The caller owns the descriptor it listens on; each client is served at once and bounded in time.
 * A client that misbehaves is dropped; nothing a client does can stop the daemon.
 *
 * Requests: "status\n", "reload\n". Answers: {"schema":"csp-milter/control/1","ok":true|false, ...}, with "errors": [text]
 * when ok is false, and the fields of the request otherwise.
 */
#ifndef CSP_CONTROL_H
#define CSP_CONTROL_H

#include "json.h"

struct control {
	int fd;
	/* Both write the fields behind "ok" into the open object and say what "ok" is. */
	bool (*status)(void *context, struct json *json);
	bool (*reload)(void *context, struct json *json);
	void *context;
};

int csp_control_open(struct control *control,
		     const char *path); /* 0 or an errno; EADDRINUSE when somebody listens there */
void csp_control_close(struct control *control, const char *path);
void csp_control_serve(struct control *control); /* one waiting client */

#endif
