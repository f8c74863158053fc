/*
 * The list of decisions that pass a filter: a page of a table, CSV or JSON, sorted.
 * It owns nothing. What went wrong has been told when another exit status than 0 is given.
 */
#ifndef CSP_REVIEW_LIST_H
#define CSP_REVIEW_LIST_H

#include "review_source.h"

int csp_review_list(struct review_call *call, const struct review_source *source);

/* Says what was passed over on the way. */
void csp_review_tell_damage(const struct review_counts *counts);

int csp_review_output_error(void); /* stdout could not be written; gives the exit status */

#endif
