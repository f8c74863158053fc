/*
 * Recipients outside the envelope: header fields that tell a mail service behind us whom to send to besides.
 * It owns nothing.
 * Nothing can fail; what is no JSON where JSON belongs counts as naming recipients.
 */
#ifndef CSP_HIDDEN_H
#define CSP_HIDDEN_H

#include "message.h"

/*
 * What the services document: X-SMTPAPI ("to", and "bcc" among its "filters") and X-MSYS-API ("cc", "bcc", "archive"),
 * both JSON, and X-MC-BccAddress. Cost is linear.
 */
bool csp_hidden_recipients(const struct message *message);

#endif
