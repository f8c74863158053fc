/*
 * The names that an update claims or lets go, gathered while parties are stored, and then put under each name in order.
 * A struct directory_names owns its sorter until dispose.
 * It fails on a damaged value, as the sorter and as the target do.
 */
#ifndef CSP_DIRECTORY_NAMES_H
#define CSP_DIRECTORY_NAMES_H

#include "directory_party.h"
#include "directory_target.h"

struct directory_names {
	struct sorter sorter;
	struct buf record, value;
	struct update_counts *counts; /* shared_domains, partner_domains */
	const struct update_report *report;
	uint64_t done;               /* claims stored */
	void (*tick)(void *context); /* now and then */
	void *context;
};

void csp_names_init(struct directory_names *names, int folder, size_t memory);
void csp_names_dispose(struct directory_names *names);

enum directory_result csp_names_add(struct directory_names *names, const struct party_claim *claim);
enum directory_result csp_names_add_exclusion(struct directory_names *names, struct span domain,
					      uint32_t source, struct place_in_import place);

/* What a source (or SOURCE_EVERY) has excluded, as a transaction sees it: one domain, or all when it is empty. */
enum directory_result csp_names_drop_exclusions(struct directory_names *names,
						const struct directory_txn *at, struct span domain,
						uint32_t source);

/* All of it into the tables of names. */
enum directory_result csp_names_store(struct directory_names *names,
				      struct directory_target *target,
				      struct directory_sources *sources);

#endif
