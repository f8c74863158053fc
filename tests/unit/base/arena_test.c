#include "../check.h"

#include <stdalign.h>

#include "arena.h"

static void a_fresh_arena_has_handed_out_nothing(void **state)
{
	(void)state;
	struct arena arena;

	csp_arena_init(&arena, 100);
	assert_null(arena.chunks);
	assert_int_equal(arena.used, 0);
	csp_arena_dispose(&arena);
}

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
	(void)state;
	struct arena arena;
	char *last = NULL;

	csp_arena_init(&arena, 1 << 20);
	for (size_t size = 1; size < 300; size++) {
		char *piece = csp_arena_alloc(&arena, size, 1);
		assert_non_null(piece);
		assert_int_equal((uintptr_t)piece % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(piece[i], 0);
		memset(piece, 0xaa, size);
		if (last)
			assert_int_equal((unsigned char)last[size - 2], 0xaa);
		last = piece;
	}
	csp_arena_dispose(&arena);
}

static void memory_used_before_a_reset_comes_back_zeroed(void **state)
{
	(void)state;
	struct arena arena;

	csp_arena_init(&arena, 1 << 20);
	memset(csp_arena_alloc(&arena, 1000, 1), 0xff, 1000);
	csp_arena_reset(&arena);
	char *piece = csp_arena_alloc(&arena, 1000, 1);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(piece[i], 0);
	csp_arena_dispose(&arena);
}

static void a_piece_may_be_larger_than_a_chunk(void **state)
{
	(void)state;
	struct arena arena;

	csp_arena_init(&arena, 1 << 20);
	char *small = csp_arena_alloc(&arena, 8, 1);
	char *large = csp_arena_alloc(&arena, 100000, 1);
	assert_non_null(large);
	memset(large, 1, 100000);
	memset(small, 2, 8);
	assert_int_equal(large[0], 1);
	csp_arena_reset(&arena);
	assert_int_equal(arena.used, 0);
	csp_arena_dispose(&arena);
}

static void the_maximum_is_kept(void **state)
{
	(void)state;
	struct arena arena;

	csp_arena_init(&arena, 64);
	assert_null(csp_arena_alloc(&arena, 65, 1));
	assert_non_null(csp_arena_alloc(&arena, 64, 1));
	assert_null(csp_arena_alloc(&arena, 1, 1));
	csp_arena_reset(&arena);
	assert_non_null(csp_arena_alloc(&arena, 4, 16));
	csp_arena_dispose(&arena);
}

static void a_count_that_overflows_gives_nothing(void **state)
{
	(void)state;
	struct arena arena;

	csp_arena_init(&arena, SIZE_MAX);
	assert_null(csp_arena_alloc(&arena, SIZE_MAX, 2));
	assert_null(csp_arena_alloc(&arena, SIZE_MAX / 2 + 2, 2));
	assert_null(csp_arena_alloc(&arena, SIZE_MAX, 1));
	csp_arena_dispose(&arena);
}

static void a_copy_ends_with_a_nul_that_is_not_counted(void **state)
{
	(void)state;
	struct arena arena;
	struct span copy;

	csp_arena_init(&arena, 1000);
	assert_true(csp_arena_copy(&arena, &copy, SPAN_LIT("a\0b")));
	CHECK_SPAN("copy", copy, SPAN_LIT("a\0b"));
	assert_int_equal(copy.data[3], '\0');
	assert_true(csp_arena_copy(&arena, &copy, SPAN_LIT("")));
	assert_int_equal(copy.len, 0);
	assert_int_equal(copy.data[0], '\0');
	csp_arena_dispose(&arena);
}

static void a_copy_that_does_not_fit_leaves_the_span_alone(void **state)
{
	(void)state;
	struct arena arena;
	struct span copy = SPAN_LIT("before");

	csp_arena_init(&arena, 4);
	assert_false(csp_arena_copy(&arena, &copy, SPAN_LIT("too long for this")));
	CHECK_SPAN("copy", copy, SPAN_LIT("before"));
	csp_arena_dispose(&arena);
}

static void an_array_grows_and_keeps_what_it_holds(void **state)
{
	(void)state;
	struct arena arena;
	void *items = NULL;
	size_t cap = 0;

	csp_arena_init(&arena, 1 << 20);
	for (size_t count = 0; count < 1000; count++) {
		assert_true(csp_arena_grow(&arena, &items, &cap, count, sizeof(size_t)));
		assert_true(cap > count);
		((size_t *)items)[count] = count * 3;
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(((size_t *)items)[i], i * 3);
	csp_arena_dispose(&arena);
}

static void an_array_that_cannot_grow_is_untouched(void **state)
{
	(void)state;
	struct arena arena;
	void *items = NULL;
	size_t cap = 0;

	csp_arena_init(&arena, 8 * sizeof(size_t));
	assert_true(csp_arena_grow(&arena, &items, &cap, 0, sizeof(size_t)));
	void *before = items;
	size_t full = cap;
	assert_false(csp_arena_grow(&arena, &items, &cap, full, sizeof(size_t)));
	assert_ptr_equal(items, before);
	assert_int_equal(cap, full);
	csp_arena_dispose(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_arena_has_handed_out_nothing),
		cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
		cmocka_unit_test(memory_used_before_a_reset_comes_back_zeroed),
		cmocka_unit_test(a_piece_may_be_larger_than_a_chunk),
		cmocka_unit_test(the_maximum_is_kept),
		cmocka_unit_test(a_count_that_overflows_gives_nothing),
		cmocka_unit_test(a_copy_ends_with_a_nul_that_is_not_counted),
		cmocka_unit_test(a_copy_that_does_not_fit_leaves_the_span_alone),
		cmocka_unit_test(an_array_grows_and_keeps_what_it_holds),
		cmocka_unit_test(an_array_that_cannot_grow_is_untouched),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
