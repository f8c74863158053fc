#include "view.h"

#include <stdio.h>

#include "report.h"
#include "review.h"
#include "when.h"

/* As in core/report: what explain prints and what review shows are read by the same eyes. */
#define LABEL "%-13s"

static void append_line(struct buf *out, const char *label, struct span text)
{
	if (text.len == 0)
		return;
	csp_buf_append_format(out, LABEL, label);
	csp_report_append_safe(out, text);
	csp_buf_append_char(out, '\n');
}

static void append_indented(struct buf *out, const char *label, struct span text)
{
	if (text.len == 0)
		return;
	csp_buf_append(out, SPAN_LIT("  "));
	append_line(out, label, text);
}

static void append_member(struct buf *out, const char *label, const json_t *object, const char *key)
{
	append_line(out, label, csp_review_text(object, key));
}

static void append_time(struct buf *out, const json_t *record)
{
	struct span time = csp_review_text(record, "time");

	csp_buf_append_format(out, LABEL, "time");
	csp_view_append_time(out, time);
	csp_buf_append(out, SPAN_LIT(" ("));
	csp_report_append_safe(out, time);
	csp_buf_append(out, SPAN_LIT(")\n"));
}

static void append_origin(struct buf *out, const json_t *record)
{
	const json_t *client = json_object_get(record, "client");

	append_member(out, "decision", record, "decision");
	append_time(out, record);
	append_member(out, "host", record, "host");
	append_member(out, "queue id", record, "queue_id");
	append_member(out, "message-id", record, "message_id");
	append_member(out, "policy", record, "policy");
	append_member(out, "client", client, "address");
	append_member(out, "helo", client, "helo");
	append_member(out, "listener", client, "listener");
	append_member(out, "login", client, "login");
	append_member(out, "certificate", client, "cert_subject");
}

static void append_action(struct buf *out, const json_t *record)
{
	csp_buf_append_format(out, LABEL, "action");
	csp_report_append_safe(out, csp_review_text(record, "action"));
	if (csp_span_equal(csp_review_text(record, "mode"), SPAN_LIT("monitor"))) {
		csp_buf_append(out, SPAN_LIT(" (monitor mode; enforcing: "));
		csp_report_append_safe(out, csp_review_text(record, "would_action"));
		csp_buf_append_char(out, ')');
	}
	csp_buf_append_char(out, '\n');
}

/* The record was asked for, but the MTA was told something else after all. */
static void append_outcome(struct buf *out, const json_t *record)
{
	struct span outcome = csp_review_text(record, "outcome");

	if (outcome.len == 0)
		return;
	csp_buf_append_format(out, LABEL, "outcome");
	csp_report_append_safe(out, outcome);
	csp_buf_append(out, SPAN_LIT(" (what the MTA was told in the end)\n"));
}

static void append_authors(struct buf *out, const json_t *authors)
{
	size_t i;
	const json_t *author;

	json_array_foreach(authors, i, author)
	{
		csp_buf_append_format(out, LABEL, i == 0 ? "authors" : "");
		csp_report_append_safe(out, csp_review_text(author, "address"));
		csp_buf_append(out, SPAN_LIT(" ("));
		csp_report_append_safe(out, csp_review_text(author, "field"));
		csp_buf_append(out, SPAN_LIT(", "));
		csp_report_append_safe(out, csp_review_text(author, "party"));
		csp_buf_append(out, SPAN_LIT(")\n"));
	}
}

static void append_names(struct buf *out, const char *label, const json_t *names)
{
	size_t i;
	const json_t *name;

	if (json_array_size(names) == 0)
		return;
	csp_buf_append_format(out, LABEL, label);
	json_array_foreach(names, i, name)
	{
		csp_buf_append(out, i > 0 ? SPAN_LIT(", ") : SPAN_LIT(""));
		csp_report_append_safe(
			out, (struct span){json_string_value(name), json_string_length(name)});
	}
	csp_buf_append_char(out, '\n');
}

