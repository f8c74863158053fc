/* A blank in front changes nothing, and a parameter that stands twice with two values earns nothing. */
#include "buf.h"
#include "contenttype.h"
#include "fuzz.h"

static bool is_report(struct span body)
{
	return csp_content_type_is(body, SPAN_LIT("multipart/report"), SPAN_LIT("report-type"),
				   SPAN_LIT("delivery-status"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = input(data, size);
	struct buf text;
	bool report = is_report(body);

	csp_buf_init(&text, size + 64);
	csp_buf_append_char(&text, ' ');
	csp_buf_append(&text, body);
	holds(is_report(csp_buf_span(&text)) == report);
	csp_buf_append(&text, SPAN_LIT("; report-type=disposition-notification"));
	holds(!csp_buf_failed(&text) && !is_report(csp_buf_span(&text)));
	csp_buf_dispose(&text);
	return 0;
}
