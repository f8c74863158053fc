#include "review_stats.h"

#include <libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "review_gravest.h"
#include "view.h"
#include "when.h"

#define ROW_MAX 4096

/* What is counted for each key; the first and the marks in decisions, the others in recipients. */
enum { MESSAGES, PASSED, FLAGGED, BLOCKED, TEMPFAILED, WOULD, CONFIRMED, FALSE_POSITIVE, COUNTS };
#define LAST_SEEN COUNTS /* sequence of the decision that a key was counted for last */

static const char *const count_names[COUNTS] = {"messages", "pass",  "flag",      "block",
						"tempfail", "would", "confirmed", "false_positive"};
static const char *const by_names[] = {"rule", "category", "sender", "customer", "day", "action"};

struct review_stats {
	enum review_stats_by by;
	json_t *rows; /* key: array of counts */
	char day[WHEN_TEXT_SIZE];
};

bool csp_review_stats_find(enum review_stats_by *out, const char *name)
{
	for (unsigned i = 0; i < sizeof(by_names) / sizeof(by_names[0]); i++) {
		if (strcmp(by_names[i], name) == 0) {
			*out = (enum review_stats_by)i;
			return true;
		}
	}
	return false;
}

struct review_stats *csp_review_stats_new(enum review_stats_by by)
{
	struct review_stats *stats = calloc(1, sizeof(*stats));

	if (!stats)
		return NULL;
	stats->by = by;
	stats->rows = json_object();
	if (stats->rows)
		return stats;
	free(stats);
	return NULL;
}

void csp_review_stats_free(struct review_stats *stats)
{
	json_decref(stats->rows);
	free(stats);
}

static json_t *row_of(struct review_stats *stats, struct span key)
{
	struct span name = key.len ? key : SPAN_LIT("-");
	json_t *row = json_object_getn(stats->rows, name.data, name.len);

	if (row)
		return row;
	row = json_array();
	for (int i = 0; row && i <= LAST_SEEN; i++) {
		if (json_array_append_new(row, json_integer(0)) != 0)
			return NULL;
	}
	if (!row || json_object_setn_new(stats->rows, name.data, name.len, row) != 0)
		return NULL;
	return row;
}

static json_int_t count_at(const json_t *row, size_t what)
{
	return json_integer_value(json_array_get(row, what));
}

static void set_count(json_t *row, size_t what, json_int_t value)
{
	json_integer_set(json_array_get(row, what), value);
}

static struct span key_of(struct review_stats *stats, const struct review_fact *fact)
{
	switch (stats->by) {
	case BY_CATEGORY:
		return fact->category;
	case BY_SENDER:
		return fact->sender;
	case BY_CUSTOMER:
		return fact->customer;
	case BY_DAY:
		return csp_span_slice(csp_when_format(stats->day, fact->time / 1000), 0, 10);
	case BY_ACTION:
		return fact->action;
	case BY_RULE:
	default:
		return fact->rule;
	}
}

static size_t count_of(const struct review_fact *fact)
{
	int weight = csp_review_weight(fact->disposition);

	return !fact->own ? WOULD : PASSED + (size_t)(weight < 0 ? 0 : weight);
}

static size_t mark_of(const struct review_fact *fact)
{
	return csp_span_equal(fact->mark, SPAN_LIT("confirmed"))        ? CONFIRMED
	       : csp_span_equal(fact->mark, SPAN_LIT("false-positive")) ? FALSE_POSITIVE
									: COUNTS;
}

static void count_up(json_t *row, size_t what)
{
	set_count(row, what, count_at(row, what) + 1);
}

/* A rule that is not enforced has a row of its own. */
bool csp_review_stats_add(void *context, const struct review_fact *fact)
{
	struct review_stats *stats = context;
	json_t *row = row_of(stats, key_of(stats, fact));

	if (!row)
		return false;
	count_up(row, count_of(fact));
	if (count_at(row, LAST_SEEN) != (json_int_t)fact->sequence) {
		set_count(row, LAST_SEEN, (json_int_t)fact->sequence);
		count_up(row, MESSAGES);
		if (mark_of(fact) < COUNTS)
			count_up(row, mark_of(fact));
	}
	return true;
}

