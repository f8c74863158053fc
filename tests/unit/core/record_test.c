#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "record.h"
#include "sample_decision.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *record_of(const struct decision *decision)
{
	struct buf out;

	csp_buf_init(&out, (size_t)16 << 20);
	csp_record_write(&out, decision, &(struct record_options){.inputs = true});
	assert_false(csp_buf_failed(&out));
	char *text = strndup(csp_buf_cstr(&out), out.len);
	assert_int_equal(strlen(text), out.len);
	assert_null(strpbrk(text, "\r\n"));
	csp_buf_dispose(&out);
	return text;
}

static json_t *parsed_record(const struct decision *decision)
{
	char *text = record_of(decision);
	json_error_t error;
	json_t *record = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

	if (!record)
		fail_msg("%s in %s", error.text, text);
	free(text);
	return record;
}

static const char expected_record[] =
	"{\"schema\":\"csp-milter/decision/1\",\"decision\":\"" SAMPLE_ID "\","
	"\"time\":\"2026-11-23T10:00:00.007Z\",\"host\":\"mx.vendor.example\","
	"\"queue_id\":\"4ABC123\",\"message_id\":\"<1@vendor.example>\","
	"\"policy\":\"0123456789abcdef\",\"directory\":42,\"mode\":\"enforce\","
	"\"client\":{\"address\":\"192.0.2.1\",\"helo\":\"mail.vendor.example\","
	"\"listener\":null,\"login\":null,\"cert_subject\":null},"
	"\"reverse_path\":\"<billing@vendor.example>\",\"subject\":\"Your invoice\","
	"\"authors\":[{\"field\":\"from\",\"address\":\"billing@vendor.example\",\"party\":"
	"\"vendor\"},"
	"{\"field\":\"reverse-path\",\"address\":\"\\\"b c\\\"@vendor.example\",\"party\":"
	"\"other\"}],"
	"\"authentication\":null,"
	"\"category\":{\"name\":\"subscription\",\"evidence\":[{\"rule\":\"en/invoice\","
	"\"field\":\"Subject\",\"phrase\":\"invoice*\",\"match\":\"invoices\"}]},"
	"\"products\":[\"microsoft-365\"],\"lists\":[\"documented-direct-mail\"],"
	"\"marks\":[\"obfuscated\"],"
	"\"recipients\":[{\"address\":\"<ceo@contoso.example>\","
	"\"canonical\":\"ceo@contoso.example\","
	"\"customer\":\"11111111-1111-1111-1111-111111111111\",\"sender\":\"vendor\","
	"\"proof\":\"unknown\",\"proven_by\":[],\"product\":\"csp\",\"marks\":[\"obfuscated\"],"
	"\"rule\":\"subscription\",\"disposition\":\"block\",\"mode\":\"enforce\","
	"\"would\":[{\"rule\":\"unlisted-product\",\"disposition\":\"flag\"}],"
	"\"looked_at\":[],\"action\":\"reject\",\"contact\":null},"
	"{\"address\":\"<joe@other.example>\",\"canonical\":\"joe@other.example\","
	"\"customer\":null,\"sender\":null,\"proof\":null,\"proven_by\":[],\"product\":null,"
	"\"marks\":[\"obfuscated\"],\"rule\":\"not-a-customer\",\"disposition\":\"pass\","
	"\"mode\":\"enforce\",\"would\":[],\"looked_at\":[],\"action\":\"accept\",\"contact\":null}],"
	"\"action\":\"reject\",\"would_action\":\"reject\",\"reply\":\"550 5.7.1 not from you\","
	"\"flag\":null,\"hold\":null,\"removed\":[],\"removed_recipients\":[],"
	"\"added_recipients\":[],\"inputs\":{\"marks\":[],\"dropped\":false,\"fields\":["
	"[\"Received\"],[\"Subject\",\" Your\\n invoice\"],"
	"[\"Message-Id\",\" <1@vendor.example>\"]]}}";

static void a_record_has_every_name_in_its_order(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample_add_field(&sample, SPAN_LIT("Received"), SPAN_LIT(" by gw1.example"));
	sample_add_field(&sample, SPAN_LIT("Subject"), SPAN_LIT(" Your\n invoice"));
	sample_add_field(&sample, SPAN_LIT("Message-Id"), SPAN_LIT(" <1@vendor.example>"));
	char *text = record_of(&sample.decision);
	assert_string_equal(text, expected_record);
	free(text);
	sample_dispose(&sample);
}

