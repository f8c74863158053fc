/*
 * A decision as a record: one line of JSON (schema csp-milter/decision/1) and one line for syslog.
 * Both go to the caller's buf, without a line end.
 * The buf's failure is the only one.
 */
#ifndef CSP_RECORD_H
#define CSP_RECORD_H

#include "decision.h"

#define SYSLOG_LINE_MAX 1000

struct record_options {
	bool inputs; /* what the decision was made of, so that it can be made again */
};

void csp_record_write(struct buf *out, const struct decision *decision,
		      const struct record_options *options);

/* Printable ASCII, at most SYSLOG_LINE_MAX bytes: "QUEUEID: disposition decision=… key=value …". */
void csp_record_write_syslog(struct buf *out, const struct decision *decision);

/* {"schema":…,"for":ID,"outcome":"…"}: what happened to a message after its record was asked for. */
void csp_record_write_outcome(struct buf *out, struct span decision_id, struct timespec time,
			      const char *outcome);

#endif
