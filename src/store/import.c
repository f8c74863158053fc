#include "import.h"

#include <errno.h>
#include <string.h>

#include "import_private.h"

#define GUID_LEN 36

static const struct {
	struct span name;
	bool is_json;
} formats[] = {
	[IMPORT_AUTO] = {SPAN_INIT(""), false},
	[IMPORT_JSON_LINES] = {SPAN_INIT("jsonl"), true},
	[IMPORT_PARTNER_CENTER_JSON] = {SPAN_INIT("partner-center-json"), true},
	[IMPORT_CUSTOMERS_CSV] = {SPAN_INIT("customers-csv"), false},
	[IMPORT_SUBSCRIPTIONS_CSV] = {SPAN_INIT("subscriptions-csv"), false},
	[IMPORT_PRODUCTS_CSV] = {SPAN_INIT("products-csv"), false},
};

bool csp_import_format_find(enum import_format *out, struct span name)
{
	for (size_t i = IMPORT_JSON_LINES; i < sizeof(formats) / sizeof(*formats); i++) {
		if (csp_span_equal(formats[i].name, name)) {
			*out = (enum import_format)i;
			return true;
		}
	}
	return false;
}

const char *csp_import_format_names(void)
{
	return "jsonl, partner-center-json, customers-csv, subscriptions-csv or products-csv";
}

/* ---- what the file's name says ---- */

static bool is_guid(struct span text)
{
	for (size_t i = 0; i < GUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text.data[i] != '-' : csp_ascii_hex_value(text.data[i]) < 0)
			return false;
	}
	return true;
}

/* The last one that stands alone; empty when there is none. */
static struct span find_guid(struct span name)
{
	for (size_t at = name.len; at >= GUID_LEN; at--) {
		struct span guid = csp_span_slice(name, at - GUID_LEN, at);
		bool alone =
			(at == name.len || csp_ascii_hex_value(name.data[at]) < 0) &&
			(at == GUID_LEN || csp_ascii_hex_value(name.data[at - GUID_LEN - 1]) < 0);
		if (alone && is_guid(guid))
			return guid;
	}
	return SPAN_LIT("");
}

/* ---- the file ---- */

/* A quote begins a JSON text, or the title of a column, which a separator or nothing ends. */
static bool is_title(struct span text)
{
	struct span rest = csp_span_slice(text, 1, text.len);

	size_t end = csp_span_find(rest, '"');
	if (end == rest.len)
		return true;
	rest = csp_span_slice(rest, end + 1, rest.len);
	while (rest.len > 0 && rest.data[0] == ' ')
		rest = csp_span_slice(rest, 1, rest.len);
	return rest.len > 0 && csp_span_find(SPAN_LIT(",;\t\""), rest.data[0]) < 4;
}

/* By the first byte that is no blank; false when there is none. */
static bool guess_is_json(bool *is_json, struct textin *in)
{
	struct span text = csp_span_trim(csp_textin_ready(in));

	if (text.len == 0)
		return false;
	*is_json = text.data[0] == '{' || text.data[0] == '[' ||
		   (text.data[0] == '"' && !is_title(text));
	return true;
}

static enum import_result result_of_nothing(const struct textin *in)
{
	switch (in->state) {
	case TEXTIN_READ_ERROR:
		return IMPORT_UNREADABLE;
	case TEXTIN_NOT_TEXT:
		return IMPORT_NOT_UTF8;
	case TEXTIN_NO_MEMORY:
		return IMPORT_NO_MEMORY;
	case TEXTIN_OPEN:
	case TEXTIN_END:
		break;
	}
	return IMPORT_UNKNOWN_FORMAT;
}

static enum import_result read_text(struct import *import)
{
	enum import_format format = import->settings->format;
	bool is_json = formats[format].is_json;

	if (format == IMPORT_AUTO && !guess_is_json(&is_json, import->in))
		return result_of_nothing(import->in);
	return is_json ? csp_import_json(import) : csp_import_csv(import);
}

static enum import_result read_file(struct import *import, FILE *stream)
{
	struct import_output output;
	struct textin in;

	csp_textin_init(&in, stream);
	csp_import_output_init(&output);
	csp_import_init_rows(import);
	import->in = &in;
	import->output = &output;
	enum import_result result = read_text(import);
	int error = in.error;
	enum directory_result failure = output.failure;
	csp_import_dispose_rows(import);
	csp_import_output_dispose(&output);
	csp_textin_dispose(&in);
	import->failure = failure;
	if (result == IMPORT_UNREADABLE)
		errno = error;
	return result;
}

enum import_result csp_import_file(struct import_counts *counts, enum directory_result *failure,
				   struct directory_update *update, const struct import_file *file,
				   const struct import_settings *settings)
{
	char exporter[IMPORT_ID_MAX], customer[IMPORT_ID_MAX];
	struct span guid = find_guid(csp_span_from(file->name));
	struct import import = {
		.file = file->name,
		.file_number = file->number,
		.settings = settings,
		.report = &settings->report,
		.update = update,
		.counts = counts,
		.exporter = SPAN_LIT(""),
		.customer = SPAN_LIT(""),
	};

	*failure = DIRECTORY_OK;
	if (settings->source.len > 0)
		*failure = csp_directory_update_source(&import.source, update, settings->source);
	if (*failure != DIRECTORY_OK)
		return IMPORT_DIRECTORY;
	(void)csp_import_id(&import.exporter, exporter, settings->partner);
	/* A partner's folder is no customer's. */
	if (csp_span_equal_nocase(guid, import.exporter))
		guid = SPAN_LIT("");
	(void)csp_import_id(&import.customer, customer,
			    settings->customer.len ? settings->customer : guid);
	enum import_result result = read_file(&import, file->stream);
	*failure = import.failure;
	return result;
}
