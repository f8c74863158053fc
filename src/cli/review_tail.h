/*
 * Decisions as they are recorded: the end of a journal, followed over rotation, until the program is stopped.
 * It owns nothing beyond one call.
 * What went wrong has been told when it gives an exit status.
 */
#ifndef CSP_REVIEW_TAIL_H
#define CSP_REVIEW_TAIL_H

#include "review_options.h"

/* Ends by a signal alone, or by a failure. */
int csp_review_tail(const struct review_call *call, const char *path);

#endif
