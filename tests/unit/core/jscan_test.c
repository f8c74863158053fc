#include "../check.h"

#include "jscan.h"

/* Every token as one letter, texts in brackets; a wrong text ends with "!". */
static const struct {
	const char *text, *tokens;
} cases[] = {
	{"{}", "oc."},
	{" [ ] \r\n", "oc."},
	{"\"a\"", "s(a)."},
	{"null", "p."},
	{"-0.5E-7", "p."},
	{"{\"a\":{\"b\":[1,true]},\"c\":\"\"}", "ok(a)ok(b)oppcck(c)s()c."},
	{"[[],{},\"\\\"\\\\\"]", "ooc"
				 "oc"
				 "s(\\\"\\\\)c."},
	{"[\"a\tb\r\n c\"]", "os(a\tb\r\n c)c."},
	{"", "!"},
	{" ", "!"},
	{"{", "o!"},
	{"}", "!"},
	{"{]", "o!"},
	{"[}", "o!"},
	{"{\"a\"}", "o!"},
	{"{\"a\":", "ok(a)!"},
	{"{\"a\":1,}", "ok(a)p!"},
	{"{1:2}", "o!"},
	{"[1,]", "op!"},
	{"[1 2]", "op!"},
	{"[,1]", "o!"},
	{"[]]", "oc!"},
	{"[] x", "oc!"},
	{"1 2", "p!"},
	{"+1", "!"},
	{"00", "!"},
	{".5", "!"},
	{"tru", "!"},
	{"\"a", "!"},
	{"\"a\\\"", "!"},
	{"\"\\", "!"},
	{"\"\\u00e", "!"},
	{"\"\\ud800\\u0041\"", "!"},
	{"\"\x7f\xff\"", "s(\x7f\xff)."},
	{"\"\x1f\"", "!"},
	{"\xef\xbb\xbf{}", "!"},
};

static char letter(enum jscan_token token)
{
	static const char letters[] = {
		[JSCAN_KEY] = 'k',   [JSCAN_STRING] = 's', [JSCAN_PLAIN] = 'p', [JSCAN_OPEN] = 'o',
		[JSCAN_CLOSE] = 'c', [JSCAN_END] = '.',    [JSCAN_WRONG] = '!',
	};

	return letters[token];
}

static void write_tokens(struct buf *out, struct span text)
{
	struct jscan scan;
	enum jscan_token token;

	csp_buf_reset(out);
	csp_jscan_init(&scan, text);
	do {
		token = csp_jscan_next(&scan);
		csp_buf_append_char(out, letter(token));
		if (token == JSCAN_KEY || token == JSCAN_STRING) {
			csp_buf_append_char(out, '(');
			csp_buf_append(out, scan.text);
			csp_buf_append_char(out, ')');
		}
	} while (token != JSCAN_END && token != JSCAN_WRONG);
	assert_int_equal(csp_jscan_next(&scan), token);
	assert_false(csp_buf_failed(out));
}

static void a_text_is_taken_token_by_token(void **state)
{
	struct buf out;

	(void)state;
	csp_buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(cases); i++) {
		write_tokens(&out, csp_span_from(cases[i].text));
		CHECK_SPAN(cases[i].text, csp_buf_span(&out), csp_span_from(cases[i].tokens));
	}
	csp_buf_dispose(&out);
}

static void only_a_whole_object_is_one(void **state)
{
	(void)state;
	assert_true(csp_jscan_is_object(SPAN_LIT(" {\"a\":[]} ")));
	assert_false(csp_jscan_is_object(SPAN_LIT("{\"a\":[]},")));
	assert_false(csp_jscan_is_object(SPAN_LIT("[{}]")));
	assert_false(csp_jscan_is_object(SPAN_LIT("\"{}\"")));
	assert_false(csp_jscan_is_object(SPAN_LIT("")));
}

static void escapes_are_decoded(void **state)
{
	struct buf out;

	(void)state;
	csp_buf_init(&out, 100);
	csp_jscan_decode(&out,
			 SPAN_LIT("a\\/\\b\\f\\n\\r\\t\\\"\\\\\\u00E9\\uD83D\\uDE00\\u0000z"));
	CHECK_SPAN("escapes", csp_buf_span(&out),
		   SPAN_LIT("a/\b\f\n\r\t\"\\\xc3\xa9\xf0\x9f\x98\x80\0z"));
	csp_buf_dispose(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_taken_token_by_token),
		cmocka_unit_test(only_a_whole_object_is_one),
		cmocka_unit_test(escapes_are_decoded),
	};

	return cmocka_run_group_tests_name("jscan", tests, NULL, NULL);
}
