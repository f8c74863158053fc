/*
 * The cost of hostile text is linear: two megabytes of each shape take a moment. Were the cost of any of them
 * quadratic, it would take hours, and the test would be ended by the time limit that it is given in CMake.
 */
#include "../check.h"

#include "addrlist.h"
#include "authres.h"
#include "encword.h"
#include "message.h"
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
	const struct message_limits limits = {SIZE / 2, 10000, 10};

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encoded_words_without_end),
		cmocka_unit_test(accents_letters_and_blanks_without_end),
		cmocka_unit_test(addresses_without_end),
		cmocka_unit_test(paths_without_end),
		cmocka_unit_test(results_without_end),
		cmocka_unit_test(lines_without_end),
	};

	return cmocka_run_group_tests_name("linear", tests, NULL, NULL);
}
