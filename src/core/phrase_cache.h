/*
 * Where a compiled set of literals may be kept, so that it need not be compiled again.
 * Octets that are got are the caller's to free; those that are put stay whose they are.
 * A cache that fails is one that has nothing.
 */
#ifndef CSP_PHRASE_CACHE_H
#define CSP_PHRASE_CACHE_H

#include "span.h"

/* The literals, in their order, and `version` of what compiled them name a set. */
struct phrase_set_name {
	struct span version;
	const struct span *literals;
	size_t count;
};

struct phrase_cache {
	char *(*get)(void *context, size_t *size, const struct phrase_set_name *name);
	void (*put)(void *context, struct span octets, const struct phrase_set_name *name);
	void *context;
};

#endif
