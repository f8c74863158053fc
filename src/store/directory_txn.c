#include "directory_private.h"

enum found csp_directory_get(struct span *out, const struct directory_txn *at,
			     enum codec_table table, struct span key)
{
	MDB_val name = csp_directory_val(key);
	MDB_val value;

	*out = SPAN_LIT("");
	if (key.len == 0 || key.len > (size_t)mdb_env_get_maxkeysize(at->directory->env))
		return NOT_FOUND;
	int code = mdb_get(at->txn, csp_directory_table(at, table), &name, &value);
	if (code == MDB_NOTFOUND)
		return NOT_FOUND;
	if (code)
		return COULD_NOT_TELL;
	*out = (struct span){value.mv_data, value.mv_size};
	return FOUND;
}

enum found csp_directory_get_head(struct directory_head *out, struct directory_txn *at)
{
	struct codec_reader reader;
	struct span value;

	*out = (struct directory_head){0};
	at->slot = 0;
	enum found found = csp_directory_get(&value, at, TABLE_META, SPAN_LIT(HEAD_KEY));
	if (found != FOUND)
		return found;
	if (!csp_codec_open(&reader, TABLE_META, SPAN_LIT(HEAD_KEY), value))
		return COULD_NOT_TELL;
	out->state = csp_codec_take_number(&reader);
	out->slot = (unsigned)csp_codec_take_number(&reader);
	out->updated = csp_codec_take_time(&reader);
	if (reader.failed || out->slot >= SLOT_COUNT)
		return COULD_NOT_TELL;
	at->slot = out->slot;
	return FOUND;
}

enum directory_result csp_directory_put_head(struct directory_txn *at,
					     const struct directory_head *head)
{
	MDB_val key = csp_directory_val(SPAN_LIT(HEAD_KEY));
	enum directory_result result = DIRECTORY_FAILED;
	struct buf buf;

	csp_buf_init(&buf, 64);
	csp_codec_begin(&buf);
	csp_codec_number(&buf, head->state);
	csp_codec_number(&buf, head->slot);
	csp_codec_time(&buf, head->updated);
	csp_codec_seal(&buf, TABLE_META, SPAN_LIT(HEAD_KEY));
	if (!csp_buf_failed(&buf)) {
		MDB_val value = csp_directory_val(csp_buf_span(&buf));
		result = csp_directory_result(
			mdb_put(at->txn, csp_directory_table(at, TABLE_META), &key, &value, 0));
	}
	csp_buf_dispose(&buf);
	return result;
}

uint64_t csp_directory_count_entries(const struct directory_txn *at)
{
	uint64_t count = 0;
	MDB_stat shape;

	for (int table = TABLE_META + 1; table < TABLE_COUNT; table++) {
		if (mdb_stat(at->txn, csp_directory_table(at, (enum codec_table)table), &shape) ==
		    0)
			count += shape.ms_entries;
	}
	return count;
}

enum directory_result csp_directory_each(const struct directory_txn *at, enum codec_table table,
					 directory_each *visit, void *context)
{
	enum directory_result result = DIRECTORY_OK;
	MDB_cursor *cursor;
	MDB_val key, value;
	int code = mdb_cursor_open(at->txn, csp_directory_table(at, table), &cursor);

	if (code)
		return csp_directory_result(code);
	code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	while (!code && result == DIRECTORY_OK) {
		result = visit(context, csp_directory_span(key), csp_directory_span(value));
		code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	if (result != DIRECTORY_OK || code == MDB_NOTFOUND)
		return result;
	return csp_directory_result(code);
}
