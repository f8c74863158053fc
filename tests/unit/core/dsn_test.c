#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dsn.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct dsn_case {
	const char *from, *content_type, *second_type;
	bool null_path, own;
};

#define REPORT "; report-type=delivery-status"

static const struct dsn_case cases[] = {
	{"postmaster@gateway.example", "multipart/report; report-type=global-delivery-status", NULL,
	 true, true},
	{"MAILER-DAEMON@gateway.example", "multipart/report" REPORT "; boundary=x", NULL, true,
	 true},
	{"Mail Delivery System <Mailer-Daemon@gateway.example>", " Multipart/Report" REPORT ";x=y",
	 NULL, true, true},
	{"postmaster@gateway.example", "multipart/report" REPORT, NULL, true, true},
	{"postmaster@mx.corp.example", "multipart/report" REPORT, NULL, true, true},
	{"postmaster@gateway.example", "\r\n\tmultipart/report" REPORT ";\r\n\tx=y", NULL, true,
	 true},
	{"postmaster@gateway.example", "multipart/report" REPORT, NULL, false, false},
	{"postmaster@gateway.example", "multipart/reports" REPORT, NULL, true, false},
	{"postmaster@gateway.example", "multipart/mixed" REPORT, NULL, true, false},
	{"postmaster@gateway.example", "text/plain; x=multipart/report" REPORT, NULL, true, false},
	{"postmaster@gateway.example", "", NULL, true, false},
	{"postmaster@gateway.example", "multipart/report" REPORT, "text/plain", true, false},
	{"postmaster@gateway.example", "multipart/report", NULL, true, false},
	{"postmaster@gateway.example", "multipart/report; report-type=disposition-notification",
	 NULL, true, false},
	{"postmaster@gateway.example",
	 "multipart/report; report-type*0=delivery-; report-type*1=status", NULL, true, true},
	{"postmaster@gateway.example", NULL, NULL, true, false},
	{"postmaster@sub.gateway.example", "multipart/report" REPORT, NULL, true, false},
	{"postmaster@corp.example", "multipart/report" REPORT, NULL, true, false},
	{"postmaster@stranger.example", "multipart/report" REPORT, NULL, true, false},
	{"billing@gateway.example", "multipart/report" REPORT, NULL, true, false},
	{"postmaster@gateway.example, a@b.example", "multipart/report" REPORT, NULL, true, false},
	{"postmaster@gateway.example\r\nX", "multipart/report" REPORT, NULL, true, false},
	{"", "multipart/report" REPORT, NULL, true, false},
};

static const struct span own_domains[] = {
	{"gateway.example", 15},
	{".corp.example", 13},
};

static void add(struct message *message, struct span name, const char *body)
{
	if (body)
		assert_true(csp_message_add_field(message, name, csp_span_from(body)));
}

static bool is_own(const struct dsn_case *c, struct span sender)
{
	const struct message_limits limits = {
		.header_bytes = 1 << 16, .header_fields = 10, .recipients = 10};
	const struct vendor vendor = {0};
	struct authors authors;
	struct message message;
	struct arena arena;

	csp_arena_init(&arena, 1 << 20);
	csp_message_init(&message, &arena, limits);
	message.reverse_path = c->null_path ? SPAN_LIT("<>") : SPAN_LIT("<a@gateway.example>");
	add(&message, SPAN_LIT("From"), c->from);
	add(&message, SPAN_LIT("Content-Type"), c->content_type);
	add(&message, SPAN_LIT("content-type"), c->second_type);
	if (sender.len)
		assert_true(csp_message_add_field(&message, SPAN_LIT("Sender"), sender));
	assert_true(csp_authors_collect(&authors, &message, &vendor));
	bool own =
		csp_dsn_is_own(&message, &authors, (struct spans){own_domains, COUNT(own_domains)});
	csp_arena_dispose(&arena);
	return own;
}

static void only_a_plain_report_of_our_daemon_is_our_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (is_own(&cases[i], SPAN_LIT("")) != cases[i].own)
			fail_msg("%s, %s", cases[i].from,
				 cases[i].content_type ? cases[i].content_type : "no type");
	}
}

static void a_sender_field_is_a_second_author(void **state)
{
	(void)state;
	assert_false(is_own(&cases[0], SPAN_LIT("postmaster@gateway.example")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_plain_report_of_our_daemon_is_our_own),
		cmocka_unit_test(a_sender_field_is_a_second_author),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