/* As in core/report, but whether the message had such fields is not recorded. */
static void append_authentication(struct buf *out, const json_t *authentication)
{
	const json_t *dkim = json_object_get(authentication, "dkim");
	struct span spf = csp_review_text(authentication, "spf");
	json_int_t unreadable = json_integer_value(json_object_get(authentication, "unreadable"));

	append_names(out, "dkim", dkim);
	append_line(out, "spf", spf);
	if (unreadable > 0)
		csp_buf_append_format(out,
				      LABEL "%lld Authentication-Results fields are unreadable\n",
				      "auth-results", (long long)unreadable);
}

static void append_category(struct buf *out, const json_t *category)
{
	size_t i;
	const json_t *evidence;
	struct span name = csp_review_text(category, "name");

	append_line(out, "category", name.len > 0 ? name : SPAN_LIT("(could not be found out)"));
	json_array_foreach(json_object_get(category, "evidence"), i, evidence)
	{
		const struct evidence found = {
			.rule = csp_review_text(evidence, "rule"),
			.phrase = csp_review_text(evidence, "phrase"),
			.field = csp_review_text(evidence, "field"),
			.match = csp_review_text(evidence, "match"),
			.replaced = json_is_true(json_object_get(evidence, "replaced")),
		};
		csp_buf_append_format(out, LABEL, "");
		csp_report_append_evidence(out, &found);
		csp_buf_append_char(out, '\n');
	}
}

static void append_verdict(struct buf *out, const char *label, const json_t *verdict)
{
	csp_buf_append_format(out, "  " LABEL, label);
	csp_report_append_safe(out, csp_review_text(verdict, "rule"));
	csp_buf_append(out, SPAN_LIT(": "));
	csp_report_append_safe(out, csp_review_text(verdict, "disposition"));
	csp_buf_append_char(out, '\n');
}

static void append_methods(struct buf *out, const json_t *methods)
{
	size_t i;
	const json_t *method;

	json_array_foreach(methods, i, method)
	{
		csp_buf_append(out, SPAN_LIT(" by "));
		csp_report_append_safe(
			out, (struct span){json_string_value(method), json_string_length(method)});
	}
}

static void append_judgement(struct buf *out, const json_t *recipient)
{
	struct span sender = csp_review_text(recipient, "sender");

	append_indented(out, "customer", csp_review_text(recipient, "customer"));
	if (sender.len > 0) {
		csp_buf_append_format(out, "  " LABEL, "sender");
		csp_report_append_safe(out, sender);
		csp_buf_append(out, SPAN_LIT(" (proof: "));
		csp_report_append_safe(out, csp_review_text(recipient, "proof"));
		append_methods(out, json_object_get(recipient, "proven_by"));
		csp_buf_append(out, SPAN_LIT(")\n"));
	}
	append_indented(out, "product", csp_review_text(recipient, "product"));
	if (json_array_size(json_object_get(recipient, "marks")) > 0)
		csp_buf_append(out, SPAN_LIT("  "));
	append_names(out, "marks", json_object_get(recipient, "marks"));
}

static bool is_same_verdict(const json_t *a, const json_t *b)
{
	return csp_span_equal(csp_review_text(a, "rule"), csp_review_text(b, "rule")) &&
	       csp_span_equal(csp_review_text(a, "disposition"), csp_review_text(b, "disposition"));
}

static void append_looks(struct buf *out, const json_t *looks)
{
	size_t i;
	const json_t *look;

	json_array_foreach(looks, i, look)
	{
		csp_buf_append_format(out, "  " LABEL, i ? "" : "looked at");
		csp_report_append_safe(out, csp_review_text(look, "rule"));
		csp_buf_append(out, SPAN_LIT(": "));
		csp_report_append_safe(out, csp_review_text(look, "came_to"));
		csp_buf_append_char(out, '\n');
	}
}

static void append_recipient(struct buf *out, const json_t *recipient)
{
	size_t i;
	const json_t *would;
	struct span canonical = csp_review_text(recipient, "canonical");

	csp_buf_append_format(out, LABEL, "to");
	csp_report_append_safe(out, csp_review_text(recipient, "address"));
	csp_buf_append(out, SPAN_LIT(", looked up as "));
	csp_report_append_safe(out, canonical.len > 0 ? canonical
						      : SPAN_LIT("nothing: it cannot be read"));
	csp_buf_append_char(out, '\n');
	append_judgement(out, recipient);
	append_looks(out, json_object_get(recipient, "looked_at"));
	append_verdict(out, "rule", recipient);
	json_array_foreach(json_object_get(recipient, "would"), i, would)
	{
		/* In monitor mode the verdict is among those that would be carried out. */
		if (!is_same_verdict(would, recipient))
			append_verdict(out, "would", would);
	}
}

