/*
 * Log lines of both programs: syslog, or stderr when asked; on a terminal stderr besides syslog.
 * It keeps one global, the destination, set once at start.
 * Nothing here can fail in a way that a caller could act on.
 */
#ifndef CSP_LOG_H
#define CSP_LOG_H

#include <stdatomic.h>
#include <syslog.h>

#include "span.h"

/* `ident` must stay. False: no such facility. Before this call lines go to stderr. */
bool csp_log_open(const char *ident, const char *facility, bool to_stderr);
void csp_log_set_facility(const char *facility);
bool csp_log_facility_exists(const char *facility);

/* One line of at most 1,000 bytes; control characters become '?'. LOG_ERR … LOG_DEBUG */
void csp_log(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, but at most once in ten seconds for one `last` (start with 0): for what may come in bursts. */
void csp_log_seldom(atomic_llong *last, int priority, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void csp_log_line(int priority, struct span line); /* printable ASCII, as it is */

#endif
