#include "review_query.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "review_index_private.h"

#define SQL_MAX   65536
#define BINDS_MAX 32

/* So many texts that hold a part of one are few: they are looked up, and then their decisions. Of more, decisions are looked through. */
#define FEW 2000

#define FIRST_OF_ID  10                       /* characters of an id that tell its millisecond */
#define TIME_LAST_MS INT64_C(253402300799999) /* the end of the year 9999 */

/* What is walked through; all other conditions are looked at on the way. */
enum driver {
	BY_NUMBER,
	BY_QUEUE_ID,
	BY_CUSTOMER,
	BY_ADDRESS,
	BY_ORIGIN,
	BY_SUBJECT,
	BY_RULE,
	BY_ACTION,
	BY_WOULD,
	BY_NOTABLE,
	BY_SENDER,
	BY_CATEGORY,
	BY_MODE
};

static const char *const walked[] = {
	[BY_NUMBER] = "decision d",
	[BY_QUEUE_ID] = "decision d INDEXED BY decision_queue_id",
	[BY_CUSTOMER] = "verdict v INDEXED BY verdict_customer",
	[BY_ADDRESS] = "verdict v INDEXED BY verdict_address",
	[BY_ORIGIN] = "decision d INDEXED BY decision_origin",
	[BY_SUBJECT] = "decision d INDEXED BY decision_subject",
	[BY_RULE] = "verdict v INDEXED BY verdict_rule",
	[BY_ACTION] = "decision d INDEXED BY decision_action",
	[BY_WOULD] = "decision d INDEXED BY decision_would",
	[BY_NOTABLE] = "verdict v INDEXED BY verdict_notable",
	[BY_SENDER] = "verdict v INDEXED BY verdict_sender",
	[BY_CATEGORY] = "decision d INDEXED BY decision_category",
	[BY_MODE] = "decision d INDEXED BY decision_mode",
};

static bool is_of_verdicts(enum driver driver)
{
	return strncmp(walked[driver], "verdict", sizeof("verdict") - 1) == 0;
}

struct statement {
	struct buf sql;
	struct span binds[BINDS_MAX];
	size_t bind_count;
};

struct making {
	struct review_index *index;
	const struct review_query *query;
	struct statement decision, verdict; /* the conditions on either, each begun by AND */
	enum driver driver;
	bool rule, action, sender, notable; /* asked for, as one that an index can be walked for */
	bool none;                          /* nothing can pass */
	bool anywhere;                      /* an id need not tell the time */
};

static void statement_init(struct statement *statement)
{
	*statement = (struct statement){.bind_count = 0};
	csp_buf_init(&statement->sql, SQL_MAX);
}

static void add(struct statement *statement, const char *sql)
{
	csp_buf_append(&statement->sql, csp_span_from(sql));
}

static void add_text(struct statement *statement, const char *sql, struct span text)
{
	add(statement, sql);
	if (statement->bind_count == BINDS_MAX)
		statement->sql.failed = true;
	else
		statement->binds[statement->bind_count++] = text;
}

static void add_statement(struct statement *statement, const struct statement *other)
{
	csp_buf_append(&statement->sql, csp_buf_span(&other->sql));
	for (size_t i = 0; i < other->bind_count; i++)
		add_text(statement, "", other->binds[i]);
	if (csp_buf_failed(&other->sql))
		statement->sql.failed = true;
}

static void drive(struct making *making, enum driver driver)
{
	if (making->driver == BY_NUMBER)
		making->driver = driver;
}

/* ---- conditions ---- */

/* Words are few, and their numbers stand in the statement itself. False: there is no such word. */
static bool add_word(struct making *making, struct statement *statement, const char *column,
		     struct span wanted, bool any_case)
{
	const char *key;
	size_t len;
	json_t *number;
	unsigned count = 0;

	if (wanted.len == 0)
		return false;
	csp_buf_append_format(&statement->sql, " AND %s IN (", column);
	json_object_keylen_foreach(making->index->words, key, len, number)
	{
		struct span text = {key, len};
		if (any_case ? csp_span_equal_nocase(text, wanted) : csp_span_equal(text, wanted))
			csp_buf_append_format(&statement->sql, "%s%lld", count++ ? ", " : "",
					      (long long)json_integer_value(number));
	}
	add(statement, ")");
	if (count == 0)
		making->none = true;
	return count == 1;
}

