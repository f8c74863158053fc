#include "tag.h"

#include "encword.h"

static struct span behind(struct span text, size_t at)
{
	return csp_span_slice(text, at, text.len);
}

/* A value may fold anywhere, and with a tab as well as with a space. */
static void squeeze(struct buf *value)
{
	size_t len = 0;

	for (size_t i = 0; i < value->len; i++) {
		if (!csp_ascii_is_blank(value->data[i]))
			value->data[len++] = value->data[i];
		else if (len && value->data[len - 1] != ' ')
			value->data[len++] = ' ';
	}
	value->len = len && value->data[len - 1] == ' ' ? len - 1 : len;
}

bool csp_tag_open(struct tag_reader *out, const struct tag_shape *shape, struct buf *text,
		  struct span unfolded)
{
	*out = (struct tag_reader){.shape = shape, .rest = unfolded};
	if (shape->format == TAG_LIST)
		return true;
	csp_buf_reset(text);
	csp_encword_decode(text, &out->undecodable, unfolded);
	out->rest = csp_span_trim(csp_buf_span(text));
	if (shape->format != TAG_JSON)
		return true;
	csp_jscan_init(&out->json, out->rest);
	return csp_jscan_is_object(out->rest);
}

static struct span take_all(struct tag_reader *reader)
{
	struct span all = reader->rest;

	reader->rest = behind(all, all.len);
	return all;
}

/* Where a quoted string ends; text.len when it has no end. */
static size_t quoted_end(struct span text)
{
	size_t at = 1;

	while (at < text.len && text.data[at] != '"')
		at += text.data[at] == '\\' ? 2 : 1;
	return at < text.len ? at : text.len;
}

/* The content of a quoted string: a backslash stands for what comes after it. */
static void append_quoted(struct tag_reader *reader, struct buf *value, struct span text)
{
	while (text.len) {
		size_t skipped = text.data[0] == '\\' && text.len > 1 ? 1 : 0;
		text = behind(text, skipped);
		size_t len = 1 + csp_span_find(behind(text, 1), '\\');
		csp_encword_decode(value, &reader->undecodable, csp_span_slice(text, 0, len));
		text = behind(text, len);
	}
}

static size_t plain_length(struct span text, bool quotes)
{
	size_t len = 0;

	while (len < text.len && text.data[len] != ',' && !(quotes && text.data[len] == '"'))
		len++;
	return len;
}

/* Bytes up to the next comma or quoted string. A quote that opens none is a character like others, and so are all after it. */
static size_t unquoted_length(struct tag_reader *reader, struct span text)
{
	size_t len = plain_length(text, !reader->plain_quotes);

	if (len < text.len && text.data[len] == '"' &&
	    quoted_end(behind(text, len)) == text.len - len) {
		reader->plain_quotes = true;
		len = plain_length(text, false);
	}
	return len;
}

static void take_item(struct tag_reader *reader, struct buf *value)
{
	struct span text = reader->rest;

	for (;;) {
		size_t len = unquoted_length(reader, text);
		csp_encword_decode(value, &reader->undecodable, csp_span_slice(text, 0, len));
		text = behind(text, len);
		if (text.len == 0 || text.data[0] == ',')
			break;
		len = quoted_end(text);
		append_quoted(reader, value, csp_span_slice(text, 1, len));
		text = behind(text, len + 1);
	}
	reader->rest = behind(text, 1);
}

static bool next_item(struct tag_reader *reader, struct buf *value)
{
	if (reader->rest.len == 0)
		return false;
	take_item(reader, value);
	return true;
}

static bool next_pair(struct tag_reader *reader, struct buf *value, char separator)
{
	while (reader->rest.len) {
		struct span pair, name, text;
		csp_span_split(&pair, &reader->rest, reader->rest, separator);
		if (!csp_span_split(&name, &text, pair, '=') ||
		    !csp_span_equal_nocase(csp_span_trim(name), reader->shape->key))
			continue;
		csp_buf_append(value, text);
		return true;
	}
	return false;
}

static bool next_part(struct tag_reader *reader, struct buf *value)
{
	struct span text = take_all(reader);
	struct span part;

	for (unsigned i = 1; i < reader->shape->position; i++) {
		if (!csp_span_split(&part, &text, text, ':'))
			return false;
	}
	csp_span_split(&part, &text, text, ':');
	csp_buf_append(value, part);
	return part.len > 0;
}

static bool next_list_id(struct tag_reader *reader, struct buf *value)
{
	struct span text = take_all(reader);
	size_t open = csp_span_find_last(text, '<');

	if (open < text.len) {
		text = behind(text, open + 1);
		text.len = csp_span_find(text, '>');
	}
	csp_buf_append(value, text);
	return text.len > 0;
}

static bool is_key(const struct tag_reader *reader, struct buf *work)
{
	csp_buf_reset(work);
	csp_jscan_decode(work, reader->json.text);
	return csp_span_equal(csp_buf_span(work), reader->shape->key);
}

/* The text was scanned to its end before. A member that stands twice is read twice: readers take either. */
static bool next_json(struct tag_reader *reader, struct buf *value)
{
	struct jscan *json = &reader->json;

	for (;;) {
		switch (csp_jscan_next(json)) {
		case JSCAN_KEY:
			if (json->depth == 1)
				reader->in_member = is_key(reader, value);
			break;
		case JSCAN_STRING:
			if (!reader->in_member || json->depth > 2 ||
			    (json->depth == 2 && json->objects & 2))
				break;
			csp_buf_reset(value);
			csp_jscan_decode(value, json->text);
			return true;
		case JSCAN_END:
		case JSCAN_WRONG:
			return false;
		case JSCAN_PLAIN:
		case JSCAN_OPEN:
		case JSCAN_CLOSE:
			break;
		}
	}
}

static bool next_raw(struct tag_reader *reader, struct buf *value)
{
	switch (reader->shape->format) {
	case TAG_LIST:
		return next_item(reader, value);
	case TAG_PAIRS:
		return next_pair(reader, value, ',');
	case TAG_LABELS:
		return next_pair(reader, value, ';');
	case TAG_COLONS:
		return next_part(reader, value);
	case TAG_JSON:
		return next_json(reader, value);
	case TAG_LIST_ID:
		return next_list_id(reader, value);
	case TAG_TEXT:
	default:
		csp_buf_append(value, take_all(reader));
		return value->len > 0;
	}
}

bool csp_tag_next(struct tag_reader *reader, struct buf *value)
{
	csp_buf_reset(value);
	if (!next_raw(reader, value))
		return false;
	squeeze(value);
	return true;
}
