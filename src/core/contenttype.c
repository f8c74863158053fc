#include "contenttype.h"

#include "header.h"

#include <string.h>

#define PIECES_MAX 10 /* so that a number is one digit */

struct reading {
	struct span rest;
	struct span parameter, value; /* that are asked for */
	size_t matched;               /* bytes of the value so far */
	unsigned pieces;
	bool whole;    /* the parameter was stated in one piece */
	bool extended; /* its first piece named a charset */
	bool differs;
};

static void skip(struct reading *reading, size_t len)
{
	reading->rest = csp_span_slice(reading->rest, len, reading->rest.len);
}

static bool take_char(struct reading *reading, char c)
{
	if (reading->rest.len == 0 || reading->rest.data[0] != c)
		return false;
	skip(reading, 1);
	return true;
}

/* False when it has no end. */
static bool skip_comment(struct reading *reading)
{
	size_t len = csp_header_comment_length(reading->rest);

	skip(reading, len);
	return len > 0;
}

static bool skip_gap(struct reading *reading)
{
	while (reading->rest.len) {
		char c = reading->rest.data[0];
		if (c == ' ' || c == '\t')
			skip(reading, 1);
		else if (c != '(')
			break;
		else if (!skip_comment(reading))
			return false;
	}
	return true;
}

static bool is_token_char(char c)
{
	return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

static struct span take_token(struct reading *reading)
{
	struct span token = reading->rest;
	size_t len = 0;

	while (len < token.len && is_token_char(token.data[len]))
		len++;
	token.len = len;
	skip(reading, len);
	return token;
}

static bool take_type(struct reading *reading, struct span type)
{
	struct span sub, main;

	csp_span_split(&main, &sub, type, '/');
	if (!skip_gap(reading) || !csp_span_equal_nocase(take_token(reading), main) ||
	    !skip_gap(reading) || !take_char(reading, '/') || !skip_gap(reading))
		return false;
	return csp_span_equal_nocase(take_token(reading), sub) && skip_gap(reading);
}

static void compare_char(struct reading *reading, char c)
{
	size_t at = reading->matched++;

	if (at >= reading->value.len ||
	    csp_ascii_lower(c) != csp_ascii_lower(reading->value.data[at]))
		reading->differs = true;
}

static bool compare_encoded(struct reading *reading, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		if (c == '\'')
			return false;
		if (c == '%') {
			int high = i + 2 < text.len ? csp_ascii_hex_value(text.data[i + 1]) : -1;
			int low = high < 0 ? -1 : csp_ascii_hex_value(text.data[i + 2]);
			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		compare_char(reading, c);
	}
	return true;
}

/* charset'language'text */
static bool compare_extended(struct reading *reading, struct span text)
{
	struct span charset, language;

	if (!csp_span_split(&charset, &text, text, '\'') ||
	    !csp_span_split(&language, &text, text, '\''))
		return false;
	return (csp_span_equal_nocase(charset, SPAN_LIT("us-ascii")) ||
		csp_span_equal_nocase(charset, SPAN_LIT("utf-8"))) &&
	       compare_encoded(reading, text);
}

/* What stands behind the parameter's name: "", "*", "*0", "*0*". False when it does not fit what came before. */
static bool note_piece(struct reading *reading, struct span suffix, bool *encoded)
{
	*encoded = suffix.len && suffix.data[suffix.len - 1] == '*';
	if (*encoded)
		suffix.len--;
	if (suffix.len == 0) {
		bool first = !reading->whole && reading->pieces == 0;
		reading->whole = true;
		return first;
	}
	bool next = !reading->whole && reading->pieces < PIECES_MAX && suffix.len == 2 &&
		    suffix.data[0] == '*' && suffix.data[1] == (char)('0' + (int)reading->pieces);
	reading->pieces++;
	return next;
}

static bool compare_token(struct reading *reading, struct span token, bool encoded)
{
	bool first = reading->whole || reading->pieces == 1;

	if (encoded && first) {
		reading->extended = true;
		return compare_extended(reading, token);
	}
	if (encoded)
		return reading->extended && compare_encoded(reading, token);
	for (size_t i = 0; i < token.len; i++)
		compare_char(reading, token.data[i]);
	return true;
}

static bool take_quoted(struct reading *reading, bool asked)
{
	struct span text = reading->rest;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		if (c == '"') {
			skip(reading, i + 1);
			return true;
		}
		if (c == '\\' && ++i < text.len)
			c = text.data[i];
		if (asked)
			compare_char(reading, c);
	}
	return false;
}

static bool take_value(struct reading *reading, bool asked, bool encoded)
{
	if (take_char(reading, '"'))
		return !(asked && encoded) && take_quoted(reading, asked);
	struct span token = take_token(reading);
	return token.len && (!asked || compare_token(reading, token, encoded));
}

static bool take_parameter(struct reading *reading)
{
	struct span attribute = take_token(reading);
	struct span name = csp_span_slice(attribute, 0, csp_span_find(attribute, '*'));
	bool asked = csp_span_equal_nocase(name, reading->parameter);
	bool encoded = false;

	if (attribute.len == 0 || !skip_gap(reading) || !take_char(reading, '=') ||
	    !skip_gap(reading))
		return false;
	if (asked &&
	    !note_piece(reading, csp_span_slice(attribute, name.len, attribute.len), &encoded))
		return false;
	return take_value(reading, asked, encoded) && skip_gap(reading);
}

/* A semicolon without a parameter behind it, which many write, ends the field. */
static bool take_parameters(struct reading *reading)
{
	while (take_char(reading, ';')) {
		if (!skip_gap(reading))
			return false;
		if (reading->rest.len && !take_parameter(reading))
			return false;
	}
	return reading->rest.len == 0;
}

bool csp_content_type_is(struct span body, struct span type, struct span parameter,
			 struct span value)
{
	struct reading reading = {.parameter = parameter, .value = value};
	struct buf unfolded;
	bool bare = false;

	csp_buf_init(&unfolded, body.len + 1);
	csp_header_unfold(&unfolded, &bare, body);
	reading.rest = csp_buf_span(&unfolded);
	bool plain = !bare && !csp_buf_failed(&unfolded) && csp_span_is_ascii(reading.rest);
	bool is = plain && take_type(&reading, type) && take_parameters(&reading) &&
		  !reading.differs && reading.matched == value.len &&
		  (reading.whole || reading.pieces);
	csp_buf_dispose(&unfolded);
	return is;
}
