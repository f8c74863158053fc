#include "../check.h"
#include "authres.h"

#include <stdio.h>
#include <stdlib.h>

static void append(char out[4096], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(char out[4096], const char *format, ...)
{
	size_t len = strlen(out);
	va_list args;

	va_start(args, format);
	int written = vsnprintf(out + len, 4096 - len, format, args);
	va_end(args);
	assert_true(written >= 0 && (size_t)written < 4096 - len);
}

/* "id; method=result type.name=value …; …", a method of another version with "/?"; "refused" where nothing counts. */
static const char *as_text(char out[4096], struct span body)
{
	struct arena arena;
	struct authres field;

	csp_arena_init(&arena, 1 << 22);
	enum authres_outcome outcome = csp_authres_parse(&field, &arena, body);
	assert_int_not_equal(outcome, AUTHRES_NO_MEMORY);
	snprintf(out, 4096, "%s", outcome == AUTHRES_OK ? "" : "refused");
	if (outcome == AUTHRES_OK)
		append(out, "%.*s", SPAN_ARG(field.authserv_id));
	for (size_t i = 0; i < field.count; i++) {
		const struct authres_result *result = &field.results[i];
		append(out, "; %.*s%s=%.*s", SPAN_ARG(result->method),
		       result->version_1 ? "" : "/?", SPAN_ARG(result->result));
		for (size_t j = 0; j < result->property_count; j++)
			append(out, " %.*s.%.*s=%.*s", SPAN_ARG(result->properties[j].type),
			       SPAN_ARG(result->properties[j].name),
			       SPAN_ARG(result->properties[j].value));
	}
	csp_arena_dispose(&arena);
	return out;
}

struct example {
	const char *body, *text;
};

static void check_examples(const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[4096];
		as_text(text, csp_span_from(examples[i].body));
		if (strcmp(text, examples[i].text) != 0)
			fail_msg("%s: %s", examples[i].body, text);
	}
}

/* Those of RFC 8601 appendix B, and what servers write. */
static void a_field_is_read_as_it_is_meant(void **state)
{
	static const struct example examples[] = {
		{"example.org 1; none", "example.org"},
		{"example.org; NONE", "example.org"},
		{" example.com; spf=pass smtp.mailfrom=example.net ",
		 "example.com; spf=pass smtp.mailfrom=example.net"},
		{"example.com; auth=pass (cram-md5) smtp.auth=sender@example.net; "
		 "spf=pass smtp.mailfrom=example.net",
		 "example.com; auth=pass smtp.auth=sender@example.net; "
		 "spf=pass smtp.mailfrom=example.net"},
		{"example.com; dkim=pass (good signature) header.d=example.com",
		 "example.com; dkim=pass header.d=example.com"},
		{"example.com; dkim=pass reason=\"good signature\" "
		 "header.i=@mail-router.example.net; "
		 "dkim=fail reason=\"bad signature\" header.i=@newyork.example.com",
		 "example.com; dkim=pass header.i=@mail-router.example.net; "
		 "dkim=fail header.i=@newyork.example.com"},
		{"foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait "
		 "for it) "
		 "fail policy (A dot can go here) . (like that) expired (this surprised me) = "
		 "(as I wasn't expecting it) 1362471462",
		 "foo.example.net; dkim=fail policy.expired=1362471462"},
		{"foo.example.net (foobar) 1 (baz); dkim (Because I like it) /1 =fail policy "
		 ".expired "
		 "= 1362471462",
		 "foo.example.net; dkim=fail policy.expired=1362471462"},
		{"mx; dkim/2=pass header.d=a.example", "mx; dkim/?=pass header.d=a.example"},
		{"mx; dkim/1=pass header.d=a.example;spf=none",
		 "mx; dkim=pass header.d=a.example; spf=none"},
		{"mx; (a (nested \\) (comment)) here)\tdkim=pass\theader.d=a.example (end)",
		 "mx; dkim=pass header.d=a.example"},
		{"mx; iprev=pass policy.iprev=2001:db8::1",
		 "mx; iprev=pass policy.iprev=2001:db8::1"},
		{"mx; iprev=pass policy.iprev=\"2001:db8::1\"",
		 "mx; iprev=pass policy.iprev=2001:db8::1"},
		{"mx; spf=pass smtp.remote-ip=[192.0.2.1]",
		 "mx; spf=pass smtp.remote-ip=[192.0.2.1]"},
		{"mx; dkim=pass header.b=aB/+c= header.d=a.example",
		 "mx; dkim=pass header.b=aB/+c= header.d=a.example"},
		{"mx; dkim=pass header.b=\"q\\\"u;o(te\" header.d=a.example",
		 "mx; dkim=pass header.b=q\"u;o(te header.d=a.example"},
		{"mx; spf=pass smtp.mailfrom=\"a; dkim=pass \"@a.example",
		 "mx; spf=pass smtp.mailfrom=\"a; dkim=pass \"@a.example"},
		{"mx; dkim=pass header.reason=x", "mx; dkim=pass header.reason=x"},
		{"mx; x=pass reason.d=a.example", "mx; x=pass reason.d=a.example"},
		{"b\xc3\xbc"
		 "cher.example; spf=pass smtp.mailfrom=m\xc3\xbcller@b\xc3\xbc"
		 "cher.example",
		 "b\xc3\xbc"
		 "cher.example; spf=pass smtp.mailfrom=m\xc3\xbcller@b\xc3\xbc"
		 "cher.example"},
		{"\"mx (1)\" 1; none", "mx (1)"},
		{"mx;none=pass", "mx; none=pass"},
		{"mx; Dkim=Pass Header.D=A.Example", "mx; Dkim=Pass Header.D=A.Example"},
	};

	(void)state;
	check_examples(examples, COUNT(examples));
}

