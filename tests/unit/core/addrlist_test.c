#include "../check.h"

#include "addrlist.h"
#include "buf.h"

enum { CLEAR = 0, AMBIGUOUS = 1, GROUP = 2, INCOMPLETE = 4 };

struct list_case {
	const char *body;
	const char *mailboxes; /* formatted, each with a ';' */
	int flags;
};

static const struct list_case list_cases[] = {
	{"", "", CLEAR},
	{" a@b.example", "a@b.example;", CLEAR},
	{" <a@b.example>", "a@b.example;", CLEAR},
	{" Some One <a@B.Example>", "a@b.example;", CLEAR},
	{" \"One, Some\" <a@b.example>", "a@b.example;", CLEAR},
	{" John Q. Public <a@b.example>", "a@b.example;", CLEAR},
	{" a@b.example (Some One)", "a@b.example;", CLEAR},
	{" a@b.example(One)", "a@b.example;", CLEAR},
	{" (one (nested) \\) comment) a@b.example", "a@b.example;", CLEAR},
	{" a@b.example, c@d.example", "a@b.example;c@d.example;", CLEAR},
	{" a@b.example,, c@d.example,", "a@b.example;c@d.example;", CLEAR},
	{" One <a@b.example>,\r\n Two <c@d.example>", "a@b.example;c@d.example;", CLEAR},
	{" \"a b\"@c.example <\"a b\"@c.example>", "\"a b\"@c.example;", CLEAR},
	{" \"a b\"@c.example", "\"a b\"@c.example;", CLEAR},
	{" \"a,b\"@c.example (One), \"d\\\"e\"@f.example",
	 "\"a,b\"@c.example;\"d\\\"e\"@f.example;", CLEAR},
	{" (ceo@vendor.example) \"a b\"@c.example", "\"a b\"@c.example;", AMBIGUOUS},
	{" \"a b\"@c.example (ceo@vendor.example)", "\"a b\"@c.example;", AMBIGUOUS},
	{" a@[192.0.2.1]", "a@[192.0.2.1];", CLEAR},
	{" <a@b.example.>", "a@b.example;", CLEAR},
	{" < a@b.example >", "a@b.example;", CLEAR},
	{" o'brien@b.example", "o'brien@b.example;", CLEAR},
	{" \xc3\xa9@m\xc3\xbcnchen.example", "\xc3\xa9@xn--mnchen-3ya.example;", CLEAR},
	{" \xe9t\xe9 <a@b.example>", "a@b.example;", CLEAR},

	/* Groups. */
	{" team: a@b.example, c@d.example;", "a@b.example;c@d.example;", GROUP},
	{" undisclosed-recipients:;", "", GROUP},
	{" x: a@b.example;, c@d.example", "a@b.example;c@d.example;", GROUP},
	{" x: a@b.example", "a@b.example;", GROUP | AMBIGUOUS},
	{" x: y: a@b.example;;", "a@b.example;", GROUP | AMBIGUOUS},
	{" : a@b.example;", "a@b.example;", GROUP | AMBIGUOUS},
	{" a@b.example; c@d.example", "a@b.example;c@d.example;", AMBIGUOUS},
	{" a@b.example: c@d.example;", "a@b.example;c@d.example;", GROUP | AMBIGUOUS},

	/* What cannot be read; the rest is. */
	{" Some One", "", AMBIGUOUS},
	{" alice, b@c.example", "b@c.example;", AMBIGUOUS},
	{" <>", "", AMBIGUOUS},
	{" One <>", "", AMBIGUOUS},
	{" @", "", AMBIGUOUS | INCOMPLETE},
	{" @b.example", "", AMBIGUOUS | INCOMPLETE},
	{" a@", "", AMBIGUOUS | INCOMPLETE},
	{" a@, c@d.example", "c@d.example;", AMBIGUOUS | INCOMPLETE},
	{" a@b..example", "a@b;", AMBIGUOUS},
	{" <a@b.example", "a@b.example;", AMBIGUOUS},
	{" a@b.example>", "a@b.example;", AMBIGUOUS},
	{" <<a@b.example>>", "a@b.example;", AMBIGUOUS},
	{" <Some One>", "", AMBIGUOUS},
	{" <a b@c.example>", "b@c.example;", AMBIGUOUS},
	{" a b@c.example", "b@c.example;", AMBIGUOUS},
	{" a@b.example c", "a@b.example;", AMBIGUOUS},
	{" <a@b.example> c", "a@b.example;", AMBIGUOUS},
	{" a@b@c.example", "a@b;", AMBIGUOUS | INCOMPLETE},
	{" \"One <a@b.example>", "a@b.example;", AMBIGUOUS},
	{" \"\\\" <a@b.example>", "a@b.example;", AMBIGUOUS},
	{" user@b.example(.c.example", "user@b.example;", AMBIGUOUS},
	{" ) a@b.example", "a@b.example;", AMBIGUOUS},
	{" [192.0.2.1]", "", AMBIGUOUS},
	{" a@[192.0.2.1", "", AMBIGUOUS | INCOMPLETE},
	{" \\ a@b.example", "a@b.example;", AMBIGUOUS},
	{" a@xn--abc-.example", "", AMBIGUOUS | INCOMPLETE},
	{" \xe9@b.example", "\"\"@b.example;", AMBIGUOUS},
	{" a\x01@b.example", "\"\"@b.example;", AMBIGUOUS},

	/* What the grammar has and readers disagree about. */
	{" a@b.example <c@d.example>", "a@b.example;c@d.example;", AMBIGUOUS},
	{" a@b.example <a@b.example>", "a@b.example;", CLEAR},
	{" a@b.example <A@B.example>", "a@b.example;", CLEAR},
	{" <a@b.example> <c@d.example>", "a@b.example;c@d.example;", AMBIGUOUS},
	{" <@r1,@r2:a@b.example>", "a@b.example;", AMBIGUOUS},
	{" <@r1>", "", AMBIGUOUS},
	{" a @ b.example", "a@b.example;", AMBIGUOUS},
	{" a . c@b.example", "a.c@b.example;", AMBIGUOUS},
	{" a@b . example", "a@b.example;", AMBIGUOUS},
	{" a(x)@b.example", "a@b.example;", AMBIGUOUS},
	{" a@b(x).example", "a@b.example;", AMBIGUOUS},
	{" \"a@b.example\"@c.example", "\"a@b.example\"@c.example;", AMBIGUOUS},
	{" a@b.example\n", "a@b.example;", AMBIGUOUS},
	{" a@b\rc.example", "a@b;", AMBIGUOUS},

	/* Display names and comments that show another address, or the same. */
	{" a@b.example a@b.example", "a@b.example;", AMBIGUOUS},
	{" \" =?utf-8?q?\"a?=\" <c@d.example \"x\" <a@b.example>", "a@b.example;", AMBIGUOUS},
	{" =?utf-8?q?a\"b?= <c@d.example>, \"x\" <a@b.example>", "a@b.example;", AMBIGUOUS},
	{" \"=?utf-8?q?a?=\"<a@b.example>", "a@b.example;", CLEAR},
	{" =?utf-8?q?a?= \"b\" =?utf-8?q?c?= <a@b.example>", "a@b.example;", CLEAR},
	{" One\"Two\" <a@b.example>", "a@b.example;", CLEAR},
	{" =?utf-8?q?a.b?= <a@b.example>", "a@b.example;", CLEAR},

	{" \"ceo@vendor.example\" <a@b.example>", "a@b.example;", AMBIGUOUS},
	{" \"a@b.example\" <a@b.example>", "a@b.example;", CLEAR},
	{" \"'a@b.example'\" <a@b.example>", "a@b.example;", CLEAR},
	{" \"A@B.EXAMPLE (via list)\" <a@b.example>", "a@b.example;", CLEAR},
	{" \"ceo@vendor\" <a@b.example>", "a@b.example;", CLEAR},
	{" \"Bob @ Work.\" <a@b.example>", "a@b.example;", CLEAR},
	{" a@b.example (ceo@vendor.example)", "a@b.example;", AMBIGUOUS},
	{" \"x@y@vendor.example\" <a@b.example>", "a@b.example;", AMBIGUOUS},
	{" =?utf-8?q?ceo=40vendor=2Eexample?= <a@b.example>", "a@b.example;", AMBIGUOUS},
	{" =?utf-8?b?Y2VvQHZlbmRvci5leGFtcGxl?= <a@b.example>", "a@b.example;", AMBIGUOUS},
	{" =?utf-8?q?a=40b=2Eexample?= <a@b.example>", "a@b.example;", CLEAR},
	{" =?utf-8?q?Some_One?= <a@b.example>", "a@b.example;", CLEAR},
	{" \"ceo\xef\xbc\xa0vendor.example\" <a@b.example>", "a@b.example;", AMBIGUOUS},
	{" \"ceo\xef\xb9\xabvendor.example\" <a@b.example>", "a@b.example;", AMBIGUOUS},
	{" \"ceo\xef\xbc\xa0vendor\xe3\x80\x82"
	 "example\" <a@b.example>",
	 "a@b.example;", AMBIGUOUS},
	{" \xe7\x94\xb0\xe4\xb8\xad\xef\xbc\xa0\xe5\x96\xb6\xe6\xa5\xad <a@b.example>",
	 "a@b.example;", CLEAR},
	{" <\"ceo\xef\xbc\xa0vendor.example\"@b.example>",
	 "ceo\xef\xbc\xa0vendor.example@b.example;", AMBIGUOUS},
	{" =?utf-8?q?a?=@b.example", "=?utf-8?q?a?=@b.example;", AMBIGUOUS},
};

