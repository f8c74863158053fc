/*
 * Service identifiers in header text: EX123456, MC1224563, NA0F-BJG.
 * The match points into the text searched.
 * Nothing can fail.
 */
#ifndef CSP_IDENTIFIER_H
#define CSP_IDENTIFIER_H

#include "pack.h"

/* The first place in decoded, case-kept UTF-8 text where the identifier stands as a word of its own. */
bool csp_identifier_find(struct span *match, const struct identifier *identifier, struct span text);

#endif
