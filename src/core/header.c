#include "header.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span skip(struct span text, size_t len)
{
	return csp_span_slice(text, len, text.len);
}

/* Bytes of the first line with its end, or of all the text when it has none. */
static size_t line_size(struct span text)
{
	size_t at = csp_span_find(text, '\n');

	return at < text.len ? at + 1 : at;
}

static struct span without_line_end(struct span line)
{
	if (line.len && line.data[line.len - 1] == '\n') {
		line.len--;
		if (line.len && line.data[line.len - 1] == '\r')
			line.len--;
	}
	return line;
}

/* ftext of RFC 5322 section 3.6.8. */
static bool is_field_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] <= ' ' || name.data[i] > '~')
			return false;
	}
	return name.len > 0;
}

static struct span without_blanks_at_end(struct span text)
{
	while (text.len && is_blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

enum header_result csp_header_next(struct field *out, struct span *rest)
{
	struct span text = *rest;
	size_t size = line_size(text);
	struct span line = without_line_end(csp_span_slice(text, 0, size));

	*rest = skip(text, size);
	if (line.len == 0)
		return HEADER_END;

	size_t colon = csp_span_find(line, ':');
	struct span name = without_blanks_at_end(csp_span_slice(line, 0, colon));
	if (colon == line.len || !is_field_name(name))
		return HEADER_NOT_A_FIELD;

	while (rest->len && is_blank(rest->data[0])) {
		size_t more = line_size(*rest);
		size += more;
		*rest = skip(*rest, more);
	}
	out->name = name;
	out->body = skip(without_line_end(csp_span_slice(text, 0, size)), colon + 1);
	return HEADER_FIELD;
}

static bool is_odd(char c)
{
	return c == '\r' || c == '\n' || c == '\0';
}

/* Length of a line end that a blank follows; 0 when there is none here. */
static size_t fold_length(struct span text)
{
	size_t len = text.len > 1 && text.data[0] == '\r' && text.data[1] == '\n' ? 2 : 1;

	if (text.data[len - 1] != '\n' || text.len <= len || !is_blank(text.data[len]))
		return 0;
	return len;
}

static size_t plain_length(struct span text)
{
	size_t len = 0;

	while (len < text.len && !is_odd(text.data[len]))
		len++;
	return len;
}

static bool has_bare(struct span body)
{
	for (;;) {
		body = skip(body, plain_length(body));
		if (body.len == 0)
			return false;
		size_t fold = fold_length(body);
		if (fold == 0)
			return true;
		body = skip(body, fold);
	}
}

static struct span trim(struct span text)
{
	while (text.len && (is_blank(text.data[text.len - 1]) || is_odd(text.data[text.len - 1])))
		text.len--;
	while (text.len && (is_blank(text.data[0]) || is_odd(text.data[0])))
		text = skip(text, 1);
	return text;
}

void csp_header_unfold(struct buf *out, bool *bare, struct span body)
{
	if (has_bare(body))
		*bare = true;
	for (body = trim(body);;) {
		size_t plain = plain_length(body);
		csp_buf_append(out, csp_span_slice(body, 0, plain));
		body = skip(body, plain);
		if (body.len == 0)
			return;
		size_t fold = fold_length(body);
		if (fold == 0)
			csp_buf_append_char(out, ' ');
		body = skip(body, fold ? fold : 1);
	}
}

size_t csp_header_comment_length(struct span text)
{
	size_t depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\\')
			i++;
		else if (text.data[i] == '(')
			depth++;
		else if (text.data[i] == ')' && --depth == 0)
			return i + 1;
	}
	return 0;
}
