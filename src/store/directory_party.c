#include "directory_party.h"

enum codec_table csp_party_table(enum statement_type type)
{
	return type == STATEMENT_CUSTOMER ? TABLE_CUSTOMERS : TABLE_PARTNERS;
}

static enum entry_type entry_type(const struct party_merge *merge)
{
	return merge->changes->type == STATEMENT_CUSTOMER ? ENTRY_CUSTOMER : ENTRY_PARTNER;
}

static enum directory_result tell_names(const struct party_merge *merge, struct span names,
					struct party_claim claim)
{
	struct directory_entry entry = {.type = entry_type(merge)};
	enum directory_result result = DIRECTORY_OK;
	struct facts_names list;

	if (!csp_facts_decode_names(&entry, merge->arena, names) ||
	    !csp_facts_names(&list, merge->arena, &entry))
		return DIRECTORY_FAILED;
	claim.party = merge->changes->party;
	for (size_t i = 0; i < list.count && result == DIRECTORY_OK; i++) {
		claim.name = &list.items[i];
		result = merge->claim(merge->context, &claim);
	}
	return result;
}

/* Names that stay are told again: whoever imports them hears each time what is odd about them. */
static enum directory_result tell(const struct party_merge *merge, const struct facts_block *old,
				  const struct change *change)
{
	enum directory_result result = DIRECTORY_OK;
	bool same = old && change && csp_span_equal(old->names, change->names);

	if (old && !same)
		result = tell_names(merge, old->names,
				    (struct party_claim){.source = (uint32_t)old->source});
	if (change && result == DIRECTORY_OK)
		result = tell_names(merge, change->names,
				    (struct party_claim){.source = change->source,
							 .add = true,
							 .place = change->place});
	return result;
}

static void count(const struct party_merge *merge, uint64_t number, uint64_t by)
{
	struct source *source = csp_sources_at(merge->sources, number);

	if (source && merge->changes->type == STATEMENT_CUSTOMER)
		source->customers += by;
	else if (source)
		source->partners += by;
}

static void append_change(struct buf *after, const struct party_merge *merge,
			  const struct change *change)
{
	const struct facts_block block = {change->source, merge->state, change->facts,
					  change->names};

	csp_facts_append_block(after, &block);
}

/* A source speaks for the first time. */
static enum directory_result add(struct buf *after, const struct party_merge *merge,
				 const struct change *change)
{
	append_change(after, merge, change);
	count(merge, change->source, 1);
	return tell(merge, NULL, change);
}

/* What a source said before, next to what it says now, if anything. */
static enum directory_result keep(struct buf *after, const struct party_merge *merge,
				  const struct facts_block *old, const struct change *change)
{
	if (change) {
		append_change(after, merge, change);
		return tell(merge, old, change);
	}
	if (merge->dropped != SOURCE_EVERY && old->source != merge->dropped) {
		csp_facts_append_block(after, old);
		return DIRECTORY_OK;
	}
	count(merge, old->source, (uint64_t)-1);
	return tell(merge, old, NULL);
}

/* The changes from *at on whose sources come before `source`. */
static enum directory_result add_before(struct buf *after, const struct party_merge *merge,
					size_t *at, uint64_t source)
{
	const struct party_changes *changes = merge->changes;
	enum directory_result result = DIRECTORY_OK;

	for (;
	     *at < changes->count && changes->items[*at].source < source && result == DIRECTORY_OK;
	     ++*at)
		result = add(after, merge, &changes->items[*at]);
	return result;
}

static enum directory_result merge_blocks(struct buf *after, const struct party_merge *merge,
					  struct codec_reader *reader)
{
	const struct party_changes *changes = merge->changes;
	enum directory_result result = DIRECTORY_OK;
	struct facts_block old;
	size_t at = 0;

	while (result == DIRECTORY_OK && csp_facts_next_block(&old, reader)) {
		result = add_before(after, merge, &at, old.source);
		bool named = at < changes->count && changes->items[at].source == old.source;
		if (result == DIRECTORY_OK)
			result = keep(after, merge, &old, named ? &changes->items[at] : NULL);
		at += named;
	}
	if (result == DIRECTORY_OK)
		result = add_before(after, merge, &at, UINT64_MAX);
	return reader->failed ? DIRECTORY_FAILED : result;
}

enum directory_result csp_party_merge(struct buf *after, const struct party_merge *merge)
{
	enum codec_table table = csp_party_table(merge->changes->type);
	struct codec_reader reader = {.rest = SPAN_LIT("")};
	struct span key = merge->changes->party;

	if (merge->before.len && !csp_codec_open(&reader, table, key, merge->before))
		return DIRECTORY_FAILED;
	csp_codec_begin(after);
	size_t empty = after->len;
	enum directory_result result = merge_blocks(after, merge, &reader);
	if (after->len == empty)
		csp_buf_reset(after);
	else
		csp_codec_seal(after, table, key);
	return result == DIRECTORY_OK && csp_buf_failed(after) ? DIRECTORY_FAILED : result;
}
