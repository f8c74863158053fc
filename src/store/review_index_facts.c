#include <stdlib.h>
#include <string.h>

#include "review_index_private.h"

/* Numbers of words and their texts, the other way round. */
struct words {
	struct span *texts; /* by number */
	size_t count;
};

static bool invert_words(struct words *words, const struct review_index *index)
{
	const char *key;
	size_t len;
	json_t *number;

	words->count = json_object_size(index->words) + 1;
	words->texts = calloc(words->count, sizeof(*words->texts));
	json_object_keylen_foreach(index->words, key, len, number)
	{
		size_t at = (size_t)json_integer_value(number);
		if (words->texts && at < words->count)
			words->texts[at] = (struct span){key, len};
	}
	return words->texts != NULL;
}

static struct span word_at(const struct words *words, sqlite3_stmt *row, int column)
{
	size_t number = (size_t)sqlite3_column_int64(row, column);

	return number < words->count ? words->texts[number] : SPAN_LIT("");
}

/* id: verdict; the last mark of a decision counts. NULL when it failed, which is in the index's code. */
static json_t *load_marks(struct review_index *index)
{
	sqlite3_stmt *row = NULL;
	json_t *marks = json_object();
	int code = marks ? SQLITE_OK : SQLITE_NOMEM;

	if (code == SQLITE_OK && index->marked)
		code = sqlite3_prepare_v2(
			index->database, "SELECT decision, verdict FROM marks.mark ORDER BY number",
			-1, &row, NULL);
	while (row && code == SQLITE_OK && (code = sqlite3_step(row)) == SQLITE_ROW) {
		struct span id = csp_sql_text(row, 0), verdict = csp_sql_text(row, 1);
		json_t *text = json_stringn(verdict.data, verdict.len);
		code = json_object_setn_new(marks, id.data, id.len, text) == 0 ? SQLITE_OK
									       : SQLITE_NOMEM;
	}
	sqlite3_finalize(row);
	index->code = code == SQLITE_DONE ? SQLITE_OK : code;
	if (index->code == SQLITE_OK)
		return marks;
	json_decref(marks);
	return NULL;
}

/* Texts that are asked for again and again; one takes another's place that has the same one. */
#define CACHED 16384
struct cache {
	struct review_index *index;
	enum review_statement get;
	struct cached {
		sqlite3_int64 number;
		char *text;
	} items[CACHED];
};

static struct cache *cache_new(struct review_index *index, enum review_statement get)
{
	struct cache *cache = calloc(1, sizeof(*cache));

	if (cache) {
		cache->index = index;
		cache->get = get;
	}
	return cache;
}

static void cache_free(struct cache *cache)
{
	for (size_t i = 0; cache && i < CACHED; i++)
		free(cache->items[i].text);
	free(cache);
}

/* A failure leaves the index's code set. */
static struct span cache_get(struct cache *cache, sqlite3_int64 number)
{
	struct cached *item = &cache->items[(size_t)number % CACHED];

	if (number == 0)
		return SPAN_LIT("");
	if (item->number != number) {
		sqlite3_stmt *row = csp_review_index_statement(cache->index, cache->get);

		free(item->text);
		*item = (struct cached){.number = 0};
		if (!row)
			return SPAN_LIT("");
		(void)sqlite3_bind_int64(row, 1, number);
		if (sqlite3_step(row) == SQLITE_ROW)
			item->text = strdup((const char *)csp_sql_text(row, 0).data);
		(void)sqlite3_reset(row);
		if (item->text)
			item->number = number;
		else
			cache->index->code = SQLITE_NOMEM;
	}
	return csp_span_from(item->text);
}

/* What the rows of facts hold numbers of. */
struct texts {
	struct words words;
	struct cache *customers, *origins;
	json_t *marks;
};

static bool texts_init(struct texts *texts, struct review_index *index)
{
	*texts = (struct texts){.customers = cache_new(index, GET_CUSTOMER),
				.origins = cache_new(index, GET_ORIGIN)};
	if (!texts->customers || !texts->origins || !invert_words(&texts->words, index)) {
		index->code = SQLITE_NOMEM;
		return false;
	}
	texts->marks = load_marks(index);
	return texts->marks != NULL;
}

static void texts_dispose(struct texts *texts)
{
	cache_free(texts->customers);
	cache_free(texts->origins);
	json_decref(texts->marks);
	free(texts->words.texts);
}

static struct review_fact fact_of(struct texts *texts, sqlite3_stmt *row)
{
	const struct words *words = &texts->words;
	struct span id = csp_sql_text(row, 2);
	const json_t *mark = json_object_getn(texts->marks, id.data, id.len);

	return (struct review_fact){
		.sequence = (uint64_t)sqlite3_column_int64(row, 0),
		.time = csp_review_number_time(sqlite3_column_int64(row, 0)),
		.own = sqlite3_column_int(row, 1) == 1,
		.id = id,
		.rule = word_at(words, row, 3),
		.disposition = word_at(words, row, 4),
		.sender = word_at(words, row, 5),
		.action = word_at(words, row, 6),
		.would_action = word_at(words, row, 7),
		.category = word_at(words, row, 8),
		.language = word_at(words, row, 9),
		.customer = cache_get(texts->customers, sqlite3_column_int64(row, 10)),
		.origin = cache_get(texts->origins, sqlite3_column_int64(row, 11)),
		.mark = {json_string_value(mark), json_string_length(mark)},
	};
}

enum review_index_result csp_review_index_facts(struct review_index *index,
						const struct review_query *query,
						csp_review_each_fact *each, void *context)
{
	sqlite3_stmt *row = csp_review_index_facts_statement(index, query);
	struct texts texts = {.marks = NULL};
	int code = index->code;

	if (code == SQLITE_OK && !texts_init(&texts, index))
		code = index->code;
	while (row && code == SQLITE_OK) {
		code = sqlite3_step(row);
		if (code != SQLITE_ROW)
			break;
		struct review_fact fact = fact_of(&texts, row);
		code = index->code != SQLITE_OK ? index->code
		       : each(context, &fact)   ? SQLITE_OK
						: SQLITE_ABORT;
	}
	sqlite3_finalize(row);
	texts_dispose(&texts);
	return csp_review_index_result(index, code == SQLITE_DONE ? SQLITE_OK : code);
}
