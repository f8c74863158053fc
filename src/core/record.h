/*
 * A decision as a record: one line of JSON (schema csp-milter/decision/1) and one line for syslog.
 * Both go to the caller's buf, without a line end.
 * The buf's failure is the only one.
 */
#ifndef CSP_RECORD_H
#define CSP_RECORD_H

#include "decision.h"

#define SYSLOG_LINE_MAX 1000

/* Appends what stands for a text that must not be written down. */
typedef void csp_record_hide(const void *context, struct buf *out, struct span text);

struct record_options {
	bool inputs; /* what the decision was made of, so that it can be made again */
	csp_record_hide
		*hide; /* of addresses all before the '@', and subjects; NULL: nothing is hidden */
	const void *context;
};

/* An address as records show it: its local part is hidden, together with its domain and in small letters, and the domain stays. */
void csp_record_append_address(struct buf *out, const struct record_options *options,
			       struct span address);

void csp_record_write(struct buf *out, const struct decision *decision,
		      const struct record_options *options);

/* Printable ASCII, at most SYSLOG_LINE_MAX bytes: "QUEUEID: disposition decision=… key=value …". */
void csp_record_write_syslog(struct buf *out, const struct decision *decision,
			     const struct record_options *options);

/* {"schema":…,"for":ID,"outcome":"…"}: what happened to a message after its record was asked for. */
void csp_record_write_outcome(struct buf *out, struct span decision_id, struct timespec time,
			      const char *outcome);

#endif