/* Texts that are wanted, or that hold what is wanted, in a table of their own. */
static const struct set {
	const char *table, *column, *name, *condition;
} sets[] = {
	{"origin", "d.origin", "wanted_origin", "holds(searched, lower(?))"},
	{"normal", "d.subject", "wanted_subject", "holds(searched, lower(?))"},
	{"address", "v.address", "wanted_address", "holds(searched, lower(?))"},
	{"text", "v.customer", "wanted_customer", "text = ? COLLATE NOCASE"},
};
enum { SET_ORIGIN, SET_SUBJECT, SET_ADDRESS, SET_CUSTOMER };

static int fill_set(const char *sql, sqlite3 *database, struct span wanted)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = csp_sql_bind(statement, 1, wanted);
	if (code == SQLITE_OK)
		code = csp_sql_step(statement);
	sqlite3_finalize(statement);
	return code;
}

static void add_set(struct making *making, struct statement *statement, size_t which,
		    enum driver driver, struct span wanted)
{
	const struct set *set = &sets[which];
	sqlite3 *database = making->index->database;
	struct buf sql;

	if (wanted.len == 0 || making->index->code != SQLITE_OK)
		return;
	csp_buf_init(&sql, SQL_MAX);
	csp_buf_append_format(&sql,
			      "DROP TABLE IF EXISTS temp.%s; "
			      "CREATE TEMP TABLE %s (number INTEGER PRIMARY KEY)",
			      set->name, set->name);
	int code = csp_sql_run(database, csp_buf_cstr(&sql));
	csp_buf_reset(&sql);
	csp_buf_append_format(&sql, "INSERT INTO temp.%s SELECT number FROM %s WHERE %s LIMIT %d",
			      set->name, set->table, set->condition, FEW + 1);
	if (code == SQLITE_OK)
		code = fill_set(csp_buf_cstr(&sql), database, wanted);
	making->index->code = csp_buf_failed(&sql) ? SQLITE_NOMEM : code;
	csp_buf_dispose(&sql);
	int count = sqlite3_changes(database);
	if (count == 0)
		making->none = true;
	if (count <= FEW) {
		csp_buf_append_format(&statement->sql, " AND %s IN (SELECT number FROM temp.%s)",
				      set->column, set->name);
		drive(making, driver);
		return;
	}
	csp_buf_append_format(&statement->sql, " AND EXISTS (SELECT 1 FROM %s WHERE number = %s ",
			      set->table, set->column);
	add(statement, "AND ");
	add_text(statement, set->condition, wanted);
	add(statement, ")");
}

/* The least or the greatest time that an id can have which begins so, milliseconds. */
static uint64_t time_of_id(struct span begin, char rest)
{
	static const struct span digits = SPAN_INIT("0123456789abcdefghjkmnpqrstvwxyz");
	uint64_t time = 0;

	for (size_t i = 0; i < FIRST_OF_ID; i++) {
		char c = i < begin.len ? csp_ascii_lower(begin.data[i]) : rest;
		time = time * digits.len + csp_span_find(digits, c) % digits.len;
	}
	return time < TIME_LAST_MS ? time : TIME_LAST_MS;
}

/* Ids of any case are meant, and hold small letters. An id tells the time of its decision, if the daemon made it. */
static void add_id(struct making *making)
{
	struct statement *decision = &making->decision;
	struct span id = making->query->filter->id;

	if (id.len == 0)
		return;
	add_text(decision, " AND d.id >= lower(?)", id);
	add_text(decision, " AND d.id < lower(?) || '~'", id);
	if (!making->anywhere)
		csp_buf_append_format(&decision->sql, " AND d.number BETWEEN %llu AND %llu",
				      (unsigned long long)time_of_id(id, '0') << REVIEW_NUMBER_BITS,
				      (unsigned long long)(time_of_id(id, 'z') + 1)
					      << REVIEW_NUMBER_BITS);
}

/* Times of records are compared in whole seconds. */
static void add_times(struct making *making)
{
	static const int64_t last = TIME_LAST_MS / 1000;
	const struct review_filter *filter = making->query->filter;
	struct buf *sql = &making->decision.sql;

	if (filter->since > 0)
		csp_buf_append_format(
			sql, " AND d.number >= %lld",
			(long long)(filter->since > last ? last : filter->since) * 1000
				<< REVIEW_NUMBER_BITS);
	if (filter->until <= last)
		csp_buf_append_format(sql, " AND d.number < %lld",
				      (long long)(filter->until < 0 ? 0 : filter->until) * 1000
					      << REVIEW_NUMBER_BITS);
}

