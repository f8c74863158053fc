/*
 * What is done with decisions that are named by their ids, or the beginnings of them: showing one, releasing one, marking some.
 * It owns nothing. What went wrong has been told when another exit status than 0 is given.
 */
#ifndef CSP_REVIEW_SHOW_H
#define CSP_REVIEW_SHOW_H

#include "review_source.h"

int csp_review_show(struct review_call *call, const struct review_source *source, const char *id);
int csp_review_release(struct review_call *call, const struct review_source *source,
		       const char *id);

/* words: ids, then a verdict. */
int csp_review_mark(struct review_call *call, struct review_source *source, size_t count,
		    char **words);

#endif
