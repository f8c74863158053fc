#include "directory_write.h"

#include <stdlib.h>
#include <string.h>

#include "directory_private.h"
#include "facts.h"

#define PART_MAX  ((size_t)256 << 10) /* bytes of a party's facts or names, from one source */
#define VALUE_MAX ((size_t)64 << 20)
#define ARENA_MAX ((size_t)64 << 20)

struct directory_write {
	struct directory *directory;
	MDB_txn *txn;
	struct directory_head head;
	struct directory_source_head source;
	char source_key[sizeof(SOURCE_PREFIX) + DIRECTORY_SOURCE_MAX];
	struct buf value; /* being put */
	struct buf party; /* the two parts of a block */
	struct buf names;
	struct buf packed;  /* id of the party being put */
	struct arena arena; /* for one put */
	struct span shared;
	const char *why;
};

static enum directory_result put(struct directory_write *write, enum codec_table table,
				 struct span key, const struct buf *value)
{
	MDB_val name = csp_directory_val(key);
	MDB_val data = csp_directory_val(csp_buf_span(value));

	if (csp_buf_failed(value))
		return DIRECTORY_FAILED;
	return csp_directory_result(
		mdb_put(write->txn, write->directory->tables[table], &name, &data, 0));
}

static enum directory_result delete (struct directory_write *write, enum codec_table table,
				     struct span key) {
	MDB_val name = csp_directory_val(key);

	return csp_directory_result(mdb_del(write->txn, write->directory->tables[table], &name,
					    NULL));
}

static enum directory_result refuse(struct directory_write *write, const char *why)
{
	write->why = why;
	return DIRECTORY_REFUSED;
}

static struct span source_key(const struct directory_write *write)
{
	return csp_span_from(write->source_key);
}

/* The numbers of sources only grow, so that a claim never changes its source. */
static bool next_source_number(uint64_t *out, const struct directory_write *write)
{
	struct directory_source_head head;
	MDB_val key = csp_directory_val(SPAN_LIT(SOURCE_PREFIX));
	MDB_val value;
	MDB_cursor *cursor;

	*out = 1;
	if (mdb_cursor_open(write->txn, write->directory->tables[TABLE_META], &cursor) != 0)
		return false;
	int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	for (; !code; code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		struct span name = {key.mv_data, key.mv_size};
		struct span bytes = {value.mv_data, value.mv_size};
		if (!csp_span_starts_with(name, SPAN_LIT(SOURCE_PREFIX)))
			break;
		if (!csp_directory_read_source(&head, name, bytes)) {
			code = MDB_CORRUPTED;
			break;
		}
		if (head.number >= *out)
			*out = head.number + 1;
	}
	mdb_cursor_close(cursor);
	return !code || code == MDB_NOTFOUND;
}

static bool load_source(struct directory_write *write)
{
	struct span value;

	switch (csp_directory_get(&value, write->directory, write->txn, TABLE_META,
				  source_key(write))) {
	case FOUND:
		return csp_directory_read_source(&write->source, source_key(write), value);
	case NOT_FOUND:
		return next_source_number(&write->source.number, write);
	case COULD_NOT_TELL:
		break;
	}
	return false;
}

static enum directory_result begin(struct directory_write *write)
{
	int dead;

	mdb_reader_check(write->directory->env, &dead);
	int code = mdb_txn_begin(write->directory->env, NULL, 0, &write->txn);
	if (code)
		return csp_directory_result(code);
	if (csp_directory_get_head(&write->head, write->directory, write->txn) == COULD_NOT_TELL ||
	    !load_source(write))
		return DIRECTORY_FAILED;
	return DIRECTORY_OK;
}

static bool is_source_name(struct span name)
{
	if (name.len == 0 || name.len > DIRECTORY_SOURCE_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] <= ' ' || name.data[i] > '~')
			return false;
	}
	return true;
}

enum directory_result csp_directory_write_begin(struct directory_write **out,
						struct directory *directory, struct span source,
						int64_t now)
{
	*out = NULL;
	if (!is_source_name(source))
		return DIRECTORY_REFUSED;
	struct directory_write *write = calloc(1, sizeof(*write));
	if (!write)
		return DIRECTORY_FAILED;
	write->directory = directory;
	memcpy(write->source_key, SOURCE_PREFIX, sizeof(SOURCE_PREFIX) - 1);
	memcpy(write->source_key + sizeof(SOURCE_PREFIX) - 1, source.data, source.len);
	csp_buf_init(&write->value, VALUE_MAX);
	csp_buf_init(&write->party, VALUE_MAX);
	csp_buf_init(&write->names, VALUE_MAX);
	csp_buf_init(&write->packed, 1 + CODEC_ID_MAX);
	csp_arena_init(&write->arena, ARENA_MAX);
	enum directory_result result = begin(write);
	if (result != DIRECTORY_OK) {
		csp_directory_abort(write);
		return result;
	}
	write->head.state++;
	write->head.updated = write->source.updated = now;
	*out = write;
	return DIRECTORY_OK;
}

