/*
 * The facts about a party as the directory stores them: one block per source, under the party's id.
 * A decoded entry points into the bytes it came from and into the arena; a merged one into both its parts.
 * Decoding fails on bytes that are not a whole entry, or when memory is short; merging when memory is short.
 */
#ifndef CSP_FACTS_H
#define CSP_FACTS_H

#include "claims.h"
#include "directory_entry.h"

struct facts_block {
	uint64_t source;     /* number */
	uint64_t generation; /* the directory's state that it was written for */
	struct span party;   /* what a look-up wants */
	struct span names;   /* the names claimed: domains, addresses, aliases; may be long */
};

/* A value is sealed blocks in the order of their sources; false at its end, or when it is damaged (reader->failed). */
void csp_facts_append_block(struct buf *out, const struct facts_block *block);
bool csp_facts_next_block(struct facts_block *out, struct codec_reader *reader);

/* The id is the value's key, not part of an entry. */
void csp_facts_encode_party(struct buf *out, const struct directory_entry *entry);
void csp_facts_encode_names(struct buf *out, const struct directory_entry *entry);

/* party starts an entry without names, names adds them. */
bool csp_facts_decode_party(struct directory_entry *out, struct arena *arena, enum entry_type type,
			    struct span party);
bool csp_facts_decode_names(struct directory_entry *out, struct arena *arena, struct span names);

/*
 * The union of two entries of one type. Where there can be but one value it is one of theirs that is
 * not empty: the same one, whichever is a and whichever b.
 */
bool csp_facts_merge(struct directory_entry *out, struct arena *arena,
		     const struct directory_entry *a, const struct directory_entry *b);

/* All names that an entry claims, and as what. */
struct facts_name {
	enum codec_table table;
	enum claim_kind kind;
	struct directory_name name;
};
struct facts_names {
	struct facts_name *items;
	size_t count;
};
bool csp_facts_names(struct facts_names *out, struct arena *arena,
		     const struct directory_entry *entry);

#endif