static void append_removed(struct buf *out, const json_t *fields)
{
	size_t i;
	const json_t *field;

	json_array_foreach(fields, i, field)
	{
		csp_buf_append_format(out, LABEL, "removed");
		csp_report_append_safe(out, csp_review_text(field, "field"));
		csp_buf_append_format(
			out, " (%lld)\n",
			(long long)json_integer_value(json_object_get(field, "count")));
	}
}

static void append_paths(struct buf *out, const char *label, const json_t *paths)
{
	size_t i;
	const json_t *path;

	json_array_foreach(paths, i, path)
	{
		append_line(out, label,
			    (struct span){json_string_value(path), json_string_length(path)});
	}
}

static void append_mark(struct buf *out, const json_t *mark)
{
	char time[WHEN_TEXT_SIZE];

	if (!mark)
		return;
	csp_buf_append_format(out, LABEL, "mark");
	csp_report_append_safe(out, csp_review_text(mark, "verdict"));
	csp_buf_append(out, SPAN_LIT(" by "));
	csp_report_append_safe(out, csp_review_text(mark, "reviewer"));
	csp_buf_append(out, SPAN_LIT(", "));
	csp_view_append_time(
		out, csp_when_format(time, json_integer_value(json_object_get(mark, "time"))));
	if (csp_review_text(mark, "note").len > 0) {
		csp_buf_append(out, SPAN_LIT(": "));
		csp_report_append_safe(out, csp_review_text(mark, "note"));
	}
	csp_buf_append_char(out, '\n');
}

static void append_record(struct buf *out, const json_t *record)
{
	size_t i;
	const json_t *recipient;

	append_origin(out, record);
	append_action(out, record);
	append_outcome(out, record);
	append_mark(out, json_object_get(record, "mark"));
	append_member(out, "subject", record, "subject");
	append_member(out, "reverse-path", record, "reverse_path");
	append_authors(out, json_object_get(record, "authors"));
	append_authentication(out, json_object_get(record, "authentication"));
	append_category(out, json_object_get(record, "category"));
	append_names(out, "products", json_object_get(record, "products"));
	append_names(out, "lists", json_object_get(record, "lists"));
	append_names(out, "marks", json_object_get(record, "marks"));
	json_array_foreach(json_object_get(record, "recipients"), i, recipient)
	{
		append_recipient(out, recipient);
	}
	append_member(out, "reply", record, "reply");
	append_member(out, "header", record, "flag");
	append_member(out, "hold", record, "hold");
	append_removed(out, json_object_get(record, "removed"));
	append_paths(out, "taken out", json_object_get(record, "removed_recipients"));
	append_paths(out, "goes to", json_object_get(record, "added_recipients"));
}

bool csp_view_record(const json_t *record)
{
	struct buf text;
	bool ok;

	csp_buf_init(&text, VIEW_TEXT_MAX);
	append_record(&text, record);
	ok = !csp_buf_failed(&text) && fwrite(text.data, 1, text.len, stdout) == text.len;
	csp_buf_dispose(&text);
	return ok;
}

bool csp_view_related(const struct window *window)
{
	struct buf text;
	bool ok;

	if (window->count == 0)
		return true;
	csp_buf_init(&text, VIEW_TEXT_MAX);
	for (size_t i = 0; i < window->count; i++) {
		const json_t *record = csp_window_at(window, i);
		csp_buf_append_format(&text, LABEL, "related");
		csp_report_append_safe(&text, csp_review_text(record, "decision"));
		csp_buf_append(&text, SPAN_LIT(", "));
		csp_view_append_time(&text, csp_review_text(record, "time"));
		csp_buf_append(&text, SPAN_LIT(": "));
		csp_view_append_result(&text, record);
		csp_buf_append_char(&text, '\n');
	}
	ok = !csp_buf_failed(&text) && fwrite(text.data, 1, text.len, stdout) == text.len;
	csp_buf_dispose(&text);
	return ok;
}
