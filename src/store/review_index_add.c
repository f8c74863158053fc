#include "review_index_private.h"

#include "buf.h"
#include "review_fact.h"
#include "review_gravest.h"

#define TEXT_MAX ((size_t)64 << 20)

/* What texts become before they are put into a row. */
static sqlite3_int64 hash_or_null(const struct review_index *index, struct span text)
{
	return text.len > 0 ? csp_review_index_hash(index, text) : 0;
}

static void bind_number(sqlite3_stmt *statement, int place, sqlite3_int64 number)
{
	if (number == 0)
		(void)sqlite3_bind_null(statement, place);
	else
		(void)sqlite3_bind_int64(statement, place, number);
}

/* 0: there is no word, or it cannot be had, which is in the index's code. */
static sqlite3_int64 word_of(struct review_index *index, struct span text)
{
	const json_t *known = json_object_getn(index->words, text.data, text.len);
	sqlite3_stmt *statement;

	if (known || text.len == 0)
		return json_integer_value(known);
	statement = csp_review_index_statement(index, ADD_WORD);
	if (!statement)
		return 0;
	index->code = csp_sql_bind(statement, 1, text);
	if (index->code == SQLITE_OK)
		index->code = csp_sql_step(statement);
	sqlite3_int64 number = sqlite3_last_insert_rowid(index->database);
	if (index->code == SQLITE_OK &&
	    json_object_setn_new(index->words, text.data, text.len, json_integer(number)) != 0)
		index->code = SQLITE_NOMEM;
	return index->code == SQLITE_OK ? number : 0;
}

/* A row of texts under the hash of `key`; nothing happens where it is already. */
static sqlite3_int64 add_texts(struct review_index *index, enum review_statement which,
			       struct span key, const struct span *texts, int count)
{
	sqlite3_int64 number = hash_or_null(index, key);
	sqlite3_stmt *statement = number ? csp_review_index_statement(index, which) : NULL;

	if (!statement)
		return 0;
	(void)sqlite3_bind_int64(statement, 1, number);
	for (int i = 0; i < count && index->code == SQLITE_OK; i++)
		index->code = csp_sql_bind(statement, i + 2, texts[i]);
	if (index->code == SQLITE_OK)
		index->code = csp_sql_step(statement);
	return number;
}

static sqlite3_int64 add_text(struct review_index *index, struct span text)
{
	return add_texts(index, ADD_TEXT, text, &text, 1);
}

/* Where parts are looked for in any case: ASCII letters alone are folded, as csp_review_has_part does. */
static void append_lower(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		csp_buf_append_char(out, csp_ascii_lower(text.data[i]));
}

static sqlite3_int64 add_searched(struct review_index *index, enum review_statement which,
				  const struct buf *searched, struct span key, struct span *texts,
				  int count)
{
	if (csp_buf_failed(searched)) {
		index->code = SQLITE_NOMEM;
		return 0;
	}
	texts[count - 1] = csp_buf_span(searched);
	return add_texts(index, which, key.len ? key : texts[count - 1], texts, count);
}

static sqlite3_int64 add_address(struct review_index *index, const json_t *recipient)
{
	struct span texts[2] = {csp_review_text(recipient, "address")};
	struct buf searched;

	csp_buf_init(&searched, TEXT_MAX);
	append_lower(&searched, texts[0]);
	csp_buf_append_char(&searched, '\n');
	append_lower(&searched, csp_review_text(recipient, "canonical"));
	sqlite3_int64 number = add_searched(index, ADD_ADDRESS, &searched, texts[0], texts, 2);
	csp_buf_dispose(&searched);
	return number;
}

static sqlite3_int64 add_subject(struct review_index *index, const json_t *record)
{
	struct span subject = csp_review_text(record, "subject");
	sqlite3_int64 number = add_texts(index, ADD_SUBJECT, subject, &subject, 1);
	struct span texts[1];
	struct buf normal;

	/* What is there already has its normal form too. */
	if (number == 0 || sqlite3_changes(index->database) == 0)
		return number;
	csp_buf_init(&normal, TEXT_MAX);
	csp_review_subject(&normal, subject);
	number = add_searched(index, ADD_NORMAL, &normal, subject, texts, 1);
	csp_buf_dispose(&normal);
	return number;
}

/* The reverse-path and all authors, a line each. */
static sqlite3_int64 add_origin(struct review_index *index, const json_t *record)
{
	const json_t *authors = json_object_get(record, "authors");
	struct span texts[3] = {csp_review_text(json_array_get(authors, 0), "address"),
				csp_review_text(record, "reverse_path")};
	struct buf searched;
	size_t i;
	const json_t *author;

	csp_buf_init(&searched, TEXT_MAX);
	append_lower(&searched, texts[1]);
	json_array_foreach(authors, i, author)
	{
		csp_buf_append_char(&searched, '\n');
		append_lower(&searched, csp_review_text(author, "address"));
	}
	sqlite3_int64 number = add_searched(index, ADD_ORIGIN, &searched, SPAN_LIT(""), texts, 3);
	csp_buf_dispose(&searched);
	return number;
}

static sqlite3_int64 number_of(const struct review_index *index, const json_t *record)
{
	sqlite3_int64 some = csp_review_index_hash(index, csp_review_text(record, "decision"));

	return (csp_review_milliseconds(csp_review_text(record, "time")) << REVIEW_NUMBER_BITS) |
	       (some & ((1 << REVIEW_NUMBER_BITS) - 1));
}

