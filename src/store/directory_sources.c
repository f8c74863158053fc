#include "directory_sources.h"

#define MEMORY_MAX  ((size_t)64 << 20)
#define VALUE_BYTES 128

bool csp_source_is_name(struct span name)
{
	if (name.len == 0 || name.len > SOURCE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] <= ' ' || name.data[i] > '~')
			return false;
	}
	return true;
}

void csp_sources_init(struct directory_sources *sources)
{
	*sources = (struct directory_sources){0};
	csp_arena_init(&sources->arena, MEMORY_MAX);
}

void csp_sources_dispose(struct directory_sources *sources)
{
	csp_arena_dispose(&sources->arena);
	*sources = (struct directory_sources){0};
}

static struct source *push(struct directory_sources *sources, struct span name)
{
	void *items = sources->items;

	if (!csp_arena_grow(&sources->arena, &items, &sources->cap, sources->count,
			    sizeof(*sources->items)))
		return NULL;
	sources->items = items;
	struct source *source = &sources->items[sources->count];
	*source = (struct source){.updated = INT64_MIN};
	if (!csp_arena_copy(&sources->arena, &source->name, name))
		return NULL;
	sources->count++;
	return source;
}

static bool read_value(struct source *source, struct span key, struct span value)
{
	struct codec_reader reader;

	if (!csp_codec_open(&reader, TABLE_META, key, value))
		return false;
	uint64_t number = csp_codec_take_number(&reader);
	source->number = (uint32_t)number;
	source->customers = csp_codec_take_number(&reader);
	source->partners = csp_codec_take_number(&reader);
	source->exclusions = csp_codec_take_number(&reader);
	source->updated = csp_codec_take_time(&reader);
	return !reader.failed && number > 0 && number < SOURCE_EVERY;
}

/* A seal says that a value is whole, not that it makes sense. */
bool csp_sources_read(struct directory_sources *sources, struct span key, struct span value)
{
	struct source read = {.name = csp_span_slice(key, sizeof(SOURCE_PREFIX) - 1, key.len)};

	if (!csp_source_is_name(read.name) || !read_value(&read, key, value) ||
	    csp_sources_at(sources, read.number) || csp_sources_find(sources, read.name))
		return false;
	struct source *source = push(sources, read.name);
	if (!source)
		return false;
	read.name = source->name;
	*source = read;
	return true;
}

bool csp_sources_load(struct directory_sources *sources, const struct directory_txn *at)
{
	MDB_val key = csp_directory_val(SPAN_LIT(SOURCE_PREFIX));
	MDB_cursor *cursor;
	MDB_val value;
	bool whole = true;

	if (mdb_cursor_open(at->txn, csp_directory_table(at, TABLE_META), &cursor) != 0)
		return false;
	int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (!code && csp_span_starts_with(csp_directory_span(key), SPAN_LIT(SOURCE_PREFIX)) &&
	       whole) {
		whole = csp_sources_read(sources, csp_directory_span(key),
					 csp_directory_span(value));
		code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return whole && (!code || code == MDB_NOTFOUND);
}

struct source *csp_sources_find(const struct directory_sources *sources, struct span name)
{
	for (size_t i = 0; i < sources->count; i++) {
		if (csp_span_equal(sources->items[i].name, name))
			return &sources->items[i];
	}
	return NULL;
}

struct source *csp_sources_at(const struct directory_sources *sources, uint64_t number)
{
	for (size_t i = 0; i < sources->count; i++) {
		if (sources->items[i].number == number)
			return &sources->items[i];
	}
	return NULL;
}

/* Numbers only grow, so that nothing that is stored changes its source. */
struct source *csp_sources_add(struct directory_sources *sources, struct span name)
{
	uint32_t last = 0;

	for (size_t i = 0; i < sources->count; i++) {
		if (sources->items[i].number > last)
			last = sources->items[i].number;
	}
	struct source *source = push(sources, name);
	if (source)
		source->number = last + 1;
	return source;
}

static enum directory_result store_one(const struct source *source, const struct directory_txn *at)
{
	char name[sizeof(SOURCE_PREFIX) + SOURCE_NAME_MAX];
	struct span key = {name, sizeof(SOURCE_PREFIX) - 1 + source->name.len};
	enum directory_result result = DIRECTORY_FAILED;
	struct buf buf;

	memcpy(name, SOURCE_PREFIX, sizeof(SOURCE_PREFIX) - 1);
	memcpy(name + sizeof(SOURCE_PREFIX) - 1, source->name.data, source->name.len);
	csp_buf_init(&buf, VALUE_BYTES);
	csp_codec_begin(&buf);
	csp_codec_number(&buf, source->number);
	csp_codec_number(&buf, source->customers);
	csp_codec_number(&buf, source->partners);
	csp_codec_number(&buf, source->exclusions);
	csp_codec_time(&buf, source->updated);
	csp_codec_seal(&buf, TABLE_META, key);
	if (!csp_buf_failed(&buf)) {
		MDB_val name_val = csp_directory_val(key);
		MDB_val value = csp_directory_val(csp_buf_span(&buf));
		result = csp_directory_result(mdb_put(at->txn, csp_directory_table(at, TABLE_META),
						      &name_val, &value, 0));
	}
	csp_buf_dispose(&buf);
	return result;
}

static int remove_all(const struct directory_txn *at)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int code = mdb_cursor_open(at->txn, csp_directory_table(at, TABLE_META), &cursor);

	while (!code) {
		key = csp_directory_val(SPAN_LIT(SOURCE_PREFIX));
		code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
		if (!code &&
		    !csp_span_starts_with(csp_directory_span(key), SPAN_LIT(SOURCE_PREFIX)))
			break;
		if (!code)
			code = mdb_cursor_del(cursor, 0);
	}
	mdb_cursor_close(cursor);
	return code == MDB_NOTFOUND ? 0 : code;
}

enum directory_result csp_sources_store(const struct directory_sources *sources,
					const struct directory_txn *at)
{
	enum directory_result result = csp_directory_result(remove_all(at));

	for (size_t i = 0; i < sources->count && result == DIRECTORY_OK; i++)
		result = store_one(&sources->items[i], at);
	return result;
}
