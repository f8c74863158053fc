/*
 * What rules ask of a message beside its category and sender: lists of addresses, header fields, its share of the traffic.
 * Found out once for all recipients; it lives in the message's arena.
 * Only short memory fails.
 */
#ifndef CSP_ASKED_H
#define CSP_ASKED_H

#include "conf.h"
#include "sender.h"

struct asked {
	uint64_t *author_lists; /* facts.author_lists */
	size_t author_count;
	uint64_t headers; /* facts.headers */
	struct span author_domain;
};

bool csp_asked_read(struct asked *out, const struct conf *conf, const struct message *message,
		    const struct authors *authors);

/* The lists that a mailbox is on, as bits. */
bool csp_asked_lists(uint64_t *out, const struct conf *conf, struct arena *arena,
		     const struct mailbox *mailbox);

/* The same for every message of these domains to this customer: asking again changes nothing. */
uint64_t csp_asked_sample(const struct asked *asked, struct span customer);

#endif
