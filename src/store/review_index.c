#include "review_index_private.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1

/*
 * What parts of texts are looked for in is `searched`: with small letters, or as csp_review_subject makes it.
 * verdict: a recipient's own verdict (own = 1), then what rules that were not enforced would have done for it.
 * gravest: the place of the verdict that weighs most. file: `taken` octets of it are in; `head` is the hash of its first line.
 */
static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"INSERT OR IGNORE INTO state VALUES ('key', randomblob(16)), ('complete', 0);"
	"CREATE TABLE IF NOT EXISTS file (number INTEGER PRIMARY KEY, path TEXT, device INTEGER, "
	"inode INTEGER, size INTEGER, mtime INTEGER, head INTEGER, taken INTEGER, "
	"decisions INTEGER, damaged INTEGER, first INTEGER, last INTEGER, doubles INTEGER);"
	"CREATE TABLE IF NOT EXISTS word (number INTEGER PRIMARY KEY, text TEXT UNIQUE);"
	"CREATE TABLE IF NOT EXISTS text (number INTEGER PRIMARY KEY, text TEXT);"
	"CREATE TABLE IF NOT EXISTS address (number INTEGER PRIMARY KEY, text TEXT, searched "
	"TEXT);"
	"CREATE TABLE IF NOT EXISTS origin (number INTEGER PRIMARY KEY, author TEXT, path TEXT, "
	"searched TEXT);"
	"CREATE TABLE IF NOT EXISTS subject (number INTEGER PRIMARY KEY, text TEXT);"
	"CREATE TABLE IF NOT EXISTS normal (number INTEGER PRIMARY KEY, searched TEXT);"
	"CREATE TABLE IF NOT EXISTS decision (number INTEGER PRIMARY KEY, id TEXT, file INTEGER, "
	"offset INTEGER, length INTEGER, queue_id TEXT, message_id INTEGER, action INTEGER, "
	"would_action INTEGER, mode INTEGER, category INTEGER, language INTEGER, origin INTEGER, "
	"subject INTEGER, would INTEGER, gravest INTEGER);"
	"CREATE TABLE IF NOT EXISTS verdict (decision INTEGER, place INTEGER, own INTEGER, "
	"rule INTEGER, disposition INTEGER, sender INTEGER, customer INTEGER, address INTEGER, "
	"notable INTEGER, PRIMARY KEY (decision, place)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS outcome (decision TEXT, file INTEGER, text TEXT, "
	"PRIMARY KEY (decision, text)) WITHOUT ROWID;"
	"PRAGMA user_version = 1;"
	"COMMIT;";

static const char *const statements[STATEMENTS] = {
	[ADD_WORD] = "INSERT INTO word (text) VALUES (?)",
	[ADD_TEXT] = "INSERT OR IGNORE INTO text VALUES (?, ?)",
	[ADD_ADDRESS] = "INSERT OR IGNORE INTO address VALUES (?, ?, ?)",
	[ADD_ORIGIN] = "INSERT OR IGNORE INTO origin VALUES (?, ?, ?, ?)",
	[ADD_SUBJECT] = "INSERT OR IGNORE INTO subject VALUES (?, ?)",
	[ADD_NORMAL] = "INSERT OR IGNORE INTO normal VALUES (?, ?)",
	[FIND_ID] = "SELECT id FROM decision WHERE number = ?",
	[ADD_DECISION] =
		"INSERT INTO decision VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ADD_VERDICT] = "INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ADD_OUTCOME] = "INSERT OR IGNORE INTO outcome VALUES (?, ?, ?)",
	[SAVE_FILE] = "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[GET_DECISION] =
		"SELECT d.id, d.queue_id, s.text, o.author, o.path, a.text, w.text, m.text, "
		"c.text, f.path, d.offset, d.length FROM decision d "
		"LEFT JOIN subject s ON s.number = d.subject "
		"LEFT JOIN origin o ON o.number = d.origin LEFT JOIN word a ON a.number = d.action "
		"LEFT JOIN word w ON w.number = d.would_action "
		"LEFT JOIN word m ON m.number = d.mode LEFT JOIN word c ON c.number = d.category "
		"LEFT JOIN file f ON f.number = d.file WHERE d.number = ?",
	[GET_VERDICTS] =
		"SELECT v.own, r.text, d.text, s.text, c.text, a.text FROM verdict v "
		"LEFT JOIN word r ON r.number = v.rule LEFT JOIN word d ON d.number = "
		"v.disposition "
		"LEFT JOIN word s ON s.number = v.sender LEFT JOIN text c ON c.number = v.customer "
		"LEFT JOIN address a ON a.number = v.address WHERE v.decision = ? ORDER BY v.place",
	[GET_CUSTOMER] = "SELECT text FROM text WHERE number = ?",
	[GET_ORIGIN] = "SELECT ifnull(nullif(author, ''), path) FROM origin WHERE number = ?",
	[GET_OUTCOMES] = "SELECT text FROM outcome WHERE decision = ?",
};

enum review_index_result csp_review_index_result(struct review_index *index, int code)
{
	index->code = code;
	return code == SQLITE_OK ? REVIEW_INDEX_OK : REVIEW_INDEX_FAILED;
}

const char *csp_review_index_error(const struct review_index *index)
{
	if (!index)
		return "memory is short";
	return index->code == SQLITE_OK ? strerror(index->error) : sqlite3_errstr(index->code);
}

