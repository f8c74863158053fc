#include "import_json.h"

#include <stdlib.h>
#include <string.h>

#include "import_cutter.h"
#include "import_pool.h"

/* ---- one row ---- */

/* The byte behind a string that begins at `at`, or len. */
static size_t skip_string(const char *bytes, size_t len, size_t at)
{
	for (at++; at < len && bytes[at] != '"'; at++)
		at += bytes[at] == '\\';
	return at < len ? at + 1 : len;
}

/* A comma that only blanks and a closing bracket follow becomes a blank, so that columns stay what they are. */
static bool drop_last_commas(char *bytes, size_t len)
{
	size_t comma = len; /* the last one, with nothing but blanks behind it */
	bool dropped = false;

	for (size_t i = 0; i < len;) {
		char c = bytes[i];
		if ((c == ']' || c == '}') && comma < len) {
			bytes[comma] = ' ';
			dropped = true;
		}
		if (c == ',')
			comma = i;
		else if (!csp_ascii_is_blank(c))
			comma = len;
		i = c == '"' ? skip_string(bytes, len, i) : i + 1;
	}
	return dropped;
}

json_t *csp_import_json_load(json_error_t *out, struct arena *arena, struct span text)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
	json_t *json = json_loadb(text.data, text.len, flags, out);

	if (json || json_error_code(out) == json_error_out_of_memory)
		return json;
	char *bytes = csp_arena_alloc(arena, text.len + 1, 1);
	if (!bytes)
		return NULL;
	memcpy(bytes, text.data, text.len);
	if (drop_last_commas(bytes, text.len))
		json = json_loadb(bytes, text.len, flags, out);
	return json;
}

static enum row_result read_json(struct import *import, json_t *json)
{
	switch (import->settings->format) {
	case IMPORT_JSON_LINES:
		return json_is_object(json) ? csp_import_json_own(import, json)
					    : csp_import_why(import, "a line is one JSON object");
	case IMPORT_PARTNER_CENTER_JSON:
		return csp_import_json_rest(import, json);
	case IMPORT_AUTO:
	case IMPORT_CUSTOMERS_CSV:
	case IMPORT_SUBSCRIPTIONS_CSV:
	case IMPORT_PRODUCTS_CSV:
		break;
	}
	return csp_import_json_is_own(json) ? csp_import_json_own(import, json)
					    : csp_import_json_rest(import, json);
}

static enum row_result read_row(struct import *import, struct span text)
{
	json_error_t error;
	json_t *json = csp_import_json_load(&error, &import->arena, text);

	if (!json && json_error_code(&error) == json_error_out_of_memory)
		return ROW_NO_MEMORY;
	if (!json)
		return csp_import_why(import, "column %d: %s", error.column, error.text);
	enum row_result result = read_json(import, json);
	json_decref(json);
	return result;
}

/* ---- lines or documents ---- */

static bool is_collection(json_t *object)
{
	struct json_member lists[] = {{.name = "items"}, {.name = "value"}};

	csp_import_json_find(lists, 2, object);
	return json_is_array(lists[0].value) || json_is_array(lists[1].value);
}

/* A line that breaks off is followed by another; inside a document nothing begins with a brace behind it. */
static bool breaks_off(const struct cut_look *look)
{
	char last = look->line.data[look->line.len - 1];

	return look->next == '{' && last != ':' && last != ',' && last != '[';
}

static bool is_of_lines(struct import *import, const struct cut_look *look)
{
	json_error_t error;

	if (look->line.len == 0 || look->line.data[0] != '{')
		return false;
	json_t *json = csp_import_json_load(&error, &import->arena, look->line);
	bool lines = json ? json_is_object(json) && !is_collection(json) : breaks_off(look);
	json_decref(json);
	csp_arena_reset(&import->arena);
	return lines;
}

static enum import_result result_of(enum cut_result result)
{
	switch (result) {
	case CUT_READ_ERROR:
		return IMPORT_UNREADABLE;
	case CUT_NO_MEMORY:
		return IMPORT_NO_MEMORY;
	case CUT_FULL:
	case CUT_END:
		break;
	}
	return IMPORT_OK;
}

static enum import_result read_rows(struct import_pool *pool, struct import_cutter *cutter)
{
	for (;;) {
		enum cut_result cut = csp_import_cutter_fill(cutter, csp_import_pool_batch(pool));
		enum import_result result = result_of(cut);
		if (result == IMPORT_OK)
			result = cut == CUT_FULL ? csp_import_pool_send(pool)
						 : csp_import_pool_finish(pool);
		if (result != IMPORT_OK || cut != CUT_FULL)
			return result;
	}
}

static enum import_result read_file(struct import *import, struct import_cutter *cutter)
{
	struct import_pool *pool;
	struct cut_look look;
	enum cut_result seen = csp_import_cutter_look(&look, cutter);

	if (seen != CUT_FULL && seen != CUT_END)
		return result_of(seen);
	if (import->in->state == TEXTIN_NOT_TEXT && cutter->head.len == 0)
		return IMPORT_NOT_UTF8;
	cutter->lines = import->settings->format == IMPORT_JSON_LINES || is_of_lines(import, &look);
	if (!csp_import_pool_new(&pool, import, read_row))
		return IMPORT_NO_MEMORY;
	enum import_result result = read_rows(pool, cutter);
	csp_import_pool_free(pool);
	return result;
}

enum import_result csp_import_json(struct import *import)
{
	struct import_cutter cutter;

	csp_import_cutter_init(&cutter, import->in);
	enum import_result result = read_file(import, &cutter);
	csp_import_cutter_dispose(&cutter);
	return result;
}