static void add_decision_conditions(struct making *making)
{
	const struct review_filter *filter = making->query->filter;
	struct statement *decision = &making->decision;

	add_times(making);
	add_id(making);
	if (filter->queue_id.len > 0) {
		add_text(decision, " AND d.queue_id = ?", filter->queue_id);
		drive(making, BY_QUEUE_ID);
	}
	add_set(making, decision, SET_ORIGIN, BY_ORIGIN, filter->from);
	add_set(making, decision, SET_SUBJECT, BY_SUBJECT, filter->subject);
	if (add_word(making, decision, "d.action", filter->action, true))
		making->action = true;
	(void)add_word(making, decision, "d.would_action", filter->would_action, true);
	if (filter->would)
		add(decision, " AND d.would = 1");
}

static void add_verdict_conditions(struct making *making)
{
	const struct review_filter *filter = making->query->filter;
	struct statement *verdict = &making->verdict;
	struct span disposition = filter->disposition;

	add_set(making, verdict, SET_CUSTOMER, BY_CUSTOMER, filter->customer);
	add_set(making, verdict, SET_ADDRESS, BY_ADDRESS, filter->to);
	making->rule = add_word(making, verdict, "v.rule", filter->rule, false);
	(void)add_word(making, verdict, "v.disposition", disposition, false);
	making->sender = add_word(making, verdict, "v.sender", filter->sender, true);
	making->notable = filter->notable ||
			  (disposition.len > 0 && !csp_span_equal(disposition, SPAN_LIT("pass")));
	if (making->notable)
		add(verdict, " AND v.notable = 1");
}

static void add_marks(struct making *making)
{
	const struct review_query *query = making->query;
	static const char has_mark[] =
		"EXISTS (SELECT 1 FROM marks.mark m WHERE m.decision = d.id)";

	if (query->reviewed && !making->index->marked)
		making->none = true;
	if (!making->index->marked || (!query->reviewed && !query->unreviewed))
		return;
	add(&making->decision, query->reviewed ? " AND " : " AND NOT ");
	add(&making->decision, has_mark);
}

/* The one that is met least often comes first. */
static void add_conditions(struct making *making)
{
	const struct review_filter *filter = making->query->filter;
	bool category, mode;

	add_decision_conditions(making);
	add_verdict_conditions(making);
	add_marks(making);
	category = add_word(making, &making->decision, "d.category", filter->category, true);
	mode = add_word(making, &making->decision, "d.mode", filter->mode, true);
	const struct {
		bool asked;
		enum driver driver;
	} drivers[] = {{making->rule, BY_RULE},
		       {making->action, BY_ACTION},
		       {filter->would, BY_WOULD},
		       {making->notable, BY_NOTABLE},
		       {making->sender, BY_SENDER},
		       {category, BY_CATEGORY},
		       {mode, BY_MODE}};
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (drivers[i].asked)
			drive(making, drivers[i].driver);
	}
}

/* ---- statements ---- */

/* More than one text is wanted: the index gives what it has of each, and that is put into the order of time first. */
static void write_candidates(struct statement *out, const struct making *making)
{
	static const struct {
		const char *decisions, *verdicts;
	} candidates[] = {
		[BY_ORIGIN] = {"origin IN (SELECT number FROM temp.wanted_origin)", NULL},
		[BY_SUBJECT] = {"subject IN (SELECT number FROM temp.wanted_subject)", NULL},
		[BY_ADDRESS] = {NULL, "address IN (SELECT number FROM temp.wanted_address)"},
		[BY_CUSTOMER] = {NULL, "customer IN (SELECT number FROM temp.wanted_customer)"},
	};
	const char *decisions = candidates[making->driver].decisions;

	add(out, decisions ? "(SELECT number FROM decision WHERE "
			   : "(SELECT decision AS number, place FROM verdict WHERE ");
	add(out, decisions ? decisions : candidates[making->driver].verdicts);
	/* Without a limit the order would be dropped as one that nobody sees. */
	add(out, " ORDER BY 1 DESC LIMIT -1) n");
	if (!decisions)
		add(out, " CROSS JOIN verdict v ON v.decision = n.number AND v.place = n.place");
	add(out, " CROSS JOIN decision d ON d.number = n.number");
}

