#include <string.h>

#include "import_json.h"

#define NUMBER_SIZE 24

/* Of two members whose names differ in case alone, the first that says something. */
static void keep(struct json_member *members, size_t count, struct span name, json_t *value)
{
	for (size_t i = 0; i < count; i++) {
		struct json_member *member = &members[i];
		if (!member->value && csp_span_equal_nocase(csp_span_from(member->name), name)) {
			member->value = value;
			return;
		}
	}
}

void csp_import_json_find(struct json_member *members, size_t count, json_t *object)
{
	const char *name;
	json_t *value;

	for (size_t i = 0; i < count; i++)
		members[i].value = NULL;
	json_object_foreach(object, name, value)
	{
		if (!json_is_null(value))
			keep(members, count, csp_span_from(name), value);
	}
}

enum row_result csp_import_json_text(struct span *out, struct import *import,
				     const struct json_member *member)
{
	*out = SPAN_LIT("");
	if (!member->value)
		return ROW_OK;
	if (!json_is_string(member->value))
		return csp_import_why(import, "\"%s\" is not a text", member->name);
	*out = csp_span_trim(csp_import_json_span(member->value));
	return ROW_OK;
}

/* "<guid>", "{customer-id}" and GUIDs of zeros are of documentation, or of a program that had none. */
static bool is_placeholder(struct span id)
{
	static const struct span marks = SPAN_INIT("<>{}");
	size_t zeros = 0;

	for (size_t i = 0; i < id.len; i++) {
		if (csp_span_find(marks, id.data[i]) < marks.len)
			return true;
		zeros += id.data[i] == '0' || id.data[i] == '-';
	}
	return zeros == id.len;
}

static enum row_result read_number(struct span *out, struct import *import, const json_t *value)
{
	char digits[NUMBER_SIZE];
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(value));

	return csp_arena_copy(&import->arena, out, (struct span){digits, (size_t)len})
		       ? ROW_OK
		       : ROW_NO_MEMORY;
}

enum row_result csp_import_json_id(struct span *out, struct import *import,
				   const struct json_member *member)
{
	struct span text;
	enum row_result result = json_is_integer(member->value)
					 ? read_number(&text, import, member->value)
					 : csp_import_json_text(&text, import, member);

	*out = SPAN_LIT("");
	if (result != ROW_OK || text.len == 0)
		return result;
	if (is_placeholder(text))
		return csp_import_why(import, "\"%s\" is \"%.*s\": that is no id", member->name,
				      IMPORT_QUOTED(text));
	return csp_import_read_id(out, import, text);
}

enum row_result csp_import_json_needed_id(struct span *out, struct import *import,
					  const struct json_member *member)
{
	enum row_result result = csp_import_json_id(out, import, member);

	if (result == ROW_OK && out->len == 0)
		return csp_import_why(import, "\"%s\" is missing", member->name);
	return result;
}
