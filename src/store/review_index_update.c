#include "review_index_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lines.h"
#include "review_file.h"
#include "review_folder.h"

#define LOCK_TRIES    20
#define LOCK_PAUSE_MS 100
#define FOLDER_MAX    ((size_t)16 << 20)

/* Lines between two commits: others may write then, and no more is lost when this is cut off. */
#define CHUNK_LINES 50000

/* What the index knows of a file. Times and sizes are those of its last reading. */
struct known_file {
	struct review_folder_file now;
	sqlite3_int64 number, head;
	uint64_t taken, decisions, damaged;
	uint64_t doubles; /* records that stand in another file, too, and were taken from there */
	sqlite3_int64 first, last; /* numbers of its decisions; 0: it has none */
	bool there, unread;
};

struct updating {
	struct review_index *index;
	const struct review_index_call *call;
	struct arena arena;
	struct known_file *known;
	size_t count, cap;
	uint64_t done, total, added;
	bool forgot;    /* a file that was removed */
	int read_error; /* errno of the file that is being read */
};

static bool is_failed(const struct updating *updating)
{
	return updating->index->code != SQLITE_OK || updating->index->error != 0;
}

static bool run(struct updating *updating, const char *sql)
{
	if (updating->index->code == SQLITE_OK)
		updating->index->code = csp_sql_run(updating->index->database, sql);
	return updating->index->code == SQLITE_OK;
}

static void fail(struct updating *updating, int error)
{
	if (!is_failed(updating))
		updating->index->error = error;
}

/* ---- what is known ---- */

static struct known_file *add_known(struct updating *updating)
{
	void *items = updating->known;

	if (!csp_arena_grow(&updating->arena, &items, &updating->cap, updating->count,
			    sizeof(*updating->known))) {
		fail(updating, ENOMEM);
		return NULL;
	}
	updating->known = items;
	struct known_file *file = &updating->known[updating->count++];
	*file = (struct known_file){.number = 0};
	return file;
}

static void take_row(struct updating *updating, sqlite3_stmt *row)
{
	struct known_file *file = add_known(updating);
	struct span path = csp_sql_text(row, 1);

	if (!file)
		return;
	char *copy = csp_arena_alloc(&updating->arena, 1, path.len + 1);
	if (!copy) {
		fail(updating, ENOMEM);
		return;
	}
	memcpy(copy, path.data, path.len);
	copy[path.len] = '\0';
	file->number = sqlite3_column_int64(row, 0);
	file->now = (struct review_folder_file){
		copy, sqlite3_column_int64(row, 2), sqlite3_column_int64(row, 3),
		sqlite3_column_int64(row, 4), sqlite3_column_int64(row, 5)};
	file->head = sqlite3_column_int64(row, 6);
	file->taken = (uint64_t)sqlite3_column_int64(row, 7);
	file->decisions = (uint64_t)sqlite3_column_int64(row, 8);
	file->damaged = (uint64_t)sqlite3_column_int64(row, 9);
	file->first = sqlite3_column_int64(row, 10);
	file->last = sqlite3_column_int64(row, 11);
	file->doubles = (uint64_t)sqlite3_column_int64(row, 12);
}

static void load_files(struct updating *updating)
{
	sqlite3_stmt *row = NULL;
	int code = sqlite3_prepare_v2(updating->index->database,
				      "SELECT * FROM file ORDER BY number", -1, &row, NULL);

	while (code == SQLITE_OK && !is_failed(updating) && sqlite3_step(row) == SQLITE_ROW)
		take_row(updating, row);
	if (code == SQLITE_OK)
		code = sqlite3_reset(row);
	if (code != SQLITE_OK)
		updating->index->code = code;
	sqlite3_finalize(row);
}

