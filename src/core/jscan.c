#include "jscan.h"

#include "utf8.h"

void csp_jscan_init(struct jscan *scan, struct span text)
{
	*scan = (struct jscan){.rest = text, .state = JSCAN_AT_VALUE};
}

static void step(struct jscan *scan, size_t len)
{
	scan->rest = csp_span_slice(scan->rest, len, scan->rest.len);
}

static enum jscan_token lose(struct jscan *scan)
{
	scan->state = JSCAN_LOST;
	return JSCAN_WRONG;
}

static bool read_hex(uint32_t *out, struct span text)
{
	if (text.len < 6 || text.data[0] != '\\' || text.data[1] != 'u')
		return false;
	*out = 0;
	for (size_t i = 2; i < 6; i++) {
		int digit = csp_ascii_hex_value(text.data[i]);
		if (digit < 0)
			return false;
		*out = *out << 4 | (uint32_t)digit;
	}
	return true;
}

/* Two escapes make one character past U+FFFF; half a pair is none. */
static size_t read_unicode(uint32_t *rune, struct span text)
{
	uint32_t low;

	if (!read_hex(rune, text))
		return 0;
	if (*rune < 0xd800 || *rune > 0xdfff)
		return 6;
	if (*rune > 0xdbff || !read_hex(&low, csp_span_slice(text, 6, text.len)) || low < 0xdc00 ||
	    low > 0xdfff)
		return 0;
	*rune = 0x10000 + ((*rune - 0xd800) << 10 | (low - 0xdc00));
	return 12;
}

/* The length of the escape that the text begins with; 0 when it is none. */
static size_t read_escape(uint32_t *rune, struct span text)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";

	if (text.len < 2)
		return 0;
	if (text.data[1] == 'u')
		return read_unicode(rune, text);
	for (size_t i = 0; i < sizeof(from) - 1; i++) {
		if (text.data[1] == from[i]) {
			*rune = (uint32_t)to[i];
			return 2;
		}
	}
	return 0;
}

/* Bytes up to the next escape, quote or control character. */
static size_t plain_length(struct span text)
{
	size_t len = 0;

	while (len < text.len && text.data[len] != '"' && text.data[len] != '\\' &&
	       ((unsigned char)text.data[len] >= ' ' || csp_ascii_is_blank(text.data[len])))
		len++;
	return len;
}

static bool take_string(struct jscan *scan)
{
	if (scan->rest.len == 0 || scan->rest.data[0] != '"')
		return false;
	step(scan, 1);
	struct span begin = scan->rest;
	for (;;) {
		uint32_t rune;
		size_t len;
		step(scan, plain_length(scan->rest));
		if (scan->rest.len == 0)
			return false;
		if (scan->rest.data[0] == '"')
			break;
		if (scan->rest.data[0] != '\\' || !(len = read_escape(&rune, scan->rest)))
			return false;
		step(scan, len);
	}
	scan->text = csp_span_slice(begin, 0, begin.len - scan->rest.len);
	step(scan, 1);
	return true;
}

static size_t digits(struct span text, size_t at)
{
	size_t len = 0;

	while (at + len < text.len && csp_ascii_is_digit(text.data[at + len]))
		len++;
	return len;
}

static bool has_at(struct span text, size_t at, const char *any)
{
	struct span set = csp_span_from(any);

	return at < text.len && csp_span_find(set, text.data[at]) < set.len;
}

/* The length of the number that the text begins with; 0 when it is none. */
static size_t number_length(struct span text)
{
	size_t at = has_at(text, 0, "-") ? 1 : 0;
	size_t len = digits(text, at);

	if (len == 0 || (len > 1 && text.data[at] == '0'))
		return 0;
	at += len;
	if (has_at(text, at, ".")) {
		len = digits(text, at + 1);
		if (len == 0)
			return 0;
		at += 1 + len;
	}
	if (has_at(text, at, "eE")) {
		at += has_at(text, at + 1, "+-") ? 2 : 1;
		len = digits(text, at);
		if (len == 0)
			return 0;
		at += len;
	}
	return at;
}

