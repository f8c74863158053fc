#include "guess.h"

#define NAME_MAX 64

/* Levenshtein's distance, of names shorter than NAME_MAX. */
static size_t distance(struct span a, struct span b)
{
	size_t row[NAME_MAX + 1];

	for (size_t i = 0; i <= b.len; i++)
		row[i] = i;
	for (size_t i = 0; i < a.len; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t k = 0; k < b.len; k++) {
			size_t change = diagonal +
					(csp_ascii_lower(a.data[i]) != csp_ascii_lower(b.data[k]));
			size_t best = row[k] < row[k + 1] ? row[k] + 1 : row[k + 1] + 1;
			diagonal = row[k + 1];
			row[k + 1] = change < best ? change : best;
		}
	}
	return row[b.len];
}

void csp_guess_init(struct guess *guess, struct span wanted)
{
	*guess = (struct guess){.wanted = wanted, .best_distance = wanted.len / 3 + 2};
}

void csp_guess_try(struct guess *guess, const char *name)
{
	struct span span = csp_span_from(name);

	if (guess->wanted.len >= NAME_MAX || span.len >= NAME_MAX)
		return;
	size_t d = distance(guess->wanted, span);
	if (d < guess->best_distance) {
		guess->best = name;
		guess->best_distance = d;
	}
}