struct row {
	const char *key;
	size_t len;
	const json_t *counts;
};

static int compare_rows(const void *a, const void *b)
{
	const struct row *left = a, *right = b;
	json_int_t x = count_at(left->counts, MESSAGES), y = count_at(right->counts, MESSAGES);

	if (x != y)
		return x < y ? 1 : -1;
	return strcmp(left->key, right->key);
}

/* The most first. */
static struct row *sort_rows(const struct review_stats *stats, size_t *count)
{
	struct row *rows = calloc(json_object_size(stats->rows) + 1, sizeof(*rows));
	const char *key;
	size_t len, at = 0;
	json_t *counts;

	if (!rows)
		return NULL;
	json_object_keylen_foreach(stats->rows, key, len, counts)
	{
		rows[at++] = (struct row){key, len, counts};
	}
	*count = at;
	qsort(rows, at, sizeof(*rows), compare_rows);
	return rows;
}

static bool print_json(const struct review_stats *stats, const struct row *row)
{
	json_t *object = json_object();
	bool ok = object && json_object_set_new(object, by_names[stats->by],
						json_stringn(row->key, row->len)) == 0;

	for (size_t i = 0; ok && i < COUNTS; i++)
		ok = json_object_set_new(object, count_names[i],
					 json_integer(count_at(row->counts, i))) == 0;
	ok = ok && csp_view_json(object);
	json_decref(object);
	return ok;
}

/* Of the decisions that were reviewed, those that were wrong. */
static bool add_rate(struct libscols_line *line, struct buf *cell, const json_t *counts)
{
	json_int_t wrong = count_at(counts, FALSE_POSITIVE);
	json_int_t reviewed = wrong + count_at(counts, CONFIRMED);

	csp_buf_reset(cell);
	if (reviewed)
		csp_buf_append_format(cell, "%.1f %%", 100.0 * (double)wrong / (double)reviewed);
	else
		csp_buf_append_char(cell, '-');
	return scols_line_set_data(line, COUNTS + 1, csp_buf_cstr(cell)) == 0;
}

static bool add_line(struct libscols_table *table, const struct row *row)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	struct buf cell;
	bool ok = line != NULL;

	csp_buf_init(&cell, ROW_MAX);
	csp_report_append_safe(&cell, (struct span){row->key, row->len});
	ok = ok && scols_line_set_data(line, 0, csp_buf_cstr(&cell)) == 0;
	for (size_t i = 0; ok && i < COUNTS; i++) {
		csp_buf_reset(&cell);
		csp_buf_append_format(&cell, "%lld", (long long)count_at(row->counts, i));
		ok = scols_line_set_data(line, i + 1, csp_buf_cstr(&cell)) == 0;
	}
	ok = ok && add_rate(line, &cell, row->counts) && !csp_buf_failed(&cell);
	csp_buf_dispose(&cell);
	return ok;
}

static bool print_table(const struct review_stats *stats, const struct row *rows, size_t count)
{
	struct libscols_table *table = scols_new_table();
	bool ok = table && scols_table_new_column(table, by_names[stats->by], 0, 0);

	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; ok && i < COUNTS; i++)
		ok = scols_table_new_column(table, count_names[i], 0, SCOLS_FL_RIGHT);
	ok = ok && scols_table_new_column(table, "wrong", 0, SCOLS_FL_RIGHT);
	for (size_t i = 0; ok && i < count; i++)
		ok = add_line(table, &rows[i]);
	ok = ok && scols_table_enable_noencoding(table, 1) == 0 && scols_print_table(table) == 0;
	scols_unref_table(table);
	return ok;
}

bool csp_review_stats_print(const struct review_stats *stats, bool json)
{
	size_t count = 0;
	struct row *rows = sort_rows(stats, &count);
	bool ok = rows != NULL;

	if (ok && !json)
		ok = print_table(stats, rows, count);
	for (size_t i = 0; ok && json && i < count; i++)
		ok = print_json(stats, &rows[i]);
	free(rows);
	return ok;
}
