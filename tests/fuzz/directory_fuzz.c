/*
 * Values of any bytes in the directory, sealed as if they were ours: read as a packed stream, then looked up, walked
 * through and checked. A seal keeps damage out, not whoever can make one.
 * The input is entries: table, length of the key, length of the payload, key, payload.
 * Nothing may crash, and a stream is taken whole or refused.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "directory_packed.h"
#include "directory_private.h"
#include "directory_verify.h"
#include "directory_view.h"
#include "fuzz.h"

static char folder[] = "directory-fuzz-XXXXXX";
static struct directory *directory;
static struct buf start; /* of every packed stream */

static void remove_files(void)
{
	static const char *const names[] = {"data.mdb", "lock.mdb", "writer.lock"};
	char path[64];

	csp_directory_close(directory);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
	csp_buf_dispose(&start);
}

static void say(void *context, struct place_in_import place, const char *what)
{
	(void)context;
	(void)place;
	(void)what;
}

/* An update with nothing in it, so that there is a state to pack. */
static void make_state(void)
{
	const struct update_settings settings = {.report = {say, say, NULL, NULL}};
	struct directory_update *update;
	struct update_counts counts;

	holds(csp_directory_update_begin(&update, directory, &settings) == DIRECTORY_OK);
	holds(csp_directory_update_finish(&counts, update) == DIRECTORY_OK);
}

static void learn_start(void)
{
	const struct update_report report = {say, say, NULL, NULL};
	struct directory_read *read;
	FILE *stream = tmpfile();
	int c;

	holds(csp_directory_read_begin(&read, directory) == DIRECTORY_OK);
	holds(stream != NULL);
	holds(csp_packed_write(stream, read, &report) == DIRECTORY_OK);
	csp_directory_read_end(read);
	rewind(stream);
	csp_buf_init(&start, 4096);
	while ((c = getc(stream)) != EOF)
		csp_buf_append_char(&start, (char)c);
	fclose(stream);
	holds(!csp_buf_failed(&start) && start.len > 1 + sizeof(uint64_t));
	start.len -= 1 + sizeof(uint64_t);
}

static void open_directory(void)
{
	if (directory)
		return;
	holds(mkdtemp(folder) != NULL);
	holds(csp_directory_open_sized(&directory, folder, true, (uint64_t)64 << 20) ==
	      DIRECTORY_OK);
	holds(mdb_env_set_flags(directory->env, MDB_NOSYNC, 1) == 0);
	(void)atexit(remove_files);
	make_state();
	learn_start();
}

static bool take_entry(struct buf *out, struct span *rest)
{
	struct buf value;

	if (rest->len < 3)
		return false;
	unsigned char table = (unsigned char)rest->data[0] % TABLE_COUNT;
	size_t key_len = (unsigned char)rest->data[1], len = (unsigned char)rest->data[2];
	struct span key = csp_span_slice(*rest, 3, 3 + key_len);
	struct span payload = csp_span_slice(*rest, 3 + key_len, 3 + key_len + len);
	*rest = csp_span_slice(*rest, 3 + key_len + len, rest->len);
	csp_buf_init(&value, 1024);
	csp_codec_begin(&value);
	csp_buf_append(&value, payload);
	csp_codec_seal(&value, (enum codec_table)table, key);
	csp_codec_fixed(out, table, 1);
	csp_codec_fixed(out, key.len, 2);
	csp_codec_fixed(out, value.len, 4);
	csp_buf_append(out, key);
	csp_buf_append(out, csp_buf_span(&value));
	csp_buf_dispose(&value);
	return true;
}

static FILE *make_stream(struct span bytes)
{
	struct buf out;
	uint64_t count = 0;
	FILE *stream = tmpfile();

	csp_buf_init(&out, (size_t)4 << 20);
	csp_buf_append(&out, csp_buf_span(&start));
	while (take_entry(&out, &bytes))
		count++;
	csp_codec_fixed(&out, 0xff, 1);
	csp_codec_fixed(&out, count, 8);
	holds(stream && !csp_buf_failed(&out) && fwrite(out.data, 1, out.len, stream) == out.len);
	csp_buf_dispose(&out);
	rewind(stream);
	return stream;
}

static bool see_party(void *context, enum entry_type type, struct span id,
		      const struct directory_statements *statements)
{
	uint64_t *seen = context;

	holds(id.len > 0 && statements->count > 0 && statements->items[0].entry.type == type);
	++*seen;
	return true;
}

static bool see_exclusion(void *context, struct span source, struct span domain)
{
	uint64_t *seen = context;

	holds(source.len > 0 && domain.len > 0);
	++*seen;
	return true;
}

static void count_problem(void *context, const char *what)
{
	uint64_t *problems = context;

	for (; *what; what++)
		holds(*what >= ' ' && *what <= '~');
	++*problems;
}

/* Every key that the input names, as an address and as a domain. */
static void look_up(struct directory_read *read, struct span rest)
{
	struct customers customers;
	struct partners partners;
	struct arena arena;

	csp_arena_init(&arena, (size_t)1 << 20);
	while (rest.len >= 3) {
		size_t key_len = (unsigned char)rest.data[1], len = (unsigned char)rest.data[2];
		struct span key = csp_span_slice(rest, 3, 3 + key_len);
		rest = csp_span_slice(rest, 3 + key_len + len, rest.len);
		csp_arena_reset(&arena);
		enum found found = csp_directory_find_customers(&customers, read, &arena, key, key);
		holds((found == FOUND) == (customers.count > 0));
		found = csp_directory_find_partners(&partners, read, &arena, key, true);
		holds((found == FOUND) == (partners.count > 0));
	}
	csp_arena_dispose(&arena);
}

static void look(struct span bytes)
{
	uint64_t problems = 0, seen = 0;
	const struct verify_report report = {.problem = count_problem, .context = &problems};
	struct verify_counts counts;
	struct directory_read *read;

	holds(csp_directory_read_begin(&read, directory) == DIRECTORY_OK);
	look_up(read, bytes);
	enum directory_result walked = csp_directory_walk(read, see_party, &seen);
	if (walked == DIRECTORY_OK)
		walked = csp_directory_walk_exclusions(read, see_exclusion, &seen);
	holds(csp_directory_verify(&counts, read, &report) == DIRECTORY_OK);
	holds(counts.problems == problems);
	holds(walked == DIRECTORY_OK || problems > 0);
	csp_directory_read_end(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct update_settings settings = {.report = {say, say, NULL, NULL}};
	struct span bytes = input(data, size);
	struct update_counts counts;

	open_directory();
	FILE *stream = make_stream(bytes);
	enum directory_result result = csp_packed_read(&counts, directory, stream, &settings);
	fclose(stream);
	holds(result == DIRECTORY_OK || result == DIRECTORY_REFUSED);
	if (result == DIRECTORY_OK)
		look(bytes);
	return 0;
}
