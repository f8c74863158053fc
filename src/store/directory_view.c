#include "directory_view.h"

#include "directory_sources.h"
#include "facts.h"

static uint64_t count_of(const struct directory_read *read, enum codec_table table)
{
	MDB_stat shape;

	if (mdb_stat(read->at.txn, csp_directory_table(&read->at, table), &shape) != 0)
		return 0;
	return shape.ms_entries;
}

static bool copy_sources(struct directory_stats *out, struct arena *arena,
			 const struct directory_sources *sources)
{
	struct directory_source *items = csp_arena_alloc(arena, sources->count, sizeof(*items));

	if (!items)
		return false;
	for (size_t i = 0; i < sources->count; i++) {
		const struct source *source = &sources->items[i];
		items[i] = (struct directory_source){
			.customers = source->customers,
			.partners = source->partners,
			.exclusions = source->exclusions,
			.updated = source->updated,
		};
		if (!csp_arena_copy(arena, &items[i].name, source->name))
			return false;
		out->exclusions += source->exclusions;
	}
	out->sources = items;
	out->source_count = sources->count;
	return true;
}

static bool read_stats(struct directory_stats *out, struct directory_read *read,
		       struct arena *arena)
{
	struct directory_sources sources;
	struct directory_head head;

	if (csp_directory_get_head(&head, &read->at) == COULD_NOT_TELL)
		return false;
	*out = (struct directory_stats){
		.state = head.state,
		.customers = count_of(read, TABLE_CUSTOMERS),
		.partners = count_of(read, TABLE_PARTNERS),
		.domains = count_of(read, TABLE_DOMAINS),
		.addresses = count_of(read, TABLE_ADDRESSES),
		.updated = head.updated,
	};
	csp_sources_init(&sources);
	bool done = csp_sources_load(&sources, &read->at) && copy_sources(out, arena, &sources);
	csp_sources_dispose(&sources);
	return done;
}

enum directory_result csp_directory_stats(struct directory_stats *out, struct directory_read *read,
					  struct arena *arena)
{
	*out = (struct directory_stats){0};
	return read_stats(out, read, arena) ? DIRECTORY_OK : DIRECTORY_FAILED;
}

struct statement_list {
	struct directory_statement *items;
	size_t count, cap;
};

static bool add_statement(struct statement_list *list, struct arena *arena, enum entry_type type,
			  const struct facts_block *block)
{
	void *items = list->items;
	struct span party, names;

	if (!csp_arena_grow(arena, &items, &list->cap, list->count, sizeof(*list->items)) ||
	    !csp_arena_copy(arena, &party, block->party) ||
	    !csp_arena_copy(arena, &names, block->names))
		return false;
	list->items = items;
	struct directory_entry *entry = &list->items[list->count++].entry;
	return csp_facts_decode_party(entry, arena, type, party) &&
	       csp_facts_decode_names(entry, arena, names);
}

static bool read_statements(struct statement_list *list, struct arena *arena, enum entry_type type,
			    const struct directory_sources *sources, struct codec_reader *reader)
{
	struct facts_block block;

	while (csp_facts_next_block(&block, reader)) {
		const struct source *source = csp_sources_at(sources, block.source);
		if (!source || !add_statement(list, arena, type, &block) ||
		    !csp_arena_copy(arena, &list->items[list->count - 1].source, source->name))
			return false;
	}
	return !reader->failed && list->count > 0;
}

enum found csp_directory_statements(struct directory_statements *out, struct directory_read *read,
				    struct arena *arena, enum entry_type type, struct span id)
{
	enum codec_table table = type == ENTRY_CUSTOMER ? TABLE_CUSTOMERS : TABLE_PARTNERS;
	struct directory_sources sources;
	struct statement_list list = {0};
	struct codec_reader reader;
	struct span packed, value;

	*out = (struct directory_statements){0};
	enum found found = csp_directory_pack(&packed, arena, id);
	if (found == FOUND)
		found = csp_directory_get(&value, &read->at, table, packed);
	if (found != FOUND)
		return found;
	csp_sources_init(&sources);
	bool whole = csp_codec_open(&reader, table, packed, value) &&
		     csp_sources_load(&sources, &read->at) &&
		     read_statements(&list, arena, type, &sources, &reader);
	csp_sources_dispose(&sources);
	if (!whole)
		return COULD_NOT_TELL;
	for (size_t i = 0; i < list.count; i++)
		list.items[i].entry.customer.customer.id = list.items[i].entry.partner.partner.id =
			id;
	*out = (struct directory_statements){list.items, list.count};
	return FOUND;
}
