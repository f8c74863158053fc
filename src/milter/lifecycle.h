/*
 * The daemon's life: libmilter in a thread of its own, signals and the control socket in the main one.
 * Everything it points to is the daemon's; the signals' descriptor is a global, as signals are.
 * csp_lifecycle_run returns once, when the daemon is to end, with its exit status; starting can fail.
 *
 * SIGHUP: reload. SIGUSR1: reopen. SIGTERM, SIGINT: drain and end; a second one ends at once.
 */
#ifndef CSP_LIFECYCLE_H
#define CSP_LIFECYCLE_H

#include "control.h"
#include "filter.h"

struct lifecycle {
	struct filter *filter;
	struct control *control;
	void (*reload)(void *context);
	void (*reopen)(void *context);
	void (*tick)(void *context); /* about once a second */
	unsigned (*drain_seconds)(void *context);
	void *context;
};

/*
 * Before the first thread is made: all of them inherit the mask, and signals come through a descriptor.
 * libmilter has a thread of its own that waits for HUP, TERM and INT and takes each for the end; guard.c
 * puts it to sleep, for whatever else is done, it gets one of them some day.
 */
void csp_lifecycle_block_signals(void);

/* Starts libmilter, which must have been registered and opened; 0 or an errno. */
int csp_lifecycle_start(void);
int csp_lifecycle_run(const struct lifecycle *lifecycle);

#endif
