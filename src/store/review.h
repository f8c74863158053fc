/*
 * Reading journals back: records that pass a filter, oldest first.
 * A record's JSON is the callback's only for the call.
 * A line that is no whole record is counted and passed over; only a file that cannot be read fails.
 */
#ifndef CSP_REVIEW_H
#define CSP_REVIEW_H

#include <jansson.h>
#include <stdint.h>

#include "span.h"

struct review_filter {
	int64_t since, until; /* seconds since 1970; INT64_MIN and INT64_MAX when open */
	struct span rule, disposition, from, to,
		id; /* empty: any; from and to are parts of an address */
};

struct review_counts {
	uint64_t records, shown, damaged;
};

typedef bool csp_review_each(void *context, const json_t *record); /* false stops */

bool csp_review_read(struct review_counts *counts, const char *path,
		     const struct review_filter *filter, csp_review_each *each,
		     void *context); /* false: errno says why the file cannot be read */

#endif
