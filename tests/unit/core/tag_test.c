#include "../check.h"

#include "tag.h"

#define KEYED(format, key)                                                                         \
	{                                                                                          \
		format, SPAN_INIT(key), 0                                                          \
	}
#define PLAIN(format) KEYED(format, "")

static const struct tag_shape text = PLAIN(TAG_TEXT);
static const struct tag_shape list = PLAIN(TAG_LIST);
static const struct tag_shape pairs = KEYED(TAG_PAIRS, "category");
static const struct tag_shape labels = KEYED(TAG_LABELS, "MSIP_Label_1-2_Name");
static const struct tag_shape second = {TAG_COLONS, SPAN_INIT(""), 2};
static const struct tag_shape json = KEYED(TAG_JSON, "category");
static const struct tag_shape list_id = PLAIN(TAG_LIST_ID);

struct case_of {
	const struct tag_shape *shape;
	const char *body;
	const char *
		values; /* each in brackets; "!" alone: cannot be read; "?" at the end: undecodable */
};

static const struct case_of cases[] = {
	{&text, "billing", "[billing]"},
	{&text, "a, b;c=d", "[a, b;c=d]"},
	{&text, "two \t words ", "[two words]"},
	{&text, "", ""},
	{&text, "=?utf-8?q?bill?= =?utf-8?q?ing?=", "[billing]"},
	{&text, "=?utf-8?q?bill", "[bill]?"},
	{&text, "\xff", "[\xc3\xbf]?"},

	{&list, "a,b , c", "[a][b][c]"},
	{&list, "", ""},
	{&list, "a,,b,", "[a][][b]"},
	{&list, "\"a, b\", c", "[a, b][c]"},
	{&list, "\"a\\\"b\\\\\" c, d", "[a\"b\\ c][d]"},
	{&list, "x\"a, b\"y,z", "[xa, by][z]"},
	{&list, "5\" screens, billing", "[5\" screens][billing]"},
	{&list, "5\\\" a, \\\" b", "[5\\\" a][\\\" b]"},
	{&list, "\"", "[\"]"},
	{&list, "\"a\\", "[\"a\\]"},
	{&list, "\"\",a", "[][a]"},
	{&list, "=?utf-8?q?a=2Cb?=, =?utf-8?b?Yw==?=", "[a,b][c]"},
	{&list, "=?utf-8?q?a,b?=", "[a][b?=]?"},
	{&list, "\"=?utf-8?q?a?=\"", "[a]"},

	{&pairs, "category=billing, team=a", "[billing]"},
	{&pairs, "team=category, CATEGORY = a=b ,category=c", "[a=b][c]"},
	{&pairs, "category", ""},
	{&pairs, "category=", "[]"},
	{&pairs, "xcategory=a,categoryx=b", ""},
	{&pairs, "category=a;b", "[a;b]"},

	{&labels,
	 "MSIP_Label_1-2_Enabled=true; MSIP_Label_1-2_Name=Highly\t Confidential, inside; X=y;",
	 "[Highly Confidential, inside]"},
	{&labels,
	 "=?utf-8?q?MSIP=5FLabel=5F1-2=5FName=3DVertr=C3=A4ge=3B_a=3Db?=", "[Vertr\xc3\xa4ge]"},
	{&labels, "MSIP_Label_1-3_Name=a", ""},

	{&second, "4711:renewals:mail:Sender", "[renewals]"},
	{&second, "4711: renewals ", "[renewals]"},
	{&second, "4711", ""},
	{&second, "4711:", ""},
	{&second, "4711::a", ""},

	{&json, "{\"category\":\"a\"}", "[a]"},
	{&json, " { \"x\" : 1 , \"category\" : [ \"a\" , \"b c\" ] } ", "[a][b c]"},
	{&json, "{}", ""},
	{&json, "{\"category\":[]}", ""},
	{&json, "{\"category\":\"\"}", "[]"},
	{&json, "{\"category\":\"a\",\"category\":[\"b\"]}", "[a][b]"},
	{&json, "{\"c\\u0061tegory\":\"\\u0061\\u00e4\\ud83d\\ude00\\n\\/\"}",
	 "[a\xc3\xa4\xf0\x9f\x98\x80 /]"},
	{&json, "{\"Category\":\"a\"}", ""},
	{&json, "{\"x\":{\"category\":\"a\"},\"y\":[\"category\"],\"z\":\"category\"}", ""},
	{&json, "{\"category\":{\"category\":\"a\"}}", ""},
	{&json, "{\"category\":[[\"a\"],{\"b\":\"c\"},1,null,true,\"d\"]}", "[d]"},
	{&json, "{\"category\":[\"a\"],\"b\":[\"c\"]}", "[a]"},
	{&json, "{\"category\":-1.5e+3}", ""},
	{&json, "=?utf-8?q?{=22category=22:=22a=22}?=", "[a]"},
	{&json, "", "!"},
	{&json, "\"category\"", "!"},
	{&json, "[\"category\"]", "!"},
	{&json, "{\"category\":\"a\"", "!"},
	{&json, "{\"category\":\"a\"}}", "!"},
	{&json, "{\"category\":\"a\"} x", "!"},
	{&json, "{\"category\":\"a\",}", "!"},
	{&json, "{\"category\":[\"a\",]}", "!"},
	{&json, "{\"category\":[\"a\"}", "!"},
	{&json, "{\"category\":\"a\"]", "!"},
	{&json, "{\"category\" \"a\"}", "!"},
	{&json, "{\"category\":}", "!"},
	{&json, "{\"category\":\"a\" \"b\"}", "!"},
	{&json, "{category:\"a\"}", "!"},
	{&json, "{'category':'a'}", "!"},
	{&json, "{\"category\":\"\\x\"}", "!"},
	{&json, "{\"category\":\"\\u12g4\"}", "!"},
	{&json, "{\"category\":\"\\ud83d\"}", "!"},
	{&json, "{\"category\":\"\\ude00\\ud83d\"}", "!"},
	{&json, "{\"category\":\"\x01\"}", "!"},
	{&json, "{\"category\":01}", "!"},
	{&json, "{\"category\":1.}", "!"},
	{&json, "{\"category\":-}", "!"},
	{&json, "{\"category\":1e}", "!"},
	{&json, "{\"category\":nul}", "!"},
	{&json, "{,}", "!"},

	{&list_id, "Renewals <renewals.example.com>", "[renewals.example.com]"},
	{&list_id, "\"a <b>\" <c>", "[c]"},
	{&list_id, "renewals.example.com", "[renewals.example.com]"},
	{&list_id, "Renewals <renewals", "[renewals]"},
	{&list_id, "<>", ""},
	{&list_id, "", ""},
};