static const json_t *at(const json_t *record, const char *list, size_t index)
{
	return json_array_get(json_object_get(record, list), index);
}

static const char *text_at(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void under_the_global_monitor_the_verdict_joins_what_would_be(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.decision.mode = MODE_MONITOR;
	sample.decision.plan = (struct plan){.action = ACTION_ACCEPT};
	json_t *record = parsed_record(&sample.decision);
	const json_t *blocked = at(record, "recipients", 0);
	const json_t *passed = at(record, "recipients", 1);
	assert_string_equal(text_at(blocked, "mode"), "monitor");
	assert_string_equal(text_at(blocked, "disposition"), "block");
	assert_int_equal(json_array_size(json_object_get(blocked, "would")), 2);
	assert_string_equal(text_at(at(blocked, "would", 1), "rule"), "subscription");
	assert_string_equal(text_at(at(blocked, "would", 1), "disposition"), "block");
	assert_int_equal(json_array_size(json_object_get(passed, "would")), 0);
	assert_string_equal(text_at(record, "action"), "accept");
	assert_string_equal(text_at(record, "would_action"), "reject");
	assert_true(json_is_null(json_object_get(record, "reply")));
	json_decref(record);
	sample_dispose(&sample);
}

static void a_record_says_what_trusted_servers_found_out(void **state)
{
	static const struct authentication_settings settings = {.partners = AUTH_DKIM};
	static const struct span dkim[] = {{"a.example", 9}, {"b.example", 9}};
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.authors.authentication = (struct authentication){.settings = &settings,
								.hop = true,
								.fields = 2,
								.unreadable = 1,
								.dkim = {dkim, 2}};
	sample.recipients[0].sender.proof = PROOF_PROVEN;
	sample.recipients[0].sender.authenticated_by = AUTH_DKIM;
	json_t *record = parsed_record(&sample.decision);
	char *found = json_dumps(json_object_get(record, "authentication"), JSON_COMPACT);
	assert_string_equal(found, "{\"trusted_hop\":true,\"fields\":2,\"unreadable\":1,"
				   "\"dkim\":[\"a.example\",\"b.example\"],\"spf\":null}");
	free(found);
	const json_t *methods = json_object_get(at(record, "recipients", 0), "proven_by");
	assert_int_equal(json_array_size(methods), 1);
	assert_string_equal(json_string_value(json_array_get(methods, 0)), "dkim");
	json_decref(record);
	sample_dispose(&sample);
}

static void a_record_tells_which_fields_were_removed(void **state)
{
	const struct counted_field counted[] = {{SPAN_LIT("x-none"), 0}, {SPAN_LIT("x-tag"), 2}};
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.decision.plan = (struct plan){
		.action = ACTION_ACCEPT, .removed = counted, .removed_count = COUNT(counted)};
	json_t *record = parsed_record(&sample.decision);
	assert_int_equal(json_array_size(json_object_get(record, "removed")), 1);
	assert_string_equal(text_at(at(record, "removed", 0), "field"), "x-tag");
	assert_int_equal(json_integer_value(json_object_get(at(record, "removed", 0), "count")), 2);
	json_decref(record);
	sample_dispose(&sample);
}

static void what_is_not_known_is_null(void **state)
{
	static const char *const nulls[] = {"customer", "sender", "proof", "product"};
	const struct classification unclassified = {.known = false};
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.decision.classification = &unclassified;
	sample.decision.recipient_count = 1;
	sample.recipients[0].customer = SPAN_LIT("");
	sample.recipients[0].canonical = SPAN_LIT("");
	sample.recipients[0].sender.known = false;
	sample.message.queue_id = SPAN_LIT("");
	json_t *record = parsed_record(&sample.decision);
	const json_t *recipient = at(record, "recipients", 0);
	for (size_t i = 0; i < COUNT(nulls); i++)
		assert_true(json_is_null(json_object_get(recipient, nulls[i])));
	assert_true(json_is_null(json_object_get(recipient, "canonical")));
	assert_true(json_is_null(json_object_get(record, "category")));
	assert_true(json_is_null(json_object_get(record, "queue_id")));
	assert_true(json_is_null(json_object_get(record, "subject")));
	assert_true(json_is_null(json_object_get(record, "message_id")));
	json_decref(record);
	sample_dispose(&sample);
}

struct hostile_case {
	struct span body;
	const char *subject; /* UTF-8 */
};

static const struct hostile_case hostile_cases[] = {
	{TEXT(" \"quoted\\\" {}[],: %n %s"), "\"quoted\\\" {}[],: %n %s"},
	{TEXT(" a\x1b[31mred\x07"), "a\x1b[31mred\x07"},
	{TEXT(" =?utf-8?q?line=0Aand=0D=0Amore?="), "line\nand\r\nmore"},
	{TEXT(" a\xe2\x80\xa8"
	      "b\xe2\x80\xa9"
	      "c"),
	 "a\xe2\x80\xa8"
	 "b\xe2\x80\xa9"
	 "c"},
	{TEXT(" caf\xc3\xa9 \xf0\x9f\x93\xa7"), "caf\xc3\xa9 \xf0\x9f\x93\xa7"},
};

static void hostile_text_stays_one_line_that_gives_it_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hostile_cases); i++) {
		struct sample sample;

		sample_init(&sample);
		sample_add_field(&sample, SPAN_LIT("Subject"), hostile_cases[i].body);
		json_t *record = parsed_record(&sample.decision);
		assert_string_equal(text_at(record, "subject"), hostile_cases[i].subject);
		json_decref(record);
		sample_dispose(&sample);
	}
}

