/*
 * How long things take, counted without locks in steps of about two and a half.
 * One global set; it owns nothing. Nothing here can fail.
 */
#ifndef CSP_TIMING_H
#define CSP_TIMING_H

#include <time.h>

#include "json.h"

enum timing {
	TIMING_DECISION, /* from the end of the message to its decision */
	TIMING_RECORD,   /* until its record is written, or on disk where it must be */
	TIMING_ANSWER,   /* from the end of the message to the answer */
	TIMING_COUNT,
};

struct timespec csp_timing_now(void);

/* Counts the time since `begun`, and gives the present one. */
struct timespec csp_timing_note(enum timing timing, struct timespec begun);

/*
 * One object: for each, "count", "sum" (microseconds) and "steps", an array of [microseconds, how many took at most that
 * long]; what took longer than the last step is in "count" alone.
 */
void csp_timings_write(struct json *json);

#endif
