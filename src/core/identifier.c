#include "identifier.h"

#define NEIGHBOURS 4

static bool is_alnum(char c)
{
	return csp_ascii_is_alpha(c) || csp_ascii_is_digit(c);
}

static bool is_word_byte(char c)
{
	return is_alnum(c) || (unsigned char)c >= 0x80;
}

/*
 * What makes a run of capitals and digits part of a longer code, which is another identifier. Letters
 * outside ASCII do not: Chinese and Japanese put no space around an identifier.
 */
static bool is_code_byte(char c)
{
	return is_alnum(c) || c == '-' || c == '_' || c == '+' || c == '=';
}

static bool stands_alone(struct span text, size_t from, size_t to)
{
	return (from == 0 || !is_code_byte(text.data[from - 1])) &&
	       (to == text.len || !is_code_byte(text.data[to]));
}

static size_t capitals_at(struct span text, size_t at)
{
	size_t end = at;

	while (end < text.len && text.data[end] >= 'A' && text.data[end] <= 'Z')
		end++;
	return end - at;
}

static size_t digits_at(struct span text, size_t at)
{
	size_t end = at;

	while (end < text.len && csp_ascii_is_digit(text.data[end]))
		end++;
	return end - at;
}

/* The length of an identifier of the prefixed shape that starts at `at`, or 0. */
static size_t prefixed_at(const struct identifier *identifier, struct span text, size_t at)
{
	size_t capitals = capitals_at(text, at);
	size_t digits = capitals ? digits_at(text, at + capitals) : 0;

	if (digits == 0 || digits < identifier->digits_min || digits > identifier->digits_max)
		return 0;
	struct span prefix = csp_span_slice(text, at, at + capitals);
	return csp_spans_hold(identifier->prefixes, prefix) ? capitals + digits : 0;
}

static bool is_upper_or_digit(char c)
{
	return (c >= 'A' && c <= 'Z') || csp_ascii_is_digit(c);
}

#define TRACKING_LENGTH 8
#define TRACKING_HYPHEN 4

static size_t tracking_at(struct span text, size_t at)
{
	bool has_digit = false;

	if (text.len - at < TRACKING_LENGTH || text.data[at + TRACKING_HYPHEN] != '-')
		return 0;
	for (size_t i = 0; i < TRACKING_LENGTH; i++) {
		char c = text.data[at + i];
		if (i != TRACKING_HYPHEN && !is_upper_or_digit(c))
			return 0;
		has_digit = has_digit || csp_ascii_is_digit(c);
	}
	return has_digit ? TRACKING_LENGTH : 0;
}

static bool is_near_word(struct spans near, struct span word)
{
	for (size_t i = 0; i < near.count; i++) {
		if (csp_span_equal_nocase(near.items[i], word))
			return true;
	}
	return false;
}

static bool near_word_behind(struct spans near, struct span text, size_t at)
{
	for (unsigned words = 0; words < NEIGHBOURS; words++) {
		while (at < text.len && !is_word_byte(text.data[at]))
			at++;
		size_t end = at;
		while (end < text.len && is_word_byte(text.data[end]))
			end++;
		if (is_near_word(near, csp_span_slice(text, at, end)))
			return true;
		at = end;
	}
	return false;
}

static bool near_word_before(struct spans near, struct span text, size_t at)
{
	for (unsigned words = 0; words < NEIGHBOURS; words++) {
		while (at > 0 && !is_word_byte(text.data[at - 1]))
			at--;
		size_t start = at;
		while (start > 0 && is_word_byte(text.data[start - 1]))
			start--;
		if (is_near_word(near, csp_span_slice(text, start, at)))
			return true;
		at = start;
	}
	return false;
}

static bool has_neighbour(struct spans near, struct span text, size_t from, size_t to)
{
	return near.count == 0 || near_word_before(near, text, from) ||
	       near_word_behind(near, text, to);
}

static size_t length_at(const struct identifier *identifier, struct span text, size_t at)
{
	return identifier->shape == IDENTIFIER_TRACKING ? tracking_at(text, at)
							: prefixed_at(identifier, text, at);
}

bool csp_identifier_find(struct span *match, const struct identifier *identifier, struct span text)
{
	for (size_t at = 0; at < text.len; at++) {
		if (at > 0 && is_code_byte(text.data[at - 1]))
			continue;
		size_t len = length_at(identifier, text, at);
		if (len == 0 || !stands_alone(text, at, at + len) ||
		    !has_neighbour(identifier->near, text, at, at + len))
			continue;
		*match = csp_span_slice(text, at, at + len);
		return true;
	}
	return false;
}
