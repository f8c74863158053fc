#include "addrtoken.h"

#include "header.h"

#include <string.h>

static struct span from(struct span text, size_t at)
{
	return csp_span_slice(text, at, text.len);
}

void csp_piece_put(struct piece *piece, struct span text)
{
	if (text.len > piece->max - piece->len) {
		piece->overflow = true;
		text.len = piece->max - piece->len;
	}
	if (text.len)
		memcpy(piece->text + piece->len, text.data, text.len);
	piece->len += text.len;
}

void csp_piece_put_unquoted(struct piece *piece, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\\' && i + 1 < text.len)
			i++;
		csp_piece_put(piece, csp_span_slice(text, i, i + 1));
	}
}

void csp_piece_reset(struct piece *piece)
{
	piece->len = 0;
	piece->overflow = false;
}

struct span csp_piece_span(const struct piece *piece)
{
	return (struct span){piece->text, piece->len};
}

/* Where atoms end: the specials of RFC 5322 section 3.2.3, and blanks. Indexed by byte. */
static const bool ends_atom[256] = {
	['('] = true, [')'] = true, ['<'] = true, ['>'] = true, ['['] = true,
	[']'] = true, [':'] = true, [';'] = true, ['@'] = true, ['\\'] = true,
	[','] = true, ['.'] = true, ['"'] = true, [' '] = true, ['\t'] = true,
};

static size_t atom_length(struct span text)
{
	size_t len = 0;

	while (len < text.len && !ends_atom[(unsigned char)text.data[len]])
		len++;
	return len;
}

/* Where the closing character stands, backslashes stepped over; text.len when it does not. */
static size_t find_close(struct span text, char close)
{
	for (size_t i = 1; i < text.len; i++) {
		if (text.data[i] == '\\')
			i++;
		else if (text.data[i] == close)
			return i;
	}
	return text.len;
}

static bool skip_comment(struct tokens *tokens)
{
	size_t len = tokens->open_comment ? 0 : csp_header_comment_length(tokens->rest);

	if (len == 0) {
		tokens->open_comment = true;
		return false;
	}
	csp_piece_put(tokens->comments, SPAN_LIT(" "));
	csp_piece_put_unquoted(tokens->comments, csp_span_slice(tokens->rest, 1, len - 1));
	csp_piece_put(tokens->comments, SPAN_LIT(" "));
	tokens->rest = from(tokens->rest, len);
	return true;
}

static bool skip_gap(struct tokens *tokens)
{
	bool any = false;

	while (tokens->rest.len) {
		char c = tokens->rest.data[0];
		if (c == ' ' || c == '\t')
			tokens->rest = from(tokens->rest, 1);
		else if (c != '(' || !skip_comment(tokens))
			break;
		any = true;
	}
	return any;
}

/* A token between two marks; false when it has no end. */
static bool take_closed(struct token *out, struct tokens *tokens, bool *open, char close)
{
	size_t end = *open ? tokens->rest.len : find_close(tokens->rest, close);

	if (end == tokens->rest.len) {
		*open = true;
		return false;
	}
	bool literal = close == ']'; /* keeps its brackets */
	out->kind = literal ? TOKEN_LITERAL : TOKEN_QUOTED;
	out->text = csp_span_slice(tokens->rest, literal ? 0 : 1, literal ? end + 1 : end);
	tokens->rest = from(tokens->rest, end + 1);
	return true;
}

static void take(struct token *out, struct tokens *tokens, enum token_kind kind, size_t len)
{
	out->kind = kind;
	out->text = csp_span_slice(tokens->rest, 0, len);
	tokens->rest = from(tokens->rest, len);
}

struct token csp_token_next(struct tokens *tokens)
{
	bool gap = skip_gap(tokens);
	struct token token = {.kind = TOKEN_END, .text = SPAN_LIT(""), .gap_before = gap};
	size_t atom = atom_length(tokens->rest);

	if (tokens->rest.len == 0)
		return token;
	if (atom) {
		take(&token, tokens, TOKEN_ATOM, atom);
		return token;
	}
	char c = tokens->rest.data[0];
	bool closed = (c == '"' && take_closed(&token, tokens, &tokens->open_quote, '"')) ||
		      (c == '[' && take_closed(&token, tokens, &tokens->open_literal, ']'));
	if (!closed) {
		token.special = c;
		take(&token, tokens, TOKEN_SPECIAL, 1);
	}
	return token;
}
