/*
 * A verdict of a recorded decision and what it is counted by.
 * Texts are valid for the call that gives them.
 */
#ifndef CSP_REVIEW_FACT_H
#define CSP_REVIEW_FACT_H

#include <jansson.h>
#include <stdint.h>

#include "span.h"

struct review_fact {
	uint64_t sequence; /* the same for all verdicts of a decision, which follow each other */
	int64_t time;      /* milliseconds since 1970 */
	bool own; /* a recipient's own; else what a rule that is not enforced would have done */
	struct span id, rule, disposition, sender, customer;
	struct span action, would_action, category;
	struct span language; /* of the first phrase that decided: "en" */
	struct span origin;   /* the first author, or the reverse-path */
	struct span mark;     /* what the last reviewer said; empty: nobody did */
};
typedef bool csp_review_each_fact(void *context, const struct review_fact *fact); /* false stops */

/* The verdicts of a record; it may have a member "mark". False when the callback wants no more. */
bool csp_review_facts_of(const json_t *record, uint64_t sequence, csp_review_each_fact *each,
			 void *context);

/* Milliseconds since 1970 of a time such as "2026-11-23T10:00:00.250Z". */
int64_t csp_review_milliseconds(struct span time);

struct span csp_review_language(const json_t *record);
struct span csp_review_origin(const json_t *record);

#endif
