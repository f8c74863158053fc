#include "../check.h"

#include "mailbox.h"

#define A10  "aaaaaaaaaa"
#define A60  A10 A10 A10 A10 A10 A10
#define A63  A60 "aaa"
#define A64  A60 "aaaa"
#define A255 A64 A64 A64 A63

static int setup(void **state)
{
	static struct arena arena;

	csp_arena_init(&arena, 1 << 20);
	*state = &arena;
	return 0;
}

static int teardown(void **state)
{
	csp_arena_dispose(*state);
	return 0;
}

struct path_case {
	const char *path;
	const char *mailbox; /* formatted; NULL: invalid; "": null */
	bool routed;
};

static const struct path_case path_cases[] = {
	{"<>", "", false},
	{"", "", false},
	{" ", "", false},
	{"<a@b.example>", "a@b.example", false},
	{"a@b.example", "a@b.example", false},
	{" <a@b.example> ", "a@b.example", false},
	{"<User.Name@EXAMPLE.Com>", "User.Name@example.com", false},
	{"<u+tag@example.com>", "u+tag@example.com", false},
	{"<u@example.com.>", "u@example.com", false},
	{"<u@example.com..>", NULL, false},
	{"<u@.example.com>", NULL, false},
	{"<u@example..com>", NULL, false},
	{"<u@.>", NULL, false},
	{"<u@>", NULL, false},
	{"<@b.example>", NULL, true},
	{"<u>", NULL, false},
	{"<postmaster>", NULL, false},
	{"<u@localhost>", "u@localhost", false},
	{"<a@b.example", NULL, false},
	{"a@b.example>", NULL, false},
	{"<<a@b.example>>", NULL, false},
	{"<a@b.example> SIZE=1", NULL, false},
	{"<a b@c.example>", NULL, false},
	{"<a@b .example>", NULL, false},
	{"<a,b@c.example>", NULL, false},
	{"<a@b.example,c@d.example>", NULL, false},
	{"<a(c)@b.example>", NULL, false},
	{"<a@b.example(c)>", NULL, false},
	{"<\"a\"@b.example>", "a@b.example", false},
	{"<\"a b\"@c.example>", "\"a b\"@c.example", false},
	{"<\"a\\ b\"@c.example>", "\"a b\"@c.example", false},
	{"<\"a\\\"b\\\\\"@c.example>", "\"a\\\"b\\\\\"@c.example", false},
	{"<\"\"@c.example>", "\"\"@c.example", false},
	{"<\"a\".\"b c\"@d.example>", "\"a.b c\"@d.example", false},
	{"<a.\"b\".c@d.example>", "a.b.c@d.example", false},
	{"<a\"b\"@c.example>", NULL, false},
	{"<\"a\"b@c.example>", NULL, false},
	{"<\"a@c.example>", NULL, false},
	{"<\"a\\\"@c.example>", NULL, false},
	{"<a..b@c.example>", "\"a..b\"@c.example", false},
	{"<.a@c.example>", "\".a\"@c.example", false},
	{"<a.@c.example>", "\"a.\"@c.example", false},
	{"<\"a@b\"@c.example>", "\"a@b\"@c.example", true},
	{"<a@b@c.example>", "\"a@b\"@c.example", true},
	{"<u%h@gw.example>", "u%h@gw.example", true},
	{"<h!u@d.example>", "h!u@d.example", true},
	{"<%@d.example>", "%@d.example", true},
	{"<\"u%h\"@d.example>", "u%h@d.example", true},
	{"<@r1,@r2:u@d.example>", "u@d.example", true},
	{"<@r1.example:u@d.example>", "u@d.example", true},
	{"<@[IPv6:::1]:u@d.example>", "u@d.example", true},
	{"<@r1.example u@d.example>", NULL, true},
	{"<@r1:>", NULL, true},
	{"<u@[192.0.2.1]>", "u@[192.0.2.1]", false},
	{"<u@[IPv6:2001:DB8:0::1]>", "u@[IPv6:2001:db8::1]", false},
	{"<u@[ipv6:::1]>", "u@[IPv6:::1]", false},
	{"<u@[IPv6:::ffff:192.0.2.1]>", "u@[192.0.2.1]", false},
	{"<u@[2001:db8::1]>", NULL, false},
	{"<u@[IPv6:192.0.2.1]>", NULL, false},
	{"<u@[192.0.2.1>", NULL, false},
	{"<u@[192.0.2.01]>", NULL, false},
	{"<u@[]>", NULL, false},
	{"<u@[>", NULL, false},
	{"<u@[tag:content]>", NULL, false},
	{"<u@[192.0.2.1].>", NULL, false},
	{"<u@my_host.example>", "u@my_host.example", false},
	{"<u@-a-.example>", "u@-a-.example", false},
	{"<u@a/b.example>", NULL, false},
	{"<" A64 "a@b.example>", A64 "a@b.example", false},
	{"<" A255 "@b.example>", A255 "@b.example", false},
	{"<" A255 "a@b.example>", NULL, false},
	{"<\"" A255 "\"@b.example>", A255 "@b.example", false},
	{"<u@" A63 ".example>", "u@" A63 ".example", false},
	{"<u@" A64 ".example>", NULL, false},
	{"<u@" A63 "." A63 "." A63 "." A63 ">", "u@" A63 "." A63 "." A63 "." A63, false},
	{"<u@" A63 "." A63 "." A63 "." A63 ".>", "u@" A63 "." A63 "." A63 "." A63, false},
	{"<u@" A63 "." A63 "." A63 "." A63 ".a>", NULL, false},
	{"<\x01@b.example>", NULL, false},
	{"<\"a\tb\"@c.example>", NULL, false},
	{"<\"\\\x7f\"@c.example>", NULL, false},
	{"<\xe9@b.example>", NULL, false},
	{"<\xc3\xa9@b.example>", "\xc3\xa9@b.example", false},
	{"<u@m\xc3\xbcnchen.example>", "u@xn--mnchen-3ya.example", false},
	{"<u@M\xc3\x9cNCHEN.EXAMPLE>", "u@xn--mnchen-3ya.example", false},
	{"<u@mu\xcc\x88nchen.example>", "u@xn--mnchen-3ya.example", false},
	{"<u@XN--mnchen-3YA.example>", "u@xn--mnchen-3ya.example", false},
	{"<u@\xef\xbd\x85xample.com>", "u@example.com", false},
	{"<u@example\xe3\x80\x82"
	 "com>",
	 "u@example.com", false},
	{"<u@example.com\xe3\x80\x82>", "u@example.com", false},
	{"<u@fa\xc3\x9f.example>", "u@xn--fa-hia.example", false},
	{"<u@ex\xe2\x80\x8b"
	 "ample.com>",
	 "u@example.com", false},
	{"<u@ex\xc2\xad"
	 "ample.com>",
	 "u@example.com", false},
	{"<u@a\xef\xbc\xa0"
	 "b.example>",
	 NULL, false},
	{"<u@\xe2\x84\x80.example>", NULL, false},
	{"<u@xn--abc-.example>", NULL, false},
	{"<u@xn--.example>", NULL, false},
	{"<u@xn--a.example>", NULL, false},
	{"<u@xn--99999999.example>", NULL, false},
	{"<u@xn--xn--a-bla.example>", NULL, false},
	{"<u@xn--mnchen-3ya\xc3\xbc.example>", NULL, false},
	{"<u@xn--fa-hia.example>", "u@xn--fa-hia.example", false},
	{"<u@\xc3.example>", NULL, false},
	{"<u@a\xe2\x80\x8d"
	 "b.example>",
	 NULL, false},
	{"<u@\xd7\x90"
	 "1a.example>",
	 NULL, false},
};

