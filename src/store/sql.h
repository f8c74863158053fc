/*
 * SQLite databases that a group of people writes: opening them, and texts in and out.
 * Databases and statements are the caller's. Results are SQLite's codes, SQLITE_OK where all went well.
 */
#ifndef CSP_SQL_H
#define CSP_SQL_H

#include <sqlite3.h>

#include "span.h"

/* To write, the file is made where it is missing, mode 0660. Others may be writing: it is waited for them up to 10 s. */
int csp_sql_open(sqlite3 **out, const char *path, bool write);

int csp_sql_run(sqlite3 *database, const char *sql);

/* The number that PRAGMA user_version has; 0 in a new file. */
int csp_sql_version(int *version, sqlite3 *database);

/* holds(text, part): does a text hold a part of one, octet by octet. */
int csp_sql_add_functions(sqlite3 *database);

int csp_sql_bind(sqlite3_stmt *statement, int place, struct span text); /* copied */

/* Of the present row, until the next step; NULL is empty. */
struct span csp_sql_text(sqlite3_stmt *statement, int column);

/* Runs a statement that gives no rows, and makes it ready for the next time. */
int csp_sql_step(sqlite3_stmt *statement);

#endif
