#include "json.h"

#include "utf8.h"

void csp_json_init(struct json *json, struct buf *out)
{
	*json = (struct json){.out = out};
}

static void begin_value(struct json *json)
{
	if (json->need_comma)
		csp_buf_append_char(json->out, ',');
	json->need_comma = true;
}

static void open_with(struct json *json, char bracket)
{
	begin_value(json);
	csp_buf_append_char(json->out, bracket);
	json->need_comma = false;
}

static void close_with(struct json *json, char bracket)
{
	csp_buf_append_char(json->out, bracket);
	json->need_comma = true;
}

void csp_json_object(struct json *json)
{
	open_with(json, '{');
}

void csp_json_object_end(struct json *json)
{
	close_with(json, '}');
}

void csp_json_array(struct json *json)
{
	open_with(json, '[');
}

void csp_json_array_end(struct json *json)
{
	close_with(json, ']');
}

/* A right-to-left override in a Subject would turn a record around on a terminal. */
static bool is_bidi_control(uint32_t rune)
{
	return rune == 0x061c || rune == 0x200e || rune == 0x200f ||
	       (rune >= 0x202a && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069);
}

static bool must_escape(uint32_t rune)
{
	return rune < 0x20 || rune == '"' || rune == '\\' || (rune >= 0x7f && rune <= 0x9f) ||
	       rune == 0x2028 || rune == 0x2029 || is_bidi_control(rune);
}

static void append_escaped(struct buf *out, uint32_t rune)
{
	if (rune == '"' || rune == '\\') {
		csp_buf_append_char(out, '\\');
		csp_buf_append_char(out, (char)rune);
	} else if (rune == '\n') {
		csp_buf_append(out, SPAN_LIT("\\n"));
	} else if (rune == '\t') {
		csp_buf_append(out, SPAN_LIT("\\t"));
	} else {
		csp_buf_append_format(out, "\\u%04x", (unsigned)rune);
	}
}

/* Most text is this, and need not be decoded to be known as clean. */
static size_t plain_length(struct span text)
{
	size_t len = 0;

	while (len < text.len && text.data[len] >= ' ' && text.data[len] <= '~' &&
	       text.data[len] != '"' && text.data[len] != '\\')
		len++;
	return len;
}

/* Appends the one character, or byte that begins none, at the start of the text; gives its length. */
static size_t append_other(struct buf *out, struct span text)
{
	uint32_t rune = 0;
	size_t len = csp_utf8_decode(&rune, text);

	if (!len) {
		csp_buf_append(out, SPAN_LIT("\xef\xbf\xbd"));
		return 1;
	}
	if (must_escape(rune))
		append_escaped(out, rune);
	else
		csp_buf_append(out, csp_span_slice(text, 0, len));
	return len;
}

static void append_string(struct buf *out, struct span text)
{
	csp_buf_append_char(out, '"');
	for (;;) {
		size_t plain = plain_length(text);
		csp_buf_append(out, csp_span_slice(text, 0, plain));
		text = csp_span_slice(text, plain, text.len);
		if (!text.len)
			break;
		text = csp_span_slice(text, append_other(out, text), text.len);
	}
	csp_buf_append_char(out, '"');
}

void csp_json_key(struct json *json, const char *name)
{
	begin_value(json);
	append_string(json->out, csp_span_from(name));
	csp_buf_append_char(json->out, ':');
	json->need_comma = false;
}

void csp_json_text(struct json *json, struct span text)
{
	begin_value(json);
	append_string(json->out, text);
}

void csp_json_number(struct json *json, int64_t number)
{
	begin_value(json);
	csp_buf_append_format(json->out, "%lld", (long long)number);
}

void csp_json_bool(struct json *json, bool value)
{
	begin_value(json);
	csp_buf_append(json->out, value ? SPAN_LIT("true") : SPAN_LIT("false"));
}

void csp_json_null(struct json *json)
{
	begin_value(json);
	csp_buf_append(json->out, SPAN_LIT("null"));
}

void csp_json_text_at(struct json *json, const char *name, struct span text)
{
	csp_json_key(json, name);
	csp_json_text(json, text);
}

void csp_json_texts_at(struct json *json, const char *name, const struct span *items, size_t count)
{
	csp_json_key(json, name);
	csp_json_array(json);
	for (size_t i = 0; i < count; i++)
		csp_json_text(json, items[i]);
	csp_json_array_end(json);
}

void csp_json_number_at(struct json *json, const char *name, int64_t number)
{
	csp_json_key(json, name);
	csp_json_number(json, number);
}

void csp_json_text_or_null_at(struct json *json, const char *name, struct span text)
{
	csp_json_key(json, name);
	if (text.len)
		csp_json_text(json, text);
	else
		csp_json_null(json);
}