static enum mailbox_result expected_result(const struct path_case *c)
{
	if (!c->mailbox)
		return MAILBOX_INVALID;
	return c->mailbox[0] ? MAILBOX_OK : MAILBOX_NULL;
}

static void a_path_is_a_mailbox_null_or_invalid(void **state)
{
	struct arena *arena = *state;

	for (size_t i = 0; i < COUNT(path_cases); i++) {
		const struct path_case *c = &path_cases[i];
		struct mailbox mailbox;
		bool routed = !c->routed;
		struct span text;
		enum mailbox_result result =
			csp_mailbox_parse_path(&mailbox, &routed, arena, csp_span_from(c->path));

		CHECK(c->path, result == expected_result(c));
		CHECK(c->path, routed == c->routed);
		if (result != MAILBOX_OK)
			continue;
		CHECK(c->path, csp_mailbox_format(&text, arena, &mailbox));
		CHECK_SPAN(c->path, text, csp_span_from(c->mailbox));
	}
}

static void a_formatted_mailbox_is_read_as_the_same_mailbox(void **state)
{
	struct arena *arena = *state;

	for (size_t i = 0; i < COUNT(path_cases); i++) {
		const struct path_case *c = &path_cases[i];
		struct mailbox mailbox;
		struct mailbox again;
		bool routed;
		struct span text;

		if (csp_mailbox_parse_path(&mailbox, &routed, arena, csp_span_from(c->path)) !=
		    MAILBOX_OK)
			continue;
		CHECK(c->path, csp_mailbox_format(&text, arena, &mailbox));
		CHECK(c->path, csp_mailbox_parse(&again, arena, text) == MAILBOX_OK);
		CHECK_SPAN(c->path, again.local, mailbox.local);
		CHECK_SPAN(c->path, again.domain, mailbox.domain);
	}
}

