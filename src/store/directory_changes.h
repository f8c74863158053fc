/*
 * The sorted statements of an import, party by party: what each source says of it, put together.
 * A struct changes owns what it hands out until the next call; the sorter is the caller's.
 * Statements that would make a party too big are refused through the report; else it fails as the sorter, or with ENOMEM.
 */
#ifndef CSP_DIRECTORY_CHANGES_H
#define CSP_DIRECTORY_CHANGES_H

#include "directory_update.h"
#include "sorter.h"

struct change {
	uint32_t source;
	struct place_in_import place; /* of its first statement */
	struct span facts, names;     /* see facts.h */
};

struct party_changes {
	enum statement_type type;
	struct span party; /* packed id; an exclusion's domain */
	const struct change *items;
	size_t count; /* by source, each once */
};

struct changes {
	struct sorter *sorter;
	const struct update_report *report;
	struct arena arena;
	struct buf next; /* a statement read ahead */
	bool has_next;
	uint64_t done, refused; /* statements */
};

void csp_changes_init(struct changes *changes, struct sorter *sorter,
		      const struct update_report *report);
void csp_changes_dispose(struct changes *changes);

/* 0, SORTER_END or an errno code. A party all of whose statements were refused has a count of 0. */
int csp_changes_next(struct party_changes *out, struct changes *changes);

#endif
