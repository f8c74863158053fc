/*
 * What each rule came to since start, counted in recipients.
 * The counts are the process's and go on over reloads by the names of the rules; a tally, a snapshot's own, points to them.
 * Only csp_tally_new can fail, for memory.
 */
#ifndef CSP_TALLY_H
#define CSP_TALLY_H

#include "decision.h"
#include "json.h"

struct tally;

bool csp_tally_new(struct tally **out, const struct policy *policy);
void csp_tally_free(struct tally *tally);

/* `done`: the MTA was told what the decision says, in enforce mode; else its rules only would have decided. */
void csp_tally_count(const struct tally *tally, const struct decision *decision, bool done);

void csp_tally_write(const struct tally *tally,
		     struct json *json); /* an array, in the order of the rules */

#endif
