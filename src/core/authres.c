#include "authres.h"

#include "header.h"
#include "utf8.h"

/* Positions in `text` only grow, whatever stands there. */
struct reader {
	struct span text;
	size_t at;
	struct arena *arena;
	struct authres_result *results;
	struct authres_property *properties;
	size_t result_count, property_count;
	bool no_memory;
};

typedef bool char_class(char c);

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return csp_ascii_is_digit(c);
}

/* RFC 5321 section 4.1.2, Ldh-str. */
static bool is_keyword_char(char c)
{
	return csp_ascii_is_alpha(c) || csp_ascii_is_digit(c) || c == '-';
}

/* RFC 2045 section 5.1, token; bytes above 0x7f by RFC 6532. */
static bool is_token_char(char c)
{
	const struct span specials = SPAN_LIT(" \t()<>@,;:\\\"/[]?=");

	return csp_span_find(specials, c) == specials.len;
}

static bool is_value_char(char c)
{
	const struct span ends = SPAN_LIT(" \t()<>,;\\\"");

	return csp_span_find(ends, c) == ends.len;
}

static bool at_end(const struct reader *reader)
{
	return reader->at >= reader->text.len;
}

/* NUL at the end: no other one is in the text. */
static char peek(const struct reader *reader)
{
	return at_end(reader) ? '\0' : reader->text.data[reader->at];
}

static bool take(struct reader *reader, char c)
{
	if (peek(reader) != c)
		return false;
	reader->at++;
	return true;
}

static bool take_run(struct span *out, struct reader *reader, char_class *is_in)
{
	size_t from = reader->at;

	while (!at_end(reader) && is_in(peek(reader)))
		reader->at++;
	*out = csp_span_slice(reader->text, from, reader->at);
	return out->len > 0;
}

static bool skip_comment(struct reader *reader)
{
	size_t len = csp_header_comment_length(
		csp_span_slice(reader->text, reader->at, reader->text.len));

	reader->at += len;
	return len > 0;
}

static bool separates(char c)
{
	return is_blank(c) || c == ';';
}

/* Blanks and comments; false when a comment has no end or touches something. */
static bool skip(struct reader *reader)
{
	while (is_blank(peek(reader)) || peek(reader) == '(') {
		if (take(reader, ' ') || take(reader, '\t'))
			continue;
		if (reader->at && !separates(reader->text.data[reader->at - 1]))
			return false;
		if (!skip_comment(reader) || (!at_end(reader) && !separates(peek(reader))))
			return false;
	}
	return true;
}

static bool take_keyword(struct span *out, struct reader *reader)
{
	return take_run(out, reader, is_keyword_char) && out->data[out->len - 1] != '-';
}

static bool take_quoted(struct span *out, struct reader *reader)
{
	size_t len = 0;

	if (!take(reader, '"'))
		return false;
	size_t from = reader->at;
	while (!at_end(reader) && peek(reader) != '"')
		reader->at += peek(reader) == '\\' ? 2 : 1;
	if (at_end(reader))
		return false;
	struct span quoted = csp_span_slice(reader->text, from, reader->at++);
	*out = quoted;
	if (csp_span_find(quoted, '\\') == quoted.len)
		return true;
	char *text = csp_arena_alloc(reader->arena, quoted.len, 1);
	reader->no_memory = !text;
	for (size_t i = 0; text && i < quoted.len; i++) {
		i += quoted.data[i] == '\\';
		text[len++] = quoted.data[i];
	}
	*out = (struct span){text, len};
	return text != NULL;
}

static bool take_text(struct span *out, struct reader *reader)
{
	return peek(reader) == '"' ? take_quoted(out, reader)
				   : take_run(out, reader, is_token_char);
}

/* A value, or a mailbox whose local part may be quoted. */
static bool take_property_value(struct span *out, struct reader *reader)
{
	size_t from = reader->at;
	struct span domain;

	if (peek(reader) != '"')
		return take_run(out, reader, is_value_char);
	if (!take_quoted(out, reader))
		return false;
	if (!take(reader, '@'))
		return true;
	if (!take_run(&domain, reader, is_value_char))
		return false;
	*out = csp_span_slice(reader->text, from, reader->at);
	return true;
}

