/*
 * The options of csp-milterctl review, taken from its command line.
 * A call owns the part of a subject that is looked for, until csp_review_call_dispose; all other texts are argv's.
 * What is wrong has been told when taking the options gives another exit status than 0.
 */
#ifndef CSP_REVIEW_OPTIONS_H
#define CSP_REVIEW_OPTIONS_H

#include "review_query.h"
#include "review_stats.h"

#define JOURNALS_MAX 64

struct review_call {
	struct review_filter filter;
	struct buf subject;
	const char *conf;
	const char *journals[JOURNALS_MAX];
	size_t journal_count;
	const char *limit_text; /* NULL: the default */
	size_t limit, page;
	enum review_order order;
	enum review_stats_by by;
	const char *marks; /* NULL: the configuration's */
	const char *note;
	const char *output; /* NULL: none is named */
	bool all, json, csv, help, reviewed, unreviewed, rebuild;
	bool unindexed; /* the journals are read through, even where there is an index */
	int64_t now; /* seconds since 1970 */
};

extern const char csp_review_help[];

int csp_review_take_options(struct review_call *call, int argc, char **argv);
void csp_review_call_dispose(struct review_call *call);

/* What is asked for may be a plain pass. */
bool csp_review_asks_for_passes(const struct review_filter *filter);

#endif
