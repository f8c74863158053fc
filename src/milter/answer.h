/*
 * The end of a message: decided, recorded, logged, and only then answered.
 * It owns nothing; everything it makes is gone with the session's message.
 * A fault of ours goes by the failure policy of the message's own snapshot, and never delays mail in monitor mode.
 */
#ifndef CSP_ANSWER_H
#define CSP_ANSWER_H

#include <libmilter/mfapi.h>

#include "session.h"

sfsistat csp_answer(SMFICTX *context, struct session *session);

#endif
