/*
 * Does the daemon answer a mail server: a connection to its own socket, and the first question of the milter protocol.
 * It owns nothing, and waits no longer than it is told.
 */
#ifndef CSP_PROBE_H
#define CSP_PROBE_H

#include "listener.h"

/* The socket is taken, a session begun, and the negotiation answered, all within so many milliseconds. */
bool csp_probe_answers(const struct listener *listener, int timeout_ms);

#endif
