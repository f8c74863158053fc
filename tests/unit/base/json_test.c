#include "../check.h"

#include "json.h"

struct fixture {
	struct buf buf;
	struct json json;
};

static void start(struct fixture *f)
{
	csp_buf_init(&f->buf, 10000);
	csp_json_init(&f->json, &f->buf);
}

static void expect(struct fixture *f, struct span expected)
{
	CHECK_SPAN("json", csp_buf_span(&f->buf), expected);
	csp_buf_dispose(&f->buf);
}

static void commas_stand_between_values_and_nowhere_else(void **state)
{
	(void)state;
	struct fixture f;

	start(&f);
	csp_json_object(&f.json);
	csp_json_text_at(&f.json, "a", SPAN_LIT("x"));
	csp_json_key(&f.json, "list");
	csp_json_array(&f.json);
	csp_json_number(&f.json, 1);
	csp_json_object(&f.json);
	csp_json_object_end(&f.json);
	csp_json_array(&f.json);
	csp_json_array_end(&f.json);
	csp_json_bool(&f.json, true);
	csp_json_bool(&f.json, false);
	csp_json_null(&f.json);
	csp_json_array_end(&f.json);
	csp_json_number_at(&f.json, "n", -5);
	csp_json_text_or_null_at(&f.json, "none", SPAN_LIT(""));
	csp_json_text_or_null_at(&f.json, "some", SPAN_LIT("y"));
	csp_json_object_end(&f.json);
	expect(&f, SPAN_LIT("{\"a\":\"x\",\"list\":[1,{},[],true,false,null],\"n\":-5,"
			    "\"none\":null,\"some\":\"y\"}"));
}

static void numbers_are_whole_from_the_least_to_the_greatest(void **state)
{
	(void)state;
	struct fixture f;

	start(&f);
	csp_json_array(&f.json);
	csp_json_number(&f.json, INT64_MIN);
	csp_json_number(&f.json, 0);
	csp_json_number(&f.json, INT64_MAX);
	csp_json_array_end(&f.json);
	expect(&f, SPAN_LIT("[-9223372036854775808,0,9223372036854775807]"));
}

struct text_case {
	const char *name;
	struct span text;
	struct span json;
};

static const struct text_case text_cases[] = {
	{"nothing", SPAN_INIT(""), SPAN_INIT("\"\"")},
	{"plain text", SPAN_INIT("abc /'"), SPAN_INIT("\"abc /'\"")},
	{"quotes", SPAN_INIT("a\"b\\c"), SPAN_INIT("\"a\\\"b\\\\c\"")},
	{"line ends", SPAN_INIT("a\r\nb\tc"), SPAN_INIT("\"a\\u000d\\nb\\tc\"")},
	{"NUL and an escape", SPAN_INIT("\0\x1b[2J"), SPAN_INIT("\"\\u0000\\u001b[2J\"")},
	{"DEL and C1", SPAN_INIT("\x7f\xc2\x80\xc2\x9f\xc2\xa0"),
	 SPAN_INIT("\"\\u007f\\u0080\\u009f\xc2\xa0\"")},
	{"line and paragraph separators", SPAN_INIT("\xe2\x80\xa8\xe2\x80\xa9"),
	 SPAN_INIT("\"\\u2028\\u2029\"")},
	{"bidirectional controls", SPAN_INIT("\xe2\x80\xae\xe2\x81\xa6\xd8\x9c"),
	 SPAN_INIT("\"\\u202e\\u2066\\u061c\"")},
	{"letters and emoji", SPAN_INIT("\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80"),
	 SPAN_INIT("\"\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80\"")},
	{"bytes that are not UTF-8", SPAN_INIT("a\xff\xc3(\xc3"),
	 SPAN_INIT("\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\"")},
	{"an overlong quote", SPAN_INIT("\xc0\xa2"), SPAN_INIT("\"\xef\xbf\xbd\xef\xbf\xbd\"")},
	{"a surrogate", SPAN_INIT("\xed\xa0\x80"),
	 SPAN_INIT("\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"")},
	{"a format", SPAN_INIT("%n%s"), SPAN_INIT("\"%n%s\"")},
};

static void any_bytes_make_one_line_that_parses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(text_cases); i++) {
		struct fixture f;
		start(&f);
		csp_json_text(&f.json, text_cases[i].text);
		CHECK_SPAN(text_cases[i].name, csp_buf_span(&f.buf), text_cases[i].json);
		csp_buf_dispose(&f.buf);
	}
}

static void a_key_is_escaped_like_any_text(void **state)
{
	(void)state;
	struct fixture f;

	start(&f);
	csp_json_object(&f.json);
	csp_json_text_at(&f.json, "a\"\n", SPAN_LIT("v"));
	csp_json_object_end(&f.json);
	expect(&f, SPAN_LIT("{\"a\\\"\\n\":\"v\"}"));
}

static void a_full_buf_is_reported_by_the_buf(void **state)
{
	(void)state;
	struct buf buf;
	struct json json;

	csp_buf_init(&buf, 3);
	csp_json_init(&json, &buf);
	csp_json_text(&json, SPAN_LIT("abcdef"));
	assert_true(csp_buf_failed(&buf));
	csp_buf_dispose(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_stand_between_values_and_nowhere_else),
		cmocka_unit_test(numbers_are_whole_from_the_least_to_the_greatest),
		cmocka_unit_test(any_bytes_make_one_line_that_parses),
		cmocka_unit_test(a_key_is_escaped_like_any_text),
		cmocka_unit_test(a_full_buf_is_reported_by_the_buf),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
