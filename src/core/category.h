/*
 * The categories that a message may be about, as the configuration names and ranks them.
 * The names belong to the configuration.
 * Nothing can fail: a name that is none is told by false.
 */
#ifndef CSP_CATEGORY_H
#define CSP_CATEGORY_H

#include "span.h"

#define CATEGORIES_MAX 16

/* Numbered by rank, the gravest first; the last one is always "other". */
struct categories {
	struct span names[CATEGORIES_MAX];
	unsigned count;
	unsigned subscription, incident, other; /* those that the algebra knows by name */
};

bool csp_category_find(unsigned *out, const struct categories *categories, struct span name);

#endif