struct bufs {
	struct buf text, value, all;
};

static struct span read_all(struct bufs *bufs, const struct tag_shape *shape, struct span body)
{
	struct tag_reader reader;

	csp_buf_reset(&bufs->all);
	if (!csp_tag_open(&reader, shape, &bufs->text, body))
		return SPAN_LIT("!");
	while (csp_tag_next(&reader, &bufs->value)) {
		csp_buf_append_char(&bufs->all, '[');
		csp_buf_append(&bufs->all, csp_buf_span(&bufs->value));
		csp_buf_append_char(&bufs->all, ']');
	}
	if (reader.undecodable)
		csp_buf_append_char(&bufs->all, '?');
	assert_false(csp_buf_failed(&bufs->text) || csp_buf_failed(&bufs->value) ||
		     csp_buf_failed(&bufs->all));
	return csp_buf_span(&bufs->all);
}

static void init(struct bufs *bufs)
{
	csp_buf_init(&bufs->text, 1 << 20);
	csp_buf_init(&bufs->value, 1 << 20);
	csp_buf_init(&bufs->all, 1 << 20);
}

static void dispose(struct bufs *bufs)
{
	csp_buf_dispose(&bufs->text);
	csp_buf_dispose(&bufs->value);
	csp_buf_dispose(&bufs->all);
}

static void each_format_gives_its_values(void **state)
{
	struct bufs bufs;

	(void)state;
	init(&bufs);
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_SPAN(cases[i].body,
			   read_all(&bufs, cases[i].shape, csp_span_from(cases[i].body)),
			   csp_span_from(cases[i].values));
	dispose(&bufs);
}

/* {"category":[[[…]]]} of that many levels. */
static struct span nested(char *out, size_t levels)
{
	struct span head = SPAN_LIT("{\"category\":");
	size_t len = head.len;

	memcpy(out, head.data, head.len);
	memset(out + len, '[', levels - 1);
	len += levels - 1;
	memset(out + len, ']', levels - 1);
	len += levels - 1;
	out[len++] = '}';
	return (struct span){out, len};
}

static void json_is_read_to_a_depth(void **state)
{
	struct bufs bufs;
	char body[200];

	(void)state;
	init(&bufs);
	CHECK_SPAN("32", read_all(&bufs, &json, nested(body, JSCAN_DEPTH_MAX)), SPAN_LIT(""));
	CHECK_SPAN("33", read_all(&bufs, &json, nested(body, JSCAN_DEPTH_MAX + 1)), SPAN_LIT("!"));
	dispose(&bufs);
}

static void short_memory_is_told_by_the_bufs(void **state)
{
	struct tag_reader reader;
	struct buf body;
	struct buf value;

	(void)state;
	csp_buf_init(&body, 100);
	csp_buf_init(&value, 3);
	assert_true(csp_tag_open(&reader, &list, &body, SPAN_LIT("abcd, e")));
	assert_true(csp_tag_next(&reader, &value));
	assert_true(csp_buf_failed(&value));
	assert_true(csp_tag_next(&reader, &value));
	assert_false(csp_buf_failed(&value));
	csp_buf_dispose(&body);
	csp_buf_dispose(&value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_format_gives_its_values),
		cmocka_unit_test(json_is_read_to_a_depth),
		cmocka_unit_test(short_memory_is_told_by_the_bufs),
	};

	return cmocka_run_group_tests_name("tag", tests, NULL, NULL);
}
