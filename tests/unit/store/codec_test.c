#include "../check.h"

#include <stdlib.h>

#include "codec.h"

#define GUID "a1b2c3d4-e5f6-4718-89ab-cdef01234567"

/* A copy that a read past its end is seen on. */
static struct span exact(struct span text)
{
	char *copy = malloc(text.len ? text.len : 1);

	assert_non_null(copy);
	memcpy(copy, text.data, text.len);
	return (struct span){copy, text.len};
}

static void release(struct span copy)
{
	free((void *)(uintptr_t)copy.data);
}

static void sealed_sample(struct buf *buf)
{
	csp_buf_init(buf, 4096);
	csp_codec_begin(buf);
	csp_codec_number(buf, 300);
	csp_codec_text(buf, SPAN_LIT("contoso.example"));
	csp_codec_id(buf, SPAN_LIT(GUID));
	csp_codec_time(buf, -5);
	csp_codec_seal(buf, TABLE_DOMAINS, SPAN_LIT("key"));
	assert_false(csp_buf_failed(buf));
}

static void what_is_sealed_is_read_back(void **state)
{
	struct codec_reader reader;
	struct arena arena;
	struct buf buf;
	struct span id;

	(void)state;
	csp_arena_init(&arena, 4096);
	sealed_sample(&buf);
	assert_true(csp_codec_open(&reader, TABLE_DOMAINS, SPAN_LIT("key"), csp_buf_span(&buf)));
	assert_int_equal(csp_codec_take_number(&reader), 300);
	CHECK_SPAN("text", csp_codec_take_text(&reader), SPAN_LIT("contoso.example"));
	struct span packed = csp_codec_take_packed_id(&reader);
	assert_int_equal(packed.len, 17);
	assert_true(csp_codec_unpack_id(&id, &arena, packed));
	CHECK_SPAN("id", id, SPAN_LIT(GUID));
	assert_int_equal(csp_codec_take_time(&reader), -5);
	assert_int_equal(reader.rest.len, 0);
	assert_false(reader.failed);
	csp_buf_dispose(&buf);
	csp_arena_dispose(&arena);
}

static void every_flipped_bit_is_noticed(void **state)
{
	struct codec_reader reader;
	struct buf buf;

	(void)state;
	sealed_sample(&buf);
	for (size_t bit = 0; bit < buf.len * 8; bit++) {
		buf.data[bit / 8] ^= (char)(1 << bit % 8);
		if (csp_codec_open(&reader, TABLE_DOMAINS, SPAN_LIT("key"), csp_buf_span(&buf)))
			fail_msg("bit %zu", bit);
		assert_true(reader.failed);
		buf.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	assert_true(csp_codec_open(&reader, TABLE_DOMAINS, SPAN_LIT("key"), csp_buf_span(&buf)));
	csp_buf_dispose(&buf);
}

static void a_torn_value_is_noticed(void **state)
{
	struct codec_reader reader;
	struct buf buf;

	(void)state;
	sealed_sample(&buf);
	for (size_t len = 0; len < buf.len; len++) {
		struct span torn = exact((struct span){buf.data, len});
		if (csp_codec_open(&reader, TABLE_DOMAINS, SPAN_LIT("key"), torn))
			fail_msg("%zu bytes", len);
		release(torn);
	}
	csp_buf_dispose(&buf);
}

static void a_value_of_another_key_or_table_is_not_believed(void **state)
{
	struct codec_reader reader;
	struct buf buf;

	(void)state;
	sealed_sample(&buf);
	struct span value = csp_buf_span(&buf);
	assert_false(csp_codec_open(&reader, TABLE_DOMAINS, SPAN_LIT("kez"), value));
	assert_false(csp_codec_open(&reader, TABLE_DOMAINS, SPAN_LIT("ke"), value));
	assert_false(csp_codec_open(&reader, TABLE_DOMAINS, SPAN_LIT(""), value));
	assert_false(csp_codec_open(&reader, TABLE_ADDRESSES, SPAN_LIT("key"), value));
	csp_buf_dispose(&buf);
}

static void an_empty_payload_is_a_value(void **state)
{
	struct codec_reader reader;
	struct buf buf;

	(void)state;
	csp_buf_init(&buf, 64);
	csp_codec_begin(&buf);
	csp_codec_seal(&buf, TABLE_META, SPAN_LIT("k"));
	assert_true(csp_codec_open(&reader, TABLE_META, SPAN_LIT("k"), csp_buf_span(&buf)));
	assert_int_equal(reader.rest.len, 0);
	csp_buf_dispose(&buf);
}

static void numbers_of_every_length_are_read_back(void **state)
{
	struct buf buf;

	(void)state;
	csp_buf_init(&buf, 64);
	for (unsigned bits = 0; bits <= 64; bits++) {
		uint64_t number = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
		csp_buf_reset(&buf);
		csp_codec_number(&buf, number);
		struct codec_reader reader = {.rest = csp_buf_span(&buf)};
		assert_true(csp_codec_take_number(&reader) == number);
		assert_int_equal(reader.rest.len, 0);
		assert_false(reader.failed);
	}
	csp_buf_dispose(&buf);
}

static void times_of_both_ends_are_read_back(void **state)
{
	static const int64_t times[] = {INT64_MIN, -1, 0, 1, 1795000000, INT64_MAX};
	struct buf buf;

	(void)state;
	csp_buf_init(&buf, 64);
	for (size_t i = 0; i < COUNT(times); i++) {
		csp_buf_reset(&buf);
		csp_codec_time(&buf, times[i]);
		struct codec_reader reader = {.rest = csp_buf_span(&buf)};
		assert_true(csp_codec_take_time(&reader) == times[i]);
		assert_false(reader.failed);
	}
	csp_buf_dispose(&buf);
}

static void ids_keep_their_text(void **state)
{
	static const struct {
		const char *id;
		size_t packed; /* bytes; 0: refused */
	} cases[] = {
		{GUID, 17},
		{"00000000-0000-0000-0000-000000000000", 17},
		{"A1B2C3D4-E5F6-4718-89AB-CDEF01234567", 37}, /* upper case would not come back */
		{"a1b2c3d4-e5f6-4718-89ab-cdef0123456g", 37},
		{"a1b2c3d4ae5f6-4718-89ab-cdef01234567", 37},
		{"a1b2c3d4-e5f6-4718-89ab-cdef012345678", 38},
		{"4847383", 8},
		{"x", 2},
		{"1234567890123456789012345678901234567890123456789012345678901234", 65},
		{"12345678901234567890123456789012345678901234567890123456789012345", 0},
		{"", 0},
	};
	struct arena arena;
	struct buf buf;

	(void)state;
	csp_arena_init(&arena, 65536);
	csp_buf_init(&buf, 256);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span text = csp_span_from(cases[i].id), id;
		csp_buf_reset(&buf);
		csp_codec_id(&buf, text);
		CHECK(cases[i].id, csp_buf_failed(&buf) == (cases[i].packed == 0));
		if (cases[i].packed == 0)
			continue;
		CHECK(cases[i].id, buf.len == cases[i].packed);
		struct codec_reader reader = {.rest = csp_buf_span(&buf)};
		struct span packed = csp_codec_take_packed_id(&reader);
		CHECK(cases[i].id, !reader.failed && reader.rest.len == 0);
		assert_true(csp_codec_unpack_id(&id, &arena, packed));
		CHECK_SPAN(cases[i].id, id, text);
	}
	csp_buf_dispose(&buf);
	csp_arena_dispose(&arena);
}

