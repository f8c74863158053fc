/*
 * The cost of hostile text is linear: two megabytes of each shape take a moment. Were the cost of any of them
 * quadratic, it would take hours, and the test would be ended by the time limit that it is given in CMake.
 */
#include "../check.h"

#include "addrlist.h"
#include "authres.h"
#include "encword.h"
#include "message.h"
#include "tag.h"
#include "text.h"

#define SIZE ((size_t)2 << 20)

static void fill(struct buf *out, struct span piece)
{
	csp_buf_init(out, SIZE + 1000);
	while (out->len < SIZE)
		csp_buf_append(out, piece);
	assert_false(csp_buf_failed(out));
}

static void encoded_words_without_end(void **state)
{
	(void)state;
	static const struct span pieces[] = {
		SPAN_INIT("=?utf-8?q?a"),
		SPAN_INIT("=?utf-8?q?a "),
		SPAN_INIT("=?utf-8?b?YQ "),
		SPAN_INIT("=?"),
		SPAN_INIT("=?utf-8?x?"),
		SPAN_INIT("=?utf-8?q?=?="),
		SPAN_INIT("?="),
		SPAN_INIT("=?a?q?b?= "),
		SPAN_INIT("=?a"),
		SPAN_INIT("=?utf-8?b?=YQ?= "),
		SPAN_INIT("=?utf-8?q?\xe2\x80?="),
		SPAN_INIT("=?utf-8*en?q?=?"),
		SPAN_INIT("=?hz?q?~{?= "),
		SPAN_INIT("=?iso-2022-kr?q?=1B?= "),
		SPAN_INIT("=?utf-8?q?=C3?= "),
		SPAN_INIT("=?iso-2022-jp?b?GyRC?= "),
		SPAN_INIT("="),
		SPAN_INIT("=?????"),
		SPAN_INIT("\xc3"),
		SPAN_INIT("=?koi8-r?q?=C1?= =?koi8-u?q?=C1?= "),
	};

	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct buf text;
		struct buf out;
		bool undecodable = false;
		fill(&text, pieces[i]);
		csp_buf_init(&out, 16 * SIZE);
		csp_encword_decode(&out, &undecodable, csp_buf_span(&text));
		CHECK(pieces[i].data, !csp_buf_failed(&out));
		csp_buf_dispose(&text);
		csp_buf_dispose(&out);
	}
}

static void accents_letters_and_blanks_without_end(void **state)
{
	(void)state;
	static const struct span pieces[] = {
		SPAN_INIT("\xcc\xa3\xcc\x81"), /* two classes of accents, to be put in order */
		SPAN_INIT("e\xcc\xa3\xcc\x81"),
		SPAN_INIT("\xe1\x84\x80"),
		SPAN_INIT("\xef\xb7\xba"),
		SPAN_INIT("\xd9\x8b\xd9\x80"),
		SPAN_INIT("\xf0\x9f\x98\x80"),
		SPAN_INIT("\xf3\xa0\x81\xa1"),
		SPAN_INIT("a1"),
		SPAN_INIT(" "),
		SPAN_INIT("\xff"),
		SPAN_INIT("abcdefghijklmnopqrst\xc3\xa9"),
		SPAN_INIT("\xe0\xa7\x87\xcc\x81\xe0\xa6\xbe"),
	};

	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct buf text;
		struct buf out;
		fill(&text, pieces[i]);
		csp_buf_init(&out, 16 * SIZE);
		csp_text_normalise(&out, csp_buf_span(&text));
		CHECK(pieces[i].data, !csp_buf_failed(&out));
		csp_buf_dispose(&text);
		csp_buf_dispose(&out);
	}
}

