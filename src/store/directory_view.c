#include "directory_view.h"

#include "directory_private.h"
#include "facts.h"

struct source_list {
	struct directory_source *items;
	uint64_t *numbers;
	size_t count, cap, number_cap;
};

bool csp_directory_read_source(struct directory_source_head *out, struct span key,
			       struct span value)
{
	struct codec_reader reader;

	if (!csp_codec_open(&reader, TABLE_META, key, value))
		return false;
	out->number = csp_codec_take_number(&reader);
	out->customers = csp_codec_take_number(&reader);
	out->partners = csp_codec_take_number(&reader);
	out->updated = csp_codec_take_time(&reader);
	return !reader.failed;
}

static bool add_source(struct source_list *list, struct arena *arena, struct span key,
		       struct span value)
{
	struct directory_source_head head;
	void *items = list->items, *numbers = list->numbers;
	struct span name = csp_span_slice(key, sizeof(SOURCE_PREFIX) - 1, key.len);

	if (!csp_directory_read_source(&head, key, value) || !csp_arena_copy(arena, &name, name) ||
	    !csp_arena_grow(arena, &items, &list->cap, list->count, sizeof(*list->items)) ||
	    !csp_arena_grow(arena, &numbers, &list->number_cap, list->count,
			    sizeof(*list->numbers)))
		return false;
	list->items = items;
	list->numbers = numbers;
	list->items[list->count] = (struct directory_source){
		.name = name,
		.customers = head.customers,
		.partners = head.partners,
		.updated = head.updated,
	};
	list->numbers[list->count++] = head.number;
	return true;
}

static struct span span_of(MDB_val value)
{
	return (struct span){value.mv_data, value.mv_size};
}

/* All sources, by name; false when a value is damaged or memory is short. */
static bool list_sources(struct source_list *list, const struct directory_read *read,
			 struct arena *arena)
{
	MDB_val key = csp_directory_val(SPAN_LIT(SOURCE_PREFIX));
	MDB_val value;
	MDB_cursor *cursor;
	int code = mdb_cursor_open(read->txn, read->directory->tables[TABLE_META], &cursor);

	if (code)
		return false;
	*list = (struct source_list){0};
	code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (!code && csp_span_starts_with(span_of(key), SPAN_LIT(SOURCE_PREFIX))) {
		if (!add_source(list, arena, span_of(key), span_of(value)))
			break;
		code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	bool done = code == MDB_NOTFOUND ||
		    (!code && !csp_span_starts_with(span_of(key), SPAN_LIT(SOURCE_PREFIX)));
	mdb_cursor_close(cursor);
	return done;
}

static uint64_t count_of(const struct directory_read *read, enum codec_table table)
{
	MDB_stat shape;

	if (mdb_stat(read->txn, read->directory->tables[table], &shape) != 0)
		return 0;
	return shape.ms_entries;
}

enum directory_result csp_directory_stats(struct directory_stats *out, struct directory_read *read,
					  struct arena *arena)
{
	struct directory_head head;
	struct source_list sources;

	*out = (struct directory_stats){0};
	if (csp_directory_get_head(&head, read->directory, read->txn) == COULD_NOT_TELL ||
	    !list_sources(&sources, read, arena))
		return DIRECTORY_FAILED;
	*out = (struct directory_stats){
		.state = head.state,
		.customers = count_of(read, TABLE_CUSTOMERS),
		.partners = count_of(read, TABLE_PARTNERS),
		.domains = count_of(read, TABLE_DOMAINS),
		.addresses = count_of(read, TABLE_ADDRESSES),
		.exclusions = head.exclusions,
		.updated = head.updated,
		.sources = sources.items,
		.source_count = sources.count,
	};
	return DIRECTORY_OK;
}

static struct span source_name(const struct source_list *sources, uint64_t number)
{
	for (size_t i = 0; i < sources->count; i++) {
		if (sources->numbers[i] == number)
			return sources->items[i].name;
	}
	return SPAN_LIT("");
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
			    const struct source_list *sources, struct codec_reader *reader)
{
	struct facts_block block;

	while (csp_facts_next_block(&block, reader)) {
		if (!add_statement(list, arena, type, &block))
			return false;
		list->items[list->count - 1].source = source_name(sources, block.source);
	}
	return !reader->failed && list->count > 0;
}

enum found csp_directory_statements(struct directory_statements *out, struct directory_read *read,
				    struct arena *arena, enum entry_type type, struct span id)
{
	enum codec_table table = type == ENTRY_CUSTOMER ? TABLE_CUSTOMERS : TABLE_PARTNERS;
	struct source_list sources;
	struct statement_list list = {0};
	struct codec_reader reader;
	struct span packed, value;

	*out = (struct directory_statements){0};
	enum found found = csp_directory_pack(&packed, arena, id);
	if (found == FOUND)
		found = csp_directory_get(&value, read->directory, read->txn, table, packed);
	if (found != FOUND)
		return found;
	if (!csp_codec_open(&reader, table, packed, value) ||
	    !list_sources(&sources, read, arena) ||
	    !read_statements(&list, arena, type, &sources, &reader))
		return COULD_NOT_TELL;
	for (size_t i = 0; i < list.count; i++)
		list.items[i].entry.customer.customer.id = list.items[i].entry.partner.partner.id =
			id;
	*out = (struct directory_statements){list.items, list.count};
	return FOUND;
}
