/*
 * Reading journals back: records that pass a filter, oldest first.
 * A record's JSON is the callback's only for the call, unless it takes a reference of its own (json_incref).
 * A line that is no whole record is counted and passed over; only a file that cannot be read fails.
 */
#ifndef CSP_REVIEW_H
#define CSP_REVIEW_H

#include "review_filter.h"

/* Longer lines count as damaged. A record of 50,000 recipients has some 20 MB. */
#define REVIEW_LINE_MAX ((size_t)64 << 20)

struct review_counts {
	uint64_t records, shown; /* decisions read; decisions that passed the filter */
	uint64_t outcomes;
	uint64_t damaged;
	uint64_t gone; /* known to the index, in no file any more */
	bool more;     /* that pass, behind the limit */
};

typedef bool csp_review_each(void *context, json_t *record); /* false stops */

/* A file compressed by gzip(1) is read as what is in it. Adds to *counts. False: errno says why the file cannot be read. */
bool csp_review_read(struct review_counts *counts, const char *path,
		     const struct review_filter *filter, csp_review_each *each, void *context);

/* One line of a journal, a decision or an outcome: a new reference. NULL: it is no whole record, or memory is short. */
json_t *csp_review_line(struct span line);

/* The id of the decision that an outcome record belongs to; empty for a decision. */
struct span csp_review_outcome_of(const json_t *record);

#endif
