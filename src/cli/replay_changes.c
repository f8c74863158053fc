#include "replay_changes.h"

#include <inttypes.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "plan.h"
#include "report.h"
#include "review_filter.h"

#define KEY_MAX  4096
#define EXAMPLES 3

static const struct span not_judged = SPAN_INIT("(not judged)");

bool csp_replay_changes_init(struct replay_changes *changes)
{
	*changes = (struct replay_changes){json_object(), json_object(), json_object(),
					   json_object(), 0};
	return changes->recipients && changes->messages && changes->rules && changes->dispositions;
}

void csp_replay_changes_dispose(struct replay_changes *changes)
{
	json_decref(changes->recipients);
	json_decref(changes->messages);
	json_decref(changes->rules);
	json_decref(changes->dispositions);
}

/* One more of a row that is found by what was and what would be. */
static bool count(json_t *rows, struct span was, struct span would, struct span id)
{
	struct buf key;
	json_t *row, *examples;

	csp_buf_init(&key, KEY_MAX);
	csp_buf_append(&key, was);
	csp_buf_append_char(&key, '\n');
	csp_buf_append(&key, would);
	row = json_object_getn(rows, key.data, key.len);
	if (!row && !csp_buf_failed(&key)) {
		row = json_pack("{s:s%, s:s%, s:i, s:[]}", "was", was.data, was.len, "would_be",
				would.data, would.len, "count", 0, "examples");
		if (json_object_setn_new(rows, key.data, key.len, row) != 0)
			row = NULL;
	}
	csp_buf_dispose(&key);
	if (!row)
		return false;
	json_t *number = json_object_get(row, "count");
	(void)json_integer_set(number, json_integer_value(number) + 1);
	examples = json_object_get(row, "examples");
	return json_array_size(examples) >= EXAMPLES ||
	       json_array_append_new(examples, json_stringn(id.data, id.len)) == 0;
}

static bool count_up(json_t *rules, struct span name, const char *member)
{
	json_t *row = json_object_getn(rules, name.data, name.len);

	if (!row) {
		row = json_pack("{s:i, s:i}", "was", 0, "would_be", 0);
		if (json_object_setn_new(rules, name.data, name.len, row) != 0)
			return false;
	}
	json_t *number = json_object_get(row, member);
	(void)json_integer_set(number, json_integer_value(number) + 1);
	return true;
}

static void append_verdict(struct buf *out, struct span rule, struct span disposition,
			   struct span action)
{
	csp_buf_append(out, rule);
	csp_buf_append(out, SPAN_LIT(": "));
	csp_buf_append(out, disposition);
	if (action.len && !csp_span_equal(action, disposition) &&
	    !csp_span_equal(action, SPAN_LIT("accept"))) {
		csp_buf_append(out, SPAN_LIT(" ("));
		csp_buf_append(out, action);
		csp_buf_append_char(out, ')');
	}
}

static bool add_recipient(bool *changed, struct replay_changes *changes, const json_t *record,
			  const json_t *recipient, const struct recipient *now)
{
	struct span rule = csp_review_text(recipient, "rule");
	struct span now_rule = now ? now->verdict.rule : not_judged;
	struct buf was, would;
	struct span disposition = csp_review_text(recipient, "disposition");
	struct span now_disposition =
		now ? csp_span_from(csp_disposition_name(now->verdict.disposition)) : not_judged;
	bool ok = count_up(changes->rules, rule, "was") &&
		  count_up(changes->rules, now_rule, "would_be") &&
		  count_up(changes->dispositions, disposition, "was") &&
		  count_up(changes->dispositions, now_disposition, "would_be");

	csp_buf_init(&was, KEY_MAX);
	csp_buf_init(&would, KEY_MAX);
	append_verdict(&was, rule, disposition, csp_review_text(recipient, "action"));
	if (now)
		append_verdict(&would, now_rule, now_disposition,
			       csp_span_from(csp_action_name(csp_recipient_action(now))));
	else
		csp_buf_append(&would, not_judged);
	if (!csp_span_equal(csp_buf_span(&was), csp_buf_span(&would))) {
		*changed = true;
		ok = ok && count(changes->recipients, csp_buf_span(&was), csp_buf_span(&would),
				 csp_review_text(record, "decision"));
	}
	ok = ok && !csp_buf_failed(&was) && !csp_buf_failed(&would);
	csp_buf_dispose(&was);
	csp_buf_dispose(&would);
	return ok;
}

bool csp_replay_changes_add(struct replay_changes *changes, const json_t *record,
			    const struct decision *decision)
{
	struct span action = csp_review_text(record, "action");
	struct span now =
		decision ? csp_span_from(csp_action_name(decision->plan.action)) : not_judged;
	bool changed = false, ok = true;
	size_t i;
	const json_t *recipient;

	json_array_foreach(json_object_get(record, "recipients"), i, recipient)
	{
		const struct recipient *judged =
			decision && i < decision->recipient_count ? &decision->recipients[i] : NULL;
		ok = ok && add_recipient(&changed, changes, record, recipient, judged);
	}
	if (!csp_span_equal(action, now)) {
		changed = true;
		ok = ok &&
		     count(changes->messages, action, now, csp_review_text(record, "decision"));
	}
	changes->changed += changed;
	return ok;
}

