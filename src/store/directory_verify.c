#include "directory_verify.h"

#include <stdarg.h>
#include <stdio.h>

#include "directory_party.h"
#include "facts.h"

#define MEMORY_MAX ((size_t)256 << 20)
#define TICK_EVERY 4096

static const char *const table_words[TABLE_COUNT] = {
	[TABLE_META] = "head",          [TABLE_DOMAINS] = "domain",   [TABLE_ADDRESSES] = "address",
	[TABLE_CUSTOMERS] = "customer", [TABLE_PARTNERS] = "partner", [TABLE_ALIASES] = "alias",
};

struct verify {
	const struct directory_txn *at;
	const struct verify_report *report;
	struct verify_counts counts;
	uint64_t total;
	struct directory_sources stored; /* as the directory counts them */
	struct directory_sources seen;   /* the same, counted here */
	struct arena arena;              /* for one entry */
	enum codec_table table;
	struct span key, value; /* the entry that is looked at */
	struct buf last;        /* key before it */
};

/* The entry's key as a person writes it. */
static struct span name_of(struct verify *verify)
{
	bool party = verify->table == TABLE_CUSTOMERS || verify->table == TABLE_PARTNERS;
	struct span id;

	if (party && csp_codec_unpack_id(&id, &verify->arena, verify->key))
		return id;
	return verify->key;
}

static void problem(struct verify *verify, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void problem(struct verify *verify, const char *format, ...)
{
	struct span name = name_of(verify);
	char what[256], text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	(void)snprintf(text, sizeof(text), "%s %.*s: %s", table_words[verify->table],
		       (int)(name.len < 128 ? name.len : 128), name.data, what);
	for (char *at = text; *at; at++) {
		if (*at < ' ' || *at > '~')
			*at = '?';
	}
	verify->counts.problems++;
	verify->report->problem(verify->report->context, text);
}

static struct source *source_of(struct verify *verify, uint64_t number)
{
	struct source *source = csp_sources_at(&verify->seen, number);

	if (!source)
		problem(verify, "is of a source %llu that is not known",
			(unsigned long long)number);
	return source;
}

/* ---- parties ---- */

static bool is_claimed(struct verify *verify, const struct facts_name *name, uint64_t source)
{
	struct claims *claims = csp_arena_alloc(&verify->arena, 1, sizeof(*claims));
	struct span value;

	if (!claims ||
	    csp_directory_get(&value, verify->at, name->table, name->name.name) != FOUND ||
	    !csp_claims_decode(claims, name->table, name->name.name, value))
		return false;
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];
		if (claim->kind == name->kind && claim->source == source &&
		    claim->subdomains >= name->name.subdomains &&
		    csp_span_equal(claim->party, verify->key))
			return true;
	}
	return claims->count == CLAIMS_MAX;
}

static void check_names(struct verify *verify, const struct directory_entry *entry, uint64_t source)
{
	struct facts_names names;

	if (!csp_facts_names(&names, &verify->arena, entry)) {
		problem(verify, "its names cannot be read");
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		const struct span name = names.items[i].name.name;
		if (!is_claimed(verify, &names.items[i], source))
			problem(verify, "the %s %.*s is not there, or not its own",
				table_words[names.items[i].table],
				(int)(name.len < 128 ? name.len : 128), name.data);
	}
}

static void check_block(struct verify *verify, const struct facts_block *block)
{
	bool customer = verify->table == TABLE_CUSTOMERS;
	struct source *source = source_of(verify, block->source);
	struct directory_entry entry;

	if (source && customer)
		source->customers++;
	else if (source)
		source->partners++;
	if (!csp_facts_decode_party(&entry, &verify->arena,
				    customer ? ENTRY_CUSTOMER : ENTRY_PARTNER, block->party) ||
	    !csp_facts_decode_names(&entry, &verify->arena, block->names))
		problem(verify, "what source %llu says cannot be read",
			(unsigned long long)block->source);
	else
		check_names(verify, &entry, block->source);
}

static void check_party(struct verify *verify, struct codec_reader *reader)
{
	struct facts_block block;
	uint64_t last = 0;

	while (csp_facts_next_block(&block, reader)) {
		if (block.source <= last)
			problem(verify, "its sources are out of order");
		last = block.source;
		check_block(verify, &block);
	}
	if (reader->failed || !last)
		problem(verify, "nothing, or not all, can be read of it");
}

/* ---- names ---- */

/* The party has a block of the claim's source, and that block has the name. */
static bool is_named(struct verify *verify, const struct claim *claim)
{
	bool customer = claim->kind == CLAIM_CUSTOMER;
	enum codec_table table = customer ? TABLE_CUSTOMERS : TABLE_PARTNERS;
	struct directory_entry entry = {.type = customer ? ENTRY_CUSTOMER : ENTRY_PARTNER};
	struct facts_block block = {.source = 0};
	struct codec_reader reader;
	struct facts_names names;
	struct span value;

	if (csp_directory_get(&value, verify->at, table, claim->party) != FOUND ||
	    !csp_codec_open(&reader, table, claim->party, value))
		return false;
	while (block.source != claim->source && csp_facts_next_block(&block, &reader))
		continue;
	if (block.source != claim->source ||
	    !csp_facts_decode_names(&entry, &verify->arena, block.names) ||
	    !csp_facts_names(&names, &verify->arena, &entry))
		return false;
	for (size_t i = 0; i < names.count; i++) {
		const struct facts_name *name = &names.items[i];
		if (name->table == verify->table && name->kind == claim->kind &&
		    csp_span_equal(name->name.name, verify->key))
			return true;
	}
	return false;
}