static void bytes_that_are_no_utf_8_are_replaced(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.recipients[0].address = SPAN_LIT("<a\xff\xc3@b.example>");
	json_t *record = parsed_record(&sample.decision);
	assert_string_equal(text_at(at(record, "recipients", 0), "address"),
			    "<a\xef\xbf\xbd\xef\xbf\xbd@b.example>");
	json_decref(record);
	sample_dispose(&sample);
}

static void inputs_give_every_octet_back(void **state)
{
	static const char octets[] = " caf\xe9 \0 \xe2\x80\xa8";
	const struct span body = {octets, sizeof(octets) - 1};
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample_add_field(&sample, SPAN_LIT("Subject"), body);
	json_t *record = parsed_record(&sample.decision);
	const json_t *inputs = json_object_get(record, "inputs");
	assert_string_equal(text_at(json_array_get(at(inputs, "fields", 0), 1), "hex"),
			    "20636166e9200020e280a8");
	json_decref(record);
	sample_dispose(&sample);
}

static void a_subject_of_60_kilobytes_is_recorded_whole(void **state)
{
	static char body[60001];
	struct sample sample;

	(void)state;
	memset(body, 'x', sizeof(body));
	sample_init(&sample);
	sample_add_field(&sample, SPAN_LIT("Subject"), (struct span){body, 60000});
	json_t *record = parsed_record(&sample.decision);
	assert_int_equal(strlen(text_at(record, "subject")), 60000);
	json_decref(record);
	sample_dispose(&sample);
}

static void a_buf_that_is_too_small_says_so(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	for (size_t max = 0; max < 1000; max += 37) {
		struct buf out;

		csp_buf_init(&out, max);
		csp_record_write(&out, &sample.decision, &(struct record_options){.inputs = true});
		assert_true(csp_buf_failed(&out));
		csp_buf_dispose(&out);
	}
	sample_dispose(&sample);
}

static const struct {
	int64_t seconds;
	long nanoseconds;
	const char *text;
} time_cases[] = {
	{0, 0, "1970-01-01T00:00:00.000Z"},
	{-1, 999999999, "1969-12-31T23:59:59.999Z"},
	{951782399, 0, "2000-02-28T23:59:59.000Z"},
	{951782400, 0, "2000-02-29T00:00:00.000Z"},
	{951868800, 0, "2000-03-01T00:00:00.000Z"},
	{1709164800, 500000, "2024-02-29T00:00:00.000Z"},
	{1735689599, 1000000, "2024-12-31T23:59:59.001Z"},
	{4107542400, 0, "2100-03-01T00:00:00.000Z"},
	{253402300799, 0, "9999-12-31T23:59:59.000Z"},
};

static void times_are_those_of_the_calendar(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(time_cases); i++) {
		const struct timespec time = {.tv_sec = time_cases[i].seconds,
					      .tv_nsec = time_cases[i].nanoseconds};
		char expected[200];
		struct buf out;

		csp_buf_init(&out, 1000);
		csp_record_write_outcome(&out, SPAN_LIT(SAMPLE_ID), time, "tempfail");
		snprintf(expected, sizeof(expected),
			 "{\"schema\":\"csp-milter/decision/1\",\"for\":\"" SAMPLE_ID
			 "\",\"time\":\"%s\",\"outcome\":\"tempfail\"}",
			 time_cases[i].text);
		assert_string_equal(csp_buf_cstr(&out), expected);
		csp_buf_dispose(&out);
	}
}

