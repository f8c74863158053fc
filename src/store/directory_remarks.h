/*
 * What whoever imports should be told of the customers named: without a domain of their own, or with more partners than their cloud allows.
 * A struct directory_remarks keeps the ids of the few that it has to look at again; counts and settings are the caller's.
 * It fails on a damaged value or short memory.
 */
#ifndef CSP_DIRECTORY_REMARKS_H
#define CSP_DIRECTORY_REMARKS_H

#include "directory_changes.h"
#include "directory_private.h"

struct remark;

struct directory_remarks {
	const struct update_settings *settings;
	struct update_counts *counts;
	struct remark
		*items; /* customers with two partners, unless one's id is the other's alias */
	size_t count, cap;
	struct arena kept, arena; /* arena: for one customer */
};

void csp_remarks_init(struct directory_remarks *remarks, const struct update_settings *settings,
		      struct update_counts *counts);
void csp_remarks_dispose(struct directory_remarks *remarks);

/* after: the customer's value, as all sources describe it. */
bool csp_remarks_customer(struct directory_remarks *remarks, const struct party_changes *changes,
			  struct span after);

/* Once all is stored, in the transaction that sees it. */
enum directory_result csp_remarks_finish(struct directory_remarks *remarks,
					 const struct directory_txn *at);

#endif
