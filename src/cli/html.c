#include "html.h"

#include <inttypes.h>
#include <stdio.h>

#include "report.h"

#define TEXT_MAX 300

void csp_html(struct buf *out, const char *markup)
{
	csp_buf_append(out, csp_span_from(markup));
}

static void append_escaped(struct buf *out, char c)
{
	switch (c) {
	case '&':
		csp_html(out, "&amp;");
		break;
	case '<':
		csp_html(out, "&lt;");
		break;
	case '>':
		csp_html(out, "&gt;");
		break;
	case '"':
		csp_html(out, "&quot;");
		break;
	case '\'':
		csp_html(out, "&#39;");
		break;
	default:
		csp_buf_append_char(out, c);
	}
}

/* A character is not cut in two: what is left of one would be shown as octets. */
static struct span cut(struct span text)
{
	size_t end = text.len < TEXT_MAX ? text.len : TEXT_MAX;

	while (end < text.len && end > 0 && ((unsigned char)text.data[end] & 0xc0) == 0x80)
		end--;
	return csp_span_slice(text, 0, end);
}

void csp_html_text(struct buf *out, struct span text)
{
	struct span kept = cut(text);
	struct buf safe;

	csp_buf_init(&safe, (size_t)TEXT_MAX * sizeof("\\x00"));
	csp_report_append_safe(&safe, kept);
	for (size_t i = 0; i < safe.len; i++)
		append_escaped(out, safe.data[i]);
	if (csp_buf_failed(&safe))
		out->failed = true;
	csp_buf_dispose(&safe);
	if (kept.len < text.len)
		csp_html(out, "\xe2\x80\xa6");
}

void csp_html_count(struct buf *out, uint64_t count)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			csp_buf_append_char(out, ',');
		csp_buf_append_char(out, digits[i]);
	}
}