static void save_file(struct updating *updating, struct known_file *file)
{
	sqlite3_stmt *row = csp_review_index_statement(updating->index, SAVE_FILE);
	const sqlite3_int64 values[] = {file->now.device,
					file->now.inode,
					file->now.size,
					file->unread ? 0 : file->now.mtime,
					file->head,
					(sqlite3_int64)file->taken,
					(sqlite3_int64)file->decisions,
					(sqlite3_int64)file->damaged,
					file->first,
					file->last,
					(sqlite3_int64)file->doubles};

	if (!row)
		return;
	if (file->number > 0)
		(void)sqlite3_bind_int64(row, 1, file->number);
	else
		(void)sqlite3_bind_null(row, 1);
	int code = csp_sql_bind(row, 2, csp_span_from(file->now.path));
	for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++)
		(void)sqlite3_bind_int64(row, 3 + i, values[i]);
	if (code == SQLITE_OK)
		code = csp_sql_step(row);
	updating->index->code = code;
	if (file->number == 0)
		file->number = sqlite3_last_insert_rowid(updating->index->database);
}

/* ---- which of them is which ---- */

/* Without the file that grows there is no answer; an old one that is damaged must not keep all others from being asked. */
static void meet_trouble(struct updating *updating, const char *path, int error)
{
	if (strcmp(path, updating->call->journal) == 0)
		fail(updating, error);
	else
		updating->call->trouble(updating->call->context, path, error);
}

/* The hash of a file's first whole line; 0 when it has none yet. */
static bool find_head(sqlite3_int64 *head, struct updating *updating, const char *path)
{
	struct review_file file;
	struct lines lines;
	struct span line;

	*head = 0;
	if (!csp_review_file_open(&file, path, 0)) {
		if (errno != ENOENT)
			meet_trouble(updating, path, errno);
		return false;
	}
	csp_lines_init_reader(&lines, csp_review_file_read, &file, REVIEW_LINE_MAX);
	if (csp_lines_next(&line, &lines) == LINES_LINE && lines.ended)
		*head = csp_review_index_hash(updating->index, line);
	csp_lines_dispose(&lines);
	(void)csp_review_file_close(&file);
	return true;
}

/*
 * A file that was renamed has its inode still. One that was compressed has not, but its first line, and what it was before is gone.
 */
static struct known_file *recognise(struct updating *updating,
				    const struct review_folder_file *found, sqlite3_int64 head)
{
	for (size_t i = 0; i < updating->count; i++) {
		struct known_file *known = &updating->known[i];
		if (!known->there && known->now.device == found->device &&
		    known->now.inode == found->inode && (known->head == head || !known->head))
			return known;
	}
	for (size_t i = 0; head && i < updating->count; i++) {
		struct known_file *known = &updating->known[i];
		if (!known->there && known->head == head)
			return known;
	}
	return add_known(updating);
}

static bool is_unchanged(const struct known_file *known, const struct review_folder_file *found)
{
	return known->now.device == found->device && known->now.inode == found->inode &&
	       known->now.size == found->size && known->now.mtime == found->mtime &&
	       strcmp(known->now.path, found->path) == 0;
}

static struct known_file *find_unchanged(struct updating *updating,
					 const struct review_folder_file *found)
{
	for (size_t i = 0; i < updating->count; i++) {
		if (!updating->known[i].there && is_unchanged(&updating->known[i], found))
			return &updating->known[i];
	}
	return NULL;
}

/* Files that stand as they stood come first, so that no other is taken for one of them; of the others the path is left. */
static void claim_unchanged(struct updating *updating, struct review_folder_file *found,
			    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct known_file *known = find_unchanged(updating, &found[i]);
		if (!known)
			continue;
		known->there = true;
		found[i].path = NULL;
	}
}

/* A file that cannot be opened is there all the same. */
static void keep(struct updating *updating, const struct review_folder_file *found)
{
	for (size_t i = 0; i < updating->count; i++) {
		struct known_file *known = &updating->known[i];
		if (known->now.device == found->device && known->now.inode == found->inode)
			known->there = true;
	}
}

static void claim(struct updating *updating, const struct review_folder_file *found)
{
	struct known_file *file;
	sqlite3_int64 head;

	if (!found->path)
		return;
	if (!find_head(&head, updating, found->path)) {
		keep(updating, found);
		return;
	}
	file = recognise(updating, found, head);
	if (!file)
		return;
	file->now = *found;
	file->head = head;
	file->there = file->unread = true;
	updating->total += (uint64_t)found->size;
	save_file(updating, file);
}

