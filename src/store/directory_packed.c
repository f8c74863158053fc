#include "directory_packed.h"

#include <errno.h>
#include <string.h>

#include "directory_target.h"

/*
 * MAGIC, then entries: table (1 byte), length of the key (2) and of the value (4), big-endian, key,
 * value. Sources come first, tables in their order, keys ascending. END and the number of entries
 * (8) close it; the values' seals say whether an entry is whole.
 */
#define MAGIC      "\x8d" FORMAT " packed\n" /* no text begins so: "customer,product" is CSV */
#define END        0xff
#define HEAD_LEN   7
#define VALUE_MAX  ((size_t)64 << 20)
#define TICK_EVERY 4096
#define CHUNK      ((size_t)256 << 10) /* read ahead at once */

bool csp_packed_begins(FILE *stream)
{
	int c = getc(stream);

	if (c != EOF)
		(void)ungetc(c, stream);
	return c == (unsigned char)MAGIC[0];
}

static void put_big_endian(unsigned char *out, uint64_t number, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		out[i] = (unsigned char)(number >> (8 * (bytes - 1 - i)));
}

static uint64_t get_big_endian(const char *bytes, unsigned count)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < count; i++)
		number = number << 8 | (unsigned char)bytes[i];
	return number;
}

/* A stream that failed; what does not say why is a failure all the same. */
static enum directory_result stream_failed(void)
{
	return errno ? csp_directory_result(errno) : DIRECTORY_FAILED;
}

/* ---- writing ---- */

struct packer {
	FILE *stream;
	const struct directory_txn *at;
	const struct update_report *report;
	enum codec_table table; /* whose entries are written */
	uint64_t done, total;
};

static bool write_bytes(struct packer *packer, const void *bytes, size_t len)
{
	return len == 0 || fwrite(bytes, 1, len, packer->stream) == len;
}

static bool write_entry(struct packer *packer, struct span key, struct span value)
{
	unsigned char head[HEAD_LEN] = {(unsigned char)packer->table};

	put_big_endian(head + 1, key.len, 2);
	put_big_endian(head + 3, value.len, 4);
	if (++packer->done % TICK_EVERY == 0 && packer->report->progress)
		packer->report->progress(packer->report->context, packer->done, packer->total);
	return write_bytes(packer, head, sizeof(head)) && write_bytes(packer, key.data, key.len) &&
	       write_bytes(packer, value.data, value.len);
}

/* Of TABLE_META the sources alone: the rest is of the place where it is read. */
static bool belongs(enum codec_table table, struct span key)
{
	return table != TABLE_META || csp_span_starts_with(key, SPAN_LIT(SOURCE_PREFIX));
}

/* A damaged value is not handed on. */
static enum directory_result write_one(void *context, struct span key, struct span value)
{
	struct packer *packer = context;
	struct codec_reader reader;

	if (!belongs(packer->table, key))
		return DIRECTORY_OK;
	if (!csp_codec_open(&reader, packer->table, key, value))
		return DIRECTORY_FAILED;
	errno = 0;
	return write_entry(packer, key, value) ? DIRECTORY_OK : stream_failed();
}

static enum directory_result write_table(struct packer *packer, enum codec_table table)
{
	packer->table = table;
	return csp_directory_each(packer->at, table, write_one, packer);
}

static bool write_end(struct packer *packer)
{
	unsigned char end[1 + sizeof(uint64_t)] = {END};

	put_big_endian(end + 1, packer->done, sizeof(uint64_t));
	return write_bytes(packer, end, sizeof(end)) && fflush(packer->stream) == 0;
}

enum directory_result csp_packed_write(FILE *stream, struct directory_read *read,
				       const struct update_report *report)
{
	struct packer packer = {.stream = stream, .at = &read->at, .report = report};
	enum directory_result result = DIRECTORY_OK;

	packer.total = csp_directory_count_entries(&read->at);
	errno = 0;
	if (!write_bytes(&packer, MAGIC, sizeof(MAGIC) - 1))
		return stream_failed();
	for (int table = TABLE_META; table < TABLE_COUNT && result == DIRECTORY_OK; table++)
		result = write_table(&packer, (enum codec_table)table);
	errno = 0;
	if (result == DIRECTORY_OK && !write_end(&packer))
		result = stream_failed();
	return result;
}

