/*
 * The list of decisions that pass a filter: a page of a table, CSV or JSON, sorted.
 * It owns nothing. What went wrong has been told when another exit status than 0 is given.
 */
#ifndef CSP_REVIEW_LIST_H
#define CSP_REVIEW_LIST_H

#include "review_source.h"
#include "window.h"

int csp_review_list(struct review_call *call, const struct review_source *source);

/* The page of the list that the call asks for, as records; the window is the caller's to dispose, whatever is given. */
int csp_review_collect(struct window *out, struct review_counts *counts, struct review_call *call,
		       const struct review_source *source, size_t limit);

/* Says what was passed over on the way. */
void csp_review_tell_damage(const struct review_counts *counts);

int csp_review_output_error(void); /* stdout could not be written; gives the exit status */

#endif