/* Forgets what the last put left, and takes the id of the next. */
static enum directory_result start(struct directory_write *write, struct span id)
{
	csp_arena_reset(&write->arena);
	write->shared = SPAN_LIT("");
	write->why = "";
	csp_buf_reset(&write->packed);
	if (id.len == 0 || id.len > CODEC_ID_MAX)
		return refuse(write, "an id has 1 to 64 characters");
	csp_codec_id(&write->packed, id);
	return csp_buf_failed(&write->packed) ? DIRECTORY_FAILED : DIRECTORY_OK;
}

static bool is_shared(const struct claims *claims, const struct claim *mine)
{
	if (mine->kind == CLAIM_EXCLUSION)
		return false;
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];
		if (claim->kind != CLAIM_EXCLUSION && !csp_span_equal(claim->party, mine->party))
			return true;
	}
	return false;
}

/* The claims under a name; none is an empty list. */
static enum directory_result get_claims(struct claims *out, const struct directory_write *write,
					enum codec_table table, struct span name)
{
	struct span value;
	enum found found = csp_directory_get(&value, write->directory, write->txn, table, name);

	out->count = 0;
	if (found == COULD_NOT_TELL ||
	    (found == FOUND && !csp_claims_decode(out, table, name, value)))
		return DIRECTORY_FAILED;
	return DIRECTORY_OK;
}

static enum directory_result put_claims(struct directory_write *write, enum codec_table table,
					struct span name, const struct claims *claims)
{
	if (claims->count == 0)
		return delete (write, table, name);
	csp_claims_encode(&write->value, table, name, claims);
	return put(write, table, name, &write->value);
}

static struct claim claim_of(const struct directory_write *write, const struct facts_name *name)
{
	return (struct claim){
		.kind = name->kind,
		.subdomains = name->name.subdomains,
		.source = write->source.number,
		.party = csp_buf_span(&write->packed),
	};
}

static enum directory_result add_name(struct directory_write *write, const struct facts_name *name)
{
	struct claim claim = claim_of(write, name);
	struct span key = name->name.name;
	struct claims claims;

	if (key.len == 0 || key.len > (size_t)mdb_env_get_maxkeysize(write->directory->env))
		return refuse(write, "a domain, address or alias is empty or too long");
	enum directory_result result = get_claims(&claims, write, name->table, key);
	if (result != DIRECTORY_OK)
		return result;
	if (write->shared.len == 0 && is_shared(&claims, &claim))
		write->shared = key;
	if (!csp_claims_add(&claims, &claim))
		return refuse(write, "too many others claim one of its names");
	return put_claims(write, name->table, key, &claims);
}

static enum directory_result remove_name(struct directory_write *write,
					 const struct facts_name *name)
{
	struct claim claim = claim_of(write, name);
	struct claims claims;
	enum directory_result result = get_claims(&claims, write, name->table, name->name.name);

	if (result != DIRECTORY_OK || claims.count == 0)
		return result;
	csp_claims_remove(&claims, &claim);
	return put_claims(write, name->table, name->name.name, &claims);
}

static enum directory_result remove_names(struct directory_write *write,
					  const struct facts_names *names, size_t count)
{
	enum directory_result result = DIRECTORY_OK;

	for (size_t i = 0; i < count && result == DIRECTORY_OK; i++)
		result = remove_name(write, &names->items[i]);
	return result;
}

/* *added: how many are in when it ends early. */
static enum directory_result add_names(struct directory_write *write,
				       const struct facts_names *names, size_t *added)
{
	for (*added = 0; *added < names->count; ++*added) {
		enum directory_result result = add_name(write, &names->items[*added]);
		if (result != DIRECTORY_OK)
			return result;
	}
	return DIRECTORY_OK;
}

/* A party whose new names are refused keeps its old ones. */
static enum directory_result replace_names(struct directory_write *write,
					   const struct facts_names *before,
					   const struct facts_names *after)
{
	size_t added = 0;
	enum directory_result result = remove_names(write, before, before->count);

	if (result == DIRECTORY_OK)
		result = add_names(write, after, &added);
	if (result != DIRECTORY_REFUSED)
		return result;
	const char *why = write->why;
	result = remove_names(write, after, added);
	if (result == DIRECTORY_OK)
		result = add_names(write, before, &added);
	return result == DIRECTORY_OK ? refuse(write, why) : result;
}

