#include "hidden.h"

/* A field in JSON, and the names under which it lists recipients; one without names always does. */
struct hiding_field {
	struct span name;
	struct span keys[4];
	size_t key_count;
};

static bool names_recipients(const struct hiding_field *field, struct span key)
{
	/* An escape can spell any name. */
	if (csp_span_find(key, '\\') < key.len)
		return true;
	for (size_t i = 0; i < field->key_count; i++) {
		if (csp_span_equal_nocase(key, field->keys[i]))
			return true;
	}
	return false;
}

/* Takes one JSON string off *rest, which begins behind its first quote; without an end it is all there is. */
static struct span take_string(struct span *rest)
{
	size_t end = 0;

	while (end < rest->len && rest->data[end] != '"')
		end += rest->data[end] == '\\' ? 2 : 1;
	struct span string = csp_span_slice(*rest, 0, end);
	*rest = csp_span_slice(*rest, end + 1, rest->len);
	return string;
}

static struct span skip_blanks(struct span text)
{
	size_t at = 0;

	while (at < text.len && csp_span_find(SPAN_LIT(" \t\r\n"), text.data[at]) < 4)
		at++;
	return csp_span_slice(text, at, text.len);
}

static bool lists_recipients(const struct hiding_field *field, struct span body)
{
	size_t quote;

	if (!field->key_count)
		return true;
	while ((quote = csp_span_find(body, '"')) < body.len) {
		body = csp_span_slice(body, quote + 1, body.len);
		struct span string = take_string(&body);
		body = skip_blanks(body);
		bool key = body.len && body.data[0] == ':';
		if (key && names_recipients(field, string))
			return true;
	}
	return false;
}

static bool hides_recipients(const struct field *field)
{
	const struct hiding_field fields[] = {
		{SPAN_LIT("X-SMTPAPI"), {SPAN_LIT("to")}, 1},
		{SPAN_LIT("X-MSYS-API"),
		 {SPAN_LIT("to"), SPAN_LIT("cc"), SPAN_LIT("bcc"), SPAN_LIT("archive")},
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
