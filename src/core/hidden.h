/*
 * Recipients outside the envelope: header fields that tell a mail service behind us whom to send to besides.
 * It owns nothing.
 * Nothing can fail; a name written with escapes counts as one of those looked for.
 */
#ifndef CSP_HIDDEN_H
#define CSP_HIDDEN_H

#include "message.h"

/* X-SMTPAPI, X-MSYS-API (JSON that names recipients) and X-MC-BccAddress. Cost is linear. */
bool csp_hidden_recipients(const struct message *message);

#endif