/* An optional version behind blanks; true when it is 1, or not there. */
static bool take_version(bool *is_1, struct reader *reader)
{
	struct span digits;

	if (!take_run(&digits, reader, is_digit))
		return false;
	*is_1 = csp_span_equal(digits, SPAN_LIT("1"));
	return skip(reader);
}

static bool take_authserv_id(struct authres *out, struct reader *reader)
{
	bool is_1 = true;

	if (!skip(reader) || !take_text(&out->authserv_id, reader))
		return false;
	size_t end = reader->at;
	if (!skip(reader))
		return false;
	if (reader->at > end && is_digit(peek(reader)) && !take_version(&is_1, reader))
		return false;
	return is_1 && peek(reader) == ';';
}

static bool take_property(struct reader *reader, struct span type)
{
	struct authres_property property = {.type = type};

	if (!take(reader, '.') || !skip(reader) || !take_keyword(&property.name, reader) ||
	    !skip(reader) || !take(reader, '=') || !skip(reader) ||
	    !take_property_value(&property.value, reader) ||
	    reader->property_count == AUTHRES_PROPERTIES_MAX)
		return false;
	reader->properties[reader->property_count++] = property;
	return true;
}

static bool take_reason(struct reader *reader)
{
	struct span reason;

	return take(reader, '=') && skip(reader) && take_text(&reason, reader);
}

/* What follows a result: a reason at most, then properties, each behind a blank. */
static bool take_details(struct reader *reader)
{
	for (bool first = true;; first = false) {
		size_t end = reader->at;
		struct span word;

		if (!skip(reader))
			return false;
		if (at_end(reader) || peek(reader) == ';')
			return true;
		if (reader->at == end || !take_keyword(&word, reader) || !skip(reader))
			return false;
		bool reason = first && csp_span_equal_nocase(word, SPAN_LIT("reason"));
		bool taken = reason && peek(reader) == '=' ? take_reason(reader)
							   : take_property(reader, word);
		if (!taken)
			return false;
	}
}

static bool take_result(struct reader *reader, struct span method)
{
	struct authres_result result = {.method = method, .version_1 = true};
	size_t first = reader->property_count;

	if (take(reader, '/') && (!skip(reader) || !take_version(&result.version_1, reader)))
		return false;
	if (!take(reader, '=') || !skip(reader) || !take_keyword(&result.result, reader) ||
	    !take_details(reader) || reader->result_count == AUTHRES_RESULTS_MAX)
		return false;
	result.properties = reader->properties + first;
	result.property_count = reader->property_count - first;
	reader->results[reader->result_count++] = result;
	return true;
}

static bool take_results(struct reader *reader)
{
	bool none = false;

	while (!none && take(reader, ';')) {
		struct span method;
		if (!skip(reader) || !take_keyword(&method, reader) || !skip(reader))
			return false;
		none = at_end(reader) && !reader->result_count &&
		       csp_span_equal_nocase(method, SPAN_LIT("none"));
		if (!none && !take_result(reader, method))
			return false;
	}
	return at_end(reader);
}

static bool is_text(struct span body)
{
	for (size_t i = 0; i < body.len; i++) {
		unsigned char c = (unsigned char)body.data[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return csp_utf8_is_valid(body);
}

enum authres_outcome csp_authres_parse(struct authres *out, struct arena *arena, struct span body)
{
	struct reader reader = {.text = body, .arena = arena};

	*out = (struct authres){.count = 0};
	if (!is_text(body))
		return AUTHRES_INVALID;
	reader.results = csp_arena_alloc(arena, AUTHRES_RESULTS_MAX, sizeof(*reader.results));
	reader.properties =
		csp_arena_alloc(arena, AUTHRES_PROPERTIES_MAX, sizeof(*reader.properties));
	if (!reader.results || !reader.properties)
		return AUTHRES_NO_MEMORY;
	bool whole = take_authserv_id(out, &reader) && take_results(&reader);
	if (reader.no_memory)
		return AUTHRES_NO_MEMORY;
	if (!whole)
		return AUTHRES_INVALID;
	out->results = reader.results;
	out->count = reader.result_count;
	return AUTHRES_OK;
}