/* What the directory holds of a party, its own copy: LMDB's memory moves with the next put. */
struct stored {
	enum codec_table table;
	struct span value;
	bool has_own;
	struct facts_block own; /* of this write's source */
	struct directory_entry entry;
};

static enum directory_result load(struct stored *out, struct directory_write *write,
				  enum entry_type type)
{
	struct span key = csp_buf_span(&write->packed);
	struct codec_reader reader;
	struct facts_block block;

	*out = (struct stored){.table = type == ENTRY_CUSTOMER ? TABLE_CUSTOMERS : TABLE_PARTNERS};
	enum found found =
		csp_directory_get(&out->value, write->directory, write->txn, out->table, key);
	if (found == NOT_FOUND)
		return DIRECTORY_OK;
	if (found == COULD_NOT_TELL || !csp_arena_copy(&write->arena, &out->value, out->value) ||
	    !csp_codec_open(&reader, out->table, key, out->value))
		return DIRECTORY_FAILED;
	while (csp_facts_next_block(&block, &reader)) {
		if (block.source != write->source.number)
			continue;
		out->has_own = true;
		out->own = block;
	}
	if (reader.failed)
		return DIRECTORY_FAILED;
	if (!out->has_own)
		return DIRECTORY_OK;
	bool whole = csp_facts_decode_party(&out->entry, &write->arena, type, out->own.party) &&
		     csp_facts_decode_names(&out->entry, &write->arena, out->own.names);
	return whole ? DIRECTORY_OK : DIRECTORY_FAILED;
}

/* The value anew, with this source's block in its place. */
static enum directory_result store(struct directory_write *write, const struct stored *stored,
				   const struct facts_block *own)
{
	struct span key = csp_buf_span(&write->packed);
	struct codec_reader reader = {.rest = SPAN_LIT("")};
	struct facts_block block;
	bool placed = false;

	if (stored->value.len > 0 && !csp_codec_open(&reader, stored->table, key, stored->value))
		return DIRECTORY_FAILED;
	csp_codec_begin(&write->value);
	while (csp_facts_next_block(&block, &reader)) {
		if (!placed && block.source >= own->source) {
			csp_facts_append_block(&write->value, own);
			placed = true;
		}
		if (block.source != own->source)
			csp_facts_append_block(&write->value, &block);
	}
	if (!placed)
		csp_facts_append_block(&write->value, own);
	csp_codec_seal(&write->value, stored->table, key);
	return put(write, stored->table, key, &write->value);
}

static enum directory_result encode(struct facts_block *out, struct directory_write *write,
				    const struct directory_entry *entry)
{
	csp_buf_reset(&write->party);
	csp_buf_reset(&write->names);
	csp_facts_encode_party(&write->party, entry);
	csp_facts_encode_names(&write->names, entry);
	if (csp_buf_failed(&write->party) || csp_buf_failed(&write->names))
		return DIRECTORY_FAILED;
	*out = (struct facts_block){
		.source = write->source.number,
		.generation = write->head.state,
		.party = csp_buf_span(&write->party),
		.names = csp_buf_span(&write->names),
	};
	if (out->party.len > PART_MAX || out->names.len > PART_MAX)
		return refuse(write, "one party with too many facts or names");
	return DIRECTORY_OK;
}

static enum directory_result claim_names(struct directory_write *write, const struct stored *stored,
					 const struct directory_entry *entry)
{
	struct facts_names before = {0}, after;

	if ((stored->has_own && !csp_facts_names(&before, &write->arena, &stored->entry)) ||
	    !csp_facts_names(&after, &write->arena, entry))
		return DIRECTORY_FAILED;
	return replace_names(write, &before, &after);
}

static void count_party(struct directory_write *write, enum entry_type type)
{
	if (type == ENTRY_CUSTOMER)
		write->source.customers++;
	else
		write->source.partners++;
}

