/*
 * The newest decisions read from a journal, oldest first, each joined with the outcome that was recorded after it.
 * A window holds a reference to every record in it until csp_window_dispose; what a push displaces goes to the caller.
 * Pushing gives false when memory is short.
 */
#ifndef CSP_WINDOW_H
#define CSP_WINDOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct window {
	json_t **items; /* a ring of cap places */
	size_t cap, first, count;
	size_t limit; /* records held; 0: all */
};

void csp_window_init(struct window *window, size_t limit); /* allocates nothing */
void csp_window_dispose(struct window *window);

/* Takes a reference of its own. *displaced is NULL, or the oldest record, whose reference is the caller's now. */
bool csp_window_push(json_t **displaced, struct window *window, json_t *record);

/* Puts "outcome" into the decision that an outcome record is for, if it is in the window. */
bool csp_window_join(struct window *window, const json_t *outcome);

/* Pushes a decision, joins an outcome. */
bool csp_window_take(json_t **displaced, struct window *window, json_t *record);

json_t *csp_window_at(const struct window *window, size_t index); /* 0 is the oldest */

#endif
