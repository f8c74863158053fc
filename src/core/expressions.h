/*
 * A site's regular expressions, looked for in decoded header text (UTF-8, as it was written): a database of their own.
 * A set owns its database and is shared by all threads; every running search needs a scan of its own.
 * Checking says what is wrong with an expression, searching gives false when the matcher failed.
 */
#ifndef CSP_EXPRESSIONS_H
#define CSP_EXPRESSIONS_H

#include <stddef.h>

#include "span.h"

struct expressions;
struct expression_scan;

#define EXPRESSION_MAX       500  /* bytes of one expression */
#define EXPRESSION_WIDTH_MAX 1000 /* bytes of text that one may match */
#define EXPRESSION_WHY_SIZE  256

/*
 * Whether an expression can be used: PCRE's syntax as far as the matcher has it, without case for ASCII; not one that matches
 * nothing at all or a text without a bound. False: `why` says what is wrong.
 */
bool csp_expression_check(char why[EXPRESSION_WHY_SIZE], struct span written);

/* False when memory is short or they are too much together; each has been checked. `written` must live on. */
bool csp_expressions_new(struct expressions **out, const struct span *written, size_t count);
void csp_expressions_free(struct expressions *expressions);

bool csp_expression_scan_new(struct expression_scan **out, const struct expressions *expressions);
void csp_expression_scan_free(struct expression_scan *scan);

/* Told of every match: the place of the expression among those given, and the text from its leftmost start. */
struct expression_listener {
	void (*hear)(void *context, unsigned index, struct span match);
	void *context;
};

bool csp_expressions_find(const struct expressions *expressions, struct expression_scan *scan,
			  struct span text, const struct expression_listener *listener);

#endif
