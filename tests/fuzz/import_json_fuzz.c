/*
 * A JSON file of any bytes: every row is taken or refused, and what is taken reads back as it was written.
 * Rows are cut and read as by an import, but no update takes them: what an update would be given is looked at.
 */
#include <string.h>

#include "fuzz.h"
#include "import_cutter.h"
#include "import_json.h"

static struct import_batch batch;

static size_t find_products(void *context, struct span out[], size_t max, struct span text)
{
	size_t count = 0;

	(void)context;
	for (size_t i = 0; i + 1 < text.len && count < max; i++) {
		if (text.data[i] == 'a')
			out[count++] = csp_span_slice(text, i, i + 2);
	}
	return count;
}

static void check_statement(struct span bytes)
{
	struct statement statement;
	struct directory_entry entry;
	struct arena arena;

	holds(csp_statement_read(&statement, bytes));
	holds(statement.source == 1 && statement.place.file == 7 && statement.place.line > 0);
	if (statement.type == STATEMENT_EXCLUSION)
		return;
	csp_arena_init(&arena, (size_t)64 << 20);
	holds(csp_facts_decode_party(&entry, &arena,
				     statement.type == STATEMENT_CUSTOMER ? ENTRY_CUSTOMER
									  : ENTRY_PARTNER,
				     statement.facts));
	holds(csp_facts_decode_names(&entry, &arena, statement.names));
	csp_arena_dispose(&arena);
}

static void check_statements(const struct import_output *output)
{
	struct span rest = csp_buf_span(&output->statements);
	uint64_t count = 0;
	uint32_t len;

	while (rest.len > 0) {
		memcpy(&len, rest.data, sizeof(len));
		holds(len > 0 && len <= rest.len - sizeof(len));
		check_statement(csp_span_slice(rest, sizeof(len), sizeof(len) + len));
		rest = csp_span_slice(rest, sizeof(len) + len, rest.len);
		count++;
	}
	holds(count ==
	      output->counts.customers + output->counts.partners + output->counts.exclusions);
}

/* Rows that name a source are of one that an update would number: those are left to it. */
static bool names_source(json_t *json)
{
	return json_is_object(json) && json_object_get(json, "source");
}

static void read_row(struct import *import, const struct import_row *row)
{
	struct span text = csp_span_slice(csp_buf_span(&batch.bytes), row->at, row->at + row->len);
	json_error_t error;
	enum row_result result = ROW_REFUSED;

	holds(row->line >= import->line && (row->why || text.len > 0));
	import->line = row->line;
	import->row = text;
	import->why[0] = '\0';
	json_t *json = row->why ? NULL : csp_import_json_load(&error, &import->arena, text);
	if (json && !names_source(json))
		result = csp_import_json_is_own(json) ? csp_import_json_own(import, json)
						      : csp_import_json_rest(import, json);
	holds(result == ROW_OK || result == ROW_REFUSED);
	holds(!json || names_source(json) || result == ROW_OK || import->why[0]);
	holds(csp_import_end_row(import, result) == IMPORT_OK);
	json_decref(json);
}

static void read_rows(struct import *import, struct import_cutter *cutter)
{
	enum cut_result result;

	do {
		csp_buf_reset(&batch.bytes);
		batch.row_count = 0;
		result = csp_import_cutter_fill(cutter, &batch);
		for (size_t i = 0; i < batch.row_count; i++)
			read_row(import, &batch.rows[i]);
	} while (result == CUT_FULL);
	holds(result == CUT_END);
}

/* The first byte says how: a line is a row, or documents are cut. */
static void check_file(struct import *import, struct span bytes, bool lines)
{
	FILE *stream = fmemopen(NULL, bytes.len + 1, "w+");
	struct import_cutter cutter;
	struct cut_look look;
	struct textin in;

	holds(stream && fwrite(bytes.data, 1, bytes.len, stream) == bytes.len);
	rewind(stream);
	csp_textin_init(&in, stream);
	csp_import_cutter_init(&cutter, &in);
	cutter.lines = lines;
	holds(csp_import_cutter_look(&look, &cutter) <= CUT_END);
	read_rows(import, &cutter);
	csp_import_cutter_dispose(&cutter);
	csp_textin_dispose(&in);
	fclose(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct span public_domains[] = {SPAN_INIT(".mail.example"),
						     SPAN_INIT("gmail.com")};
	static const struct span tenant_domains[] = {SPAN_INIT(".onmicrosoft.com")};
	static const struct import_settings settings = {
		.cloud = SPAN_INIT("china"),
		.address_separators = SPAN_INIT("+"),
		.public_domains = {public_domains, 2},
		.tenant_domains = {tenant_domains, 1},
		.products = find_products,
	};
	struct import_output output;
	struct import import = {
		.file_number = 7,
		.settings = &settings,
		.exporter = SPAN_LIT("p"),
		.customer = SPAN_LIT("c"),
		.source = 1,
		.output = &output,
	};

	if (size == 0)
		return 0;
	csp_buf_init(&batch.bytes, (size_t)4 << 20);
	csp_import_output_init(&output);
	csp_import_init_rows(&import);
	check_file(&import, input(data + 1, size - 1), data[0] & 1);
	check_statements(&output);
	csp_import_dispose_rows(&import);
	csp_import_output_dispose(&output);
	csp_buf_dispose(&batch.bytes);
	return 0;
}