static void check_refused(const char *const *bodies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[4096];
		as_text(text, csp_span_from(bodies[i]));
		if (strcmp(text, "refused") != 0)
			fail_msg("%s: %s", bodies[i], text);
	}
}

static void what_is_not_the_grammar_is_refused_as_a_whole(void **state)
{
	static const char *const bodies[] = {
		"",
		" ",
		"(x)",
		"mx",
		"mx;",
		"mx 1",
		"mx 1;",
		"mx 2; none",
		"mx 01; none",
		"mx1 ;; none",
		"mx;none;",
		"mx;none; dkim=pass",
		"mx; dkim=pass; none",
		"mx; dkim=pass header.d=a.example;",
		"mx; dkim",
		"mx; dkim=",
		"mx; dkim pass",
		"mx; dkim=pass header",
		"mx; dkim=pass header.",
		"mx; dkim=pass header.d",
		"mx; dkim=pass header.d=",
		"mx; dkim=pass header.d= ; spf=pass",
		"mx; dkim=pass header.d=a.example,b.example",
		"mx; dkim=pass header.d=<a.example>",
		"mx; dkim=pass header.d=a.example header",
		"mx; dkim=pass header.d=\"a.example",
		"mx; dkim=pass header.d=\"a.example\\\"",
		"mx; dkim=pass header.d=\"a\"b.example",
		"mx; dkim=pass header.d=\"a\"header.i=b",
		"mx; dkim=pass header.d=\"a\"@",
		"mx; dkim=pass reason=x reason=y",
		"mx; dkim=pass header.d=a.example reason=x",
		"mx; dkim=pass reason=",
		"mx; dkim/=pass",
		"mx; dkim/x=pass",
		"mx; dk_im=pass",
		"mx; dkim-=pass",
		"mx; dkim=pa_ss",
		"mx; =pass",
		"mx; spf=pass smtp.mail.from=a.example",
		"m x; spf=pass",
		"mx dkim=pass",
		"mx@a.example; dkim=pass",
		"mx,my; dkim=pass",
		"spf=pass smtp.mailfrom=a.example; dkim=pass",
		"mx; dkim=pass\r\n header.d=a.example",
		"mx; dkim=pass\nheader.d=a.example",
		"mx; dkim=pass header.d=a.\x01.example",
		"mx; dkim=pass header.d=\xff.example",
	};

	(void)state;
	check_refused(bodies, COUNT(bodies));
	char text[4096];
	assert_string_equal(as_text(text, SPAN_LIT("mx; dkim=pass\0 header.d=a")), "refused");
}