static void a_nul_is_never_part_of_a_mailbox(void **state)
{
	struct arena *arena = *state;
	static const struct span texts[] = {SPAN_INIT("a\0@b.example"), SPAN_INIT("a@b\0.example"),
					    SPAN_INIT("\"\\\0\"@b.example"),
					    SPAN_INIT("a@b.example\0"), SPAN_INIT("\0")};
	struct mailbox mailbox;
	bool routed;

	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(csp_mailbox_parse_path(&mailbox, &routed, arena, texts[i]),
				 MAILBOX_INVALID);
		assert_int_equal(csp_mailbox_parse(&mailbox, arena, texts[i]), MAILBOX_INVALID);
	}
}

static void an_addr_spec_has_nothing_around_it(void **state)
{
	struct arena *arena = *state;
	static const char *const others[] = {"",     "<a@b>", "a@b@c", "@r:a@b",  "a",        "@b",
					     " a@b", "a@b ",  "a @b",  "n <a@b>", "a@b, c@d", "@"};
	struct mailbox mailbox;

	for (size_t i = 0; i < COUNT(others); i++)
		CHECK(others[i], csp_mailbox_parse(&mailbox, arena, csp_span_from(others[i])) ==
					 MAILBOX_INVALID);
	assert_int_equal(csp_mailbox_parse(&mailbox, arena, SPAN_LIT("a@B")), MAILBOX_OK);
	CHECK_SPAN("domain", mailbox.domain, SPAN_LIT("b"));
}

static void a_mailbox_is_made_of_parts_under_the_same_limits(void **state)
{
	struct arena *arena = *state;
	struct mailbox mailbox;

	assert_int_equal(csp_mailbox_make(&mailbox, arena, SPAN_LIT("a @b"), SPAN_LIT("D.example")),
			 MAILBOX_OK);
	CHECK_SPAN("local", mailbox.local, SPAN_LIT("a @b"));
	CHECK_SPAN("domain", mailbox.domain, SPAN_LIT("d.example"));
	assert_int_equal(csp_mailbox_make(&mailbox, arena, SPAN_LIT("a\r"), SPAN_LIT("d")),
			 MAILBOX_INVALID);
	assert_int_equal(csp_mailbox_make(&mailbox, arena, SPAN_LIT(A255 "a"), SPAN_LIT("d")),
			 MAILBOX_INVALID);
	assert_int_equal(csp_mailbox_make(&mailbox, arena, SPAN_LIT("a"), SPAN_LIT("")),
			 MAILBOX_INVALID);
}