static void check_claims(struct verify *verify)
{
	struct claims *claims = csp_arena_alloc(&verify->arena, 1, sizeof(*claims));

	if (!claims || !csp_claims_decode(claims, verify->table, verify->key, verify->value) ||
	    claims->count == 0) {
		problem(verify, "whose it is cannot be read");
		return;
	}
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];
		struct source *source = source_of(verify, claim->source);
		if (source && claim->kind == CLAIM_EXCLUSION)
			source->exclusions++;
		if (claim->kind != CLAIM_EXCLUSION && !is_named(verify, claim))
			problem(verify, "its party does not name it");
	}
}

/* ---- tables ---- */

static void check_entry(struct verify *verify)
{
	struct codec_reader reader;

	if (!csp_codec_open(&reader, verify->table, verify->key, verify->value))
		problem(verify, "damaged: its checksum is wrong");
	else if (verify->table == TABLE_CUSTOMERS || verify->table == TABLE_PARTNERS)
		check_party(verify, &reader);
	else
		check_claims(verify);
}

/* Keys in the order that LMDB looks for them in. */
static bool check_order(struct verify *verify)
{
	struct buf *last = &verify->last;
	bool right = last->len == 0 || csp_span_compare(csp_buf_span(last), verify->key) < 0;

	if (!right)
		problem(verify, "out of order: look-ups may not find it");
	csp_buf_reset(last);
	csp_buf_append(last, verify->key);
	return !csp_buf_failed(last);
}

static enum directory_result visit(void *context, struct span key, struct span value)
{
	struct verify *verify = context;
	const struct verify_report *report = verify->report;

	csp_arena_reset(&verify->arena);
	verify->key = key;
	verify->value = value;
	if (!check_order(verify))
		return DIRECTORY_FAILED;
	check_entry(verify);
	if (++verify->counts.entries % TICK_EVERY == 0 && report->progress)
		report->progress(report->context, verify->counts.entries, verify->total);
	return DIRECTORY_OK;
}

static enum directory_result check_table(struct verify *verify, enum codec_table table)
{
	uint64_t before = verify->counts.entries;
	MDB_stat shape;
	int code = mdb_stat(verify->at->txn, csp_directory_table(verify->at, table), &shape);

	if (code)
		return csp_directory_result(code);
	verify->table = table;
	csp_buf_reset(&verify->last);
	enum directory_result result = csp_directory_each(verify->at, table, visit, verify);
	uint64_t seen = verify->counts.entries - before;
	verify->key = SPAN_LIT("*");
	if (result == DIRECTORY_OK && seen != shape.ms_entries)
		problem(verify, "%llu entries where %llu should be", (unsigned long long)seen,
			(unsigned long long)shape.ms_entries);
	return result;
}

static void check_counts(struct verify *verify)
{
	verify->table = TABLE_META;
	for (size_t i = 0; i < verify->stored.count; i++) {
		const struct source *stored = &verify->stored.items[i];
		const struct source *seen = &verify->seen.items[i];
		verify->key = stored->name;
		if (stored->customers != seen->customers || stored->partners != seen->partners ||
		    stored->exclusions != seen->exclusions)
			problem(verify,
				"counts %llu customers, %llu partners, %llu exclusions; there are "
				"%llu, %llu, %llu",
				(unsigned long long)stored->customers,
				(unsigned long long)stored->partners,
				(unsigned long long)stored->exclusions,
				(unsigned long long)seen->customers,
				(unsigned long long)seen->partners,
				(unsigned long long)seen->exclusions);
	}
}

static bool load(struct verify *verify)
{
	verify->table = TABLE_META;
	verify->key = SPAN_LIT("sources");
	if (csp_sources_load(&verify->stored, verify->at) &&
	    csp_sources_load(&verify->seen, verify->at))
		return true;
	problem(verify, "damaged: they cannot be read");
	return false;
}

static enum directory_result check_all(struct verify *verify)
{
	enum directory_result result = DIRECTORY_OK;

	for (size_t i = 0; i < verify->seen.count; i++)
		verify->seen.items[i].customers = verify->seen.items[i].partners =
			verify->seen.items[i].exclusions = 0;
	verify->total = csp_directory_count_entries(verify->at);
	for (int table = TABLE_META + 1; table < TABLE_COUNT && result == DIRECTORY_OK; table++)
		result = check_table(verify, (enum codec_table)table);
	if (result == DIRECTORY_OK)
		check_counts(verify);
	return result;
}

enum directory_result csp_directory_verify(struct verify_counts *out, struct directory_read *read,
					   const struct verify_report *report)
{
	struct verify verify = {.at = &read->at, .report = report};
	enum directory_result result = DIRECTORY_OK;

	csp_sources_init(&verify.stored);
	csp_sources_init(&verify.seen);
	csp_arena_init(&verify.arena, MEMORY_MAX);
	csp_buf_init(&verify.last, CODEC_NAME_MAX);
	if (load(&verify))
		result = check_all(&verify);
	*out = verify.counts;
	csp_arena_dispose(&verify.arena);
	csp_buf_dispose(&verify.last);
	csp_sources_dispose(&verify.stored);
	csp_sources_dispose(&verify.seen);
	return result;
}