/* CVE-2020-12272 and its relatives: a value that the server did not quote must not become a shorter one. */
static void a_comment_that_touches_a_value_is_refused(void **state)
{
	static const char *const bodies[] = {
		"mx; spf=pass smtp.mailfrom=example.net(.example.com",
		"mx; spf=pass smtp.mailfrom=example.net(.example.com)",
		"mx; spf=pass smtp.mailfrom=example.net(.example.com smtp.helo=a)",
		"mx; spf=pass smtp.mailfrom=example.net(.example.com smtp.helo=a) x.y=z",
		"mx; spf=pass smtp.mailfrom=example.net (.example.com",
		"mx; spf=pass smtp.mailfrom=example.net (.example.com\\)",
		"mx; spf=pass smtp.mailfrom=(example.com.)example.net",
		"mx; spf=pass smtp.mailfrom= (example.com.)example.net",
		"mx; spf=pass smtp.mailfrom=a@(b)example.net",
		"mx; spf=pass smtp.mailfrom=a@ (b) example.net",
		"mx; spf=pass smtp.mailfrom=\"a\"(b)@example.net",
		"mx; spf=pass(x) smtp.mailfrom=example.net",
		"mx; spf=fail (x)pass",
		"mx(.evil.example; spf=pass (x)",
		"mx(.evil.example); spf=pass",
		"mx (a)(b); spf=pass",
		"mx )x; spf=pass",
		"mx; spf=pass ) smtp.mailfrom=a",
		"mx; spf=pass ((x) smtp.mailfrom=a",
	};

	(void)state;
	check_refused(bodies, COUNT(bodies));
}

static void more_than_anybody_states_is_refused(void **state)
{
	static const struct {
		const char *piece;
		size_t most;
	} cases[] = {
		{"; dkim=pass", AUTHRES_RESULTS_MAX},
		{" header.d=a", AUTHRES_PROPERTIES_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t over = 0; over <= 1; over++) {
			char body[4096] = "mx", text[4096];
			if (cases[i].piece[0] == ' ')
				append(body, "; dkim=pass");
			for (size_t j = 0; j < cases[i].most + over; j++)
				append(body, "%s", cases[i].piece);
			as_text(text, csp_span_from(body));
			CHECK(cases[i].piece, (strcmp(text, "refused") == 0) == (over == 1));
		}
	}
}

static void short_memory_is_said(void **state)
{
	struct arena arena;
	struct authres field;
	size_t refused = 0;

	(void)state;
	csp_arena_init(&arena, 1 << 20);
	for (arena.max = 0; arena.max < 1 << 20; arena.max += 512) {
		enum authres_outcome outcome = csp_authres_parse(
			&field, &arena, SPAN_LIT("mx; dkim=pass header.b=\"a\\\"b\""));
		if (outcome == AUTHRES_OK)
			break;
		assert_int_equal(outcome, AUTHRES_NO_MEMORY);
		refused++;
		csp_arena_reset(&arena);
	}
	assert_true(refused > 1 && arena.max < 1 << 20);
	csp_arena_dispose(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_is_read_as_it_is_meant),
		cmocka_unit_test(what_is_not_the_grammar_is_refused_as_a_whole),
		cmocka_unit_test(a_comment_that_touches_a_value_is_refused),
		cmocka_unit_test(more_than_anybody_states_is_refused),
		cmocka_unit_test(short_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