static void write_walk(struct statement *out, const struct making *making)
{
	add(out, walked[making->driver]);
	if (is_of_verdicts(making->driver))
		add(out, " CROSS JOIN decision d ON d.number = v.decision");
}

static bool has_candidates(const struct making *making)
{
	return making->driver == BY_ORIGIN || making->driver == BY_SUBJECT ||
	       making->driver == BY_ADDRESS || making->driver == BY_CUSTOMER;
}

/* The numbers of all that pass; more than once, one after the other, if more verdicts than one do. */
static void write_numbers(struct statement *out, const struct making *making)
{
	bool by_verdicts = is_of_verdicts(making->driver);

	add(out, "SELECT d.number AS number FROM ");
	if (has_candidates(making))
		write_candidates(out, making);
	else
		write_walk(out, making);
	add(out, " WHERE 1");
	add_statement(out, &making->decision);
	if (making->verdict.sql.len == 0)
		return;
	if (!by_verdicts)
		add(out, " AND EXISTS (SELECT 1 FROM verdict v WHERE v.decision = d.number");
	add_statement(out, &making->verdict);
	if (!by_verdicts)
		add(out, ")");
}

static const char *const orders[REVIEW_ORDERS] = {
	[REVIEW_BY_FROM] = "(SELECT CASE author WHEN '' THEN path ELSE author END FROM origin o "
			   "WHERE o.number = d.origin)",
	[REVIEW_BY_TO] = "(SELECT t.text FROM verdict g JOIN address t ON t.number = g.address "
			 "WHERE g.decision = d.number AND g.place = coalesce(d.gravest, 0))",
	[REVIEW_BY_RULE] = "(SELECT t.text FROM verdict g JOIN word t ON t.number = g.rule "
			   "WHERE g.decision = d.number AND g.place = coalesce(d.gravest, 0))",
	[REVIEW_BY_CUSTOMER] = "(SELECT t.text FROM verdict g JOIN text t ON t.number = g.customer "
			       "WHERE g.decision = d.number AND g.place = coalesce(d.gravest, 0))",
	[REVIEW_BY_CATEGORY] = "(SELECT text FROM word w WHERE w.number = d.category)",
	[REVIEW_BY_SUBJECT] = "(SELECT searched FROM normal s WHERE s.number = d.subject)",
};

static void write_select(struct statement *out, const struct making *making)
{
	const char *order = orders[making->query->order];

	if (order)
		add(out, "SELECT d.number FROM (SELECT DISTINCT number FROM (");
	write_numbers(out, making);
	if (order) {
		add(out, ")) n CROSS JOIN decision d ON d.number = n.number ORDER BY ");
		add(out, order);
		add(out, ", d.number DESC");
	} else if (!has_candidates(making)) {
		add(out, is_of_verdicts(making->driver) ? " ORDER BY v.decision DESC"
							: " ORDER BY d.number DESC");
	}
}

/* Most often all decisions are walked through; each of them is met once then, and in the order of time. */
static void write_facts(struct statement *out, const struct making *making)
{
	bool walks = making->driver == BY_NUMBER;

	add(out, "SELECT d.number, v.own, d.id, v.rule, v.disposition, v.sender, d.action, "
		 "d.would_action, d.category, d.language, v.customer, d.origin FROM (");
	add(out, walks ? "" : "SELECT DISTINCT number FROM (");
	write_numbers(out, making);
	add(out, walks ? " ORDER BY d.number LIMIT -1" : ") ORDER BY 1");
	add(out, ") n CROSS JOIN decision d ON d.number = n.number "
		 "CROSS JOIN verdict v ON v.decision = n.number");
}

typedef void writer(struct statement *out, const struct making *making);

