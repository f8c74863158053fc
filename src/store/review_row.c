#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "decision.h"
#include "review_file.h"
#include "review_index_private.h"
#include "review_query.h"

static bool set(json_t *object, const char *name, json_t *value)
{
	return object && json_object_set_new(object, name, value) == 0;
}

static json_t *text_or_null(sqlite3_stmt *row, int column)
{
	struct span text = csp_sql_text(row, column);

	return text.len > 0 ? json_stringn(text.data, text.len) : json_null();
}

static json_t *time_of(int64_t number)
{
	int64_t milliseconds = csp_review_number_time(number);
	time_t seconds = (time_t)(milliseconds / 1000);
	char text[64] = "";
	struct tm tm;
	size_t length = gmtime_r(&seconds, &tm)
				? strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm)
				: 0;

	(void)snprintf(text + length, sizeof(text) - length, ".%03dZ", (int)(milliseconds % 1000));
	return json_string(text);
}

/* A verdict that is a recipient's own begins the recipient; those that follow are its others. */
static bool add_verdict(json_t *recipients, sqlite3_stmt *row)
{
	bool own = sqlite3_column_int(row, 0) == 1;
	json_t *verdict = json_object();
	bool ok = set(verdict, "rule", text_or_null(row, 1)) &&
		  set(verdict, "disposition", text_or_null(row, 2));
	json_t *last = json_array_get(recipients, json_array_size(recipients) - 1);

	if (!own)
		return json_array_append_new(json_object_get(last, "would"), verdict) == 0 && ok;
	ok = ok && set(verdict, "sender", text_or_null(row, 3)) &&
	     set(verdict, "customer", text_or_null(row, 4)) &&
	     set(verdict, "address", text_or_null(row, 5)) && set(verdict, "would", json_array());
	return json_array_append_new(recipients, verdict) == 0 && ok;
}

static int add_verdicts(json_t *record, struct review_index *index, int64_t number)
{
	sqlite3_stmt *row = csp_review_index_statement(index, GET_VERDICTS);
	json_t *recipients = json_array();
	int code = row ? SQLITE_OK : index->code;

	if (!set(record, "recipients", recipients))
		return SQLITE_NOMEM;
	if (code == SQLITE_OK)
		(void)sqlite3_bind_int64(row, 1, number);
	while (code == SQLITE_OK && (code = sqlite3_step(row)) == SQLITE_ROW)
		code = add_verdict(recipients, row) ? SQLITE_OK : SQLITE_NOMEM;
	if (row)
		(void)sqlite3_reset(row);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static json_t *named(const char *name, json_t *value)
{
	json_t *object = json_object();

	if (set(object, name, value))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *category_of(sqlite3_stmt *row, int column)
{
	struct span name = csp_sql_text(row, column);

	return name.len > 0 ? named("name", json_stringn(name.data, name.len)) : json_null();
}

static bool fill(json_t *record, sqlite3_stmt *row, int64_t number)
{
	json_t *authors = json_array();

	return set(record, "schema", json_string(DECISION_SCHEMA)) &&
	       set(record, "decision", text_or_null(row, 0)) &&
	       set(record, "time", time_of(number)) &&
	       set(record, "queue_id", text_or_null(row, 1)) &&
	       set(record, "mode", text_or_null(row, 7)) &&
	       set(record, "reverse_path", text_or_null(row, 4)) &&
	       set(record, "subject", text_or_null(row, 2)) && set(record, "authors", authors) &&
	       json_array_append_new(authors, named("address", text_or_null(row, 3))) == 0 &&
	       set(record, "category", category_of(row, 8)) &&
	       set(record, "action", text_or_null(row, 5)) &&
	       set(record, "would_action", text_or_null(row, 6));
}

/* The last one counts; more than one is not written. */
static int add_outcome(json_t *record, struct review_index *index)
{
	sqlite3_stmt *row = csp_review_index_statement(index, GET_OUTCOMES);
	int code = row ? csp_sql_bind(row, 1, csp_review_text(record, "decision")) : index->code;

	if (code == SQLITE_OK)
		code = sqlite3_step(row);
	if (code == SQLITE_ROW && !set(record, "outcome", text_or_null(row, 0)))
		code = SQLITE_NOMEM;
	if (row)
		(void)sqlite3_reset(row);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

/* The decision's row, for the caller to reset; NULL: there is none, or it failed. */
static sqlite3_stmt *find_row(struct review_index *index, int64_t number)
{
	sqlite3_stmt *row = csp_review_index_statement(index, GET_DECISION);

	if (!row)
		return NULL;
	(void)sqlite3_bind_int64(row, 1, number);
	int code = sqlite3_step(row);
	if (code == SQLITE_ROW)
		return row;
	(void)sqlite3_reset(row);
	index->code = code == SQLITE_DONE ? SQLITE_NOTFOUND : code;
	return NULL;
}

enum review_index_result csp_review_index_row(json_t **out, struct review_index *index,
					      int64_t number)
{
	sqlite3_stmt *row = find_row(index, number);
	json_t *record = row ? json_object() : NULL;
	int code = row ? SQLITE_OK : index->code;

	if (row && (!record || !fill(record, row, number)))
		code = SQLITE_NOMEM;
	if (row)
		(void)sqlite3_reset(row);
	if (code == SQLITE_OK)
		code = add_verdicts(record, index, number);
	if (code == SQLITE_OK)
		code = add_outcome(record, index);
	if (code != SQLITE_OK) {
		json_decref(record);
		record = NULL;
	}
	*out = record;
	return csp_review_index_result(index, code);
}

/* Octets of a file, a line that is to be; NULL when it does not have them. */
static json_t *read_line(const char *path, uint64_t offset, size_t length)
{
	struct review_file file;
	char *text = length < REVIEW_LINE_MAX ? malloc(length + 1) : NULL;
	size_t have = 0;
	ssize_t count = 1;
	json_t *record;

	if (!text || !csp_review_file_open(&file, path, offset)) {
		free(text);
		return NULL;
	}
	while (have < length && count > 0) {
		count = csp_review_file_read(&file, text + have, length - have);
		have += count > 0 ? (size_t)count : 0;
	}
	record = have == length ? csp_review_line((struct span){text, length}) : NULL;
	(void)csp_review_file_close(&file);
	free(text);
	return record;
}

enum review_index_result csp_review_index_record(json_t **out, struct review_index *index,
						 int64_t number)
{
	sqlite3_stmt *row = find_row(index, number);
	json_t *record;
	int code = SQLITE_OK;

	*out = NULL;
	if (!row)
		return csp_review_index_result(index, index->code);
	record = read_line(csp_sql_text(row, 9).data, (uint64_t)sqlite3_column_int64(row, 10),
			   (size_t)sqlite3_column_int64(row, 11));
	if (record && !csp_span_equal(csp_review_text(record, "decision"), csp_sql_text(row, 0))) {
		json_decref(record);
		record = NULL;
	}
	(void)sqlite3_reset(row);
	if (record)
		code = add_outcome(record, index);
	*out = record;
	return csp_review_index_result(index, code);
}