static size_t plain_value_length(struct span text)
{
	static const struct span words[] = {SPAN_INIT("true"), SPAN_INIT("false"),
					    SPAN_INIT("null")};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (csp_span_starts_with(text, words[i]))
			return words[i].len;
	}
	return number_length(text);
}

static bool in_object(const struct jscan *scan)
{
	return scan->depth > 0 && (scan->objects >> (scan->depth - 1) & 1);
}

static enum jscan_token open_value(struct jscan *scan, bool object)
{
	if (scan->depth == JSCAN_DEPTH_MAX)
		return lose(scan);
	uint32_t bit = (uint32_t)1 << scan->depth++;
	scan->objects = object ? scan->objects | bit : scan->objects & ~bit;
	scan->state = JSCAN_AT_FIRST;
	step(scan, 1);
	return JSCAN_OPEN;
}

static enum jscan_token close_value(struct jscan *scan)
{
	scan->depth--;
	scan->state = JSCAN_BEHIND;
	step(scan, 1);
	return JSCAN_CLOSE;
}

static enum jscan_token take_value(struct jscan *scan)
{
	if (scan->rest.data[0] == '{' || scan->rest.data[0] == '[')
		return open_value(scan, scan->rest.data[0] == '{');
	scan->state = JSCAN_BEHIND;
	if (scan->rest.data[0] == '"')
		return take_string(scan) ? JSCAN_STRING : lose(scan);
	size_t len = plain_value_length(scan->rest);
	step(scan, len);
	return len ? JSCAN_PLAIN : lose(scan);
}

static void skip_blanks(struct jscan *scan)
{
	size_t len = 0;

	while (len < scan->rest.len && csp_ascii_is_blank(scan->rest.data[len]))
		len++;
	step(scan, len);
}

static enum jscan_token take_key(struct jscan *scan)
{
	if (!take_string(scan))
		return lose(scan);
	skip_blanks(scan);
	if (!has_at(scan->rest, 0, ":"))
		return lose(scan);
	step(scan, 1);
	scan->state = JSCAN_AT_VALUE;
	return JSCAN_KEY;
}

static bool at_close(const struct jscan *scan)
{
	return scan->depth > 0 && scan->rest.len > 0 &&
	       scan->rest.data[0] == (in_object(scan) ? '}' : ']');
}

/* Behind a value: a comma and one more, or the end of what it stands in. */
static enum jscan_token go_on(struct jscan *scan)
{
	if (scan->depth == 0)
		return scan->rest.len ? lose(scan) : JSCAN_END;
	if (at_close(scan))
		return close_value(scan);
	if (!has_at(scan->rest, 0, ","))
		return lose(scan);
	step(scan, 1);
	scan->state = in_object(scan) ? JSCAN_AT_KEY : JSCAN_AT_VALUE;
	return csp_jscan_next(scan);
}

enum jscan_token csp_jscan_next(struct jscan *scan)
{
	skip_blanks(scan);
	if (scan->state == JSCAN_BEHIND)
		return go_on(scan);
	if (scan->state == JSCAN_LOST || scan->rest.len == 0)
		return lose(scan);
	if (scan->state == JSCAN_AT_FIRST && at_close(scan))
		return close_value(scan);
	if (scan->state != JSCAN_AT_VALUE && in_object(scan))
		return take_key(scan);
	return take_value(scan);
}

void csp_jscan_decode(struct buf *out, struct span text)
{
	for (;;) {
		uint32_t rune = 0;
		size_t plain = csp_span_find(text, '\\');
		csp_buf_append(out, csp_span_slice(text, 0, plain));
		text = csp_span_slice(text, plain, text.len);
		size_t len = read_escape(&rune, text);
		if (len == 0)
			return;
		csp_utf8_append(out, rune);
		text = csp_span_slice(text, len, text.len);
	}
}

bool csp_jscan_is_object(struct span text)
{
	struct jscan scan;
	enum jscan_token token;

	csp_jscan_init(&scan, text);
	if (csp_jscan_next(&scan) != JSCAN_OPEN || !in_object(&scan))
		return false;
	do
		token = csp_jscan_next(&scan);
	while (token != JSCAN_END && token != JSCAN_WRONG);
	return token == JSCAN_END;
}
