#include "review_fact.h"

#include "review_filter.h"
#include "when.h"

int64_t csp_review_milliseconds(struct span time)
{
	struct span fraction = csp_span_slice(time, sizeof("2026-11-23T10:00:00"), time.len);
	int64_t thousandths = 0, unit = 100, seconds = 0;

	(void)csp_when_parse(&seconds, time);
	for (size_t i = 0; i < fraction.len && csp_ascii_is_digit(fraction.data[i]);
	     i++, unit /= 10)
		thousandths += (fraction.data[i] - '0') * unit;
	return seconds * 1000 + thousandths;
}

struct span csp_review_language(const json_t *record)
{
	const json_t *category = json_object_get(record, "category");
	size_t i;
	const json_t *evidence;

	json_array_foreach(json_object_get(category, "evidence"), i, evidence)
	{
		struct span rule = csp_review_text(evidence, "rule");
		size_t slash = csp_span_find(rule, '/');

		if (slash < rule.len && json_object_get(evidence, "phrase"))
			return csp_span_slice(rule, 0, slash);
	}
	return SPAN_LIT("");
}

struct span csp_review_origin(const json_t *record)
{
	struct span author =
		csp_review_text(json_array_get(json_object_get(record, "authors"), 0), "address");

	return author.len > 0 ? author : csp_review_text(record, "reverse_path");
}

static bool give(struct review_fact *fact, const json_t *verdict, bool own,
		 csp_review_each_fact *each, void *context)
{
	fact->own = own;
	fact->rule = csp_review_text(verdict, "rule");
	fact->disposition = csp_review_text(verdict, "disposition");
	return each(context, fact);
}

bool csp_review_facts_of(const json_t *record, uint64_t sequence, csp_review_each_fact *each,
			 void *context)
{
	struct review_fact fact = {
		.sequence = sequence,
		.time = csp_review_milliseconds(csp_review_text(record, "time")),
		.id = csp_review_text(record, "decision"),
		.action = csp_review_text(record, "action"),
		.would_action = csp_review_text(record, "would_action"),
		.category = csp_review_text(json_object_get(record, "category"), "name"),
		.language = csp_review_language(record),
		.origin = csp_review_origin(record),
		.mark = csp_review_text(json_object_get(record, "mark"), "verdict"),
	};
	size_t i, j;
	const json_t *recipient, *would;

	json_array_foreach(json_object_get(record, "recipients"), i, recipient)
	{
		fact.sender = csp_review_text(recipient, "sender");
		fact.customer = csp_review_text(recipient, "customer");
		if (!give(&fact, recipient, true, each, context))
			return false;
		json_array_foreach(json_object_get(recipient, "would"), j, would)
		{
			if (!give(&fact, would, false, each, context))
				return false;
		}
	}
	return true;
}
