/*
 * The callbacks of libmilter: each takes what the MTA says into the session, and the end of a message answers.
 * They keep one global, the filter, set once before libmilter starts.
 * Registering can fail only for want of memory.
 */
#ifndef CSP_CALLBACKS_H
#define CSP_CALLBACKS_H

#include "filter.h"

bool csp_callbacks_register(struct filter *filter);

#endif
