/*
 * What happened since start, counted without locks.
 * One global set of counters; it owns nothing.
 * Nothing here can fail.
 */
#ifndef CSP_COUNTERS_H
#define CSP_COUNTERS_H

#include <stdint.h>

#include "json.h"

enum counter {
	COUNTER_SESSIONS,      /* connections taken */
	COUNTER_SESSIONS_OPEN, /* a gauge */
	COUNTER_MESSAGES,      /* decisions made */
	COUNTER_ACCEPTED,
	COUNTER_FLAGGED,
	COUNTER_SPLIT,
	COUNTER_REDIRECTED,
	COUNTER_QUARANTINED,
	COUNTER_TEMPFAILED,
	COUNTER_REJECTED,
	COUNTER_WOULD_FLAG, /* monitor mode */
	COUNTER_WOULD_SPLIT,
	COUNTER_WOULD_REDIRECT,
	COUNTER_WOULD_QUARANTINE,
	COUNTER_WOULD_TEMPFAIL,
	COUNTER_WOULD_REJECT,
	COUNTER_NOT_OUTBOUND, /* messages that were not judged */
	COUNTER_FAULT_DIRECTORY,
	COUNTER_FAULT_JOURNAL,
	COUNTER_FAULT_RESOURCES,
	COUNTER_OLD_DIRECTORY, /* messages that met one, believed or not */
	COUNTER_RELOADS,
	COUNTER_RELOADS_FAILED,
	COUNTER_COUNT,
};

void csp_counter_add(enum counter counter, int64_t amount);
int64_t csp_counter_get(enum counter counter);
void csp_counters_write(struct json *json); /* one object */

#endif
