/*
 * Who claims a name: what the directory holds under a domain, an address or an alias.
 * A struct claims owns nothing; its ids point into the value it was decoded from, or are the caller's.
 * Decoding fails on a damaged value, adding when the name is claimed too often.
 */
#ifndef CSP_CLAIMS_H
#define CSP_CLAIMS_H

#include "codec.h"

enum claim_kind { CLAIM_EXCLUSION, CLAIM_CUSTOMER, CLAIM_PARTNER, CLAIM_BOUNCE };

struct claim {
	enum claim_kind kind;
	bool subdomains;   /* counts below the name too */
	uint64_t source;   /* number of the source that says so */
	struct span party; /* packed id; empty for an exclusion */
};

#define CLAIMS_MAX 64

struct claims {
	struct claim items[CLAIMS_MAX]; /* by kind, party, source */
	size_t count;
};

/* The next claim of an opened value; false at its end, or when it is damaged (reader->failed). */
bool csp_claims_next(struct claim *out, struct codec_reader *reader);

bool csp_claims_decode(struct claims *out, enum codec_table table, struct span key,
		       struct span value);
void csp_claims_encode(struct buf *out, enum codec_table table, struct span key,
		       const struct claims *claims);

/*
 * One claim per kind, party and source: a second one only adds its sub-domains. False when full: the last claim does not
 * count; an exclusion always does.
 */
bool csp_claims_add(struct claims *claims, const struct claim *claim);
void csp_claims_remove(struct claims *claims, const struct claim *claim); /* sub-domains or not */

#endif
