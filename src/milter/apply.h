/*
 * A plan as calls of libmilter: header fields out and in, the reply, and the status of the callback.
 * It owns nothing; texts that libmilter wants NUL-terminated are made in the session's arena.
 * A call that fails gives false, and the caller must not let the message pass as if it had not.
 */
#ifndef CSP_APPLY_H
#define CSP_APPLY_H

#include <libmilter/mfapi.h>

#include "session.h"

/* Carries a plan out, at the end of a message alone. */
bool csp_apply(sfsistat *out, SMFICTX *context, struct session *session, const struct plan *plan);

/* A reply with every '%' doubled, as libmilter wants it. */
bool csp_apply_reply(SMFICTX *context, struct arena *arena, const struct plan *plan);

#endif