static void format_all(struct buf *out, struct arena *arena, const struct addrlist *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct span text;
		assert_true(csp_mailbox_format(&text, arena, &list->items[i]));
		csp_buf_append(out, text);
		csp_buf_append_char(out, ';');
	}
}

static void every_mailbox_that_a_reader_may_see_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(list_cases); i++) {
		const struct list_case *c = &list_cases[i];
		struct addrlist list = {.count = 0};
		struct arena arena;
		struct buf found;

		csp_arena_init(&arena, 1 << 20);
		csp_buf_init(&found, 10000);
		CHECK(c->body, csp_addrlist_parse(&list, &arena, csp_span_from(c->body)));
		format_all(&found, &arena, &list);
		CHECK_SPAN(c->body, csp_buf_span(&found), csp_span_from(c->mailboxes));
		CHECK(c->body, list.ambiguous == ((c->flags & AMBIGUOUS) != 0));
		CHECK(c->body, list.incomplete == ((c->flags & INCOMPLETE) != 0));
		CHECK(c->body, list.group == ((c->flags & GROUP) != 0));
		csp_buf_dispose(&found);
		csp_arena_dispose(&arena);
	}
}

static void a_second_field_is_added_to_the_first(void **state)
{
	(void)state;
	struct addrlist list = {.count = 0};
	struct arena arena;

	csp_arena_init(&arena, 1 << 20);
	assert_true(csp_addrlist_parse(&list, &arena, SPAN_LIT("broken, a@b.example")));
	assert_true(csp_addrlist_parse(&list, &arena, SPAN_LIT("c@d.example")));
	assert_int_equal(list.count, 2);
	assert_true(list.ambiguous);
	csp_arena_dispose(&arena);
}

