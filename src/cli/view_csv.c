#include "view.h"

#include <stdio.h>

#include "review.h"
#include "review_fact.h"

/*
 * RFC 4180, with a heading. A cell that a spreadsheet would take for a formula begins with an apostrophe, which spreadsheets
 * take for "this is text"; line ends inside cells are spaces.
 */
static void append_cell(struct buf *out, struct span text, bool first)
{
	static const char dangerous[] = "=+-@\t\r\n";

	csp_buf_append(out, first ? SPAN_LIT("\"") : SPAN_LIT(",\""));
	if (text.len && csp_span_find((struct span){dangerous, sizeof(dangerous) - 1},
				      text.data[0]) < sizeof(dangerous) - 1)
		csp_buf_append_char(out, '\'');
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		if (c == '"')
			csp_buf_append_char(out, '"');
		csp_buf_append_char(out, (unsigned char)c < ' ' || c == 0x7f ? ' ' : c);
	}
	csp_buf_append_char(out, '"');
}

static const char *const names[] = {"time",     "decision", "queue_id",    "result",  "mode",
				    "category", "rule",     "disposition", "sender",  "customer",
				    "from",     "to",       "recipients",  "subject", "mark",
				    "reviewer", "note"};

static void append_record(struct buf *out, struct buf *result, const json_t *record)
{
	struct gravest gravest = csp_review_gravest(record);
	const json_t *mark = json_object_get(record, "mark");
	char count[24];
	int len = snprintf(count, sizeof(count), "%zu",
			   json_array_size(json_object_get(record, "recipients")));

	csp_buf_reset(result);
	csp_view_append_result(result, record);
	const struct span cells[] = {
		csp_review_text(record, "time"),
		csp_review_text(record, "decision"),
		csp_review_text(record, "queue_id"),
		csp_buf_span(result),
		csp_review_text(record, "mode"),
		csp_review_text(json_object_get(record, "category"), "name"),
		gravest.rule,
		gravest.disposition,
		csp_review_text(gravest.recipient, "sender"),
		csp_review_text(gravest.recipient, "customer"),
		csp_review_origin(record),
		csp_review_text(gravest.recipient, "address"),
		{count, (size_t)len},
		csp_review_text(record, "subject"),
		csp_review_text(mark, "verdict"),
		csp_review_text(mark, "reviewer"),
		csp_review_text(mark, "note"),
	};
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		append_cell(out, cells[i], i == 0);
	csp_buf_append(out, SPAN_LIT("\r\n"));
}

static bool print(const struct buf *out)
{
	return !csp_buf_failed(out) && fwrite(out->data, 1, out->len, stdout) == out->len;
}

bool csp_view_csv_heading(void)
{
	struct buf out;

	csp_buf_init(&out, VIEW_TEXT_MAX);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		append_cell(&out, csp_span_from(names[i]), i == 0);
	csp_buf_append(&out, SPAN_LIT("\r\n"));
	bool ok = print(&out);
	csp_buf_dispose(&out);
	return ok;
}

bool csp_view_csv(json_t *record)
{
	struct buf out, result;

	csp_buf_init(&out, VIEW_TEXT_MAX);
	csp_buf_init(&result, VIEW_TEXT_MAX);
	append_record(&out, &result, record);
	bool ok = print(&out);
	csp_buf_dispose(&out);
	csp_buf_dispose(&result);
	return ok;
}
