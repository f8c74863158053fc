#include "../check.h"
#include "contenttype.h"

struct type_case {
	struct span body;
	bool is;
};

#define REPORT "multipart/report; "

/* Asked for multipart/report with report-type=delivery-status. */
static const struct type_case cases[] = {
	/* As mail servers write it. */
	{SPAN_INIT(" multipart/report; report-type=delivery-status;\n\tboundary=\"A1.2/mx\""),
	 true},
	{SPAN_INIT("multipart/report; report-type=delivery-status; boundary=1-eximdsn-2"), true},
	{SPAN_INIT("multipart/report; boundary=\"a;b\"; report-type=\"delivery-status\""), true},
	{SPAN_INIT("multipart/report; report-type=delivery-status;"), true},
	{SPAN_INIT("MULTIPART/Report;REPORT-TYPE=Delivery-Status"), true},
	{SPAN_INIT("multipart/report;\r\n report-type =\r\n\t delivery-status"), true},
	{SPAN_INIT(REPORT "report-type=\"delivery\\-status\""), true},

	/* Comments are no text. */
	{SPAN_INIT("(a) multipart(b)/(c)report (d;report-type=x(\\))) ;(e) report-type (f)=(g) "
		   "delivery-status (h)"),
	 true},
	{SPAN_INIT(REPORT "report-type=delivery-status (open"), false},
	{SPAN_INIT(REPORT "report-type=delivery(x)-status"), false},
	{SPAN_INIT(REPORT "(report-type=delivery-status)"), false},
	{SPAN_INIT("(multipart/report); report-type=delivery-status"), false},

	/* In pieces and encoded. */
	{SPAN_INIT(REPORT "report-type*0=delivery; report-type*1=-status"), true},
	{SPAN_INIT(REPORT "report-type*0=\"deliv\"; report-type*1=\"ery-\"; Report-Type*2=status"),
	 true},
	{SPAN_INIT(REPORT "report-type*=us-ascii'en'delivery%2Dstatus"), true},
	{SPAN_INIT(REPORT "report-type*=UTF-8''delivery%2dstatu%73"), true},
	{SPAN_INIT(REPORT "report-type*0*=utf-8''deliver%79; report-type*1=-sta; "
			  "report-type*2*=%74us"),
	 true},
	{SPAN_INIT(REPORT "report-type*0=delivery-status"), true},
	{SPAN_INIT(REPORT "report-type*1=-status; report-type*0=delivery"), false},
	{SPAN_INIT(REPORT "report-type*0=delivery; report-type*2=-status"), false},
	{SPAN_INIT(REPORT "report-type*1=delivery-status"), false},
	{SPAN_INIT(REPORT "report-type*0=delivery; report-type*0=-status"), false},
	{SPAN_INIT(REPORT "report-type*00=delivery-status"), false},
	{SPAN_INIT(REPORT "report-type*x=delivery-status"), false},
	{SPAN_INIT(REPORT "report-type**=utf-8''delivery-status"), false},
	{SPAN_INIT(REPORT "report-type*0=d; report-type*1*=%65livery-status"), false},
	{SPAN_INIT(REPORT "report-type*0=delivery%2Dstatus"), false},
	{SPAN_INIT(REPORT "report-type*=delivery-status"), false},
	{SPAN_INIT(REPORT "report-type*='delivery-status"), false},
	{SPAN_INIT(REPORT "report-type*=''delivery-status"), false},
	{SPAN_INIT(REPORT "report-type*=utf-7''delivery-status"), false},
	{SPAN_INIT(REPORT "report-type*=utf-8''delivery%2status"), false},
	{SPAN_INIT(REPORT "report-type*=utf-8''delivery-status%"), false},
	{SPAN_INIT(REPORT "report-type*=utf-8''delivery-status%7"), false},
	{SPAN_INIT(REPORT "report-type*=utf-8''delivery-'status"), false},
	{SPAN_INIT(REPORT "report-type*=\"utf-8''delivery-status\""), false},
	{SPAN_INIT(REPORT "report-type*=utf-8''delivery-status%00"), false},

	/* Stated twice, whatever it says. */
	{SPAN_INIT(REPORT "report-type=delivery-status; report-type=delivery-status"), false},
	{SPAN_INIT(REPORT "report-type=delivery-status; report-type*=utf-8''delivery-status"),
	 false},
	{SPAN_INIT(REPORT "report-type*0=delivery-status; report-type=delivery-status"), false},
	{SPAN_INIT(REPORT "report-type=delivery-status; report-type*0=delivery-status"), false},

	/* Something else. */
	{SPAN_INIT(""), false},
	{SPAN_INIT("multipart/report"), false},
	{SPAN_INIT("multipart/report;"), false},
	{SPAN_INIT(REPORT "report-type=disposition-notification"), false},
	{SPAN_INIT(REPORT "report-type=delivery-statu"), false},
	{SPAN_INIT(REPORT "report-type=delivery-statuss"), false},
	{SPAN_INIT(REPORT "report-type=\"\""), false},
	{SPAN_INIT(REPORT "x-report-type=delivery-status"), false},
	{SPAN_INIT(REPORT "boundary=\"; report-type=delivery-status\""), false},
	{SPAN_INIT("multipart/reports; report-type=delivery-status"), false},
	{SPAN_INIT("multipart/mixed; report-type=delivery-status"), false},
	{SPAN_INIT("multipart; report-type=delivery-status"), false},
	{SPAN_INIT("text/plain; x=multipart/report; report-type=delivery-status"), false},

	/* What the grammar does not have. */
	{SPAN_INIT("multipart/report report-type=delivery-status"), false},
	{SPAN_INIT("multipart/report, report-type=delivery-status"), false},
	{SPAN_INIT("multipart/report/x; report-type=delivery-status"), false},
	{SPAN_INIT("\"multipart/report\"; report-type=delivery-status"), false},
	{SPAN_INIT("=?utf-8?q?multipart/report?=; report-type=delivery-status"), false},
	{SPAN_INIT(REPORT "report-type==?utf-8?q?delivery-status?="), false},
	{SPAN_INIT(REPORT "report-type=\"=?utf-8?q?delivery-status?=\""), false},
	{SPAN_INIT(REPORT "; report-type=delivery-status"), false},
	{SPAN_INIT(REPORT "report-type"), false},
	{SPAN_INIT(REPORT "report-type="), false},
	{SPAN_INIT(REPORT "report-type=delivery-status x"), false},
	{SPAN_INIT(REPORT "report-type=\"delivery-status"), false},
	{SPAN_INIT(REPORT "report-type=\"delivery-status\\\""), false},
	{SPAN_INIT(REPORT "report-type=\"delivery-status\"x"), false},
	{SPAN_INIT(REPORT "report-type=delivery-status; boundary=a/b"), false},
	{SPAN_INIT(REPORT "report-type=delivery-status; =x"), false},
	{SPAN_INIT(REPORT "report-type=delivery-status; x=\xc3\xa9"), false},
	{SPAN_INIT(REPORT "report-type=delivery-status\nX: y"), false},
	{SPAN_INIT(REPORT "report-type=delivery-status\r; x=y"), false},
	{SPAN_INIT(REPORT "report-type=delivery-status\0; x=y"), false},
};

static bool is_report(struct span body)
{
	return csp_content_type_is(body, SPAN_LIT("multipart/report"), SPAN_LIT("report-type"),
				   SPAN_LIT("delivery-status"));
}

static void a_type_is_what_every_reader_takes_it_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK(cases[i].body.data, is_report(cases[i].body) == cases[i].is);
}

/* No part of a right body is one but those that end behind the parameter. */
static void a_cut_body_says_nothing(void **state)
{
	static const struct span body = SPAN_INIT(
		"multipart/report; x=\"y\"; report-type*0=delivery; report-type*1=-status");

	(void)state;
	for (size_t len = 0; len < body.len; len++)
		assert_false(is_report(csp_span_slice(body, 0, len)));
	assert_true(is_report(body));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_type_is_what_every_reader_takes_it_for),
		cmocka_unit_test(a_cut_body_says_nothing),
	};

	return cmocka_run_group_tests_name("contenttype", tests, NULL, NULL);
}
