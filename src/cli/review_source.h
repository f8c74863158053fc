/*
 * Where review has its decisions from: the journals, or the index of them, each decision joined with what reviewers said of it.
 * A struct review_source owns what it opened, until csp_review_source_close; a record that is handed on has a member "mark" where
 * there is one. What went wrong has been told when another exit status than 0 is given.
 */
#ifndef CSP_REVIEW_SOURCE_H
#define CSP_REVIEW_SOURCE_H

#include "arena.h"
#include "conf.h"
#include "review_marks.h"
#include "review_options.h"
#include "review_query.h"

struct review_source {
	struct conf *conf;           /* NULL: the call names the journals */
	const char *const *journals; /* oldest first */
	size_t journal_count;
	const char *marks_path; /* NULL: none */
	struct review_marks *marks;
	struct review_index *index; /* NULL: the journals are read through */
	uint64_t decisions;         /* in the index */
	struct arena arena;
};

/* Brings the index up to date, if the configuration names one; what it is not good for is said, and done without it. */
int csp_review_source_open(struct review_source *out, const struct review_call *call);
void csp_review_source_close(struct review_source *source);

/* Where the journal holds keyed hashes, whole addresses that the call looks for become theirs; subjects cannot be looked for. */
int csp_review_source_hide(struct review_source *source, struct review_call *call);

/* Reads the journals through; all that passes the call's filter, oldest first. */
int csp_review_source_read(struct review_counts *counts, const struct review_source *source,
			   const struct review_call *call, csp_review_each *each, void *context);

/* By the index: those of the query, oldest first or in its order; whole records, or what tables show of them. */
int csp_review_source_select(struct review_counts *counts, const struct review_source *source,
			     const struct review_query *query, bool whole, csp_review_each *each,
			     void *context);

/* Verdicts of what passes the call's filter. */
int csp_review_source_facts(struct review_counts *counts, const struct review_source *source,
			    const struct review_call *call, csp_review_each_fact *each,
			    void *context);

/* Other decisions about the record's message, oldest first: it came again, or went on through another gateway. */
int csp_review_source_related(const struct review_source *source, const struct review_call *call,
			      const json_t *record, csp_review_each *each, void *context);

/* Makes the configuration's index anew, or brings it up to date, and says what is in it. */
int csp_review_source_index(const struct review_call *call);

/* Follows the one journal until the program is stopped (review_tail.h). */
int csp_review_source_follow(const struct review_call *call);

/* Writes marks, all or none, in the name of the user who runs the program: the reviewer of each is set here. */
int csp_review_source_mark(struct review_source *source, struct review_mark *marks, size_t count);

#endif
