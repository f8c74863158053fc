/*
 * The daemon: everything it is made of, put together in order, reloaded, and taken down.
 * It owns all of it until the process ends.
 * Whatever keeps it from starting is logged as one line and comes back as an exit status of sysexits.h.
 */
#ifndef CSP_DAEMON_H
#define CSP_DAEMON_H

#include <time.h>

#include "control.h"
#include "filter.h"
#include "identity.h"
#include "listener.h"
#include "watch.h"

struct options {
	const char *conf_path;
	bool check;     /* -n */
	bool to_stderr; /* --stderr */
};

#define RELOAD_ERRORS_MAX 20

/* What a reload cannot change, as text. */
enum fixed {
	FIXED_SOCKET,
	FIXED_MODE,
	FIXED_GROUP,
	FIXED_USER,
	FIXED_TIMEOUT,
	FIXED_CONTROL,
	FIXED_COUNT
};
#define FIXED_SIZE 512

struct daemon {
	struct options options;
	struct snapshot *first; /* until the filter has it */
	struct filter filter;
	struct identity identity;
	struct listener listener;
	time_t probed; /* when the own socket was asked last */
	struct control control;
	char fixed[FIXED_COUNT][FIXED_SIZE];
	char *journal_path;
	struct watch watch; /* over the directory */
	time_t started;
	struct {
		time_t time; /* 0: there was none */
		bool ok;
		size_t error_count;
		char *errors[RELOAD_ERRORS_MAX];
	} reload;
};

/* Each step gives EX_OK or why the daemon cannot start. */
int csp_daemon_read_conf(struct daemon *daemon);
int csp_daemon_check(struct daemon *daemon); /* -n: directory and paths, nothing is changed */
int csp_daemon_open(struct daemon *daemon);  /* sockets, the user, the journal, the directory */
int csp_daemon_run(struct daemon *daemon);   /* until the end; the process may only exit after it */

/* status.c: the fields of the control socket's "status". */
bool csp_daemon_write_status(void *daemon, struct json *json);
void csp_daemon_write_errors(const struct daemon *daemon, struct json *json);

#endif
