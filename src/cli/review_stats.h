/*
 * Counts of recorded decisions, by one thing that they have: a rule, a day, a customer and so on.
 * A struct review_stats owns its counts.
 * Adding and printing give false when memory is short or stdout cannot be written.
 */
#ifndef CSP_REVIEW_STATS_H
#define CSP_REVIEW_STATS_H

#include "review_fact.h"

enum review_stats_by {
	BY_RULE,
	BY_CATEGORY,
	BY_SENDER,
	BY_FROM,
	BY_CUSTOMER,
	BY_LANGUAGE,
	BY_DAY, /* in the reader's zone */
	BY_ACTION,
	REVIEW_STATS_BYS
};
bool csp_review_stats_find(enum review_stats_by *out, const char *name);
const char *csp_review_stats_name(enum review_stats_by by);

/* What is counted for each key; the first and the marks in decisions, the others in recipients. */
enum review_count {
	COUNT_MESSAGES,
	COUNT_PASS,
	COUNT_FLAG,
	COUNT_BLOCK,
	COUNT_TEMPFAIL,
	COUNT_WOULD,
	COUNT_CONFIRMED,
	COUNT_FALSE_POSITIVE,
	REVIEW_COUNTS
};
const char *csp_review_count_name(enum review_count count);

struct review_stats_row {
	struct span key; /* "-" for what has none */
	uint64_t counts[REVIEW_COUNTS];
	uint64_t last; /* decision that was counted */
};

struct review_stats;
struct review_stats *csp_review_stats_new(enum review_stats_by by); /* NULL when memory is short */
void csp_review_stats_free(struct review_stats *stats);             /* NULL is allowed */

/* Counts a verdict; `context` is a struct review_stats. */
csp_review_each_fact csp_review_stats_add;

/* The rows, those of the most messages first; days in their order. They are the stats' own, until something is added. */
const struct review_stats_row *csp_review_stats_rows(struct review_stats *stats, size_t *count);

/* Of the decisions that were reviewed, those that were wrong: a share from 0 to 1; below 0 when none was. */
double csp_review_stats_wrong(const struct review_stats_row *row);

bool csp_review_stats_print(struct review_stats *stats, bool json);

#endif
