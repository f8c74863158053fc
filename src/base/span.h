/*
 * A span is a view of bytes that somebody else owns: never NUL-terminated, may hold any byte.
 * It owns nothing: it is valid as long as the memory it points into.
 * Nothing here can fail; absent text is an empty span, never NULL with a length.
 */
#ifndef CSP_SPAN_H
#define CSP_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *data;
	size_t len;
};

#define SPAN_LIT(literal) ((struct span){(literal), sizeof(literal) - 1})
/* SPAN_LIT for static tables. */
#define SPAN_INIT(literal)                                                                         \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}

#define SPAN_ARG(span) (int)(span).len, (span).data /* for "%.*s" */

struct span csp_span_from(const char *cstr); /* NULL gives the empty span */
bool csp_span_equal(struct span a, struct span b);
bool csp_span_equal_nocase(struct span a, struct span b); /* ASCII letters alone are folded */
bool csp_span_starts_with(struct span text, struct span prefix);
bool csp_span_ends_with_nocase(struct span text, struct span suffix);
int csp_span_compare(struct span a, struct span b);     /* memcmp order, shorter first */
size_t csp_span_find(struct span text, char byte);      /* text.len when absent */
size_t csp_span_find_last(struct span text, char byte); /* text.len when absent */
struct span csp_span_slice(struct span text, size_t from, size_t to); /* clamped to text */
struct span csp_span_trim(struct span text); /* without SP, HTAB, CR and LF at both ends */
bool csp_span_split(struct span *head, struct span *rest, struct span text, char separator);
size_t csp_span_ascii_length(struct span text); /* bytes before the first that is not ASCII */
bool csp_span_is_ascii(struct span text);

/* White space of a header section, unfolded or not. */
static inline bool csp_ascii_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline bool csp_ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool csp_ascii_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline int csp_ascii_hex_value(char c)
{
	if (csp_ascii_is_digit(c))
		return c - '0';
	c = (char)(c | 0x20); /* to lower case */
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline char csp_ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

#endif
