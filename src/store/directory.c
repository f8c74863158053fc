#include "directory_private.h"

#include <stdlib.h>

#include "facts.h"

static int begin(MDB_txn **out, MDB_env *env)
{
	int dead;
	int code = mdb_txn_begin(env, NULL, MDB_RDONLY, out);

	if (code != MDB_READERS_FULL)
		return code;
	mdb_reader_check(env, &dead);
	return mdb_txn_begin(env, NULL, MDB_RDONLY, out);
}

enum directory_result csp_directory_read_begin(struct directory_read **out,
					       struct directory *directory)
{
	struct directory_read *read;
	struct directory_head head;

	*out = NULL;
	if (csp_directory_check_size(directory) != 0)
		return DIRECTORY_FAILED;
	read = malloc(sizeof(*read));
	if (!read)
		return DIRECTORY_FAILED;
	*read = (struct directory_read){.at = {.directory = directory}};
	int code = begin(&read->at.txn, directory->env);
	if (code) {
		free(read);
		return csp_directory_result(code);
	}
	enum found found = csp_directory_get_head(&head, &read->at);
	if (found == COULD_NOT_TELL) {
		csp_directory_read_end(read);
		return DIRECTORY_FAILED;
	}
	read->state = head.state;
	read->updated = head.updated;
	*out = read;
	return DIRECTORY_OK;
}

void csp_directory_read_end(struct directory_read *read)
{
	if (!read)
		return;
	mdb_txn_abort(read->at.txn);
	free(read);
}

uint64_t csp_directory_state(const struct directory_read *read)
{
	return read->state;
}

int64_t csp_directory_updated(const struct directory_read *read)
{
	return read->updated;
}

static enum found get(struct span *out, const struct directory_read *read, enum codec_table table,
		      struct span key)
{
	return csp_directory_get(out, &read->at, table, key);
}

/* What is asked under a name. */
struct question {
	enum codec_table table;
	unsigned kinds; /* bits of the claims that are wanted */
	bool exact;     /* else only claims that count sub-domains do; an exclusion always does */
};

/* Whom the claims there name: packed ids, each once, that point into the directory. */
struct parties {
	struct span *items;
	size_t count, cap;
	unsigned kinds; /* bits of all claims that count, wanted or not */
};

static bool add_party(struct parties *parties, struct arena *arena, struct span party)
{
	void *items = parties->items;

	for (size_t i = 0; i < parties->count; i++) {
		if (csp_span_equal(parties->items[i], party))
			return true;
	}
	if (!csp_arena_grow(arena, &items, &parties->cap, parties->count, sizeof(*parties->items)))
		return false;
	parties->items = items;
	parties->items[parties->count++] = party;
	return true;
}

static bool read_claims(struct parties *out, struct arena *arena, struct codec_reader *reader,
			const struct question *question)
{
	struct claim claim;

	while (csp_claims_next(&claim, reader)) {
		unsigned kind = 1U << claim.kind;
		if (!question->exact && !claim.subdomains && claim.kind != CLAIM_EXCLUSION)
			continue;
		out->kinds |= kind;
		if ((question->kinds & kind) && !add_party(out, arena, claim.party))
			return false;
	}
	return !reader->failed;
}

/* FOUND: the name is there, whoever claims it. */
static enum found get_parties(struct parties *out, const struct directory_read *read,
			      struct arena *arena, struct span name,
			      const struct question *question)
{
	struct codec_reader reader;
	struct span value;

	*out = (struct parties){0};
	enum found found = get(&value, read, question->table, name);
	if (found != FOUND)
		return found;
	if (!csp_codec_open(&reader, question->table, name, value) ||
	    !read_claims(out, arena, &reader, question))
		return COULD_NOT_TELL;
	return FOUND;
}

/* The domain above, or empty: a top-level domain is nobody's parent here, nor is an address literal. */
static struct span parent_of(struct span domain)
{
	struct span label, rest;

	csp_span_split(&label, &rest, domain, '.');
	if (csp_span_starts_with(domain, SPAN_LIT("[")) || csp_span_find(rest, '.') == rest.len)
		return SPAN_LIT("");
	return rest;
}

struct domain_answer {
	struct parties parties;
	struct span key; /* part of the domain asked for */
	bool excluded;
};