sqlite3_stmt *csp_review_index_statement(struct review_index *index, enum review_statement which)
{
	sqlite3_stmt **place = &index->statements[which];

	if (*place)
		(void)sqlite3_reset(*place);
	else
		index->code = sqlite3_prepare_v3(index->database, statements[which], -1,
						 SQLITE_PREPARE_PERSISTENT, place, NULL);
	return *place;
}

sqlite3_int64 csp_review_index_hash(const struct review_index *index, struct span text)
{
	unsigned char bytes[crypto_shorthash_BYTES];
	uint64_t hash = 0;

	(void)crypto_shorthash(bytes, (const unsigned char *)text.data, text.len, index->key);
	for (size_t i = 0; i < sizeof(bytes); i++)
		hash = hash << 8 | bytes[i];
	return (sqlite3_int64)(hash >> 1);
}

int csp_review_index_load_words(struct review_index *index)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(index->database, "SELECT text, number FROM word", -1,
				      &statement, NULL);

	while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct span text = csp_sql_text(statement, 0);
		json_t *number = json_integer(sqlite3_column_int64(statement, 1));

		code = json_object_setn_new(index->words, text.data, text.len, number) == 0
			       ? SQLITE_OK
			       : SQLITE_NOMEM;
	}
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int load_key(struct review_index *index)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(index->database, "SELECT value FROM state WHERE name = 'key'",
				      -1, &statement, NULL);

	if (code == SQLITE_OK) {
		bool found = sqlite3_step(statement) == SQLITE_ROW &&
			     sqlite3_column_bytes(statement, 0) == sizeof(index->key);

		code = found ? SQLITE_OK : SQLITE_CORRUPT;
		if (found)
			memcpy(index->key, sqlite3_column_blob(statement, 0), sizeof(index->key));
	}
	sqlite3_finalize(statement);
	return code;
}

static int attach_marks(struct review_index *index, const char *marks)
{
	sqlite3_stmt *statement = NULL;
	int version = 0;
	int code = sqlite3_prepare_v2(index->database, "ATTACH ? AS marks", -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = csp_sql_bind(statement, 1, csp_span_from(marks));
	if (code == SQLITE_OK)
		code = csp_sql_step(statement);
	sqlite3_finalize(statement);
	if (code == SQLITE_OK) {
		code = sqlite3_prepare_v2(index->database, "PRAGMA marks.user_version", -1,
					  &statement, NULL);
		if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
			version = sqlite3_column_int(statement, 0);
		sqlite3_finalize(statement);
	}
	index->marked = version > 0;
	return code;
}

/* What does not fit into memory goes into the index's own folder, not into one that all share. */
static int keep_temporary_files(const char *path)
{
	const char *slash = strrchr(path, '/');
	int length = slash ? (int)(slash - path) : 1;

	sqlite3_free(sqlite3_temp_directory);
	sqlite3_temp_directory = sqlite3_mprintf("%.*s", length, slash ? path : ".");
	return sqlite3_temp_directory ? SQLITE_OK : SQLITE_NOMEM;
}

static int prepare(struct review_index *index)
{
	int version = 0;
	int code = csp_sql_version(&version, index->database);

	if (code == SQLITE_OK && version != 0 && version != VERSION)
		return SQLITE_NOTADB;
	if (code == SQLITE_OK)
		code = csp_sql_run(index->database, "PRAGMA journal_mode = WAL;"
						    "PRAGMA synchronous = NORMAL;"
						    "PRAGMA cache_size = -131072;");
	if (code == SQLITE_OK && version == 0)
		code = csp_sql_run(index->database, schema);
	if (code == SQLITE_OK)
		code = load_key(index);
	if (code == SQLITE_OK)
		code = csp_sql_add_functions(index->database);
	return code == SQLITE_OK ? csp_review_index_load_words(index) : code;
}

enum review_index_result csp_review_index_open(struct review_index **out, const char *path,
					       const char *marks)
{
	struct review_index *index = calloc(1, sizeof(*index));
	int code = SQLITE_NOMEM;

	*out = index;
	if (!index)
		return REVIEW_INDEX_FAILED;
	index->path = strdup(path);
	index->words = json_object();
	if (index->path && index->words && sodium_init() >= 0)
		code = keep_temporary_files(path);
	if (code == SQLITE_OK)
		code = csp_sql_open(&index->database, path, true);
	if (code == SQLITE_OK)
		code = prepare(index);
	if (code == SQLITE_OK && marks)
		code = attach_marks(index, marks);
	return csp_review_index_result(index, code);
}

void csp_review_index_close(struct review_index *index)
{
	if (!index)
		return;
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(index->statements[i]);
	sqlite3_close(index->database);
	json_decref(index->words);
	free(index->path);
	free(index);
}

static enum review_index_result get_number(sqlite3_int64 *out, struct review_index *index,
					   const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(index->database, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*out = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return csp_review_index_result(index, code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK
											: code);
}

bool csp_review_index_is_complete(struct review_index *index)
{
	sqlite3_int64 complete = 0;

	return get_number(&complete, index, "SELECT value FROM state WHERE name = 'complete'") ==
		       REVIEW_INDEX_OK &&
	       complete == 1;
}

enum review_index_result csp_review_index_count(uint64_t *decisions, struct review_index *index)
{
	sqlite3_int64 count = 0;
	enum review_index_result result =
		get_number(&count, index, "SELECT coalesce(sum(decisions), 0) FROM file");

	*decisions = (uint64_t)count;
	return result;
}
