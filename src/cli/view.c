#include "view.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "opt.h"
#include "report.h"
#include "review.h"

void csp_view_append_time(struct buf *out, struct span time)
{
	char text[sizeof("2026-11-23T10:15:00Z")], local[64];
	int64_t seconds;
	time_t clock;
	struct tm tm;

	snprintf(text, sizeof(text), "%.*sZ", SPAN_ARG(csp_span_slice(time, 0, 19)));
	if (csp_cli_parse_time(&seconds, text, 0)) {
		clock = (time_t)seconds;
		if (localtime_r(&clock, &tm) &&
		    strftime(local, sizeof(local), "%Y-%m-%d %H:%M:%S %z", &tm) > 0) {
			csp_buf_append(out, csp_span_from(local));
			return;
		}
	}
	csp_report_append_safe(out, time);
}

/* Text that is there and is not what happens to plain mail. */
static bool is_told(struct span action)
{
	return action.len > 0 && !csp_span_equal(action, SPAN_LIT("accept"));
}

void csp_view_append_result(struct buf *out, const json_t *record)
{
	struct span outcome = csp_review_text(record, "outcome");
	struct span action = csp_review_text(record, "action");
	struct span would = csp_review_text(record, "would_action");
	struct span disposition = csp_review_gravest(record).disposition;

	if (outcome.len > 0) {
		csp_report_append_safe(out, outcome);
	} else if (is_told(action)) {
		csp_report_append_safe(out, action);
	} else if (is_told(would)) {
		csp_buf_append(out, SPAN_LIT("would "));
		csp_report_append_safe(out, would);
	} else if (csp_span_equal(disposition, SPAN_LIT("block"))) {
		csp_buf_append(out, SPAN_LIT("would reject"));
	} else if (csp_review_weight(disposition) > 0) {
		csp_buf_append(out, SPAN_LIT("would "));
		csp_report_append_safe(out, disposition);
	} else {
		csp_buf_append(out, SPAN_LIT("pass"));
	}
}

static void write_value(struct json *json, json_t *value);

static void write_members(struct json *json, json_t *object)
{
	const char *key;
	json_t *member;

	json_object_foreach(object, key, member)
	{
		csp_json_key(json, key);
		write_value(json, member);
	}
}

static void write_elements(struct json *json, json_t *array)
{
	size_t i;
	json_t *element;

	json_array_foreach(array, i, element)
	{
		write_value(json, element);
	}
}

/* Recursion is bounded by the JSON reader, which refuses deep nesting. */
static void write_value(struct json *json, json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		csp_json_object(json);
		write_members(json, value);
		csp_json_object_end(json);
		break;
	case JSON_ARRAY:
		csp_json_array(json);
		write_elements(json, value);
		csp_json_array_end(json);
		break;
	case JSON_STRING:
		csp_json_text(json,
			      (struct span){json_string_value(value), json_string_length(value)});
		break;
	case JSON_INTEGER:
		csp_json_number(json, json_integer_value(value));
		break;
	case JSON_REAL:
		csp_json_number(json, (int64_t)json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		csp_json_bool(json, json_is_true(value));
		break;
	case JSON_NULL:
		csp_json_null(json);
		break;
	}
}

bool csp_view_json(json_t *record)
{
	struct buf line;
	struct json json;
	bool ok;

	csp_buf_init(&line, VIEW_TEXT_MAX);
	csp_json_init(&json, &line);
	write_value(&json, record);
	csp_buf_append_char(&line, '\n');
	ok = !csp_buf_failed(&line) && fwrite(line.data, 1, line.len, stdout) == line.len;
	csp_buf_dispose(&line);
	return ok;
}
