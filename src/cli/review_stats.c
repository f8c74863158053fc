#include "review_stats.h"

#include <libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report.h"
#include "review_gravest.h"
#include "view.h"

#define ROW_MAX  4096
#define DAY_SIZE sizeof("2026-11-23")

static const char *const count_names[REVIEW_COUNTS] = {
	"messages", "pass", "flag", "block", "tempfail", "would", "confirmed", "false_positive"};
static const char *const by_names[REVIEW_STATS_BYS] = {"rule",     "category", "sender", "from",
						       "customer", "language", "day",    "action"};

struct review_stats {
	enum review_stats_by by;
	json_t *places; /* key: place of its row */
	struct review_stats_row *rows;
	size_t count, cap;
};

bool csp_review_stats_find(enum review_stats_by *out, const char *name)
{
	for (unsigned i = 0; i < REVIEW_STATS_BYS; i++) {
		if (strcmp(by_names[i], name) == 0) {
			*out = (enum review_stats_by)i;
			return true;
		}
	}
	return false;
}

const char *csp_review_stats_name(enum review_stats_by by)
{
	return by_names[by];
}

const char *csp_review_count_name(enum review_count count)
{
	return count_names[count];
}

struct review_stats *csp_review_stats_new(enum review_stats_by by)
{
	struct review_stats *stats = calloc(1, sizeof(*stats));

	if (!stats)
		return NULL;
	stats->by = by;
	stats->places = json_object();
	if (stats->places)
		return stats;
	free(stats);
	return NULL;
}

void csp_review_stats_free(struct review_stats *stats)
{
	if (!stats)
		return;
	json_decref(stats->places);
	free(stats->rows);
	free(stats);
}

static struct review_stats_row *add_row(struct review_stats *stats, struct span key)
{
	if (stats->count == stats->cap) {
		size_t cap = stats->cap ? stats->cap * 2 : 64;
		struct review_stats_row *rows = realloc(stats->rows, cap * sizeof(*rows));
		if (!rows)
			return NULL;
		stats->rows = rows;
		stats->cap = cap;
	}
	if (json_object_setn_new(stats->places, key.data, key.len,
				 json_integer((json_int_t)stats->count)) != 0)
		return NULL;
	struct review_stats_row *row = &stats->rows[stats->count++];
	*row = (struct review_stats_row){.last = 0};
	return row;
}

static struct review_stats_row *row_of(struct review_stats *stats, struct span key)
{
	struct span name = key.len ? key : SPAN_LIT("-");
	const json_t *place = json_object_getn(stats->places, name.data, name.len);

	return place ? &stats->rows[json_integer_value(place)] : add_row(stats, name);
}

static struct span day_of(char out[DAY_SIZE], int64_t milliseconds)
{
	time_t clock = (time_t)(milliseconds / 1000);
	struct tm tm;

	if (!localtime_r(&clock, &tm))
		return SPAN_LIT("");
	return (struct span){out, strftime(out, DAY_SIZE, "%Y-%m-%d", &tm)};
}

static struct span key_of(char day[DAY_SIZE], enum review_stats_by by,
			  const struct review_fact *fact)
{
	switch (by) {
	case BY_CATEGORY:
		return fact->category;
	case BY_SENDER:
		return fact->sender;
	case BY_FROM:
		return fact->origin;
	case BY_CUSTOMER:
		return fact->customer;
	case BY_LANGUAGE:
		return fact->language;
	case BY_DAY:
		return day_of(day, fact->time);
	case BY_ACTION:
		return fact->action;
	case BY_RULE:
	case REVIEW_STATS_BYS:
	default:
		return fact->rule;
	}
}

static enum review_count count_of(const struct review_fact *fact)
{
	static const enum review_count counts[] = {COUNT_PASS, COUNT_FLAG, COUNT_BLOCK,
						   COUNT_TEMPFAIL};
	int weight = csp_review_weight(fact->disposition);

	return !fact->own ? COUNT_WOULD : counts[weight < 0 ? 0 : weight];
}

/* A rule that is not enforced has a row of its own. */
bool csp_review_stats_add(void *context, const struct review_fact *fact)
{
	struct review_stats *stats = context;
	char day[DAY_SIZE];
	struct review_stats_row *row = row_of(stats, key_of(day, stats->by, fact));

	if (!row)
		return false;
	row->counts[count_of(fact)]++;
	if (row->last == fact->sequence)
		return true;
	row->last = fact->sequence;
	row->counts[COUNT_MESSAGES]++;
	if (csp_span_equal(fact->mark, SPAN_LIT("confirmed")))
		row->counts[COUNT_CONFIRMED]++;
	else if (csp_span_equal(fact->mark, SPAN_LIT("false-positive")))
		row->counts[COUNT_FALSE_POSITIVE]++;
	return true;
}

