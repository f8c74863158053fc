#include "span.h"

#include <stdint.h>
#include <string.h>

struct span csp_span_from(const char *cstr)
{
	if (!cstr)
		return SPAN_LIT("");
	return (struct span){cstr, strlen(cstr)};
}

bool csp_span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool csp_span_equal_nocase(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (csp_ascii_lower(a.data[i]) != csp_ascii_lower(b.data[i]))
			return false;
	}
	return true;
}

bool csp_span_starts_with(struct span text, struct span prefix)
{
	return text.len >= prefix.len &&
	       csp_span_equal(csp_span_slice(text, 0, prefix.len), prefix);
}

bool csp_span_ends_with_nocase(struct span text, struct span suffix)
{
	return text.len >= suffix.len &&
	       csp_span_equal_nocase(csp_span_slice(text, text.len - suffix.len, text.len), suffix);
}

int csp_span_compare(struct span a, struct span b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.data, b.data, common) : 0;

	if (order)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

size_t csp_span_find(struct span text, char byte)
{
	const char *at = text.len ? memchr(text.data, byte, text.len) : NULL;

	return at ? (size_t)(at - text.data) : text.len;
}

size_t csp_span_find_last(struct span text, char byte)
{
	for (size_t i = text.len; i > 0; i--) {
		if (text.data[i - 1] == byte)
			return i - 1;
	}
	return text.len;
}

struct span csp_span_slice(struct span text, size_t from, size_t to)
{
	if (to > text.len)
		to = text.len;
	if (from >= to)
		return SPAN_LIT("");
	return (struct span){text.data + from, to - from};
}

struct span csp_span_trim(struct span text)
{
	while (text.len > 0 && csp_ascii_is_blank(text.data[text.len - 1]))
		text.len--;
	while (text.len > 0 && csp_ascii_is_blank(text.data[0])) {
		text.data++;
		text.len--;
	}
	return text;
}

bool csp_span_split(struct span *head, struct span *rest, struct span text, char separator)
{
	size_t at = csp_span_find(text, separator);

	*head = csp_span_slice(text, 0, at);
	*rest = csp_span_slice(text, at + 1, text.len);
	return at < text.len;
}

/* Eight bytes at a time: this is asked of every header field. */
size_t csp_span_ascii_length(struct span text)
{
	size_t at = 0;

	for (uint64_t eight; at + sizeof(eight) <= text.len; at += sizeof(eight)) {
		memcpy(&eight, text.data + at, sizeof(eight));
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	while (at < text.len && (unsigned char)text.data[at] < 0x80)
		at++;
	return at;
}

bool csp_span_is_ascii(struct span text)
{
	return csp_span_ascii_length(text) == text.len;
}