/* ---- reading ---- */

struct unpacker {
	FILE *stream;
	const struct update_settings *settings;
	struct directory_target target;
	struct directory_sources sources;
	struct buf window; /* what was read and not taken, from `at` on */
	size_t at;
	enum codec_table table; /* whose entries come; TABLE_META: sources */
	struct buf last;        /* key */
	uint64_t done;
};

/* What ends early is no such stream; what cannot be read is a fault. */
static enum directory_result read_on(struct unpacker *unpacker, size_t len)
{
	struct buf *window = &unpacker->window;
	size_t left = window->len - unpacker->at;

	if (left)
		memmove(window->data, window->data + unpacker->at, left);
	window->len = left;
	unpacker->at = 0;
	char *room = csp_buf_room(window, len - left + CHUNK);
	if (!room)
		return DIRECTORY_FAILED;
	errno = 0;
	window->len += fread(room, 1, len - left + CHUNK, unpacker->stream);
	if (window->len >= len)
		return DIRECTORY_OK;
	return ferror(unpacker->stream) ? stream_failed() : DIRECTORY_REFUSED;
}

/* The next bytes, valid until the next call. */
static enum directory_result take(struct span *out, struct unpacker *unpacker, size_t len)
{
	enum directory_result result = DIRECTORY_OK;

	*out = SPAN_LIT("");
	if (unpacker->window.len - unpacker->at < len)
		result = read_on(unpacker, len);
	if (result != DIRECTORY_OK)
		return result;
	*out = (struct span){unpacker->window.data + unpacker->at, len};
	unpacker->at += len;
	return DIRECTORY_OK;
}

static enum directory_result next_table(struct unpacker *unpacker, enum codec_table table)
{
	enum directory_result result = DIRECTORY_OK;

	if (table < unpacker->table)
		return DIRECTORY_REFUSED;
	if (unpacker->table != TABLE_META)
		result = csp_target_close_table(&unpacker->target);
	unpacker->table = table;
	csp_buf_reset(&unpacker->last);
	if (result == DIRECTORY_OK)
		result = csp_target_open_table(&unpacker->target, table);
	return result;
}

static enum directory_result take_entry(struct unpacker *unpacker, struct span key,
					struct span value)
{
	struct codec_reader reader;

	if (!csp_codec_open(&reader, unpacker->table, key, value))
		return DIRECTORY_REFUSED;
	if (unpacker->table == TABLE_META)
		return csp_sources_read(&unpacker->sources, key, value) ? DIRECTORY_OK
									: DIRECTORY_REFUSED;
	if (unpacker->last.len && csp_span_compare(csp_buf_span(&unpacker->last), key) >= 0)
		return DIRECTORY_REFUSED;
	csp_buf_reset(&unpacker->last);
	csp_buf_append(&unpacker->last, key);
	return csp_target_put(&unpacker->target, key, value);
}

static enum directory_result read_entry(struct unpacker *unpacker, struct span head)
{
	enum codec_table table = (enum codec_table)(unsigned char)head.data[0];
	size_t key_len = (size_t)get_big_endian(head.data + 1, 2);
	size_t value_len = (size_t)get_big_endian(head.data + 3, 4);
	enum directory_result result = DIRECTORY_OK;
	struct span entry;

	if (table >= TABLE_COUNT || key_len == 0 || key_len > CODEC_NAME_MAX || value_len == 0 ||
	    value_len > VALUE_MAX)
		return DIRECTORY_REFUSED;
	if (table != unpacker->table)
		result = next_table(unpacker, table);
	if (result == DIRECTORY_OK)
		result = take(&entry, unpacker, key_len + value_len);
	if (result != DIRECTORY_OK)
		return result;
	return take_entry(unpacker, csp_span_slice(entry, 0, key_len),
			  csp_span_slice(entry, key_len, entry.len));
}

static void tick(struct unpacker *unpacker)
{
	const struct update_report *report = &unpacker->settings->report;

	if (++unpacker->done % TICK_EVERY == 0 && report->progress)
		report->progress(report->context, unpacker->done, 0);
}