/* ---- how they are shown ---- */

static json_int_t count_of(const json_t *row)
{
	return json_integer_value(json_object_get(row, "count"));
}

static int compare(const void *a, const void *b)
{
	json_int_t left = count_of(*(json_t *const *)a), right = count_of(*(json_t *const *)b);

	return left == right ? 0 : left < right ? 1 : -1;
}

/* The rows of an object, the most first; to be freed. */
static json_t **sort_rows(json_t *rows)
{
	json_t **items = calloc(json_object_size(rows) + 1, sizeof(json_t *));
	size_t at = 0;
	const char *key;
	json_t *row;

	if (!items)
		return NULL;
	json_object_foreach(rows, key, row)
	{
		items[at++] = row;
	}
	qsort(items, at, sizeof(json_t *), compare);
	return items;
}

static bool set_cell(struct libscols_line *line, size_t column, struct buf *cell)
{
	bool ok =
		!csp_buf_failed(cell) && scols_line_set_data(line, column, csp_buf_cstr(cell)) == 0;

	csp_buf_reset(cell);
	return ok;
}

static bool add_line(struct libscols_table *table, const json_t *row)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	struct buf cell;
	size_t i;
	const json_t *example;

	if (!line)
		return false;
	csp_buf_init(&cell, KEY_MAX);
	csp_buf_append_format(&cell, "%lld", (long long)count_of(row));
	bool ok = set_cell(line, 0, &cell);
	csp_report_append_safe(&cell, csp_review_text(row, "was"));
	ok = set_cell(line, 1, &cell) && ok;
	csp_report_append_safe(&cell, csp_review_text(row, "would_be"));
	ok = set_cell(line, 2, &cell) && ok;
	json_array_foreach(json_object_get(row, "examples"), i, example)
	{
		csp_buf_append(&cell, i ? SPAN_LIT(" ") : SPAN_LIT(""));
		csp_report_append_safe(&cell, (struct span){json_string_value(example),
							    json_string_length(example)});
	}
	ok = set_cell(line, 3, &cell) && ok;
	csp_buf_dispose(&cell);
	return ok;
}

static bool print_rows(json_t *rows, const char *what)
{
	json_t **items = sort_rows(rows);
	struct libscols_table *table = scols_new_table();
	bool ok = items && table && scols_table_new_column(table, what, 0, SCOLS_FL_RIGHT) &&
		  scols_table_new_column(table, "WAS", 0, 0) &&
		  scols_table_new_column(table, "WOULD BE", 0, 0) &&
		  scols_table_new_column(table, "FOR EXAMPLE", 0, 0);

	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; ok && items[i]; i++)
		ok = add_line(table, items[i]);
	ok = ok && scols_table_enable_noencoding(table, 1) == 0 && scols_print_table(table) == 0;
	scols_unref_table(table);
	free(items);
	return ok;
}

static bool print_counts(json_t *rules, const char *heading)
{
	const char *name;
	json_t *row;
	struct buf text;
	bool ok = printf("\n%-28s %12s %12s\n", heading, "WAS", "WOULD BE") >= 0;

	csp_buf_init(&text, KEY_MAX);
	json_object_foreach(rules, name, row)
	{
		csp_buf_reset(&text);
		csp_report_append_safe(&text, csp_span_from(name));
		ok = ok &&
		     printf("%-28s %12" JSON_INTEGER_FORMAT " %12" JSON_INTEGER_FORMAT "\n",
			    csp_buf_cstr(&text), json_integer_value(json_object_get(row, "was")),
			    json_integer_value(json_object_get(row, "would_be"))) >= 0;
	}
	csp_buf_dispose(&text);
	return ok;
}

bool csp_replay_changes_print(const struct replay_changes *changes)
{
	if (changes->changed == 0)
		return true;
	return (json_object_size(changes->recipients) == 0 ||
		(puts("") >= 0 && print_rows(changes->recipients, "RECIPIENTS"))) &&
	       (json_object_size(changes->messages) == 0 ||
		(puts("") >= 0 && print_rows(changes->messages, "MESSAGES"))) &&
	       print_counts(changes->rules, "RULE") &&
	       print_counts(changes->dispositions, "DISPOSITION");
}

static json_t *list_of(json_t *rows)
{
	json_t **items = sort_rows(rows);
	json_t *list = items ? json_array() : NULL;

	for (size_t i = 0; list && items[i]; i++)
		(void)json_array_append(list, items[i]);
	free(items);
	return list;
}

bool csp_replay_changes_set(json_t *object, const struct replay_changes *changes)
{
	return json_object_set_new(object, "changed", json_integer((json_int_t)changes->changed)) ==
		       0 &&
	       json_object_set_new(object, "recipients", list_of(changes->recipients)) == 0 &&
	       json_object_set_new(object, "messages", list_of(changes->messages)) == 0 &&
	       json_object_set(object, "rules", changes->rules) == 0 &&
	       json_object_set(object, "dispositions", changes->dispositions) == 0;
}
