/*
 * One party's value in the directory, made from what stood there and what an import says; the same for every way to store it.
 * The new value is the caller's buf; names that are claimed or let go are told one by one.
 * It fails on a damaged value or short memory, or as the caller's function does.
 */
#ifndef CSP_DIRECTORY_PARTY_H
#define CSP_DIRECTORY_PARTY_H

#include "directory_changes.h"
#include "directory_sources.h"

/* A name that a source begins or ceases to claim for a party. */
struct party_claim {
	const struct facts_name *name;
	uint32_t source;
	struct span party; /* packed id */
	bool add;
	struct place_in_import place; /* of an added one */
};

struct party_merge {
	const struct party_changes *changes;
	struct span before; /* the value that stands there; empty: none */
	uint32_t
		dropped; /* number of a source that says nothing any more, or SOURCE_EVERY; 0: none */
	uint64_t state;                    /* of the directory, once this is in it */
	struct directory_sources *sources; /* their counts are kept right */
	struct arena *arena;
	enum directory_result (*claim)(void *context, const struct party_claim *claim);
	void *context;
};

/* *after: sealed for the party's table and key; empty when no source describes it any more. */
enum directory_result csp_party_merge(struct buf *after, const struct party_merge *merge);

/* The table of a type of statement that describes a party. */
enum codec_table csp_party_table(enum statement_type type);

#endif
