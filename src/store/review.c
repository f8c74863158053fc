#include "review.h"

#include <errno.h>
#include <time.h>

#include "decision.h"
#include "lines.h"
#include "review_file.h"

#define TIME_TEXT_SIZE 20                    /* "2026-11-23T10:00:00" */
#define TIME_LAST      INT64_C(253402300799) /* the end of the year 9999 */

/* Times of records are RFC 3339 in UTC and of one width, so they compare as text. */
struct bounds {
	char since[TIME_TEXT_SIZE], until[TIME_TEXT_SIZE];
};

enum line_kind { LINE_DAMAGED, LINE_NO_MEMORY, LINE_OUTCOME, LINE_DECISION };

struct reading {
	const struct review_filter *filter;
	struct bounds bounds;
	struct review_counts *counts;
	csp_review_each *each;
	void *context;
};

struct span csp_review_outcome_of(const json_t *record)
{
	return csp_review_text(record, "for");
}

static void format_bound(char out[TIME_TEXT_SIZE], int64_t seconds)
{
	int64_t clamped = seconds < 0 ? 0 : seconds > TIME_LAST ? TIME_LAST : seconds;
	time_t time = (time_t)clamped;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || strftime(out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		out[0] = '\0';
}

static bool is_time(struct span text)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";

	if (text.len < sizeof(shape) || text.data[text.len - 1] != 'Z')
		return false;
	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		if (shape[i] == 'd' ? !csp_ascii_is_digit(text.data[i]) : text.data[i] != shape[i])
			return false;
	}
	return true;
}

static bool is_id(struct span text)
{
	if (text.len != DECISION_ID_SIZE)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!csp_ascii_is_digit(text.data[i]) && !csp_ascii_is_alpha(text.data[i]))
			return false;
	}
	return true;
}

static bool in_bounds(const struct bounds *bounds, struct span time)
{
	struct span second = csp_span_slice(time, 0, TIME_TEXT_SIZE - 1);

	return csp_span_compare(second, csp_span_from(bounds->since)) >= 0 &&
	       csp_span_compare(second, csp_span_from(bounds->until)) < 0;
}

static bool starts_with_nocase(struct span text, struct span prefix)
{
	return csp_span_equal_nocase(csp_span_slice(text, 0, prefix.len), prefix);
}

static enum line_kind kind_of(const json_t *record, const json_error_t *error)
{
	if (!record && json_error_code(error) == json_error_out_of_memory)
		return LINE_NO_MEMORY;
	if (!csp_span_equal(csp_review_text(record, "schema"), SPAN_LIT(DECISION_SCHEMA)) ||
	    !is_time(csp_review_text(record, "time")))
		return LINE_DAMAGED;
	if (csp_review_outcome_of(record).len > 0)
		return LINE_OUTCOME;
	if (!is_id(csp_review_text(record, "decision")) ||
	    !json_is_array(json_object_get(record, "recipients")))
		return LINE_DAMAGED;
	return LINE_DECISION;
}

/* The time of a decision whose line is whole and looks exactly as the record writer writes it; else empty. */
static struct span time_of_line(struct span line)
{
	static const char before_id[] = "{\"schema\":\"" DECISION_SCHEMA "\",\"decision\":\"";
	static const char before_time[] = "\",\"time\":\"";
	size_t at = sizeof(before_id) - 1 + DECISION_ID_SIZE;
	struct span rest = csp_span_slice(line, at, line.len);
	struct span time;

	if (!csp_span_starts_with(line, SPAN_LIT(before_id)) ||
	    !csp_span_starts_with(rest, SPAN_LIT(before_time)) || line.data[line.len - 1] != '}')
		return SPAN_LIT("");
	rest = csp_span_slice(rest, sizeof(before_time) - 1, rest.len);
	time = csp_span_slice(rest, 0, csp_span_find(rest, '"'));
	return is_time(time) ? time : SPAN_LIT("");
}

