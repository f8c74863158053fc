#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)16384)
#define ALIGNMENT  alignof(max_align_t)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char bytes[];
};

void csp_arena_init(struct arena *arena, size_t max)
{
	*arena = (struct arena){.max = max};
}

void csp_arena_dispose(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *chunk = arena->chunks;
		arena->chunks = chunk->next;
		free(chunk);
	}
	arena->used = 0;
}

void csp_arena_reset(struct arena *arena)
{
	struct arena_chunk *kept = NULL;

	while (arena->chunks) {
		struct arena_chunk *chunk = arena->chunks;
		arena->chunks = chunk->next;
		if (!kept && chunk->size == CHUNK_SIZE)
			kept = chunk;
		else
			free(chunk);
	}
	if (kept) {
		kept->next = NULL;
		kept->used = 0;
	}
	arena->chunks = kept;
	arena->used = 0;
}

static struct arena_chunk *add_chunk(struct arena *arena, size_t need)
{
	size_t size = need > CHUNK_SIZE ? need : CHUNK_SIZE;
	struct arena_chunk *chunk = malloc(sizeof(*chunk) + size);

	if (!chunk)
		return NULL;
	*chunk = (struct arena_chunk){.next = arena->chunks, .size = size};
	arena->chunks = chunk;
	return chunk;
}

void *csp_arena_alloc(struct arena *arena, size_t count, size_t size)
{
	if (size && count > (SIZE_MAX - ALIGNMENT) / size)
		return NULL;
	size_t need = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (need > arena->max - arena->used)
		return NULL;

	struct arena_chunk *chunk = arena->chunks;
	if (!chunk || chunk->size - chunk->used < need)
		chunk = add_chunk(arena, need);
	if (!chunk)
		return NULL;
	void *piece = chunk->bytes + chunk->used;
	chunk->used += need;
	arena->used += need;
	memset(piece, 0, need);
	return piece;
}

bool csp_arena_copy(struct arena *arena, struct span *out, struct span text)
{
	char *copy = csp_arena_alloc(arena, text.len + 1, 1);

	if (!copy)
		return false;
	if (text.len)
		memcpy(copy, text.data, text.len);
	*out = (struct span){copy, text.len};
	return true;
}

bool csp_arena_grow(struct arena *arena, void **items, size_t *cap, size_t count, size_t size)
{
	if (count < *cap)
		return true;
	size_t wanted = *cap ? *cap * 2 : 8;
	void *bigger = csp_arena_alloc(arena, wanted, size);
	if (!bigger)
		return false;
	if (count)
		memcpy(bigger, *items, count * size);
	*items = bigger;
	*cap = wanted;
	return true;
}
