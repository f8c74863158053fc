#include "sql.h"

#include <string.h>
#include <sys/stat.h>

#define BUSY_MS 10000

int csp_sql_open(sqlite3 **out, const char *path, bool write)
{
	int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
	/* SQLite gives its journal the modes of the database, and makes that with 0644. */
	mode_t mask = umask(0007);
	int code = sqlite3_open_v2(path, out, flags, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(*out, BUSY_MS);
	/* Who is not its owner finds it right already. */
	if (code == SQLITE_OK && write)
		(void)chmod(path, 0660);
	(void)umask(mask);
	return code;
}

int csp_sql_run(sqlite3 *database, const char *sql)
{
	return sqlite3_exec(database, sql, NULL, NULL, NULL);
}

int csp_sql_version(int *version, sqlite3 *database)
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

/* SQLite's own instr() counts characters on the way. */
static void holds(sqlite3_context *context, int count, sqlite3_value **values)
{
	const void *text = sqlite3_value_text(values[0]), *part = sqlite3_value_text(values[1]);
	size_t text_size = (size_t)sqlite3_value_bytes(values[0]);
	size_t part_size = (size_t)sqlite3_value_bytes(values[1]);

	(void)count;
	sqlite3_result_int(context, text && part && memmem(text, text_size, part, part_size));
}

int csp_sql_add_functions(sqlite3 *database)
{
	return sqlite3_create_function(database, "holds", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
				       NULL, holds, NULL, NULL);
}

int csp_sql_bind(sqlite3_stmt *statement, int place, struct span text)
{
	return sqlite3_bind_text64(statement, place, text.data, text.len, SQLITE_TRANSIENT,
				   SQLITE_UTF8);
}

struct span csp_sql_text(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return (struct span){text ? (const char *)text : "",
			     (size_t)sqlite3_column_bytes(statement, column)};
}

int csp_sql_step(sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	(void)sqlite3_reset(statement);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}
