/*
 * An index of a journal: what is asked of decisions, and where each record stands, in a SQLite database that a group of reviewers may
 * write. All in it is taken from the journal's files, so it can be made anew at any time.
 * A struct review_index owns its handle. What fails is told by csp_review_index_error, for a person.
 */
#ifndef CSP_REVIEW_INDEX_H
#define CSP_REVIEW_INDEX_H

#include "review.h"

struct review_index;

enum review_index_result {
	REVIEW_INDEX_OK,
	REVIEW_INDEX_BUSY, /* somebody else is bringing it up to date */
	REVIEW_INDEX_FAILED
};

/* `marks`: the file of marks (review_marks.h), NULL where there is none. After a failure *out may still be there, for its error. */
enum review_index_result csp_review_index_open(struct review_index **out, const char *path,
					       const char *marks);
void csp_review_index_close(struct review_index *index); /* NULL is allowed */
const char *csp_review_index_error(const struct review_index *index);

/* What is being done, a literal, and how much of it; now and then. */
typedef void review_index_progress(void *context, const char *what, uint64_t done, uint64_t total);

/* A rotated file that cannot be read, or not to its end, and why (errno): what is known of it stays. */
typedef void review_index_trouble(void *context, const char *path, int error);

struct review_index_call {
	const char *
		journal; /* the file that grows; its rotated ones are those whose names begin with its own */
	bool rebuild;                    /* forget what is known first */
	review_index_progress *progress; /* NULL: nobody looks */
	review_index_trouble *trouble;
	void *context;
};

struct review_index_report {
	uint64_t decisions, damaged; /* known in all */
	uint64_t added;
	unsigned files;
};

/*
 * Takes in what the journal's files have gained, and forgets those that are gone. It is done by one process at a time; REVIEW_INDEX_BUSY
 * after two seconds of waiting for another. What is cut off is continued by the next.
 */
enum review_index_result csp_review_index_update(struct review_index_report *report,
						 struct review_index *index,
						 const struct review_index_call *call);

/* Nothing can be asked before the first update came to its end. */
bool csp_review_index_is_complete(struct review_index *index);
enum review_index_result csp_review_index_count(uint64_t *decisions, struct review_index *index);

#endif