/* What makes a domain nobody's: an exclusion, and for customers that it is a partner's own. */
static unsigned ending_kinds(unsigned kinds)
{
	unsigned own = kinds & 1U << CLAIM_CUSTOMER ? 1U << CLAIM_PARTNER : 0;

	return own | 1U << CLAIM_EXCLUSION;
}

static enum found find_domain(struct domain_answer *out, const struct directory_read *read,
			      struct arena *arena, struct span domain, unsigned kinds)
{
	struct question question = {.table = TABLE_DOMAINS, .kinds = kinds, .exact = true};

	out->excluded = false;
	for (out->key = domain; out->key.len > 0; out->key = parent_of(out->key)) {
		enum found found = get_parties(&out->parties, read, arena, out->key, &question);
		if (found == COULD_NOT_TELL)
			return found;
		out->excluded = out->parties.kinds & 1U << CLAIM_EXCLUSION;
		if (out->parties.kinds & ending_kinds(kinds))
			return NOT_FOUND;
		if (out->parties.count > 0)
			return FOUND;
		question.exact = false;
	}
	return NOT_FOUND;
}

static bool add_block(struct directory_entry *entry, struct arena *arena, bool first,
		      const struct facts_block *block)
{
	struct directory_entry more;
	struct span party;

	if (!csp_arena_copy(arena, &party, block->party) ||
	    !csp_facts_decode_party(first ? entry : &more, arena, entry->type, party))
		return false;
	return first || csp_facts_merge(entry, arena, entry, &more);
}

/* A party as all its sources together describe it; its type is set in *out. */
static enum found get_party(struct directory_entry *out, const struct directory_read *read,
			    struct arena *arena, struct span packed)
{
	enum codec_table table = out->type == ENTRY_CUSTOMER ? TABLE_CUSTOMERS : TABLE_PARTNERS;
	struct codec_reader reader;
	struct facts_block block;
	struct span value, id;
	bool first = true;

	enum found found = get(&value, read, table, packed);
	if (found != FOUND)
		return found;
	if (!csp_codec_open(&reader, table, packed, value) ||
	    !csp_codec_unpack_id(&id, arena, packed))
		return COULD_NOT_TELL;
	for (; csp_facts_next_block(&block, &reader); first = false) {
		if (!add_block(out, arena, first, &block))
			return COULD_NOT_TELL;
	}
	out->customer.customer.id = out->partner.partner.id = id;
	return reader.failed || first ? COULD_NOT_TELL : FOUND;
}

static enum found has_partner(const struct directory_read *read, struct span id)
{
	char buffer[1 + CODEC_ID_MAX];
	struct span value;

	return get(&value, read, TABLE_PARTNERS, csp_codec_pack_id(buffer, id));
}

/*
 * An alias becomes the id of its partner. What several partners claim stays as it is and is nobody's;
 * what is a partner's id is no alias, whoever claims it.
 */
static enum found resolve(struct span *partner, const struct directory_read *read,
			  struct arena *arena)
{
	const struct question question = {TABLE_ALIASES, 1U << CLAIM_PARTNER, true};
	struct parties parties;
	enum found found = get_parties(&parties, read, arena, *partner, &question);

	if (found != FOUND)
		return found;
	found = has_partner(read, *partner);
	if (found != NOT_FOUND)
		return found;
	if (parties.count != 1)
		return NOT_FOUND;
	return csp_codec_unpack_id(partner, arena, parties.items[0]) ? FOUND : COULD_NOT_TELL;
}

/* A partner for several products is as many relations, one after another: its alias is looked up once. */
static enum found resolve_relations(struct customer *customer, const struct directory_read *read,
				    struct arena *arena)
{
	struct relation *relations =
		csp_arena_alloc(arena, customer->relation_count, sizeof(*relations));

	if (!relations)
		return COULD_NOT_TELL;
	for (size_t i = 0; i < customer->relation_count; i++) {
		struct span alias = customer->relations[i].partner;
		relations[i] = customer->relations[i];
		if (i > 0 && csp_span_equal(alias, customer->relations[i - 1].partner))
			relations[i].partner = relations[i - 1].partner;
		else if (resolve(&relations[i].partner, read, arena) == COULD_NOT_TELL)
			return COULD_NOT_TELL;
	}
	customer->relations = relations;
	return FOUND;
}