static void a_canonical_domain_is_its_own_canonical_form(void **state)
{
	struct arena *arena = *state;
	static const char *const domains[] = {
		"Example.COM.",
		("B\xc3\xbc"
		 "cher.example"),
		"xn--bcher-kva.example",
		"[IPv6:0:0::1]",
		"\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
		"\xd9\x85\xd8\xab\xd8\xa7\xd9\x84.example",
		"a_b.c",
		"r3---sn.example"};

	for (size_t i = 0; i < COUNT(domains); i++) {
		struct span once;
		struct span twice;
		CHECK(domains[i],
		      csp_domain_canonical(&once, arena, csp_span_from(domains[i])) == MAILBOX_OK);
		CHECK(domains[i], csp_domain_canonical(&twice, arena, once) == MAILBOX_OK);
		CHECK_SPAN(domains[i], twice, once);
		CHECK(domains[i], csp_span_is_ascii(once));
	}
}

static void a_domain_too_long_in_any_form_is_refused(void **state)
{
	struct arena *arena = *state;
	char text[5000];
	struct span domain;

	for (size_t i = 0; i + 4 <= sizeof(text); i += 4)
		memcpy(text + i,
		       "\xc3\xbc"
		       "a.",
		       4);
	for (size_t len = 256; len <= sizeof(text); len += 236)
		assert_int_equal(csp_domain_canonical(&domain, arena, (struct span){text, len}),
				 MAILBOX_INVALID);
}

struct key_case {
	const char *mailbox;
	const char *separators;
	const char *key;
};

static const struct key_case key_cases[] = {
	{"User.Name@Example.com", "+", "user.name@example.com"},
	{"user+tag@example.com", "+", "user@example.com"},
	{"user+tag+more@example.com", "+", "user@example.com"},
	{"user+tag@example.com", "", "user+tag@example.com"},
	{"user-tag+x@example.com", "+-", "user@example.com"},
	{"+tag@example.com", "+", "+tag@example.com"},
	{"u+@example.com", "+", "u@example.com"},
	{"\"A B\"@example.com", "+", "a b@example.com"},
	{"\xc3\x89"
	 "A@example.com",
	 "+",
	 "\xc3\xa9"
	 "a@example.com"},
	{"e\xcc\x81"
	 "A@example.com",
	 "+",
	 "\xc3\xa9"
	 "a@example.com"},
	{"\xef\xbc\xb5ser@example.com", "+", "user@example.com"},
	{"us\xc2\xad"
	 "er@example.com",
	 "+", "user@example.com"},
	{"stra\xc3\x9f"
	 "e@example.com",
	 "+", "strasse@example.com"},
};

static void a_key_folds_case_and_leaves_the_extension_out(void **state)
{
	struct arena *arena = *state;

	for (size_t i = 0; i < COUNT(key_cases); i++) {
		const struct key_case *c = &key_cases[i];
		struct mailbox mailbox;
		struct span key;

		CHECK(c->mailbox,
		      csp_mailbox_parse(&mailbox, arena, csp_span_from(c->mailbox)) == MAILBOX_OK);
		CHECK(c->mailbox,
		      csp_mailbox_key(&key, arena, &mailbox, csp_span_from(c->separators)));
		CHECK_SPAN(c->mailbox, key, csp_span_from(c->key));
	}
}

static void the_local_part_that_folds_to_the_most_still_has_a_key(void **state)
{
	struct arena *arena = *state;
	char local[MAILBOX_LOCAL_MAX];
	struct span key;

	for (size_t i = 0; i < sizeof(local); i += 3)
		memcpy(local + i, "\xef\xb7\xba", 3); /* U+FDFA folds to 18 characters */
	struct mailbox mailbox = {{local, sizeof(local)}, SPAN_LIT("d.example")};
	assert_true(csp_mailbox_key(&key, arena, &mailbox, SPAN_LIT("+")));
	assert_true(key.len > MAILBOX_LOCAL_MAX / 3 * 18);
}