static void check_syslog(const struct decision *decision, const char *expected)
{
	struct buf out;

	csp_buf_init(&out, SYSLOG_LINE_MAX);
	csp_record_write_syslog(&out, decision, &(struct record_options){.inputs = true});
	assert_false(csp_buf_failed(&out));
	assert_string_equal(csp_buf_cstr(&out), expected);
	csp_buf_dispose(&out);
}

static void a_syslog_line_begins_with_the_queue_id(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	check_syslog(&sample.decision,
		     "4ABC123: block decision=" SAMPLE_ID " rule=subscription category=subscription"
		     " from=<billing@vendor.example> to=<ceo@contoso.example>,<joe@other.example>"
		     " nrcpt=2 action=reject mode=enforce");
	sample_dispose(&sample);
}

static void a_syslog_line_names_what_is_missing(void **state)
{
	const struct classification unclassified = {.known = false};
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.message.queue_id = SPAN_LIT("");
	sample.message.reverse_path = SPAN_LIT("<>");
	sample.decision.classification = &unclassified;
	sample.decision.recipient_count = 0;
	sample.decision.plan = (struct plan){.action = ACTION_ACCEPT};
	check_syslog(&sample.decision, "NOQUEUE: pass decision=" SAMPLE_ID
				       " rule=- category=- from=<> to= nrcpt=0 action=accept"
				       " mode=enforce");
	sample_dispose(&sample);
}

static void nothing_in_an_address_can_forge_a_key_or_a_line(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.decision.recipient_count = 1;
	sample.message.queue_id = SPAN_LIT("Q 1:\n");
	sample.message.reverse_path = SPAN_LIT("<\"a> rule=x\"@b.example>");
	sample.recipients[0].address = SPAN_LIT("<a\xc3\xa9,\x1b<b\0c\n%n@d.example>");
	check_syslog(&sample.decision,
		     "Q?1:?: block decision=" SAMPLE_ID " rule=subscription category=subscription"
		     " from=<\"a??rule=x\"@b.example> to=<a?????b?c?%n@d.example>"
		     " nrcpt=1 action=reject mode=enforce");
	sample_dispose(&sample);
}

static void a_syslog_line_is_short_whatever_it_is_made_of(void **state)
{
	static char text[5000];
	const struct span text_span = {text, sizeof(text)};
	struct sample sample;
	struct buf out;

	(void)state;
	memset(text, '~', sizeof(text));
	sample_init(&sample);
	sample.message.queue_id = text_span;
	sample.message.reverse_path = text_span;
	sample.decision.id = text_span;
	sample.decision.recipient_count = COUNT(sample.recipients);
	struct categories categories = shipped_categories;
	categories.names[0] = text_span;
	sample.decision.categories = &categories;
	for (size_t i = 0; i < COUNT(sample.recipients); i++) {
		sample.recipients[i] = sample.recipients[0];
		sample.recipients[i].address = text_span;
		sample.recipients[i].verdict.rule = text_span;
	}
	csp_buf_init(&out, SYSLOG_LINE_MAX);
	csp_record_write_syslog(&out, &sample.decision, &(struct record_options){.inputs = true});
	assert_false(csp_buf_failed(&out));
	assert_non_null(strstr(csp_buf_cstr(&out), " nrcpt=4 action=reject mode=enforce"));
	csp_buf_dispose(&out);
	sample_dispose(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_has_every_name_in_its_order),
		cmocka_unit_test(under_the_global_monitor_the_verdict_joins_what_would_be),
		cmocka_unit_test(a_record_says_what_trusted_servers_found_out),
		cmocka_unit_test(a_record_tells_which_fields_were_removed),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(hostile_text_stays_one_line_that_gives_it_back),
		cmocka_unit_test(bytes_that_are_no_utf_8_are_replaced),
		cmocka_unit_test(inputs_give_every_octet_back),
		cmocka_unit_test(a_subject_of_60_kilobytes_is_recorded_whole),
		cmocka_unit_test(a_buf_that_is_too_small_says_so),
		cmocka_unit_test(times_are_those_of_the_calendar),
		cmocka_unit_test(a_syslog_line_begins_with_the_queue_id),
		cmocka_unit_test(a_syslog_line_names_what_is_missing),
		cmocka_unit_test(nothing_in_an_address_can_forge_a_key_or_a_line),
		cmocka_unit_test(a_syslog_line_is_short_whatever_it_is_made_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