/* ?1 is the file's number, ?2 and ?3 are the first and the last of its decisions, ?4 another number. */
static void change(struct updating *updating, const char *sql, const struct known_file *file,
		   sqlite3_int64 other)
{
	const sqlite3_int64 values[] = {file->number, file->first, file->last, other};
	sqlite3_stmt *statement = NULL;
	int code;

	if (is_failed(updating))
		return;
	code = sqlite3_prepare_v2(updating->index->database, sql, -1, &statement, NULL);
	if (code == SQLITE_OK) {
		for (int i = 0; i < sqlite3_bind_parameter_count(statement); i++)
			(void)sqlite3_bind_int64(statement, i + 1, values[i]);
		code = csp_sql_step(statement);
	}
	sqlite3_finalize(statement);
	updating->index->code = code;
}

static void forget(struct updating *updating, const struct known_file *file)
{
	change(updating,
	       "DELETE FROM verdict WHERE decision IN (SELECT number FROM decision "
	       "WHERE file = ?1 AND number BETWEEN ?2 AND ?3)",
	       file, 0);
	change(updating, "DELETE FROM decision WHERE file = ?1 AND number BETWEEN ?2 AND ?3", file,
	       0);
	change(updating, "DELETE FROM outcome WHERE file = ?1", file, 0);
	change(updating, "DELETE FROM file WHERE number = ?1", file, 0);
}

/* What was read of a file while its compressed copy was being made stands in the copy. */
static void hand_over(struct updating *updating, struct known_file *from, struct known_file *to)
{
	change(updating,
	       "UPDATE decision SET file = ?4 WHERE file = ?1 "
	       "AND number BETWEEN ?2 AND ?3",
	       from, to->number);
	change(updating, "UPDATE outcome SET file = ?4 WHERE file = ?1", from, to->number);
	change(updating, "DELETE FROM file WHERE number = ?1", from, 0);
	to->decisions += from->decisions;
	to->doubles -= from->decisions < to->doubles ? from->decisions : to->doubles;
	to->last = from->last > to->last ? from->last : to->last;
	if (!to->first || (from->first && from->first < to->first))
		to->first = from->first;
	save_file(updating, to);
}

/* What was taken from a file that is gone may stand in one that has been read: that is read once more. */
static void read_doubles(struct updating *updating)
{
	for (size_t i = 0; i < updating->count; i++) {
		struct known_file *file = &updating->known[i];
		if (!file->there || file->doubles == 0)
			continue;
		file->unread = true;
		file->taken = file->damaged = file->doubles = 0;
		updating->total += (uint64_t)file->now.size;
	}
}

static void part_with(struct updating *updating, struct known_file *file)
{
	for (size_t i = 0; file->head && i < updating->count; i++) {
		struct known_file *other = &updating->known[i];
		if (other->there && other->head == file->head) {
			hand_over(updating, file, other);
			return;
		}
	}
	forget(updating, file);
	updating->forgot = true;
}

/*
 * Texts that no decision has any more, after a file went: who removes a journal wants what was in it removed. The indexes
 * that this needs are there.
 */
static void sweep(struct updating *updating)
{
	(void)run(updating, "DELETE FROM subject WHERE NOT EXISTS (SELECT 1 FROM decision d WHERE "
			    "d.subject = subject.number);"
			    "DELETE FROM normal WHERE NOT EXISTS (SELECT 1 FROM decision d WHERE "
			    "d.subject = normal.number);"
			    "DELETE FROM origin WHERE NOT EXISTS (SELECT 1 FROM decision d WHERE "
			    "d.origin = origin.number);"
			    "DELETE FROM address WHERE NOT EXISTS (SELECT 1 FROM verdict v WHERE "
			    "v.address = address.number);"
			    "DELETE FROM text WHERE NOT EXISTS (SELECT 1 FROM verdict v WHERE "
			    "v.customer = text.number);");
}