static int compare_most(const void *a, const void *b)
{
	const struct review_stats_row *left = a, *right = b;
	uint64_t x = left->counts[COUNT_MESSAGES], y = right->counts[COUNT_MESSAGES];

	if (x != y)
		return x < y ? 1 : -1;
	return csp_span_compare(left->key, right->key);
}

static int compare_keys(const void *a, const void *b)
{
	const struct review_stats_row *left = a, *right = b;

	return csp_span_compare(left->key, right->key);
}

/* Rows know their keys only here, and keys their rows only until here: both are put right. */
const struct review_stats_row *csp_review_stats_rows(struct review_stats *stats, size_t *count)
{
	const char *key;
	size_t len;
	json_t *place;

	json_object_keylen_foreach(stats->places, key, len, place)
	{
		stats->rows[json_integer_value(place)].key = (struct span){key, len};
	}
	if (stats->count > 1)
		qsort(stats->rows, stats->count, sizeof(*stats->rows),
		      stats->by == BY_DAY ? compare_keys : compare_most);
	for (size_t i = 0; i < stats->count; i++) {
		struct span name = stats->rows[i].key;
		(void)json_integer_set(json_object_getn(stats->places, name.data, name.len),
				       (json_int_t)i);
	}
	*count = stats->count;
	return stats->rows;
}

double csp_review_stats_wrong(const struct review_stats_row *row)
{
	uint64_t wrong = row->counts[COUNT_FALSE_POSITIVE];
	uint64_t reviewed = wrong + row->counts[COUNT_CONFIRMED];

	return reviewed ? (double)wrong / (double)reviewed : -1;
}

static bool print_json(const struct review_stats *stats, const struct review_stats_row *row)
{
	json_t *object = json_object();
	bool ok = object && json_object_set_new(object, by_names[stats->by],
						json_stringn(row->key.data, row->key.len)) == 0;

	for (size_t i = 0; ok && i < REVIEW_COUNTS; i++)
		ok = json_object_set_new(object, count_names[i],
					 json_integer((json_int_t)row->counts[i])) == 0;
	ok = ok && csp_view_json(object);
	json_decref(object);
	return ok;
}

static bool add_rate(struct libscols_line *line, struct buf *cell,
		     const struct review_stats_row *row)
{
	double wrong = csp_review_stats_wrong(row);

	csp_buf_reset(cell);
	if (wrong >= 0)
		csp_buf_append_format(cell, "%.1f %%", 100.0 * wrong);
	else
		csp_buf_append_char(cell, '-');
	return scols_line_set_data(line, REVIEW_COUNTS + 1, csp_buf_cstr(cell)) == 0;
}

static bool add_line(struct libscols_table *table, const struct review_stats_row *row)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	struct buf cell;
	bool ok = line != NULL;

	csp_buf_init(&cell, ROW_MAX);
	csp_report_append_safe(&cell, csp_span_slice(row->key, 0, ROW_MAX / 8));
	ok = ok && scols_line_set_data(line, 0, csp_buf_cstr(&cell)) == 0;
	for (size_t i = 0; ok && i < REVIEW_COUNTS; i++) {
		csp_buf_reset(&cell);
		csp_buf_append_format(&cell, "%llu", (unsigned long long)row->counts[i]);
		ok = scols_line_set_data(line, i + 1, csp_buf_cstr(&cell)) == 0;
	}
	ok = ok && add_rate(line, &cell, row) && !csp_buf_failed(&cell);
	csp_buf_dispose(&cell);
	return ok;
}

static bool print_table(const struct review_stats *stats, const struct review_stats_row *rows,
			size_t count)
{
	struct libscols_table *table = scols_new_table();
	bool ok = table && scols_table_new_column(table, by_names[stats->by], 0, 0);

	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; ok && i < REVIEW_COUNTS; i++)
		ok = scols_table_new_column(table, count_names[i], 0, SCOLS_FL_RIGHT);
	ok = ok && scols_table_new_column(table, "wrong", 0, SCOLS_FL_RIGHT);
	for (size_t i = 0; ok && i < count; i++)
		ok = add_line(table, &rows[i]);
	ok = ok && scols_table_enable_noencoding(table, 1) == 0 && scols_print_table(table) == 0;
	scols_unref_table(table);
	return ok;
}

bool csp_review_stats_print(struct review_stats *stats, bool json)
{
	size_t count = 0;
	const struct review_stats_row *rows = csp_review_stats_rows(stats, &count);

	if (!json)
		return print_table(stats, rows, count);
	for (size_t i = 0; i < count; i++) {
		if (!print_json(stats, &rows[i]))
			return false;
	}
	return true;
}