/* Quotes inside a JSON text are escaped, so this finds members alone. */
static bool has_disposition_but_pass(struct span line)
{
	const struct span key = SPAN_LIT("\"disposition\":");

	for (;;) {
		size_t colon = csp_span_find(line, ':');

		if (colon == line.len)
			return false;
		if (csp_span_ends_with_nocase(csp_span_slice(line, 0, colon + 1), key) &&
		    !csp_span_starts_with(csp_span_slice(line, colon + 1, line.len),
					  SPAN_LIT("\"pass\"")))
			return true;
		line = csp_span_slice(line, colon + 1, line.len);
	}
}

/*
 * Most of a long journal is of another time, or plain passes. To read it as JSON costs more than ten times as much
 * as to look for what says so; whatever is not written as the record writer does is left to the JSON reader.
 */
static bool is_passed_over(const struct reading *reading, struct span line)
{
	struct span time = time_of_line(line);

	if (time.len == 0)
		return false;
	return !in_bounds(&reading->bounds, time) ||
	       (reading->filter->notable && !has_disposition_but_pass(line));
}

/* Each of these gives false when the callback wants no more. */
static bool take_outcome(const struct reading *reading, json_t *record)
{
	reading->counts->outcomes++;
	if (!reading->filter->outcomes ||
	    !in_bounds(&reading->bounds, csp_review_text(record, "time")) ||
	    !starts_with_nocase(csp_review_outcome_of(record), reading->filter->id))
		return true;
	return reading->each(reading->context, record);
}

static bool take_decision(enum lines_result *result, const struct reading *reading, json_t *record)
{
	bool failed = false;

	reading->counts->records++;
	if (!in_bounds(&reading->bounds, csp_review_text(record, "time")))
		return true;
	if (csp_review_meets(record, reading->filter, &failed)) {
		reading->counts->shown++;
		return reading->each(reading->context, record);
	}
	if (failed)
		*result = LINES_NO_MEMORY;
	return !failed;
}

static bool take_line(enum lines_result *result, const struct reading *reading, struct span line)
{
	bool more = true;
	json_error_t error;
	json_t *record;

	if (is_passed_over(reading, line)) {
		reading->counts->records++;
		return true;
	}
	/* The subject of a message may hold NUL, and its record gives the input back. */
	record = json_loadb(line.data, line.len, JSON_ALLOW_NUL, &error);
	switch (kind_of(record, &error)) {
	case LINE_DAMAGED:
		reading->counts->damaged++;
		break;
	case LINE_NO_MEMORY:
		*result = LINES_NO_MEMORY;
		more = false;
		break;
	case LINE_OUTCOME:
		more = take_outcome(reading, record);
		break;
	case LINE_DECISION:
		more = take_decision(result, reading, record);
		break;
	}
	json_decref(record);
	return more;
}

static enum lines_result read_lines(const struct reading *reading, struct lines *lines)
{
	for (;;) {
		struct span line;
		enum lines_result result = csp_lines_next(&line, lines);

		if (result == LINES_TOO_LONG)
			reading->counts->damaged++;
		else if (result != LINES_LINE || !take_line(&result, reading, line))
			return result;
	}
}

json_t *csp_review_line(struct span line)
{
	json_error_t error;
	json_t *record = json_loadb(line.data, line.len, JSON_ALLOW_NUL, &error);
	enum line_kind kind = kind_of(record, &error);

	if (kind == LINE_DECISION || kind == LINE_OUTCOME)
		return record;
	json_decref(record);
	return NULL;
}

bool csp_review_read(struct review_counts *counts, const char *path,
		     const struct review_filter *filter, csp_review_each *each, void *context)
{
	struct reading reading = {
		.filter = filter, .counts = counts, .each = each, .context = context};
	struct review_file file;
	struct lines lines;
	enum lines_result result;
	int error;

	if (!csp_review_file_open(&file, path, 0))
		return false;
	format_bound(reading.bounds.since, filter->since);
	format_bound(reading.bounds.until, filter->until);
	csp_lines_init_reader(&lines, csp_review_file_read, &file, REVIEW_LINE_MAX);
	result = read_lines(&reading, &lines);
	error = result == LINES_NO_MEMORY ? ENOMEM : errno;
	csp_lines_dispose(&lines);
	if (!csp_review_file_close(&file))
		counts->damaged++;
	errno = error;
	return result == LINES_LINE || result == LINES_END;
}