static void find_files(struct updating *updating)
{
	struct review_folder_file *found = NULL;
	size_t count = 0;

	load_files(updating);
	if (is_failed(updating))
		return;
	if (!csp_review_folder_list(&found, &count, &updating->arena, updating->call->journal)) {
		fail(updating, errno);
		return;
	}
	size_t before = updating->count;
	claim_unchanged(updating, found, count);
	for (size_t i = 0; i < count && !is_failed(updating); i++)
		claim(updating, &found[i]);
	for (size_t i = 0; i < before && !is_failed(updating); i++) {
		if (!updating->known[i].there)
			part_with(updating, &updating->known[i]);
	}
	if (updating->forgot)
		read_doubles(updating);
}

/* ---- what they hold ---- */

static void take_line(struct updating *updating, struct known_file *file, struct span line,
		      uint64_t offset)
{
	json_t *record = csp_review_line(line);
	struct review_place place = {file->number, offset, line.len};
	sqlite3_int64 number = 0;
	bool known = false;

	if (record)
		updating->index->code =
			csp_review_index_add(&number, &known, updating->index, record, place);
	else
		file->damaged++;
	json_decref(record);
	file->doubles += known;
	if (!number)
		return;
	file->decisions++;
	updating->added++;
	if (!file->first || number < file->first)
		file->first = number;
	if (number > file->last)
		file->last = number;
}

static void tell(const struct updating *updating, const char *what, uint64_t done, uint64_t total)
{
	if (updating->call->progress)
		updating->call->progress(updating->call->context, what, done, total);
}

static bool commit(struct updating *updating, struct known_file *file)
{
	save_file(updating, file);
	return !is_failed(updating) && run(updating, "COMMIT; BEGIN IMMEDIATE");
}

/* A last line without an end is left for the next time. False: there is no more, or something failed. */
static bool read_line(struct updating *updating, struct known_file *file, struct lines *lines)
{
	uint64_t start = lines->offset;
	struct span line;
	enum lines_result result = csp_lines_next(&line, lines);

	if (result == LINES_NO_MEMORY)
		fail(updating, ENOMEM);
	if (result == LINES_READ_ERROR)
		updating->read_error = errno;
	if (result == LINES_NO_MEMORY || result == LINES_READ_ERROR || result == LINES_END ||
	    !lines->ended)
		return false;
	if (result == LINES_TOO_LONG)
		file->damaged++;
	else
		take_line(updating, file, line, start);
	if (is_failed(updating))
		return false;
	file->taken = lines->offset;
	return lines->number % CHUNK_LINES != 0 || commit(updating, file);
}

static void read_file(struct updating *updating, struct known_file *file)
{
	struct review_file opened;
	struct lines lines;

	updating->read_error = 0;
	if (!csp_review_file_open(&opened, file->now.path, file->taken)) {
		if (errno != ENOENT)
			meet_trouble(updating, file->now.path, errno);
		return;
	}
	csp_lines_init_reader(&lines, csp_review_file_read, &opened, REVIEW_LINE_MAX);
	lines.offset = file->taken;
	while (read_line(updating, file, &lines)) {
		if (lines.number % 1000 == 0)
			tell(updating, "reading the journal",
			     updating->done + csp_review_file_progress(&opened), updating->total);
	}
	csp_lines_dispose(&lines);
	(void)csp_review_file_close(&opened);
	/* What has trouble is tried again the next time, from where it came to. */
	if (updating->read_error)
		meet_trouble(updating, file->now.path, updating->read_error);
	if (is_failed(updating))
		return;
	file->unread = updating->read_error != 0;
	save_file(updating, file);
	updating->done += (uint64_t)file->now.size;
}

/* Made when all else is in: one by one they would cost more than the rows. */
static const struct {
	const char *name, *on;
} indexes[] = {
	{"decision_queue_id", "decision (queue_id) WHERE queue_id IS NOT NULL"},
	{"decision_message_id", "decision (message_id) WHERE message_id IS NOT NULL"},
	{"decision_category", "decision (category)"},
	{"decision_action", "decision (action)"},
	{"decision_mode", "decision (mode)"},
	{"decision_would", "decision (would) WHERE would = 1"},
	{"decision_origin", "decision (origin)"},
	{"decision_subject", "decision (subject)"},
	{"verdict_rule", "verdict (rule)"},
	{"verdict_sender", "verdict (sender)"},
	{"verdict_customer", "verdict (customer) WHERE customer IS NOT NULL"},
	{"verdict_address", "verdict (address)"},
	{"verdict_notable", "verdict (decision) WHERE notable = 1"},
};

