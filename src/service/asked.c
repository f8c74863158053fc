#include "asked.h"

#include <sodium.h>

bool csp_asked_lists(uint64_t *out, const struct conf *conf, struct arena *arena,
		     const struct mailbox *mailbox)
{
	const struct policy *policy = &conf->policy;
	struct span key;

	*out = 0;
	if (!policy->roster_count || !mailbox->domain.len)
		return true;
	if (!csp_mailbox_key(&key, arena, mailbox, conf->address_separators))
		return false;
	for (size_t i = 0; i < policy->roster_count; i++) {
		if (csp_roster_holds(&policy->rosters[i], key, mailbox->domain))
			*out |= UINT64_C(1) << i;
	}
	return true;
}

/* Bounces go to addresses of their own, so the reverse-path names no author. */
static bool read_authors(struct asked *out, const struct conf *conf, struct arena *arena,
			 const struct authors *authors)
{
	out->author_lists = csp_arena_alloc(arena, authors->count, sizeof(*out->author_lists));
	if (!out->author_lists)
		return false;
	for (size_t i = 0; i < authors->count; i++) {
		const struct author *author = &authors->items[i];
		if (author->field == AUTHOR_REVERSE_PATH)
			continue;
		if (!out->author_count)
			out->author_domain = author->mailbox.domain;
		if (!csp_asked_lists(&out->author_lists[out->author_count++], conf, arena,
				     &author->mailbox))
			return false;
	}
	return true;
}

static uint64_t read_headers(const struct policy *policy, const struct message *message)
{
	uint64_t found = 0;

	for (size_t i = 0; policy->headers.count && i < message->field_count; i++) {
		for (size_t j = 0; j < policy->headers.count; j++) {
			if (csp_span_equal_nocase(policy->headers.items[j],
						  message->fields[i].name))
				found |= UINT64_C(1) << j;
		}
	}
	return found;
}

bool csp_asked_read(struct asked *out, const struct conf *conf, const struct message *message,
		    const struct authors *authors)
{
	*out = (struct asked){.headers = read_headers(&conf->policy, message)};
	return read_authors(out, conf, message->arena, authors);
}

uint64_t csp_asked_sample(const struct asked *asked, struct span customer)
{
	crypto_generichash_state state;
	unsigned char hash[crypto_generichash_BYTES_MIN];
	const unsigned char end = 0;
	uint64_t sample = 0;

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const unsigned char *)customer.data, customer.len);
	crypto_generichash_update(&state, &end, 1);
	crypto_generichash_update(&state, (const unsigned char *)asked->author_domain.data,
				  asked->author_domain.len);
	crypto_generichash_final(&state, hash, sizeof(hash));
	for (size_t i = 0; i < sizeof(sample); i++)
		sample = sample << 8 | hash[i];
	return sample;
}