static enum found get_customer(struct customer *out, const struct directory_read *read,
			       struct arena *arena, struct span packed)
{
	struct directory_entry entry = {.type = ENTRY_CUSTOMER};
	enum found found = get_party(&entry, read, arena, packed);

	if (found != FOUND)
		return found;
	*out = entry.customer.customer;
	return out->relation_count ? resolve_relations(out, read, arena) : FOUND;
}

static enum found get_partner(struct partner *out, const struct directory_read *read,
			      struct arena *arena, struct span packed)
{
	struct directory_entry entry = {.type = ENTRY_PARTNER};
	enum found found = get_party(&entry, read, arena, packed);

	if (found == FOUND)
		*out = entry.partner.partner;
	return found;
}

/* A name without its party is damage: never "not found". */
static enum found load_customers(struct customers *out, const struct directory_read *read,
				 struct arena *arena, const struct parties *parties)
{
	struct customer *items = csp_arena_alloc(arena, parties->count, sizeof(*items));

	if (!items || parties->count == 0)
		return COULD_NOT_TELL;
	for (size_t i = 0; i < parties->count; i++) {
		if (get_customer(&items[i], read, arena, parties->items[i]) != FOUND)
			return COULD_NOT_TELL;
	}
	out->items = items;
	out->count = parties->count;
	return FOUND;
}

enum found csp_directory_find_customers(struct customers *out, struct directory_read *read,
					struct arena *arena, struct span address_key,
					struct span domain)
{
	const struct question question = {TABLE_ADDRESSES, 1U << CLAIM_CUSTOMER, true};
	struct domain_answer answer = {.key = address_key};

	*out = (struct customers){.key = SPAN_LIT("")};
	enum found found = get_parties(&answer.parties, read, arena, address_key, &question);
	if (found == NOT_FOUND)
		found = find_domain(&answer, read, arena, domain, question.kinds);
	out->excluded = answer.excluded;
	if (found == COULD_NOT_TELL || !csp_arena_copy(arena, &out->key, answer.key))
		return COULD_NOT_TELL;
	return found == FOUND ? load_customers(out, read, arena, &answer.parties) : NOT_FOUND;
}

static enum found load_partners(struct partners *out, const struct directory_read *read,
				struct arena *arena, const struct parties *parties)
{
	const struct partner **items =
		csp_arena_alloc(arena, parties->count, sizeof(const struct partner *));
	struct partner *partners = csp_arena_alloc(arena, parties->count, sizeof(*partners));

	if (!items || !partners)
		return COULD_NOT_TELL;
	for (size_t i = 0; i < parties->count; i++) {
		if (get_partner(&partners[i], read, arena, parties->items[i]) != FOUND)
			return COULD_NOT_TELL;
		items[i] = &partners[i];
	}
	out->items = items;
	out->count = parties->count;
	return FOUND;
}

enum found csp_directory_find_partners(struct partners *out, struct directory_read *read,
				       struct arena *arena, struct span domain, bool reverse_path)
{
	unsigned kinds = 1U << CLAIM_PARTNER | (reverse_path ? 1U << CLAIM_BOUNCE : 0);
	struct domain_answer answer;

	*out = (struct partners){0};
	enum found found = find_domain(&answer, read, arena, domain, kinds);
	return found == FOUND ? load_partners(out, read, arena, &answer.parties) : found;
}

enum found csp_directory_partner(const struct partner **out, struct directory_read *read,
				 struct arena *arena, struct span id)
{
	struct partner *partner = csp_arena_alloc(arena, 1, sizeof(*partner));
	char buffer[1 + CODEC_ID_MAX];

	*out = NULL;
	if (!partner || resolve(&id, read, arena) == COULD_NOT_TELL)
		return COULD_NOT_TELL;
	enum found found = get_partner(partner, read, arena, csp_codec_pack_id(buffer, id));
	if (found == FOUND)
		*out = partner;
	return found;
}

enum found csp_directory_customer(const struct customer **out, struct directory_read *read,
				  struct arena *arena, struct span id)
{
	struct customer *customer = csp_arena_alloc(arena, 1, sizeof(*customer));
	char buffer[1 + CODEC_ID_MAX];

	*out = NULL;
	if (!customer)
		return COULD_NOT_TELL;
	enum found found = get_customer(customer, read, arena, csp_codec_pack_id(buffer, id));
	if (found == FOUND)
		*out = customer;
	return found;
}
