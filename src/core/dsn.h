/*
 * Delivery status notifications of our own (RFC 3464): what our MTA tells a sender about mail that it could not deliver.
 * It owns nothing.
 * Nothing can fail; whatever is not plainly one is none.
 */
#ifndef CSP_DSN_H
#define CSP_DSN_H

#include "sender.h"

/*
 * A null reverse-path, one Content-Type that says multipart/report of a delivery-status, and one author: our
 * mailer-daemon or postmaster.
 */
bool csp_dsn_is_own(const struct message *message, const struct authors *authors,
		    struct spans own_domains);

#endif
