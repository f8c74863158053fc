#include "review_filter.h"

#include "text.h"

#define SUBJECT_MAX ((size_t)64 << 20)

struct span csp_review_text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value))
		return (struct span){"", 0};
	return (struct span){json_string_value(value), json_string_length(value)};
}

/* ASCII letters alone are folded; addresses that matter are kept in A-labels besides. */
bool csp_review_has_part(struct span text, struct span part)
{
	for (size_t at = 0; at + part.len <= text.len; at++) {
		if (csp_span_equal_nocase(csp_span_slice(text, at, at + part.len), part))
			return true;
	}
	return false;
}

static bool is_from(const json_t *record, struct span part)
{
	size_t i;
	const json_t *author;

	if (part.len == 0 || csp_review_has_part(csp_review_text(record, "reverse_path"), part))
		return true;
	json_array_foreach(json_object_get(record, "authors"), i, author)
	{
		if (csp_review_has_part(csp_review_text(author, "address"), part))
			return true;
	}
	return false;
}

/* `verdict`: a recipient, or an element of its `would`; both have a rule and a disposition. */
static bool verdict_meets(const json_t *verdict, const struct review_filter *filter)
{
	struct span disposition = csp_review_text(verdict, "disposition");

	if (filter->notable &&
	    (disposition.len == 0 || csp_span_equal(disposition, SPAN_LIT("pass"))))
		return false;
	return (filter->rule.len == 0 ||
		csp_span_equal(csp_review_text(verdict, "rule"), filter->rule)) &&
	       (filter->disposition.len == 0 || csp_span_equal(disposition, filter->disposition));
}

static bool is_text(const json_t *object, const char *name, struct span wanted)
{
	return wanted.len == 0 || csp_span_equal_nocase(csp_review_text(object, name), wanted);
}

static bool recipient_meets(const json_t *recipient, const struct review_filter *filter)
{
	size_t i;
	const json_t *would;

	if (!is_text(recipient, "sender", filter->sender) ||
	    !is_text(recipient, "customer", filter->customer))
		return false;
	if (filter->to.len > 0 &&
	    !csp_review_has_part(csp_review_text(recipient, "address"), filter->to) &&
	    !csp_review_has_part(csp_review_text(recipient, "canonical"), filter->to))
		return false;
	if (verdict_meets(recipient, filter))
		return true;
	json_array_foreach(json_object_get(recipient, "would"), i, would)
	{
		if (verdict_meets(would, filter))
			return true;
	}
	return false;
}

static bool asks_for_recipient(const struct review_filter *filter)
{
	return filter->notable || filter->rule.len > 0 || filter->disposition.len > 0 ||
	       filter->to.len > 0 || filter->sender.len > 0 || filter->customer.len > 0;
}

static bool some_recipient_meets(const json_t *record, const struct review_filter *filter)
{
	size_t i;
	const json_t *recipient;

	if (!asks_for_recipient(filter))
		return true;
	json_array_foreach(json_object_get(record, "recipients"), i, recipient)
	{
		if (recipient_meets(recipient, filter))
			return true;
	}
	return false;
}

bool csp_review_would(const json_t *record)
{
	size_t i;
	const json_t *recipient;

	json_array_foreach(json_object_get(record, "recipients"), i, recipient)
	{
		if (json_array_size(json_object_get(recipient, "would")) > 0)
			return true;
	}
	return !csp_span_equal(csp_review_text(record, "action"),
			       csp_review_text(record, "would_action"));
}

void csp_review_subject(struct buf *out, struct span subject)
{
	struct buf normal;

	csp_buf_init(&normal, SUBJECT_MAX);
	csp_text_normalise_name(&normal, subject);
	csp_buf_append(out, csp_span_trim(csp_buf_span(&normal)));
	if (csp_buf_failed(&normal))
		out->failed = true;
	csp_buf_dispose(&normal);
}

static bool subject_meets(const json_t *record, struct span part, bool *failed)
{
	struct buf subject;

	if (part.len == 0)
		return true;
	csp_buf_init(&subject, SUBJECT_MAX);
	csp_review_subject(&subject, csp_review_text(record, "subject"));
	*failed = csp_buf_failed(&subject);
	bool met = !*failed && csp_review_has_part(csp_buf_span(&subject), part);
	csp_buf_dispose(&subject);
	return met;
}

bool csp_review_meets(const json_t *record, const struct review_filter *filter, bool *failed)
{
	struct span begin = csp_span_slice(csp_review_text(record, "decision"), 0, filter->id.len);

	return csp_span_equal_nocase(begin, filter->id) && is_from(record, filter->from) &&
	       (filter->queue_id.len == 0 ||
		csp_span_equal(csp_review_text(record, "queue_id"), filter->queue_id)) &&
	       is_text(record, "action", filter->action) &&
	       is_text(record, "would_action", filter->would_action) &&
	       is_text(record, "mode", filter->mode) &&
	       is_text(json_object_get(record, "category"), "name", filter->category) &&
	       (!filter->would || csp_review_would(record)) &&
	       some_recipient_meets(record, filter) &&
	       subject_meets(record, filter->subject, failed);
}
