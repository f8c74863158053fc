#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hidden.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name, *body;
	bool hidden;
} cases[] = {
	{"X-SMTPAPI", " {\"to\": [\"a@b.example\"]}", true},
	{"x-smtpapi", " {\"category\":\"x\",\r\n \"to\"\r\n :[\"a@b.example\"]}", true},
	{"X-SMTPAPI", " {\"TO\":[]}", true},
	{"X-SMTPAPI", " {\"\\u0074o\":[\"a@b.example\"]}", true},
	{"X-SMTPAPI", " {\"unique_args\":{\"to\":\"garden\"}}", false},
	{"X-SMTPAPI", " [{\"to\":[]}]", false},
	{"X-SMTPAPI", " {\"a\":{\"b\":[]}, \"to\":[]}", true},
	{"X-MSYS-API", " {\"metadata\":{\"archive\":\"x\"}}", false},
	{"X-SMTPAPI", " {\"category\": \"to\"}", false},
	{"X-SMTPAPI", " {\"category\": [\"to\", \"to\"], \"x\": \"\\\"to\\\":\"}", false},
	{"X-SMTPAPI", " {\"unique_args\": {\"tone\": \"to\"}}", false},
	{"X-SMTPAPI", " {\"filters\":{\"bcc\":{\"settings\":{\"email\":\"a@b.example\"}}}}", true},
	{"X-SMTPAPI", " {\"category\":\"x\",\r\n\t\"unique_args\":{\"M\\u00fc\":\"x\r\n y\"}}",
	 false},
	{"X-SMTPAPI", " {\"t\r\n o\":[]}", true},
	{"X-SMTPAPI", " {\"t\\to\":[]}", true},
	{"X-SMTPAPI", " {\"category\": \"x\"}, \"cc\"", true},
	{"X-SMTPAPI", " {\"category\": \"x\",}", true},
	{"X-SMTPAPI", " =?utf-8?q?{}?=", true},
	{"X-SMTPAPI", " to: a@b.example", true},
	{"X-SMTPAPI", " {\"to", true},
	{"X-SMTPAPI", " {\"to\\", true},
	{"X-SMTPAPI", "", false},
	{"X-SMTPAPI", "\r\n ", false},
	{"X-MSYS-API", " {\"campaign_id\":\"x\",\"bcc\":[{\"email\":\"a@b.example\"}]}", true},
	{"X-MSYS-API", " {\"archive\":[]}", true},
	{"X-MSYS-API", " {\"campaign_id\":\"bcc\"}", false},
	{"X-MC-BccAddress", " a@b.example", true},
	{"X-MC-BccAddress", "", true},
	{"To", " {\"to\":[]}", false},
	{"Bcc", " a@b.example", false},
};

static bool is_hidden(const char *name, struct span body)
{
	const struct message_limits limits = {
		.header_bytes = 1 << 21, .header_fields = 10, .recipients = 10};
	struct message message;
	struct arena arena;

	csp_arena_init(&arena, (size_t)8 << 20);
	csp_message_init(&message, &arena, limits);
	assert_true(csp_message_add_field(&message, SPAN_LIT("Subject"), SPAN_LIT(" x")));
	assert_true(csp_message_add_field(&message, csp_span_from(name), body));
	bool hidden = csp_hidden_recipients(&message);
	csp_arena_dispose(&arena);
	return hidden;
}

static void fields_that_name_recipients_are_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (is_hidden(cases[i].name, csp_span_from(cases[i].body)) != cases[i].hidden)
			fail_msg("%s:%s", cases[i].name, cases[i].body);
	}
}

static void the_second_field_of_a_name_is_read_too(void **state)
{
	const struct message_limits limits = {
		.header_bytes = 1000, .header_fields = 10, .recipients = 10};
	struct message message;
	struct arena arena;

	(void)state;
	csp_arena_init(&arena, 1 << 16);
	csp_message_init(&message, &arena, limits);
	assert_true(csp_message_add_field(&message, SPAN_LIT("X-SMTPAPI"), SPAN_LIT(" {}")));
	assert_false(csp_hidden_recipients(&message));
	assert_true(
		csp_message_add_field(&message, SPAN_LIT("X-SMTPAPI"), SPAN_LIT(" {\"to\":[]}")));
	assert_true(csp_hidden_recipients(&message));
	csp_arena_dispose(&arena);
}

static void a_megabyte_of_quotes_is_read_once(void **state)
{
	static char quotes[1 << 20];

	(void)state;
	memset(quotes, '"', sizeof(quotes));
	assert_true(is_hidden("X-SMTPAPI", (struct span){quotes, sizeof(quotes)}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_that_name_recipients_are_seen),
		cmocka_unit_test(the_second_field_of_a_name_is_read_too),
		cmocka_unit_test(a_megabyte_of_quotes_is_read_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
