#include "review_marks.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Others of the group may be writing. */
#define BUSY_MS 10000
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

static int version_of(sqlite3 *database, int *version)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &statement, NULL);

	if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		*version = sqlite3_column_int(statement, 0);
	else
		code = sqlite3_errcode(database);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

static int prepare(struct review_marks *marks, bool write)
{
	int version = 0;
	int code = version_of(marks->database, &version);

	if (code == SQLITE_OK && version != VERSION) {
		if (version != 0)
			return SQLITE_NOTADB;
		/* Somebody is just making it: nothing is in it yet. */
		if (!write)
			return SQLITE_EMPTY;
		code = sqlite3_exec(marks->database, schema, NULL, NULL, NULL);
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
	int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
	mode_t mask;
	int code;

	*out = marks;
	if (!marks)
		return REVIEW_MARKS_FAILED;
	if (!write && access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
		csp_review_marks_close(marks);
		*out = NULL;
		return REVIEW_MARKS_NONE;
	}
	/* SQLite gives its journal the modes of the database, and makes that with 0644. */
	mask = umask(0007);
	code = sqlite3_open_v2(path, &marks->database, flags, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(marks->database, BUSY_MS);
	if (code == SQLITE_OK)
		code = prepare(marks, write);
	/* Who is not its owner finds it right already. */
	if (code == SQLITE_OK && write)
		(void)chmod(path, 0660);
	(void)umask(mask);
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

static int bind(sqlite3_stmt *statement, int place, struct span text)
{
	return sqlite3_bind_text64(statement, place, text.data, text.len, SQLITE_TRANSIENT,
				   SQLITE_UTF8);
}

static int add_one(sqlite3_stmt *statement, const struct review_mark *mark)
{
	const struct span texts[] = {mark->decision, mark->verdict, mark->note, mark->reviewer};

	for (int i = 0; i < 4; i++) {
		int code = bind(statement, i + 1, texts[i]);
		if (code != SQLITE_OK)
			return code;
	}
	(void)sqlite3_bind_int64(statement, 5, mark->time);
	int code = sqlite3_step(statement);
	(void)sqlite3_reset(statement);
	return code == SQLITE_DONE ? SQLITE_OK : code;
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
	int code = sqlite3_exec(marks->database, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (code != SQLITE_OK)
		return result_of(marks, code);
	code = add_all(marks, items, count);
	if (code == SQLITE_OK)
		code = sqlite3_exec(marks->database, "COMMIT", NULL, NULL, NULL);
	if (code != SQLITE_OK)
		(void)sqlite3_exec(marks->database, "ROLLBACK", NULL, NULL, NULL);
	return result_of(marks, code);
}

static struct span text_at(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return (struct span){text ? (const char *)text : "",
			     (size_t)sqlite3_column_bytes(statement, column)};
}

enum review_marks_result csp_review_marks_find(struct review_mark *out, struct review_marks *marks,
					       struct span decision)
{
	(void)sqlite3_reset(marks->find);
	int code = bind(marks->find, 1, decision);
	if (code == SQLITE_OK)
		code = sqlite3_step(marks->find);
	if (code == SQLITE_DONE)
		return REVIEW_MARKS_NONE;
	if (code != SQLITE_ROW)
		return result_of(marks, code);
	*out = (struct review_mark){
		.decision = text_at(marks->find, 0),
		.verdict = text_at(marks->find, 1),
		.note = text_at(marks->find, 2),
		.reviewer = text_at(marks->find, 3),
		.time = sqlite3_column_int64(marks->find, 4),
	};
	return REVIEW_MARKS_OK;
}

const char *csp_review_marks_error(const struct review_marks *marks)
{
	return marks ? sqlite3_errstr(marks->code) : "memory is short";
}
