/*
 * Where review has its decisions from: the journals, each decision joined with what reviewers said of it.
 * It owns nothing; a record that is handed on has a member "mark" where there is one.
 * What went wrong has been told when another exit status than 0 is given.
 */
#ifndef CSP_REVIEW_SOURCE_H
#define CSP_REVIEW_SOURCE_H

#include "review_marks.h"
#include "review_options.h"

int csp_review_source_read(struct review_counts *counts, const struct review_call *call,
			   csp_review_each *each, void *context);

/* Follows the one journal until the program is stopped (review_tail.h). */
int csp_review_source_follow(const struct review_call *call);

/* Writes marks, all or none, in the name of the user who runs the program: the reviewer of each is set here. */
int csp_review_source_mark(const struct review_call *call, struct review_mark *marks, size_t count);

#endif
