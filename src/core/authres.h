/*
 * One Authentication-Results field (RFC 8601 section 2.2) as data: who states it, and what was checked with which result.
 * Spans point into the text, or into the arena where a quoted string had to be unquoted.
 * What does not parse as a whole is AUTHRES_INVALID and nothing of it counts; the cost is linear.
 */
#ifndef CSP_AUTHRES_H
#define CSP_AUTHRES_H

#include "arena.h"

/* More than any server states; a field with more is refused. */
#define AUTHRES_RESULTS_MAX    32
#define AUTHRES_PROPERTIES_MAX 128

/* smtp.mailfrom=user@example.com: what the result is about. */
struct authres_property {
	struct span type, name;
	struct span value; /* a quoted string without its quotes; a mailbox as it is written */
};

struct authres_result {
	struct span method; /* "dkim" */
	bool version_1;     /* of the method; another one may mean something else */
	struct span result; /* "pass" */
	const struct authres_property *properties;
	size_t property_count;
};

struct authres {
	struct span authserv_id;
	const struct authres_result *results; /* none where the field says "none" */
	size_t count;
};

enum authres_outcome { AUTHRES_OK, AUTHRES_INVALID, AUTHRES_NO_MEMORY };

/*
 * Parses an unfolded field body. Stricter than the grammar: a comment stands free between blanks, semicolons or the
 * ends, so that a value with a parenthesis in it (`a.example(.b.example`) is never cut. Wider in one place: a value
 * of a property may hold `/ : = ? [ ]` unquoted, as addresses and bits of signatures do; none of them can end it.
 */
enum authres_outcome csp_authres_parse(struct authres *out, struct arena *arena, struct span body);

#endif
