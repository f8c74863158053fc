/*
 * How decisions differ from what they were: per rule, per disposition and per action, with examples.
 * A struct replay_changes owns its counts. Adding and printing give false when memory is short or stdout cannot be written.
 */
#ifndef CSP_REPLAY_CHANGES_H
#define CSP_REPLAY_CHANGES_H

#include <jansson.h>
#include <stdint.h>

#include "decision.h"

struct replay_changes {
	json_t *recipients;   /* "rule: disposition", was and would be: count and examples */
	json_t *messages;     /* action, was and would be */
	json_t *rules;        /* name: recipients that were decided by it, and would be */
	json_t *dispositions; /* the same for these */
	uint64_t changed;     /* messages */
};

bool csp_replay_changes_init(struct replay_changes *changes);
void csp_replay_changes_dispose(struct replay_changes *changes);

/* decision NULL: mail like that is not judged any more. */
bool csp_replay_changes_add(struct replay_changes *changes, const json_t *record,
			    const struct decision *decision);

bool csp_replay_changes_print(const struct replay_changes *changes);
bool csp_replay_changes_set(json_t *object, const struct replay_changes *changes); /* as members */

#endif
