/*
 * The report: one HTML page that needs nothing but itself, about the decisions that pass a filter.
 * It owns nothing. What went wrong has been told when another exit status than 0 is given.
 */
#ifndef CSP_REVIEW_REPORT_H
#define CSP_REVIEW_REPORT_H

#include "review_source.h"

/* To the file that call->output names; of the last 30 days, unless the call says since when. */
int csp_review_report(struct review_call *call, const struct review_source *source);

#endif
