#include "../check.h"

#include <errno.h>
#include <stdlib.h>

#include "textin.h"

static struct textin in;
static FILE *stream;

static void open_bytes(const char *bytes, size_t len)
{
	stream = tmpfile();
	assert_non_null(stream);
	assert_int_equal(fwrite(bytes, 1, len, stream), len);
	rewind(stream);
	csp_textin_init(&in, stream);
}

static void close_bytes(void)
{
	csp_textin_dispose(&in);
	fclose(stream);
}

/* Reads all there is, `size` bytes at most. */
static size_t get_all(char *out, size_t size)
{
	size_t len = 0;
	int c;

	while ((c = csp_textin_get(&in)) != EOF) {
		assert_true(len < size);
		out[len++] = (char)c;
	}
	return len;
}

#define BYTES(literal) SPAN_INIT(literal)

static void every_encoding_gives_the_bytes_of_utf_8(void **state)
{
	static const struct {
		const char *name;
		struct span file, text;
	} cases[] = {
		{"empty", BYTES(""), BYTES("")},
		{"one byte", BYTES("a"), BYTES("a")},
		{"plain", BYTES("ab\r\n"), BYTES("ab\r\n")},
		{"what is no UTF-8", BYTES("a\xff\xe9\x00z"), BYTES("a\xff\xe9\x00z")},
		{"two NULs", BYTES("\0\0a"), BYTES("\0\0a")},
		{"a NUL beside no ASCII", BYTES("\xe9\0a"), BYTES("\xe9\0a")},
		{"a mark", BYTES("\xef\xbb\xbf{}"), BYTES("{}")},
		{"a mark alone", BYTES("\xef\xbb\xbf"), BYTES("")},
		{"a second mark", BYTES("\xef\xbb\xbf\xef\xbb\xbf"), BYTES("\xef\xbb\xbf")},
		{"half a mark", BYTES("\xef\xbb"), BYTES("\xef\xbb")},
		{"a mark that is broken", BYTES("\xef\xbb{"), BYTES("\xef\xbb{")},
		{"one byte of a mark", BYTES("\xff"), BYTES("\xff")},
		{"LE mark", BYTES("\xff\xfe{\0}\0"), BYTES("{}")},
		{"LE mark alone", BYTES("\xff\xfe"), BYTES("")},
		{"BE mark", BYTES("\xfe\xff\0{\0}"), BYTES("{}")},
		{"BE mark alone", BYTES("\xfe\xff"), BYTES("")},
		{"LE without", BYTES("a\0\xe9\0"), BYTES("a\xc3\xa9")},
		{"BE without", BYTES("\0a\0\xe9"), BYTES("a\xc3\xa9")},
		{"LE of each length", BYTES("\xff\xfe\x7f\0\x80\0\xff\x07\0\x08\xff\xff"),
		 BYTES("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf")},
		{"BE of each length", BYTES("\xfe\xff\0\x7f\0\x80\x07\xff\x08\0\xff\xff"),
		 BYTES("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf")},
		{"LE pairs", BYTES("\xff\xfe\0\xd8\0\xdc\xff\xdb\xff\xdf"),
		 BYTES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
		{"BE pairs", BYTES("\xfe\xff\xd8\0\xdc\0\xdb\xff\xdf\xff"),
		 BYTES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
		{"neighbours of halves", BYTES("\xfe\xff\xd7\xff\xe0\0"),
		 BYTES("\xed\x9f\xbf\xee\x80\x80")},
		{"a NUL of UTF-16", BYTES("\xff\xfe\0\0a\0"), BYTES("\0a")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[64];
		open_bytes(cases[i].file.data, cases[i].file.len);
		size_t len = get_all(text, sizeof(text));
		CHECK_SPAN(cases[i].name, ((struct span){text, len}), cases[i].text);
		CHECK(cases[i].name, in.state == TEXTIN_END);
		CHECK(cases[i].name, csp_textin_consumed(&in) == cases[i].file.len);
		CHECK(cases[i].name, csp_textin_get(&in) == EOF);
		close_bytes();
	}
}

static void half_a_character_ends_the_text_and_is_placed(void **state)
{
	static const struct {
		const char *name;
		struct span file;
		const char *text;
		uint64_t bad_at;
	} cases[] = {
		{"half a unit",
		 BYTES("\xff\xfe"
		       "a\0b"),
		 "a", 4},
		{"half a unit alone", BYTES("\xfe\xff\0"), "", 2},
		{"half a unit after none", BYTES("a\0b"), "a", 2},
		{"a second half",
		 BYTES("\xff\xfe"
		       "a\0\0\xdc"
		       "b\0"),
		 "a", 4},
		{"a first half",
		 BYTES("\xff\xfe"
		       "a\0\0\xd8"
		       "b\0"),
		 "a", 4},
		{"two first halves", BYTES("\0a\xd8\0\xd8\0\xdc\0"), "a", 2},
		{"two second halves", BYTES("\0a\xd8\0\xdc\0\xdc\0"), "a\xf0\x90\x80\x80", 6},
		{"a first half at the end", BYTES("\0a\xdb\xff"), "a", 2},
		{"a first half and half a unit", BYTES("\0a\xdb\xff\xdc"), "a", 2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[64];
		open_bytes(cases[i].file.data, cases[i].file.len);
		size_t len = get_all(text, sizeof(text));
		CHECK_SPAN(cases[i].name, ((struct span){text, len}), csp_span_from(cases[i].text));
		CHECK(cases[i].name, in.state == TEXTIN_NOT_TEXT);
		CHECK(cases[i].name, in.bad_at == cases[i].bad_at);
		CHECK(cases[i].name, csp_textin_get(&in) == EOF && in.state == TEXTIN_NOT_TEXT);
		close_bytes();
	}
}

/* A file of `filler` units before `tail`, so that the tail lies across the end of the first chunk. */
static void open_utf16(size_t filler, struct span tail)
{
	char *bytes = malloc(filler * 2 + tail.len);

	assert_non_null(bytes);
	for (size_t i = 0; i < filler; i++) {
		bytes[2 * i] = 'x';
		bytes[2 * i + 1] = 0;
	}
	memcpy(bytes + 2 * filler, tail.data, tail.len);
	open_bytes(bytes, 2 * filler + tail.len);
	free(bytes);
}

static void a_pair_may_lie_across_two_chunks(void **state)
{
	static char text[2 * TEXTIN_CHUNK];

	(void)state;
	for (size_t filler = TEXTIN_CHUNK / 2 - 3; filler <= TEXTIN_CHUNK / 2 + 1; filler++) {
		open_utf16(filler, SPAN_LIT("\x34\xd8\x1e\xdd\x34\xd8\x1e\xdd"));
		size_t len = get_all(text, sizeof(text));
		assert_int_equal(in.state, TEXTIN_END);
		assert_int_equal(len, filler + 8);
		CHECK_SPAN("pairs", ((struct span){text + filler, 8}),
			   SPAN_LIT("\xf0\x9d\x84\x9e\xf0\x9d\x84\x9e"));
		close_bytes();
	}
}

static void half_a_character_at_the_end_of_a_chunk_is_placed(void **state)
{
	static const struct span tails[] = {
		SPAN_INIT("\x34\xd8"),
		SPAN_INIT("\x34\xd8"
			  "a\0"),
		SPAN_INIT("\x34\xd8\x34"),
		SPAN_INIT("\x1e\xdd"),
	};
	static char text[2 * TEXTIN_CHUNK];

	(void)state;
	for (size_t i = 0; i < COUNT(tails); i++) {
		for (size_t filler = TEXTIN_CHUNK / 2 - 2; filler <= TEXTIN_CHUNK / 2; filler++) {
			open_utf16(filler, tails[i]);
			assert_int_equal(get_all(text, sizeof(text)), filler);
			assert_int_equal(in.state, TEXTIN_NOT_TEXT);
			assert_int_equal(in.bad_at, 2 * filler);
			close_bytes();
		}
	}
}

static void text_that_grows_most_fits(void **state)
{
	static char bytes[2 * TEXTIN_CHUNK + 2] = {'\xff', '\xfe'}, text[4 * TEXTIN_CHUNK];

	(void)state;
	for (size_t i = 2; i < sizeof(bytes); i += 2)
		memcpy(bytes + i, "\xac\x20", 2); /* U+20AC */
	open_bytes(bytes, sizeof(bytes));
	assert_int_equal(get_all(text, sizeof(text)), 3 * TEXTIN_CHUNK);
	assert_int_equal(in.state, TEXTIN_END);
	close_bytes();
}

static void long_files_pass_through_whole(void **state)
{
	static char bytes[2 * TEXTIN_CHUNK + 7], text[sizeof(bytes)];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(1 + i * 7 % 255);
	for (size_t len = TEXTIN_CHUNK - 1; len <= sizeof(bytes); len += TEXTIN_CHUNK / 2 + 1) {
		open_bytes(bytes, len);
		size_t got = get_all(text, sizeof(text));
		CHECK_SPAN("text", ((struct span){text, got}), ((struct span){bytes, len}));
		assert_int_equal(csp_textin_consumed(&in), len);
		close_bytes();
	}
}

static void a_byte_can_be_put_back_anywhere(void **state)
{
	static char bytes[TEXTIN_CHUNK + 2];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	bytes[0] = '\xef';
	open_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		int c = csp_textin_get(&in);
		csp_textin_unget(&in, c);
		assert_int_equal(csp_textin_consumed(&in), i);
		assert_int_equal(csp_textin_get(&in), c);
		assert_int_equal(csp_textin_consumed(&in), i + 1);
	}
	int c = csp_textin_get(&in);
	assert_int_equal(c, EOF);
	csp_textin_unget(&in, c);
	assert_int_equal(csp_textin_get(&in), EOF);
	csp_textin_unget(&in, 'x');
	assert_int_equal(csp_textin_get(&in), 'x');
	assert_int_equal(csp_textin_get(&in), EOF);
	close_bytes();
}

static void a_byte_can_be_put_back_before_a_new_chunk_of_utf_16(void **state)
{
	(void)state;
	open_utf16(TEXTIN_CHUNK / 2, SPAN_LIT("a\0b\0"));
	csp_textin_skip(&in, csp_textin_ready(&in).len);
	assert_int_equal(csp_textin_get(&in), 'a');
	csp_textin_unget(&in, 'a');
	assert_int_equal(csp_textin_get(&in), 'a');
	assert_int_equal(csp_textin_get(&in), 'b');
	assert_int_equal(csp_textin_get(&in), EOF);
	close_bytes();
}

static void readers_may_take_many_bytes_at_once(void **state)
{
	(void)state;
	open_bytes("\xef\xbb\xbf"
		   "abc",
		   6);
	CHECK_SPAN("ready", csp_textin_ready(&in), SPAN_LIT("abc"));
	csp_textin_skip(&in, 2);
	assert_int_equal(csp_textin_consumed(&in), 5);
	CHECK_SPAN("rest", csp_textin_ready(&in), SPAN_LIT("c"));
	csp_textin_skip(&in, 1);
	assert_int_equal(csp_textin_ready(&in).len, 0);
	assert_int_equal(in.state, TEXTIN_END);
	close_bytes();
}

static void nothing_is_read_before_it_is_asked_for(void **state)
{
	(void)state;
	open_bytes("abc", 3);
	assert_int_equal(csp_textin_consumed(&in), 0);
	assert_int_equal(in.state, TEXTIN_OPEN);
	assert_int_equal(getc(stream), 'a');
	close_bytes();
}

static void a_failed_read_is_no_end(void **state)
{
	FILE *folder = fopen("/", "r");

	(void)state;
	assert_non_null(folder);
	csp_textin_init(&in, folder);
	assert_int_equal(csp_textin_get(&in), EOF);
	assert_int_equal(in.state, TEXTIN_READ_ERROR);
	assert_int_equal(in.error, EISDIR);
	assert_int_equal(csp_textin_get(&in), EOF);
	assert_int_equal(in.state, TEXTIN_READ_ERROR);
	csp_textin_dispose(&in);
	fclose(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_encoding_gives_the_bytes_of_utf_8),
		cmocka_unit_test(half_a_character_ends_the_text_and_is_placed),
		cmocka_unit_test(a_pair_may_lie_across_two_chunks),
		cmocka_unit_test(half_a_character_at_the_end_of_a_chunk_is_placed),
		cmocka_unit_test(text_that_grows_most_fits),
		cmocka_unit_test(long_files_pass_through_whole),
		cmocka_unit_test(a_byte_can_be_put_back_anywhere),
		cmocka_unit_test(a_byte_can_be_put_back_before_a_new_chunk_of_utf_16),
		cmocka_unit_test(readers_may_take_many_bytes_at_once),
		cmocka_unit_test(nothing_is_read_before_it_is_asked_for),
		cmocka_unit_test(a_failed_read_is_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
