/*
 * Imports of text into a directory of their own, for the tests, and what was said meanwhile.
 * A run is made and removed with its directory.
 * Whatever fails fails the test.
 */
#ifndef IMPORT_RUN_H
#define IMPORT_RUN_H

#include "directory_files.h"

#include "import.h"

#define RUN_PARTNER  "53eb21cb-6b2d-4ee5-9e92-27dfc927e93c"
#define RUN_CUSTOMER "626099fe-17af-4756-9fd0-6a73b7127859"

struct import_run {
	struct directory_files files;
	struct import_settings settings;
	const char *name; /* of the file */
	struct import_counts counts;
	struct update_counts found;
	enum directory_result failure;
	struct buf said;    /* what was refused or warned of, as "line: why\n" */
	struct buf refused; /* the rows that were refused, each with a line end */
	uint64_t progressed, done;
};

static inline void run_say(void *context, const char *file, uint64_t line, const char *what)
{
	struct import_run *run = context;

	assert_string_equal(file, run->name);
	csp_buf_append_format(&run->said, "%u: %s\n", (unsigned)line, what);
}

static inline void run_refuse(void *context, const char *file, uint64_t line, const char *why,
			      struct span row)
{
	struct import_run *run = context;

	csp_buf_append(&run->refused, row);
	csp_buf_append_char(&run->refused, '\n');
	run_say(context, file, line, why);
}

static inline void run_progress(void *context, const struct import_counts *counts, uint64_t done)
{
	struct import_run *run = context;

	assert_true(done >= run->done && counts->rows >= run->counts.rows);
	run->progressed++;
	run->done = done;
}

static inline void import_run_make(struct import_run *run)
{
	memset(run, 0, sizeof(*run));
	directory_files_make(&run->files);
	run->name = "the file";
	run->settings = (struct import_settings){
		.source = SPAN_LIT("s"),
		.partner = SPAN_LIT(" 53EB21CB-6B2D-4EE5-9E92-27DFC927E93C "),
		.role = ROLE_INDIRECT_PROVIDER,
		.address_separators = SPAN_LIT("+"),
		.report = {run_refuse, run_say, run_progress, run},
	};
	csp_buf_init(&run->said, (size_t)16 << 20);
	csp_buf_init(&run->refused, (size_t)16 << 20);
}

static inline void import_run_remove(struct import_run *run)
{
	csp_buf_dispose(&run->said);
	csp_buf_dispose(&run->refused);
	directory_files_read_end(&run->files);
	directory_files_remove(&run->files);
}

/* Imports what the stream gives and commits it, unless the file failed. */
static inline enum import_result import_stream(struct import_run *run, FILE *stream)
{
	const struct update_settings settings = {.now = 1795428000,
						 .report = {edit_refused, edit_warned, NULL, NULL}};
	const struct import_file file = {stream, run->name, 7};
	struct directory_update *update;

	directory_files_read_end(&run->files);
	csp_buf_reset(&run->said);
	csp_buf_reset(&run->refused);
	run->counts = (struct import_counts){0};
	run->progressed = run->done = 0;
	assert_int_equal(csp_directory_update_begin(&update, run->files.directory, &settings),
			 DIRECTORY_OK);
	enum import_result result =
		csp_import_file(&run->counts, &run->failure, update, &file, &run->settings);
	if (result == IMPORT_OK)
		assert_int_equal(csp_directory_update_finish(&run->found, update), DIRECTORY_OK);
	else
		csp_directory_update_abort(update);
	return result;
}

static inline enum import_result import_bytes(struct import_run *run, struct span bytes)
{
	FILE *stream = tmpfile();

	assert_non_null(stream);
	assert_int_equal(fwrite(bytes.data, 1, bytes.len, stream), bytes.len);
	rewind(stream);
	enum import_result result = import_stream(run, stream);
	fclose(stream);
	return result;
}

static inline enum import_result import_text(struct import_run *run, const char *text)
{
	return import_bytes(run, csp_span_from(text));
}

static inline void append_texts(struct buf *out, struct spans list)
{
	for (size_t i = 0; i < list.count; i++) {
		csp_buf_append(out, i ? SPAN_LIT("+") : SPAN_LIT(""));
		csp_buf_append(out, list.items[i]);
	}
}

static inline void append_relation(struct buf *out, const struct relation *relation)
{
	bool exporter = csp_span_equal(relation->partner, SPAN_LIT(RUN_PARTNER));

	csp_buf_append(out, exporter ? SPAN_LIT(" exporter") : SPAN_LIT(" "));
	csp_buf_append(out, exporter ? SPAN_LIT("") : relation->partner);
	csp_buf_append_format(out, "/%s/", csp_role_name(relation->role));
	append_texts(out, relation->products);
	if (relation->from != INT64_MIN)
		csp_buf_append_format(out, "/from %lld", (long long)relation->from);
	if (relation->until != INT64_MAX)
		csp_buf_append_format(out, "/until %lld", (long long)relation->until);
}

/* "name,cloud partner/role/product+product …", or "-" where there is no such customer. */
static inline void ask_customer(struct buf *out, struct import_run *run, const char *id)
{
	const struct customer *customer;
	enum found found;

	if (!run->files.read)
		directory_files_read(&run->files);
	csp_buf_reset(out);
	found = csp_directory_customer(&customer, run->files.read, &run->files.arena,
				       csp_span_from(id));
	if (found == NOT_FOUND) {
		csp_buf_append(out, SPAN_LIT("-"));
		return;
	}
	assert_int_equal(found, FOUND);
	csp_buf_append(out, customer->name);
	csp_buf_append_char(out, ',');
	csp_buf_append(out, customer->cloud);
	for (size_t i = 0; i < customer->relation_count; i++)
		append_relation(out, &customer->relations[i]);
}

/* The name, or "-" where there is no such partner. */
static inline void ask_partner(struct buf *out, struct import_run *run, const char *id)
{
	const struct partner *partner;
	enum found found;

	if (!run->files.read)
		directory_files_read(&run->files);
	csp_buf_reset(out);
	found = csp_directory_partner(&partner, run->files.read, &run->files.arena,
				      csp_span_from(id));
	csp_buf_append(out, found == FOUND ? partner->name : SPAN_LIT("-"));
}

#define CHECK_ASKED(ask, label, run, key, expected)                                                \
	do {                                                                                       \
		struct buf check_out;                                                              \
		csp_buf_init(&check_out, 65536);                                                   \
		ask(&check_out, (run), (key));                                                     \
		CHECK_SPAN((label), csp_buf_span(&check_out), csp_span_from(expected));            \
		csp_buf_dispose(&check_out);                                                       \
	} while (0)
#define CHECK_CUSTOMER(label, run, id, expected)                                                   \
	CHECK_ASKED(ask_customer, (label), (run), (id), (expected))
#define CHECK_PARTNER(label, run, id, expected)                                                    \
	CHECK_ASKED(ask_partner, (label), (run), (id), (expected))
#define CHECK_SAID(label, run, expected)                                                           \
	CHECK_SPAN((label), csp_buf_span(&(run)->said), csp_span_from(expected))

#endif
