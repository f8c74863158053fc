#include "claims.h"

#include <string.h>

static int compare(const struct claim *a, const struct claim *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	int order = csp_span_compare(a->party, b->party);
	if (order)
		return order;
	return (a->source > b->source) - (a->source < b->source);
}

bool csp_claims_next(struct claim *out, struct codec_reader *reader)
{
	if (reader->rest.len == 0)
		return false;
	uint64_t head = csp_codec_take_number(reader);
	*out = (struct claim){
		.kind = (enum claim_kind)(head >> 1 & 3),
		.subdomains = head & 1,
		.source = csp_codec_take_number(reader),
		.party = SPAN_LIT(""),
	};
	if (out->kind != CLAIM_EXCLUSION)
		out->party = csp_codec_take_packed_id(reader);
	return !reader->failed;
}

bool csp_claims_decode(struct claims *out, enum codec_table table, struct span key,
		       struct span value)
{
	struct codec_reader reader;

	out->count = 0;
	if (!csp_codec_open(&reader, table, key, value))
		return false;
	while (out->count < CLAIMS_MAX && csp_claims_next(&out->items[out->count], &reader))
		out->count++;
	return !reader.failed && reader.rest.len == 0;
}

void csp_claims_encode(struct buf *out, enum codec_table table, struct span key,
		       const struct claims *claims)
{
	csp_codec_begin(out);
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];
		csp_codec_number(out, (uint64_t)claim->kind << 1 | claim->subdomains);
		csp_codec_number(out, claim->source);
		csp_buf_append(out, claim->party);
	}
	csp_codec_seal(out, table, key);
}

/* Where the claim stands, or would. */
static size_t place_of(const struct claims *claims, const struct claim *claim)
{
	size_t at = 0;

	while (at < claims->count && compare(&claims->items[at], claim) < 0)
		at++;
	return at;
}

bool csp_claims_add(struct claims *claims, const struct claim *claim)
{
	size_t at = place_of(claims, claim);

	if (at < claims->count && compare(&claims->items[at], claim) == 0) {
		claims->items[at].subdomains |= claim->subdomains;
		return true;
	}
	bool full = claims->count == CLAIMS_MAX;
	if (full && claim->kind != CLAIM_EXCLUSION)
		return false;
	claims->count -= full ? 1 : 0;
	memmove(&claims->items[at + 1], &claims->items[at],
		(claims->count - at) * sizeof(*claims->items));
	claims->items[at] = *claim;
	claims->count++;
	return !full;
}

void csp_claims_remove(struct claims *claims, const struct claim *claim)
{
	size_t at = place_of(claims, claim);

	if (at == claims->count || compare(&claims->items[at], claim) != 0)
		return;
	claims->count--;
	memmove(&claims->items[at], &claims->items[at + 1],
		(claims->count - at) * sizeof(*claims->items));
}
