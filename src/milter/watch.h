/*
 * The daemon's eye on its directory: opens it, looks at each tick whether it is still there, sound and young enough, and opens it anew.
 * The daemon owns one; what is open belongs to the filter.
 * Whatever is wrong is logged once when it begins and once when it has ended, and stays in `result` for the status.
 */
#ifndef CSP_WATCH_H
#define CSP_WATCH_H

#include "filter.h"

struct watch {
	enum directory_result result; /* of the last look */
	bool alarmed;                 /* that it is not well was logged */
	bool old;                     /* and that it is too old */
};

/* Without a directory the daemon runs on: the failure policy speaks until it is there. */
void csp_watch_look(struct watch *watch, struct filter *filter, const struct conf *conf);

#endif