static void fill_with(struct buf *body, const char *text, size_t times)
{
	csp_buf_init(body, 10 << 20);
	for (size_t i = 0; i < times; i++)
		csp_buf_append(body, csp_span_from(text));
	assert_false(csp_buf_failed(body));
}

static void so_many_mailboxes_are_taken_and_no_more(void **state)
{
	(void)state;
	static const size_t counts[] = {ADDRLIST_MAX - 1, ADDRLIST_MAX, ADDRLIST_MAX + 1, 100000};

	for (size_t i = 0; i < COUNT(counts); i++) {
		struct addrlist list = {.count = 0};
		struct arena arena;
		struct buf body;

		csp_arena_init(&arena, 1 << 20);
		fill_with(&body, "a@b.example, ", counts[i] - 1);
		csp_buf_append(&body, SPAN_LIT("z@b.example"));
		assert_true(csp_addrlist_parse(&list, &arena, csp_buf_span(&body)));
		assert_int_equal(list.count, counts[i] < ADDRLIST_MAX ? counts[i] : ADDRLIST_MAX);
		assert_int_equal(list.ambiguous, counts[i] > ADDRLIST_MAX);
		assert_int_equal(list.incomplete, counts[i] > ADDRLIST_MAX);
		assert_int_equal(list.truncated, counts[i] > ADDRLIST_MAX);
		csp_buf_dispose(&body);
		csp_arena_dispose(&arena);
	}
}

static void hostile_fields_need_little_memory_and_are_ambiguous(void **state)
{
	(void)state;
	static const char *const pieces[] = {
		"a:",         "(",   "((a)",       "\"",         "\"\\\"", "[",     "<",
		"<@a:",       "@",   "a@",         "a@b",        "a@b ",   ";",     ":",
		"a@xn--a.b,", "\\",  "a@b(",       "=?utf-8?q?", "a@b <",  "<a@b>", "a.",
		"a@a.a.",     "a@[", "\"a@b.c\"<", ")",
	};

	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct addrlist list = {.count = 0};
		struct arena arena;
		struct buf body;

		csp_arena_init(&arena, 256 << 10);
		fill_with(&body, pieces[i], 20000);
		CHECK(pieces[i], csp_addrlist_parse(&list, &arena, csp_buf_span(&body)));
		CHECK(pieces[i], list.ambiguous);
		CHECK(pieces[i], list.count <= ADDRLIST_MAX);
		csp_buf_dispose(&body);
		csp_arena_dispose(&arena);
	}
}

static void short_memory_is_told(void **state)
{
	(void)state;
	for (size_t max = 0; max < 300; max += 16) {
		struct addrlist list = {.count = 0};
		struct arena arena;

		csp_arena_init(&arena, max);
		bool done = csp_addrlist_parse(
			&list, &arena, SPAN_LIT("a@b.example, \"x@y.example\" <c@d.example>"));
		if (max < 32)
			assert_false(done);
		if (done)
			assert_int_equal(list.count, 2);
		csp_arena_dispose(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mailbox_that_a_reader_may_see_is_taken),
		cmocka_unit_test(a_second_field_is_added_to_the_first),
		cmocka_unit_test(so_many_mailboxes_are_taken_and_no_more),
		cmocka_unit_test(hostile_fields_need_little_memory_and_are_ambiguous),
		cmocka_unit_test(short_memory_is_told),
	};

	return cmocka_run_group_tests_name("addrlist", tests, NULL, NULL);
}
