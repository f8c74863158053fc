/*
 * Counts of recorded decisions: by rule, category, kind of sender, customer, day or action.
 * A struct review_stats owns its counts.
 * Adding and printing give false when memory is short or stdout cannot be written.
 */
#ifndef CSP_REVIEW_STATS_H
#define CSP_REVIEW_STATS_H

#include "review_fact.h"

enum review_stats_by { BY_RULE, BY_CATEGORY, BY_SENDER, BY_CUSTOMER, BY_DAY, BY_ACTION };
bool csp_review_stats_find(enum review_stats_by *out, const char *name);

struct review_stats;
struct review_stats *csp_review_stats_new(enum review_stats_by by); /* NULL when memory is short */
void csp_review_stats_free(struct review_stats *stats);

/* Counts a verdict; `context` is a struct review_stats. */
csp_review_each_fact csp_review_stats_add;
bool csp_review_stats_print(const struct review_stats *stats, bool json);

#endif