static void parts_of_unusual_length_or_bytes_do_no_harm(void **state)
{
	struct arena *arena = *state;
	char local[2000];
	struct span text;

	memset(local, '"', sizeof(local));
	struct mailbox mailbox = {{local, sizeof(local)}, SPAN_LIT("")};
	assert_true(csp_mailbox_format(&text, arena, &mailbox));
	assert_int_equal(text.len, 2 * sizeof(local) + 3);
	assert_true(csp_mailbox_key(&text, arena, &mailbox, SPAN_LIT("")));
	assert_int_equal(text.len, sizeof(local) + 1);
	mailbox.local = SPAN_LIT("\xff\xfeZ");
	assert_true(csp_mailbox_key(&text, arena, &mailbox, SPAN_LIT("")));
	CHECK_SPAN("key", text, SPAN_LIT("\xff\xfez@"));
}

struct match_case {
	const char *domain;
	const char *pattern;
	bool matches;
};

static const struct match_case match_cases[] = {
	{"example.com", "example.com", true},
	{"example.com", "Example.com", true},
	{"www.example.com", "example.com", false},
	{"www.example.com", ".example.com", true},
	{"a.b.example.com", ".example.com", true},
	{"example.com", ".example.com", false},
	{"evilexample.com", ".example.com", false},
	{"evilexample.com", "example.com", false},
	{"example.com.evil.example", ".example.com", false},
	{"contoso.onmicrosoft.com", "onmicrosoft.com", false},
	{"example.com", "", false},
	{"", "", false},
	{"", ".example.com", false},
	{"example.com", ".", false},
	{"[192.0.2.1]", "[192.0.2.1]", true},
};

static void a_pattern_matches_a_domain_or_what_lies_below_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(match_cases); i++) {
		const struct match_case *c = &match_cases[i];
		CHECK(c->domain, csp_domain_matches(csp_span_from(c->domain),
						    csp_span_from(c->pattern)) == c->matches);
	}
}

static void short_memory_is_told_apart_from_bad_addresses(void **state)
{
	(void)state;
	static const char *const paths[] = {"<user@example.com>", "<u@m\xc3\xbcnchen.example>",
					    "<u@[192.0.2.1]>"};

	for (size_t i = 0; i < COUNT(paths); i++) {
		for (size_t max = 0; max < 32; max += 16) {
			struct arena arena;
			struct mailbox mailbox;
			bool routed;
			csp_arena_init(&arena, max);
			CHECK(paths[i],
			      csp_mailbox_parse_path(&mailbox, &routed, &arena,
						     csp_span_from(paths[i])) == MAILBOX_NO_MEMORY);
			csp_arena_dispose(&arena);
		}
	}
	struct arena none;
	struct span text;
	const struct mailbox mailbox = {SPAN_LIT("\xc3\xa9"), SPAN_LIT("b")};
	csp_arena_init(&none, 0);
	assert_false(csp_mailbox_format(&text, &none, &mailbox));
	assert_false(csp_mailbox_key(&text, &none, &mailbox, SPAN_LIT("+")));
	csp_arena_dispose(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_a_mailbox_null_or_invalid),
		cmocka_unit_test(a_formatted_mailbox_is_read_as_the_same_mailbox),
		cmocka_unit_test(a_nul_is_never_part_of_a_mailbox),
		cmocka_unit_test(an_addr_spec_has_nothing_around_it),
		cmocka_unit_test(a_mailbox_is_made_of_parts_under_the_same_limits),
		cmocka_unit_test(a_canonical_domain_is_its_own_canonical_form),
		cmocka_unit_test(a_domain_too_long_in_any_form_is_refused),
		cmocka_unit_test(a_key_folds_case_and_leaves_the_extension_out),
		cmocka_unit_test(the_local_part_that_folds_to_the_most_still_has_a_key),
		cmocka_unit_test(parts_of_unusual_length_or_bytes_do_no_harm),
		cmocka_unit_test(a_pattern_matches_a_domain_or_what_lies_below_it),
		cmocka_unit_test(short_memory_is_told_apart_from_bad_addresses),
	};

	return cmocka_run_group_tests_name("mailbox", tests, setup, teardown);
}
