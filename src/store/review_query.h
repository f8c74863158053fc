/*
 * Asking the index of a journal (review_index.h): which decisions pass a filter, what is to be shown of one, and its record.
 * What a query gives is the caller's. It is for an index that is complete.
 */
#ifndef CSP_REVIEW_QUERY_H
#define CSP_REVIEW_QUERY_H

#include "review_fact.h"
#include "review_index.h"

enum review_order {
	REVIEW_BY_TIME,
	REVIEW_BY_FROM,
	REVIEW_BY_TO,
	REVIEW_BY_RULE,
	REVIEW_BY_CUSTOMER,
	REVIEW_BY_CATEGORY,
	REVIEW_BY_SUBJECT,
	REVIEW_ORDERS
};

struct review_query {
	const struct review_filter *filter; /* `outcomes` says nothing here */
	bool reviewed, unreviewed; /* only those that somebody has marked; that nobody has */
	enum review_order order;
	uint64_t skip, limit; /* of those that pass; limit 0: all */
};

/* Numbers of decisions, to be freed: in the order of time the newest first, in another order from A to Z. */
struct review_numbers {
	int64_t *items;
	size_t count;
	bool more; /* behind the limit */
};
enum review_index_result csp_review_index_select(struct review_numbers *out,
						 struct review_index *index,
						 const struct review_query *query);

/* Of a decision, in the form of its record, what tables show: a new reference, with its outcome. */
enum review_index_result csp_review_index_row(json_t **out, struct review_index *index,
					      int64_t number);

/* The whole record, from the journal's file, with its outcome; NULL when the file does not hold it any more. */
enum review_index_result csp_review_index_record(json_t **out, struct review_index *index,
						 int64_t number);

/* Decisions, the newest first, that have this queue id, or this Message-ID; an empty text has none. */
enum review_index_result csp_review_index_related(struct review_numbers *out,
						  struct review_index *index, struct span queue_id,
						  struct span message_id, size_t limit);

/* All verdicts of the decisions that pass, in the order of time. */
enum review_index_result csp_review_index_facts(struct review_index *index,
						const struct review_query *query,
						csp_review_each_fact *each, void *context);

/* When a decision was made, milliseconds since 1970. */
int64_t csp_review_number_time(int64_t number);

#endif