static void change_indexes(struct updating *updating, bool make)
{
	for (size_t i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
		char *sql = make ? sqlite3_mprintf("CREATE INDEX IF NOT EXISTS %s ON %s",
						   indexes[i].name, indexes[i].on)
				 : sqlite3_mprintf("DROP INDEX IF EXISTS %s", indexes[i].name);
		if (make)
			tell(updating, "sorting", i, sizeof(indexes) / sizeof(indexes[0]));
		if (sql)
			(void)run(updating, sql);
		else
			fail(updating, ENOMEM);
		sqlite3_free(sql);
	}
	(void)run(updating, make ? "UPDATE state SET value = 1 WHERE name = 'complete'"
				 : "UPDATE state SET value = 0 WHERE name = 'complete'");
}

static void forget_all(struct updating *updating)
{
	change_indexes(updating, false);
	(void)run(updating, "DELETE FROM verdict; DELETE FROM decision; DELETE FROM outcome;"
			    "DELETE FROM subject; DELETE FROM normal; DELETE FROM origin;"
			    "DELETE FROM address; DELETE FROM text; DELETE FROM file;");
}

static void update(struct updating *updating)
{
	bool complete = csp_review_index_is_complete(updating->index);

	if (!run(updating, "BEGIN IMMEDIATE"))
		return;
	if (updating->call->rebuild)
		forget_all(updating);
	updating->index->code = csp_review_index_load_words(updating->index);
	if (!is_failed(updating))
		find_files(updating);
	for (size_t i = 0; i < updating->count && !is_failed(updating); i++) {
		if (updating->known[i].unread)
			read_file(updating, &updating->known[i]);
	}
	if (!is_failed(updating) && (!complete || updating->call->rebuild))
		change_indexes(updating, true);
	if (!is_failed(updating) && updating->forgot)
		sweep(updating);
	if (!is_failed(updating))
		(void)run(updating, "COMMIT");
	else
		(void)csp_sql_run(updating->index->database, "ROLLBACK");
}

/* ---- one process at a time ---- */

static int open_lock(const char *path)
{
	char *name = sqlite3_mprintf("%s.lock", path);
	mode_t mask = umask(0007);
	int fd = name ? open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0660) : -1;
	int error = name ? errno : ENOMEM;

	(void)umask(mask);
	sqlite3_free(name);
	errno = error;
	return fd;
}

static bool lock(int fd)
{
	const struct timespec pause = {0, LOCK_PAUSE_MS * 1000000L};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	errno = EWOULDBLOCK;
	return false;
}

static void report_on(struct review_index_report *report, const struct updating *updating)
{
	*report = (struct review_index_report){.added = updating->added};
	for (size_t i = 0; i < updating->count; i++) {
		const struct known_file *file = &updating->known[i];
		report->decisions += file->there ? file->decisions : 0;
		report->damaged += file->there ? file->damaged : 0;
		report->files += file->there ? 1 : 0;
	}
}

enum review_index_result csp_review_index_update(struct review_index_report *report,
						 struct review_index *index,
						 const struct review_index_call *call)
{
	struct updating updating = {.index = index, .call = call};
	int fd = open_lock(index->path);
	enum review_index_result result = REVIEW_INDEX_FAILED;

	index->code = SQLITE_OK;
	index->error = 0;
	if (fd < 0 || !lock(fd)) {
		index->error = errno;
		if (errno == EWOULDBLOCK)
			result = REVIEW_INDEX_BUSY;
	} else {
		csp_arena_init(&updating.arena, FOLDER_MAX);
		update(&updating);
		report_on(report, &updating);
		csp_arena_dispose(&updating.arena);
		result = is_failed(&updating) ? REVIEW_INDEX_FAILED : REVIEW_INDEX_OK;
	}
	if (fd >= 0)
		(void)close(fd);
	return result;
}
