/*
 * An arena is memory for one message: many small pieces, given back all at once.
 * It owns every piece it hands out; they are valid until csp_arena_reset or csp_arena_dispose.
 * An allocation gives NULL when the arena's maximum is reached or memory is short; nothing else fails.
 */
#ifndef CSP_ARENA_H
#define CSP_ARENA_H

#include "span.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* newest first */
	size_t used;                /* bytes handed out since the last reset */
	size_t max;
};

void csp_arena_init(struct arena *arena, size_t max); /* allocates nothing */
void csp_arena_dispose(struct arena *arena);
void csp_arena_reset(struct arena *arena); /* keeps one chunk for the next message */

/* Zeroed and aligned for every type; count times size may not overflow, and then gives NULL. */
void *csp_arena_alloc(struct arena *arena, size_t count, size_t size);

/* A copy of text, followed by a NUL that its length does not count; false when memory is short. */
bool csp_arena_copy(struct arena *arena, struct span *out, struct span text);

/* Doubles the array at *items when count has reached *cap; false, all untouched, when memory is short. */
bool csp_arena_grow(struct arena *arena, void **items, size_t *cap, size_t count, size_t size);

#endif