/* Nothing may follow the end. */
static enum directory_result read_end(struct unpacker *unpacker)
{
	struct span count, more;
	enum directory_result result = take(&count, unpacker, sizeof(uint64_t));

	if (result == DIRECTORY_OK && get_big_endian(count.data, 8) != unpacker->done)
		result = DIRECTORY_REFUSED;
	if (result == DIRECTORY_OK && take(&more, unpacker, 1) != DIRECTORY_REFUSED)
		result = DIRECTORY_REFUSED;
	if (result == DIRECTORY_OK && unpacker->table != TABLE_META)
		result = csp_target_close_table(&unpacker->target);
	return result;
}

/* The first byte of an entry's head, or the end. */
static enum directory_result read_next(struct unpacker *unpacker, bool *ended)
{
	struct span head;
	enum directory_result result = take(&head, unpacker, 1);

	*ended = result == DIRECTORY_OK && (unsigned char)head.data[0] == END;
	if (result != DIRECTORY_OK || *ended)
		return result;
	unpacker->at--;
	result = take(&head, unpacker, HEAD_LEN);
	return result == DIRECTORY_OK ? read_entry(unpacker, head) : result;
}

static enum directory_result read_entries(struct unpacker *unpacker)
{
	struct span magic;
	enum directory_result result = take(&magic, unpacker, sizeof(MAGIC) - 1);
	bool ended = false;

	if (result == DIRECTORY_OK && !csp_span_equal(magic, SPAN_LIT(MAGIC)))
		result = DIRECTORY_REFUSED;
	while (result == DIRECTORY_OK && !ended) {
		result = read_next(unpacker, &ended);
		if (!ended)
			tick(unpacker);
	}
	return result == DIRECTORY_OK ? read_end(unpacker) : result;
}

static void count(struct update_counts *out, const struct unpacker *unpacker)
{
	MDB_stat shape;

	*out = (struct update_counts){0};
	if (mdb_stat(unpacker->target.at.txn,
		     csp_directory_table(&unpacker->target.at, TABLE_CUSTOMERS), &shape) == 0)
		out->customers = shape.ms_entries;
	if (mdb_stat(unpacker->target.at.txn,
		     csp_directory_table(&unpacker->target.at, TABLE_PARTNERS), &shape) == 0)
		out->partners = shape.ms_entries;
	for (size_t i = 0; i < unpacker->sources.count; i++)
		out->exclusions += unpacker->sources.items[i].exclusions;
}

/* The state goes on counting where it stood, if that can be read. */
static enum directory_result unpack(struct update_counts *out, struct unpacker *unpacker,
				    struct directory *directory)
{
	struct directory_read *read = NULL;
	struct directory_head head = {.updated = unpacker->settings->now};

	if (csp_directory_read_begin(&read, directory) == DIRECTORY_OK)
		head.state = csp_directory_state(read);
	csp_directory_read_end(read);
	head.state++;
	enum directory_result result = csp_target_begin_anew(&unpacker->target, directory, false);
	if (result == DIRECTORY_OK)
		result = read_entries(unpacker);
	if (result != DIRECTORY_OK)
		return result;
	count(out, unpacker);
	if (unpacker->settings->dry_run)
		return DIRECTORY_OK;
	return csp_target_commit(&unpacker->target, &head, &unpacker->sources);
}

enum directory_result csp_packed_read(struct update_counts *out, struct directory *directory,
				      FILE *stream, const struct update_settings *settings)
{
	struct unpacker unpacker = {.stream = stream, .settings = settings};

	*out = (struct update_counts){0};
	enum directory_result result = csp_directory_lock(directory, settings->wait);
	if (result != DIRECTORY_OK)
		return result;
	csp_sources_init(&unpacker.sources);
	csp_buf_init(&unpacker.last, CODEC_NAME_MAX);
	csp_buf_init(&unpacker.window, VALUE_MAX + 2 * CHUNK);
	result = csp_directory_full_or(unpack(out, &unpacker, directory), directory);
	if (unpacker.target.directory)
		csp_target_abort(&unpacker.target);
	csp_sources_dispose(&unpacker.sources);
	csp_buf_dispose(&unpacker.last);
	csp_buf_dispose(&unpacker.window);
	csp_directory_unlock(directory);
	return result;
}