static void addresses_without_end(void **state)
{
	(void)state;
	static const struct span pieces[] = {
		SPAN_INIT("a:"),     SPAN_INIT("("),           SPAN_INIT("(("),
		SPAN_INIT("(a)"),    SPAN_INIT("\""),          SPAN_INIT("\"\\\""),
		SPAN_INIT("\"\""),   SPAN_INIT("["),           SPAN_INIT("[]"),
		SPAN_INIT("<@a,"),   SPAN_INIT("a."),          SPAN_INIT("a@"),
		SPAN_INIT("a,"),     SPAN_INIT("a b "),        SPAN_INIT("<"),
		SPAN_INIT(">"),      SPAN_INIT("a@b "),        SPAN_INIT("\r\n "),
		SPAN_INIT("a@b.c,"), SPAN_INIT("=?utf-8?q?a"),
	};

	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct addrlist list = {.count = 0};
		struct arena arena;
		struct buf body;
		fill(&body, pieces[i]);
		csp_arena_init(&arena, 256 << 10);
		CHECK(pieces[i].data, csp_addrlist_parse(&list, &arena, csp_buf_span(&body)));
		csp_buf_dispose(&body);
		csp_arena_dispose(&arena);
	}
}

static void paths_without_end(void **state)
{
	(void)state;
	static const struct span pieces[] = {
		SPAN_INIT("@a,"), SPAN_INIT("@a:"),  SPAN_INIT("\""), SPAN_INIT("a@"),
		SPAN_INIT("\\"),  SPAN_INIT("a@b."), SPAN_INIT("["),  SPAN_INIT("xn--a."),
		SPAN_INIT("<"),   SPAN_INIT("."),
	};

	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct arena arena;
		struct buf path;
		struct mailbox mailbox;
		bool routed;
		fill(&path, pieces[i]);
		csp_arena_init(&arena, 64 << 10);
		CHECK(pieces[i].data,
		      csp_mailbox_parse_path(&mailbox, &routed, &arena, csp_buf_span(&path)) ==
			      MAILBOX_INVALID);
		csp_buf_dispose(&path);
		csp_arena_dispose(&arena);
	}
}

static void results_without_end(void **state)
{
	(void)state;
	static const struct span pieces[] = {
		SPAN_INIT("mx;"),  SPAN_INIT("mx; a=b c.d=e "),
		SPAN_INIT("("),    SPAN_INIT(" (a)"),
		SPAN_INIT("\""),   SPAN_INIT("\"\\\" "),
		SPAN_INIT("a"),    SPAN_INIT("\\"),
		SPAN_INIT(" (a"),  SPAN_INIT("mx; (a) "),
		SPAN_INIT("mx ("), SPAN_INIT(" "),
		SPAN_INIT("a; b"),
	};

	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct arena arena;
		struct authres field;
		struct buf text;
		fill(&text, pieces[i]);
		csp_arena_init(&arena, 2 * SIZE);
		CHECK(pieces[i].data,
		      csp_authres_parse(&field, &arena, csp_buf_span(&text)) == AUTHRES_INVALID);
		csp_buf_dispose(&text);
		csp_arena_dispose(&arena);
	}
}

static void lines_without_end(void **state)
{
	(void)state;
	static const struct span pieces[] = {
		SPAN_INIT("a:b\r\n"), SPAN_INIT("a:b\r\n "), SPAN_INIT("\r"), SPAN_INIT(" \n"),
		SPAN_INIT("a\n"),     SPAN_INIT("a"),        SPAN_INIT(":"),  SPAN_INIT("a :"),
	};
	const struct message_limits limits = {
		.header_bytes = SIZE / 2, .header_fields = 10000, .recipients = 10};

	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct arena arena;
		struct message message;
		struct buf text;
		struct buf out;
		bool bare = false;
		fill(&text, pieces[i]);
		struct span rest = csp_buf_span(&text);
		csp_arena_init(&arena, 16 * SIZE);
		csp_message_init(&message, &arena, limits);
		CHECK(pieces[i].data, csp_message_add_header_section(&message, &rest));
		csp_buf_init(&out, SIZE + 1000);
		csp_header_unfold(&out, &bare, csp_buf_span(&text));
		CHECK(pieces[i].data, !csp_buf_failed(&out));
		csp_buf_dispose(&text);
		csp_buf_dispose(&out);
		csp_arena_dispose(&arena);
	}
}

/* Seven readers of each of 64 bodies, so these are shorter. */
#define TAG_SIZE (SIZE / 8)

