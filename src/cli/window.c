#include "window.h"

#include <stdlib.h>

#include "review.h"

#define FIRST_CAP 64

void csp_window_init(struct window *window, size_t limit)
{
	*window = (struct window){.limit = limit};
}

void csp_window_dispose(struct window *window)
{
	for (size_t i = 0; i < window->count; i++)
		json_decref(csp_window_at(window, i));
	free(window->items);
	csp_window_init(window, window->limit);
}

json_t *csp_window_at(const struct window *window, size_t index)
{
	return window->items[(window->first + index) % window->cap];
}

/* A full ring to one twice as large, its oldest record in the first place again. */
static bool grow(struct window *window)
{
	size_t cap = window->cap == 0 ? FIRST_CAP : window->cap * 2;
	json_t **items = calloc(cap, sizeof(json_t *));

	if (!items)
		return false;
	for (size_t i = 0; i < window->count; i++)
		items[i] = csp_window_at(window, i);
	free(window->items);
	window->items = items;
	window->cap = cap;
	window->first = 0;
	return true;
}

bool csp_window_push(json_t **displaced, struct window *window, json_t *record)
{
	*displaced = NULL;
	if (window->limit > 0 && window->count == window->limit) {
		*displaced = csp_window_at(window, 0);
		window->first = (window->first + 1) % window->cap;
		window->count--;
	} else if (window->count == window->cap && !grow(window)) {
		return false;
	}
	window->items[(window->first + window->count) % window->cap] = json_incref(record);
	window->count++;
	return true;
}

bool csp_window_join(struct window *window, const json_t *outcome)
{
	struct span id = csp_review_outcome_of(outcome);
	json_t *text = json_object_get(outcome, "outcome");

	if (!json_is_string(text))
		return true;
	/* From the newest on: an outcome follows its decision closely. */
	for (size_t i = window->count; i > 0; i--) {
		json_t *record = csp_window_at(window, i - 1);

		if (csp_span_equal(csp_review_text(record, "decision"), id))
			return json_object_set(record, "outcome", text) == 0;
	}
	return true;
}

bool csp_window_take(json_t **displaced, struct window *window, json_t *record)
{
	*displaced = NULL;
	return csp_review_outcome_of(record).len > 0 ? csp_window_join(window, record)
						     : csp_window_push(displaced, window, record);
}
