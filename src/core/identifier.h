/*
 * Service identifiers in header text: EX123456, MC1224563, NA0F-BJG.
 * The match points into the text searched, what an identifier looks like into the configuration.
 * Nothing can fail.
 */
#ifndef CSP_IDENTIFIER_H
#define CSP_IDENTIFIER_H

#include "party.h"

enum identifier_shape {
	IDENTIFIER_PREFIXED, /* a prefix of the list and digits, as one word: EX123456 */
	IDENTIFIER_TRACKING, /* four and three letters or digits, one a digit: NA0F-BJG, next to a word of `near` */
};

struct identifier {
	struct span rule;
	unsigned category;
	enum identifier_shape shape;
	struct spans prefixes; /* upper case */
	unsigned digits_min, digits_max;
	struct spans near; /* words, any case, at most four words away */
};

/* The first place in decoded, case-kept UTF-8 text where the identifier stands as a word of its own. */
bool csp_identifier_find(struct span *match, const struct identifier *identifier, struct span text);

#endif
