/*
 * How well a classification agrees with what people say: counts of expected against found, and what follows of them.
 * A score owns its counts; the category names are the configuration's.
 * Adding gives false when memory is short or there are more languages than SCORE_LANGUAGES_MAX.
 */
#ifndef CSP_SCORE_H
#define CSP_SCORE_H

#include <stdint.h>

#include "buf.h"
#include "category.h"

#define SCORE_LANGUAGES_MAX 512
#define SCORE_LANGUAGE_MIN  10 /* lines a language needs to be shown by itself */

struct score;

bool csp_score_new(struct score **out, const struct categories *categories);
void csp_score_free(struct score *score);
bool csp_score_add(struct score *score, unsigned expected, unsigned found, struct span language);

/* The confusion table, then recall and precision with 95 % Wilson intervals: in all, and by language. */
void csp_score_write(struct buf *out, const struct score *score);

/* The interval (Wilson 1927) for `right` of `count`; 0 to 1 when count is 0. */
struct interval {
	double low, high;
};
struct interval csp_score_interval(uint64_t right, uint64_t count);

#endif