/* Is there a decision of this id; else *number is free. Those behind a number that is taken are tried in turn. */
static int is_known(bool *known, struct review_index *index, sqlite3_int64 *number, struct span id)
{
	*known = false;
	for (;; ++*number) {
		sqlite3_stmt *statement = csp_review_index_statement(index, FIND_ID);
		int code = index->code;

		if (!statement)
			return code;
		(void)sqlite3_bind_int64(statement, 1, *number);
		code = sqlite3_step(statement);
		*known = code == SQLITE_ROW && csp_span_equal(csp_sql_text(statement, 0), id);
		(void)sqlite3_reset(statement);
		if (code != SQLITE_ROW)
			return code == SQLITE_DONE ? SQLITE_OK : code;
		if (*known)
			return SQLITE_OK;
	}
}

static int add_verdict(struct review_index *index, sqlite3_int64 decision, int *place,
		       const json_t *recipient, const json_t *verdict)
{
	struct span disposition = csp_review_text(verdict, "disposition");
	const sqlite3_int64 values[] = {
		word_of(index, csp_review_text(verdict, "rule")),
		word_of(index, disposition),
		word_of(index, csp_review_text(recipient, "sender")),
		add_text(index, csp_review_text(recipient, "customer")),
		add_address(index, recipient),
		disposition.len > 0 && !csp_span_equal(disposition, SPAN_LIT("pass")),
	};
	sqlite3_stmt *statement =
		index->code == SQLITE_OK ? csp_review_index_statement(index, ADD_VERDICT) : NULL;

	if (!statement)
		return index->code;
	(void)sqlite3_bind_int64(statement, 1, decision);
	(void)sqlite3_bind_int(statement, 2, (*place)++);
	(void)sqlite3_bind_int(statement, 3, recipient == verdict);
	for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++)
		bind_number(statement, 4 + i, values[i]);
	return index->code = csp_sql_step(statement);
}

static int add_verdicts(struct review_index *index, sqlite3_int64 number, const json_t *record)
{
	size_t i, j;
	const json_t *recipient, *would;
	int place = 0;
	int code = SQLITE_OK;

	json_array_foreach(json_object_get(record, "recipients"), i, recipient)
	{
		if (code == SQLITE_OK)
			code = add_verdict(index, number, &place, recipient, recipient);
		json_array_foreach(json_object_get(recipient, "would"), j, would)
		{
			if (code == SQLITE_OK)
				code = add_verdict(index, number, &place, recipient, would);
		}
	}
	return code;
}

static int add_decision(struct review_index *index, sqlite3_int64 number, const json_t *record,
			struct review_place place)
{
	const json_t *category = json_object_get(record, "category");
	struct span message_id = csp_review_text(record, "message_id");
	const sqlite3_int64 values[] = {
		hash_or_null(index, message_id),
		word_of(index, csp_review_text(record, "action")),
		word_of(index, csp_review_text(record, "would_action")),
		word_of(index, csp_review_text(record, "mode")),
		word_of(index, csp_review_text(category, "name")),
		word_of(index, csp_review_language(record)),
		add_origin(index, record),
		add_subject(index, record),
		csp_review_would(record),
		(sqlite3_int64)csp_review_gravest(record).place,
	};
	sqlite3_stmt *statement =
		index->code == SQLITE_OK ? csp_review_index_statement(index, ADD_DECISION) : NULL;

	if (!statement)
		return index->code;
	(void)sqlite3_bind_int64(statement, 1, number);
	index->code = csp_sql_bind(statement, 2, csp_review_text(record, "decision"));
	(void)sqlite3_bind_int64(statement, 3, place.file);
	(void)sqlite3_bind_int64(statement, 4, (sqlite3_int64)place.offset);
	(void)sqlite3_bind_int64(statement, 5, (sqlite3_int64)place.length);
	struct span queue_id = csp_review_text(record, "queue_id");
	if (index->code == SQLITE_OK && queue_id.len > 0)
		index->code = csp_sql_bind(statement, 6, queue_id);
	else
		(void)sqlite3_bind_null(statement, 6);
	for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++)
		bind_number(statement, 7 + i, values[i]);
	return index->code == SQLITE_OK ? index->code = csp_sql_step(statement) : index->code;
}

static int add_outcome(struct review_index *index, const json_t *record, struct review_place place)
{
	sqlite3_stmt *statement = csp_review_index_statement(index, ADD_OUTCOME);

	if (!statement)
		return index->code;
	int code = csp_sql_bind(statement, 1, csp_review_outcome_of(record));
	(void)sqlite3_bind_int64(statement, 2, place.file);
	if (code == SQLITE_OK)
		code = csp_sql_bind(statement, 3, csp_review_text(record, "outcome"));
	return code == SQLITE_OK ? csp_sql_step(statement) : code;
}

int csp_review_index_add(sqlite3_int64 *added, bool *known, struct review_index *index,
			 const json_t *record, struct review_place place)
{
	int code;

	*added = 0;
	*known = false;
	if (csp_review_outcome_of(record).len > 0)
		return add_outcome(index, record, place);
	sqlite3_int64 number = number_of(index, record);
	code = is_known(known, index, &number, csp_review_text(record, "decision"));
	if (code != SQLITE_OK || *known)
		return code;
	code = add_decision(index, number, record, place);
	if (code == SQLITE_OK)
		code = add_verdicts(index, number, record);
	*added = code == SQLITE_OK ? number : 0;
	return code;
}
