/*
 * The inside of a set of phrases, for the files that build it and search with it.
 * The set owns everything here; spans point into its texts.
 * Nothing here can fail.
 */
#ifndef CSP_PHRASE_SET_H
#define CSP_PHRASE_SET_H

#include <hs/hs.h>

#include "phrases.h"

/* Who is told of a hit: phrases, written differently, may have the same normal form. */
struct claim {
	const struct phrase_owner *owners;
	size_t owner_count;
};

/* A phrase with gaps; what a scan has met of it stands in its states, one for each part but the last. */
struct chain {
	struct claim claim;
	unsigned parts;
	size_t first_state;
};

struct step {
	const struct chain *chain;
	unsigned part;
};

/* One pattern of the database: a phrase, a part of some with gaps, or both. */
struct literal {
	struct span text;
	unsigned left_pad, right_pad; /* 1 for a space that stands for the end of a word */
	struct claim claim;
	const struct step *steps;
	size_t step_count;
};

struct phrases {
	hs_database_t *database; /* NULL when there are no phrases */
	struct buf texts;
	struct literal *literals;
	size_t literal_count;
	struct phrase_owner *owners;
	struct chain *chains;
	size_t chain_count;
	struct step *steps;
	size_t state_count;
};

#endif
