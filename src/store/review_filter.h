/*
 * Which recorded decisions are asked for, and whether one is among them.
 * A filter's spans are its maker's; records are the caller's.
 * Only a subject that memory does not suffice for fails: the record is then not met, and *failed is set.
 */
#ifndef CSP_REVIEW_FILTER_H
#define CSP_REVIEW_FILTER_H

#include <jansson.h>
#include <stdint.h>

#include "buf.h"

/*
 * One recipient must meet `rule`, `disposition`, `to`, `sender` and `customer` together; what a rule that is not enforced would have done
 * counts as well. Empty: any.
 */
struct review_filter {
	int64_t since,
		until; /* seconds since 1970, until exclusive; INT64_MIN and INT64_MAX when open */
	struct span rule, disposition;
	struct span sender, customer; /* kind of sender; a customer's id, any case */
	struct span from, to;         /* part of an address, any case */
	struct span id;               /* the beginning of a decision's id, any case */
	struct span queue_id;
	struct span action, would_action, mode, category;
	struct span subject; /* part of the subject, both as csp_review_subject makes them */
	bool would;          /* only where something was not carried out that would have been */
	bool notable;        /* only where some recipient's disposition is no pass */
	bool outcomes; /* outcome records too; of this filter only the times and `id` apply to them */
};

/* Letters of any case and script, words with one space between; what parts of subjects are looked for in. */
void csp_review_subject(struct buf *out, struct span subject);

bool csp_review_meets(const json_t *record, const struct review_filter *filter, bool *failed);

/* Something was not carried out that would have been. */
bool csp_review_would(const json_t *record);

/* A member's text; empty when there is none, or it is no text. */
struct span csp_review_text(const json_t *object, const char *key);

/* Does a text hold a part, ASCII letters in any case. */
bool csp_review_has_part(struct span text, struct span part);

#endif