/* A statement to be stepped and finalised; NULL when nothing can pass, or it failed, which is in the index's code. */
static sqlite3_stmt *make_statement(struct review_index *index, const struct review_query *query,
				    writer *write, bool anywhere)
{
	struct making making = {.index = index, .query = query, .anywhere = anywhere};
	struct statement whole;
	sqlite3_stmt *statement = NULL;

	index->code = SQLITE_OK;
	statement_init(&making.decision);
	statement_init(&making.verdict);
	statement_init(&whole);
	add_conditions(&making);
	write(&whole, &making);
	if (index->code == SQLITE_OK && csp_buf_failed(&whole.sql))
		index->code = SQLITE_NOMEM;
	if (index->code == SQLITE_OK && !making.none)
		index->code = sqlite3_prepare_v2(index->database, csp_buf_cstr(&whole.sql), -1,
						 &statement, NULL);
	for (size_t i = 0; index->code == SQLITE_OK && statement && i < whole.bind_count; i++)
		index->code = csp_sql_bind(statement, (int)i + 1, whole.binds[i]);
	csp_buf_dispose(&making.decision.sql);
	csp_buf_dispose(&making.verdict.sql);
	csp_buf_dispose(&whole.sql);
	return statement;
}

/* ---- answers ---- */

static bool push(struct review_numbers *out, size_t *cap, int64_t number)
{
	if (out->count == *cap) {
		size_t wanted = *cap ? *cap * 2 : 64;
		int64_t *items = realloc(out->items, wanted * sizeof(*items));
		if (!items)
			return false;
		out->items = items;
		*cap = wanted;
	}
	out->items[out->count++] = number;
	return true;
}

struct taking {
	struct review_numbers *out;
	size_t cap;
	uint64_t skip, limit;
	int64_t last; /* numbers that come twice follow each other */
};

static int take_number(struct taking *taking, int64_t number)
{
	if (number == taking->last)
		return SQLITE_OK;
	taking->last = number;
	if (taking->skip > 0) {
		taking->skip--;
		return SQLITE_OK;
	}
	taking->out->more = taking->limit > 0 && taking->out->count == taking->limit;
	if (taking->out->more)
		return SQLITE_DONE;
	return push(taking->out, &taking->cap, number) ? SQLITE_OK : SQLITE_NOMEM;
}

/* Ends the statement, whatever becomes of it. */
static enum review_index_result collect(struct review_numbers *out, struct review_index *index,
					sqlite3_stmt *statement, uint64_t skip, uint64_t limit)
{
	struct taking taking = {.out = out, .skip = skip, .limit = limit};
	int code = index->code;

	*out = (struct review_numbers){.items = NULL};
	while (statement && code == SQLITE_OK) {
		code = sqlite3_step(statement);
		if (code == SQLITE_ROW)
			code = take_number(&taking, sqlite3_column_int64(statement, 0));
	}
	sqlite3_finalize(statement);
	if (code == SQLITE_OK || code == SQLITE_DONE)
		return csp_review_index_result(index, SQLITE_OK);
	free(out->items);
	*out = (struct review_numbers){.items = NULL};
	return csp_review_index_result(index, code);
}

static enum review_index_result select_from(struct review_numbers *out, struct review_index *index,
					    const struct review_query *query, bool anywhere)
{
	sqlite3_stmt *statement = make_statement(index, query, write_select, anywhere);

	return collect(out, index, statement, query->skip, query->limit);
}

enum review_index_result csp_review_index_select(struct review_numbers *out,
						 struct review_index *index,
						 const struct review_query *query)
{
	enum review_index_result result = select_from(out, index, query, false);

	if (result != REVIEW_INDEX_OK || out->count > 0 || query->filter->id.len == 0)
		return result;
	return select_from(out, index, query, true);
}

enum review_index_result csp_review_index_related(struct review_numbers *out,
						  struct review_index *index, struct span queue_id,
						  struct span message_id, size_t limit)
{
	static const char sql[] =
		"SELECT number FROM decision WHERE queue_id = ?1 UNION "
		"SELECT number FROM decision WHERE message_id = ?2 ORDER BY 1 DESC";
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(index->database, sql, -1, &statement, NULL);

	if (code == SQLITE_OK && queue_id.len > 0)
		code = csp_sql_bind(statement, 1, queue_id);
	if (code == SQLITE_OK && message_id.len > 0)
		(void)sqlite3_bind_int64(statement, 2, csp_review_index_hash(index, message_id));
	index->code = code;
	/* One is the decision that is asked about. */
	return collect(out, index, statement, 0, limit + 1);
}

int64_t csp_review_number_time(int64_t number)
{
	return number >> REVIEW_NUMBER_BITS;
}

sqlite3_stmt *csp_review_index_facts_statement(struct review_index *index,
					       const struct review_query *query)
{
	return make_statement(index, query, write_facts, true);
}
