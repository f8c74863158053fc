/*
 * Which products an offer's name speaks of, as the packs know them: what an import of subscriptions asks.
 * It owns nothing: the snapshot is the caller's, and the names live in it.
 * Where memory is short or the matcher fails, no product is named.
 */
#ifndef CSP_OFFERS_H
#define CSP_OFFERS_H

#include "snapshot.h"

/* At most `max` names; context: the struct snapshot. May be called by several threads at once. */
size_t csp_offers_name(void *context, struct span out[], size_t max, struct span text);

#endif
