#include "review_marks.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "sql.h"

#define VERSION 1

struct review_marks {
	sqlite3 *database;
	sqlite3_stmt *find;
	int code; /* of the last failure */
};

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE IF NOT EXISTS mark (number INTEGER PRIMARY KEY, decision TEXT NOT NULL, "
	"verdict TEXT NOT NULL, note TEXT NOT NULL, reviewer TEXT NOT NULL, time INTEGER NOT NULL);"
	"CREATE INDEX IF NOT EXISTS mark_of_decision ON mark (decision, number);"
	"PRAGMA user_version = 1;"
	"COMMIT;";

static enum review_marks_result result_of(struct review_marks *marks, int code)
{
	marks->code = code;
	return code == SQLITE_OK ? REVIEW_MARKS_OK : REVIEW_MARKS_FAILED;
}

static int prepare(struct review_marks *marks, bool write)
{
	int version = 0;
	int code = csp_sql_version(&version, marks->database);

	if (code == SQLITE_OK && version != VERSION) {
		if (version != 0)
			return SQLITE_NOTADB;
		/* Somebody is just making it: nothing is in it yet. */
		if (!write)
			return SQLITE_EMPTY;
		code = csp_sql_run(marks->database, schema);
	}
	if (code != SQLITE_OK)
		return code;
	return sqlite3_prepare_v2(marks->database,
				  "SELECT decision, verdict, note, reviewer, time FROM mark WHERE "
				  "decision = ? ORDER BY number DESC LIMIT 1",
				  -1, &marks->find, NULL);
}

enum review_marks_result csp_review_marks_open(struct review_marks **out, const char *path,
					       bool write)
{
	struct review_marks *marks = calloc(1, sizeof(*marks));
	int code;

	*out = marks;
	if (!marks)
		return REVIEW_MARKS_FAILED;
	if (!write && access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
		csp_review_marks_close(marks);
		*out = NULL;
		return REVIEW_MARKS_NONE;
	}
	code = csp_sql_open(&marks->database, path, write);
	if (code == SQLITE_OK)
		code = prepare(marks, write);
	if (code != SQLITE_EMPTY)
		return result_of(marks, code);
	csp_review_marks_close(marks);
	*out = NULL;
	return REVIEW_MARKS_NONE;
}

void csp_review_marks_close(struct review_marks *marks)
{
	if (!marks)
		return;
	sqlite3_finalize(marks->find);
	sqlite3_close(marks->database);
	free(marks);
}

static int add_one(sqlite3_stmt *statement, const struct review_mark *mark)
{
	const struct span texts[] = {mark->decision, mark->verdict, mark->note, mark->reviewer};

	for (int i = 0; i < 4; i++) {
		int code = csp_sql_bind(statement, i + 1, texts[i]);
		if (code != SQLITE_OK)
			return code;
	}
	(void)sqlite3_bind_int64(statement, 5, mark->time);
	return csp_sql_step(statement);
}

static int add_all(struct review_marks *marks, const struct review_mark *items, size_t count)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(marks->database,
				      "INSERT INTO mark (decision, verdict, note, reviewer, time) "
				      "VALUES (?, ?, ?, ?, ?)",
				      -1, &statement, NULL);

	for (size_t i = 0; code == SQLITE_OK && i < count; i++)
		code = add_one(statement, &items[i]);
	sqlite3_finalize(statement);
	return code;
}

enum review_marks_result csp_review_marks_add(struct review_marks *marks,
					      const struct review_mark *items, size_t count)
{
	int code = csp_sql_run(marks->database, "BEGIN IMMEDIATE");

	if (code != SQLITE_OK)
		return result_of(marks, code);
	code = add_all(marks, items, count);
	if (code == SQLITE_OK)
		code = csp_sql_run(marks->database, "COMMIT");
	if (code != SQLITE_OK)
		(void)csp_sql_run(marks->database, "ROLLBACK");
	return result_of(marks, code);
}

enum review_marks_result csp_review_marks_find(struct review_mark *out, struct review_marks *marks,
					       struct span decision)
{
	(void)sqlite3_reset(marks->find);
	int code = csp_sql_bind(marks->find, 1, decision);
	if (code == SQLITE_OK)
		code = sqlite3_step(marks->find);
	if (code == SQLITE_DONE)
		return REVIEW_MARKS_NONE;
	if (code != SQLITE_ROW)
		return result_of(marks, code);
	*out = (struct review_mark){
		.decision = csp_sql_text(marks->find, 0),
		.verdict = csp_sql_text(marks->find, 1),
		.note = csp_sql_text(marks->find, 2),
		.reviewer = csp_sql_text(marks->find, 3),
		.time = sqlite3_column_int64(marks->find, 4),
	};
	return REVIEW_MARKS_OK;
}

const char *csp_review_marks_error(const struct review_marks *marks)
{
	return marks ? sqlite3_errstr(marks->code) : "memory is short";
}