static void fill_between(struct buf *out, struct span head, struct span piece, struct span tail)
{
	csp_buf_init(out, SIZE);
	csp_buf_append(out, head);
	while (out->len < TAG_SIZE)
		csp_buf_append(out, piece);
	csp_buf_append(out, tail);
	assert_false(csp_buf_failed(out));
}

/* Whether the body could be read; all values are asked for, and the last is left in `value`. */
static bool read_tag(struct buf *value, const struct tag_shape *shape, struct span body)
{
	struct tag_reader reader;
	struct buf text;
	struct buf next;

	csp_buf_init(&text, 16 * SIZE);
	csp_buf_init(&next, 16 * SIZE);
	bool readable = csp_tag_open(&reader, shape, &text, body);
	while (readable && csp_tag_next(&reader, &next)) {
		assert_false(csp_buf_failed(&next));
		csp_buf_reset(value);
		csp_buf_append(value, csp_buf_span(&next));
	}
	csp_buf_dispose(&text);
	csp_buf_dispose(&next);
	return readable;
}

static void tags_without_end(void **state)
{
	(void)state;
	static const struct span pieces[] = {
		SPAN_INIT("\""),          SPAN_INIT("\"\""),
		SPAN_INIT("\\\","),       SPAN_INIT("\",\\\","),
		SPAN_INIT(","),           SPAN_INIT("a=b,"),
		SPAN_INIT("k=b;"),        SPAN_INIT("k="),
		SPAN_INIT(":"),           SPAN_INIT("<"),
		SPAN_INIT("[\"k\","),     SPAN_INIT("{\"k\":"),
		SPAN_INIT(" "),           SPAN_INIT("\\u0041"),
		SPAN_INIT("=?utf-8?q?a"), SPAN_INIT("=?utf-8?q?a?=,"),
	};
	static const struct span heads[] = {
		SPAN_INIT(""),
		SPAN_INIT("\""),
		SPAN_INIT("{\"k\":[\""),
		SPAN_INIT("{\"x\":["),
	};
	struct tag_shape shape = {.key = SPAN_LIT("k"), .position = 16};
	struct buf body;
	struct buf value;

	csp_buf_init(&value, SIZE);
	for (size_t i = 0; i < COUNT(pieces) * COUNT(heads); i++) {
		struct span piece = pieces[i / COUNT(heads)];
		fill_between(&body, heads[i % COUNT(heads)], piece, SPAN_LIT(""));
		for (shape.format = TAG_TEXT; shape.format <= TAG_LIST_ID; shape.format++)
			CHECK(piece.data, read_tag(&value, &shape, csp_buf_span(&body)) !=
						  (shape.format == TAG_JSON));
		csp_buf_dispose(&body);
	}
	csp_buf_dispose(&value);
}

static void json_values_without_end(void **state)
{
	(void)state;
	static const struct span pieces[] = {
		SPAN_INIT("\"k\":\"a\","),
		SPAN_INIT("\"k\":[[\"a\"],{}],"),
		SPAN_INIT("\"x\":-1.5e9 ,\n"),
		SPAN_INIT("\"\\u006b\":\"\\ud83d\\ude00\","),
	};
	const struct tag_shape shape = {.format = TAG_JSON, .key = SPAN_LIT("k")};
	struct buf body;
	struct buf value;

	csp_buf_init(&value, SIZE);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		fill_between(&body, SPAN_LIT("{"), pieces[i], SPAN_LIT("\"k\":\"end\"}"));
		CHECK(pieces[i].data, read_tag(&value, &shape, csp_buf_span(&body)));
		CHECK_SPAN(pieces[i].data, csp_buf_span(&value), SPAN_LIT("end"));
		csp_buf_dispose(&body);
	}
	csp_buf_dispose(&value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encoded_words_without_end),
		cmocka_unit_test(accents_letters_and_blanks_without_end),
		cmocka_unit_test(addresses_without_end),
		cmocka_unit_test(paths_without_end),
		cmocka_unit_test(results_without_end),
		cmocka_unit_test(lines_without_end),
		cmocka_unit_test(tags_without_end),
		cmocka_unit_test(json_values_without_end),
	};

	return cmocka_run_group_tests_name("linear", tests, NULL, NULL);
}
