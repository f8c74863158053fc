/*
 * A recorded decision's inputs as the message they were.
 * All goes to the message's arena.
 */
#ifndef CSP_REPLAY_MESSAGE_H
#define CSP_REPLAY_MESSAGE_H

#include <jansson.h>

#include "message.h"

enum replay_result {
	REPLAY_OK,
	REPLAY_NO_INPUTS, /* they were not recorded */
	REPLAY_LOSSY,     /* octets of the envelope were no UTF-8, and are lost */
	REPLAY_FAULT,     /* what decided was a failure, not the message */
	REPLAY_UNKNOWN,   /* a field is read whose content was not kept */
	REPLAY_NO_MEMORY,
	REPLAY_RESULTS
};

/* Into a message that was initialised, and counts its fields already. */
enum replay_result csp_replay_message(struct message *message, const json_t *record);

/* Once the message was decided on: REPLAY_UNKNOWN when that looked at what was not there. */
enum replay_result csp_replay_is_known(const struct message *message, const json_t *record);

#endif
