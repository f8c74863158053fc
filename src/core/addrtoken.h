/*
 * The tokens of an address field (RFC 5322 section 3.2): atoms, quoted strings, domain literals, specials; comments
 * and blanks are stepped over. Private to addrlist.
 * Spans point into the text; a piece writes into memory that its maker owns.
 * Nothing fails: an opening mark without its end is a special, and a piece that is full says so.
 */
#ifndef CSP_ADDRTOKEN_H
#define CSP_ADDRTOKEN_H

#include "span.h"

/* Text put together from several tokens; what does not fit is noted, never cut silently. */
struct piece {
	char *text;
	size_t len;
	size_t max;
	bool overflow;
};

void csp_piece_put(struct piece *piece, struct span text);
void csp_piece_put_unquoted(struct piece *piece, struct span text); /* without its backslashes */
void csp_piece_reset(struct piece *piece);
struct span csp_piece_span(const struct piece *piece);

enum token_kind { TOKEN_END, TOKEN_ATOM, TOKEN_QUOTED, TOKEN_LITERAL, TOKEN_SPECIAL };

struct token {
	enum token_kind kind;
	char special;     /* TOKEN_SPECIAL: which */
	struct span text; /* quoted strings: what stands between the quotes */
	bool gap_before;  /* blanks or a comment */
};

struct tokens {
	struct span rest;
	struct piece *comments; /* gets what stands in comments */
	/* Once a mark had no end, no later one has: it is not looked for again, so that the cost is linear. */
	bool open_quote, open_comment, open_literal;
};

struct token csp_token_next(struct tokens *tokens);

#endif