static enum directory_result put_entry(struct directory_write *write,
				       const struct directory_entry *said)
{
	struct directory_entry entry = *said;
	struct stored stored;
	struct facts_block block;
	enum directory_result result = load(&stored, write, said->type);

	if (result != DIRECTORY_OK)
		return result;
	bool again = stored.has_own && stored.own.generation == write->head.state;
	if (again && !csp_facts_merge(&entry, &write->arena, &stored.entry, said))
		return DIRECTORY_FAILED;
	result = encode(&block, write, &entry);
	if (result != DIRECTORY_OK)
		return result;
	bool same_names = stored.has_own && csp_span_equal(block.names, stored.own.names);
	if (again && same_names && csp_span_equal(block.party, stored.own.party))
		return DIRECTORY_OK;
	if (!same_names)
		result = claim_names(write, &stored, &entry);
	if (result != DIRECTORY_OK)
		return result;
	if (!stored.has_own)
		count_party(write, said->type);
	return store(write, &stored, &block);
}

static bool ids_fit(const struct customer *customer)
{
	for (size_t i = 0; i < customer->relation_count; i++) {
		size_t len = customer->relations[i].partner.len;
		if (len == 0 || len > CODEC_ID_MAX)
			return false;
	}
	return true;
}

enum directory_result csp_directory_put_customer(struct directory_write *write,
						 const struct customer_entry *customer)
{
	struct directory_entry entry = {.type = ENTRY_CUSTOMER, .customer = *customer};
	enum directory_result result = start(write, customer->customer.id);

	if (result != DIRECTORY_OK)
		return result;
	if (!ids_fit(&customer->customer))
		return refuse(write, "a partner's id has 1 to 64 characters");
	if (customer->ended)
		entry.customer.customer.relation_count = 0;
	return put_entry(write, &entry);
}

enum directory_result csp_directory_put_partner(struct directory_write *write,
						const struct partner_entry *partner)
{
	struct directory_entry entry = {.type = ENTRY_PARTNER, .partner = *partner};
	enum directory_result result = start(write, partner->partner.id);

	return result == DIRECTORY_OK ? put_entry(write, &entry) : result;
}

enum directory_result csp_directory_put_exclusion(struct directory_write *write, struct span domain)
{
	struct claim claim = {
		.kind = CLAIM_EXCLUSION, .source = write->source.number, .party = SPAN_LIT("")};
	struct claims claims;

	csp_arena_reset(&write->arena);
	write->shared = SPAN_LIT("");
	write->why = "";
	if (domain.len == 0 || domain.len > (size_t)mdb_env_get_maxkeysize(write->directory->env))
		return refuse(write, "a domain is empty or too long");
	enum directory_result result = get_claims(&claims, write, TABLE_DOMAINS, domain);
	if (result != DIRECTORY_OK)
		return result;
	bool known = csp_claims_hold(&claims, CLAIM_EXCLUSION);
	if (!csp_claims_add(&claims, &claim))
		return refuse(write, "too many others claim one of its names");
	if (!known)
		write->head.exclusions++;
	return put_claims(write, TABLE_DOMAINS, domain, &claims);
}

const char *csp_directory_write_why(const struct directory_write *write)
{
	return write->why;
}

struct span csp_directory_write_shared(const struct directory_write *write)
{
	return write->shared;
}

static enum directory_result put_heads(struct directory_write *write)
{
	struct span head = SPAN_LIT(HEAD_KEY);

	csp_codec_begin(&write->value);
	csp_codec_number(&write->value, write->head.state);
	csp_codec_number(&write->value, write->head.exclusions);
	csp_codec_time(&write->value, write->head.updated);
	csp_codec_seal(&write->value, TABLE_META, head);
	enum directory_result result = put(write, TABLE_META, head, &write->value);
	if (result != DIRECTORY_OK)
		return result;
	csp_codec_begin(&write->value);
	csp_codec_number(&write->value, write->source.number);
	csp_codec_number(&write->value, write->source.customers);
	csp_codec_number(&write->value, write->source.partners);
	csp_codec_time(&write->value, write->source.updated);
	csp_codec_seal(&write->value, TABLE_META, source_key(write));
	return put(write, TABLE_META, source_key(write), &write->value);
}

enum directory_result csp_directory_commit(struct directory_write *write)
{
	enum directory_result result = put_heads(write);

	if (result == DIRECTORY_OK) {
		result = csp_directory_result(
			csp_directory_commit_txn(write->directory->env, write->txn));
		write->txn = NULL;
	}
	csp_directory_abort(write);
	return result;
}

void csp_directory_abort(struct directory_write *write)
{
	if (!write)
		return;
	mdb_txn_abort(write->txn);
	csp_buf_dispose(&write->value);
	csp_buf_dispose(&write->party);
	csp_buf_dispose(&write->names);
	csp_buf_dispose(&write->packed);
	csp_arena_dispose(&write->arena);
	free(write);
}
