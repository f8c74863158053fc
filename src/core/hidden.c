#include "hidden.h"

#include "jscan.h"

/* A member that lists recipients, and how deep its service looks for it: elsewhere the name is a site's own. */
struct hiding_key {
	struct span name;
	unsigned depth;
};

/* A field in JSON, and its members that list recipients; one without any always does. */
struct hiding_field {
	struct span name;
	struct hiding_key keys[4];
	size_t key_count;
};

/* A fold in a name may be a space to one reader and nothing to another. */
static bool names_recipients(const struct hiding_field *field, struct span key, unsigned depth)
{
	for (size_t i = 0; i < key.len; i++) {
		if (csp_ascii_is_blank(key.data[i]) && key.data[i] != ' ')
			return true;
	}
	for (size_t i = 0; i < field->key_count; i++) {
		if (field->keys[i].depth == depth &&
		    csp_span_equal_nocase(key, field->keys[i].name))
			return true;
	}
	return false;
}

static bool is_naming_key(const struct hiding_field *field, const struct jscan *scan)
{
	struct buf key;

	if (csp_span_find(scan->text, '\\') == scan->text.len)
		return names_recipients(field, scan->text, scan->depth);
	csp_buf_init(&key, scan->text.len);
	csp_jscan_decode(&key, scan->text);
	bool naming =
		csp_buf_failed(&key) || names_recipients(field, csp_buf_span(&key), scan->depth);
	csp_buf_dispose(&key);
	return naming;
}

/* What is no JSON to us may be some to who acts on it. Only an empty body says nothing to anybody. */
static bool lists_recipients(const struct hiding_field *field, struct span body)
{
	struct jscan scan;

	if (!field->key_count)
		return true;
	if (!csp_span_trim(body).len)
		return false;
	csp_jscan_init(&scan, body);
	for (;;) {
		switch (csp_jscan_next(&scan)) {
		case JSCAN_KEY:
			if (is_naming_key(field, &scan))
				return true;
			break;
		case JSCAN_WRONG:
			return true;
		case JSCAN_END:
			return false;
		case JSCAN_STRING:
		case JSCAN_PLAIN:
		case JSCAN_OPEN:
		case JSCAN_CLOSE:
			break;
		}
	}
}

static bool hides_recipients(const struct field *field)
{
	const struct hiding_field fields[] = {
		{SPAN_LIT("X-SMTPAPI"), {{SPAN_LIT("to"), 1}, {SPAN_LIT("bcc"), 2}}, 2},
		{SPAN_LIT("X-MSYS-API"),
		 {{SPAN_LIT("to"), 1},
		  {SPAN_LIT("cc"), 1},
		  {SPAN_LIT("bcc"), 1},
		  {SPAN_LIT("archive"), 1}},
		 4},
		{.name = SPAN_LIT("X-MC-BccAddress")},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (csp_span_equal_nocase(field->name, fields[i].name))
			return lists_recipients(&fields[i], field->body);
	}
	return false;
}

bool csp_hidden_recipients(const struct message *message)
{
	for (size_t i = 0; i < message->field_count; i++) {
		if (hides_recipients(&message->fields[i]))
			return true;
	}
	return false;
}
