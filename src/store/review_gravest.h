/*
 * Which verdict of a recorded decision weighs most: a recipient's own, or, where all of those pass, what a rule that is not enforced
 * would have done. It owns nothing.
 */
#ifndef CSP_REVIEW_GRAVEST_H
#define CSP_REVIEW_GRAVEST_H

#include <jansson.h>

#include "span.h"

struct gravest {
	const json_t *recipient; /* NULL: the record has none */
	struct span rule, disposition;
	size_t place; /* among all verdicts: each recipient's own, followed by its others */
};
struct gravest csp_review_gravest(const json_t *record);

/* pass, flag, block, tempfail, rising from 0; -1: none of them. */
int csp_review_weight(struct span disposition);

#endif
