/*
 * The name that somebody meant: of some names, the one nearest to what was written (Levenshtein's distance).
 * It points to names that the caller owns.
 * Nothing fails: where no name is near, `best` stays NULL.
 */
#ifndef CSP_GUESS_H
#define CSP_GUESS_H

#include "span.h"

struct guess {
	struct span wanted;
	const char *best;
	size_t best_distance;
};

void csp_guess_init(struct guess *guess, struct span wanted);
void csp_guess_try(struct guess *guess, const char *name);

#endif
