#include "view.h"

#include <stdio.h>
#include <time.h>

#include "report.h"
#include "review.h"

#define EXCEPTION_DAYS 90 /* until somebody must think about it again */

/* A text of the configuration: quotes and backslashes are escaped, and nothing else may stand in it. */
static bool append_quoted(struct buf *out, struct span text)
{
	csp_buf_append_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
			return false;
		if (text.data[i] == '"' || text.data[i] == '\\')
			csp_buf_append_char(out, '\\');
		csp_buf_append_char(out, text.data[i]);
	}
	csp_buf_append_char(out, '"');
	return text.len > 0;
}

static struct span author_of(const json_t *record)
{
	size_t i;
	const json_t *author;

	json_array_foreach(json_object_get(record, "authors"), i, author)
	{
		if (csp_span_equal(csp_review_text(author, "field"), SPAN_LIT("from")))
			return csp_review_text(author, "address");
	}
	return SPAN_LIT("");
}

static void append_date(struct buf *out, int64_t seconds)
{
	char text[sizeof("2026-11-23")];
	time_t clock = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&clock, &tm) && strftime(text, sizeof(text), "%Y-%m-%d", &tm) > 0)
		csp_buf_append(out, csp_span_from(text));
	else
		out->failed = true;
}

/* What made the sender believable then must hold again: without it the exception would be anybody's. */
static bool append_proof(struct buf *out, const json_t *record, const json_t *recipient)
{
	const json_t *client = json_object_get(record, "client");
	struct span login = csp_review_text(client, "login");

	if (csp_span_equal(csp_review_text(recipient, "proof"), SPAN_LIT("proven"))) {
		csp_buf_append(out, SPAN_LIT(" proof = \"proven\";"));
		return true;
	}
	csp_buf_append_format(out, " client = { %s = ", login.len ? "logins" : "networks");
	bool known = append_quoted(out, login.len ? login : csp_review_text(client, "address"));
	csp_buf_append(out, SPAN_LIT("; };"));
	return known;
}

static bool append_exception(struct buf *out, const json_t *record)
{
	struct gravest gravest = csp_review_gravest(record);
	const json_t *recipient = gravest.recipient;

	csp_buf_append(out, SPAN_LIT("  { name = \"exception-"));
	csp_report_append_safe(out, csp_review_text(record, "decision"));
	csp_buf_append(out, SPAN_LIT("\"; author = "));
	if (!append_quoted(out, author_of(record)))
		return false;
	csp_buf_append(out, SPAN_LIT("; recipient = "));
	if (!append_quoted(out, csp_review_text(recipient, "canonical")))
		return false;
	csp_buf_append(out, SPAN_LIT(";"));
	if (!append_proof(out, record, recipient))
		return false;
	csp_buf_append(out, SPAN_LIT(" category = "));
	if (!append_quoted(out, csp_review_text(json_object_get(record, "category"), "name")))
		return false;
	csp_buf_append(out, SPAN_LIT("; until = \""));
	append_date(out, (int64_t)time(NULL) + (int64_t)EXCEPTION_DAYS * 86400);
	csp_buf_append(out, SPAN_LIT("\"; despite = \"any\"; disposition = \"pass\"; },\n"));
	return true;
}

static bool print(struct buf *out)
{
	bool ok = !csp_buf_failed(out) &&
		  (out->len == 0 || fwrite(out->data, 1, out->len, stdout) == out->len);

	csp_buf_dispose(out);
	return ok;
}

bool csp_view_advice(const json_t *record)
{
	struct gravest gravest = csp_review_gravest(record);
	struct buf out, line;

	if (gravest.disposition.len == 0 || csp_span_equal(gravest.disposition, SPAN_LIT("pass")))
		return true;
	csp_buf_init(&out, VIEW_TEXT_MAX);
	csp_buf_init(&line, VIEW_TEXT_MAX);
	if (append_exception(&line, record)) {
		csp_buf_append(&out, SPAN_LIT("\nIf this was wrong, the postmaster can let it pass "
					      "for three months, by a rule "
					      "before \""));
		csp_report_append_safe(&out, gravest.rule);
		csp_buf_append(&out, SPAN_LIT("\":\n"));
		csp_buf_append(&out, csp_buf_span(&line));
	}
	csp_buf_dispose(&line);
	return print(&out);
}

/* Queue ids are letters and digits; anything else is no command for anybody. */
static bool is_plain(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!csp_ascii_is_alpha(text.data[i]) && !csp_ascii_is_digit(text.data[i]))
			return false;
	}
	return text.len > 0;
}

bool csp_view_release(const json_t *record)
{
	struct span id = csp_review_text(record, "queue_id");
	struct buf out;

	csp_buf_init(&out, VIEW_TEXT_MAX);
	if (is_plain(id))
		csp_buf_append_format(&out,
				      "Postfix:   postsuper -H %.*s && postqueue -i %.*s\n"
				      "Sendmail:  sendmail -qQ -qI%.*s -Q && sendmail -qI%.*s\n",
				      SPAN_ARG(id), SPAN_ARG(id), SPAN_ARG(id), SPAN_ARG(id));
	else
		csp_buf_append(&out,
			       SPAN_LIT("The record has no queue id that a command could name.\n"));
	return print(&out);
}