static void what_is_no_packed_id_is_not_unpacked(void **state)
{
	static const struct span cases[] = {
		{"", 0}, {"\0", 1}, {"\0123456789012345", 16}, {"\1", 1}, {"\2a", 2}, {"\1ab", 3},
	};
	struct arena arena;
	struct span id;

	(void)state;
	csp_arena_init(&arena, 65536);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_false(csp_codec_unpack_id(&id, &arena, cases[i]));
	csp_arena_dispose(&arena);
}

static void taking_past_the_end_fails_for_good(void **state)
{
	static const struct span cases[] = {
		{"", 0},     /* nothing */
		{"\x80", 1}, /* a number without its end */
		{"\x05"
		 "abc",
		 4},                                              /* a text shorter than it says */
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10}, /* 65 bits */
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10}, /* a text of all memory */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span bytes = exact(cases[i]);
		struct codec_reader reader = {.rest = bytes};
		assert_int_equal(csp_codec_take_text(&reader).len, 0);
		assert_true(reader.failed);
		assert_int_equal(csp_codec_take_number(&reader), 0);
		assert_int_equal(csp_codec_take_time(&reader), 0);
		assert_int_equal(csp_codec_take_packed_id(&reader).len, 0);
		assert_int_equal(csp_codec_take_count(&reader), 0);
		assert_true(reader.failed);
		release(bytes);
	}
}

static void a_packed_id_never_reaches_past_its_end(void **state)
{
	static const struct span cases[] = {
		{"\0"
		 "123456789012345",
		 16}, /* a GUID of 15 bytes */
		{"\x03"
		 "ab",
		 3},
		{"\x41"
		 "12345678901234567890123456789012345678901234567890123456789012345",
		 66},
		{"\xff", 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span bytes = exact(cases[i]);
		struct codec_reader reader = {.rest = bytes};
		assert_int_equal(csp_codec_take_packed_id(&reader).len, 0);
		assert_true(reader.failed);
		release(bytes);
	}
}

static void a_count_is_never_more_than_the_bytes_left(void **state)
{
	struct codec_reader enough = {.rest = SPAN_LIT("\x03"
						       "abc")};
	struct codec_reader short_of_one = {.rest = SPAN_LIT("\x04"
							     "abc")};

	(void)state;
	assert_int_equal(csp_codec_take_count(&enough), 3);
	assert_false(enough.failed);
	assert_int_equal(csp_codec_take_count(&short_of_one), 0);
	assert_true(short_of_one.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_is_read_back),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(a_torn_value_is_noticed),
		cmocka_unit_test(a_value_of_another_key_or_table_is_not_believed),
		cmocka_unit_test(an_empty_payload_is_a_value),
		cmocka_unit_test(numbers_of_every_length_are_read_back),
		cmocka_unit_test(times_of_both_ends_are_read_back),
		cmocka_unit_test(ids_keep_their_text),
		cmocka_unit_test(what_is_no_packed_id_is_not_unpacked),
		cmocka_unit_test(taking_past_the_end_fails_for_good),
		cmocka_unit_test(a_packed_id_never_reaches_past_its_end),
		cmocka_unit_test(a_count_is_never_more_than_the_bytes_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
