#include "import.h"

#include <stdarg.h>
#include <string.h>

#include "import_private.h"

#define ROW_MEMORY     ((size_t)64 << 20)
#define PROGRESS_EVERY 1000 /* rows */

static const struct span formats[] = {
	[IMPORT_AUTO] = {"", 0},
	[IMPORT_JSON_LINES] = {"jsonl", 5},
	[IMPORT_CUSTOMERS_CSV] = {"customers-csv", 13},
};

bool csp_import_format_find(enum import_format *out, struct span name)
{
	for (size_t i = IMPORT_JSON_LINES; i < sizeof(formats) / sizeof(*formats); i++) {
		if (csp_span_equal(formats[i], name)) {
			*out = (enum import_format)i;
			return true;
		}
	}
	return false;
}

/* What a file says goes to a terminal: nothing in it may speak to that. */
enum row_result csp_import_why(struct import *import, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(import->why, sizeof(import->why), format, args);
	va_end(args);
	if (len < 0)
		import->why[0] = '\0';
	for (char *at = import->why; *at; at++) {
		if (*at < ' ' || *at > '~')
			*at = '?';
	}
	return ROW_REFUSED;
}

enum import_result csp_import_end_row(struct import *import, enum row_result result)
{
	struct import_counts *counts = import->counts;

	csp_arena_reset(&import->arena);
	counts->rows++;
	if (import->report->progress && counts->rows % PROGRESS_EVERY == 0)
		import->report->progress(import->report->context, counts);
	switch (result) {
	case ROW_OK:
		break;
	case ROW_REFUSED:
		counts->refused++;
		import->report->refused(import->report->context, import->file, import->line,
					import->why);
		break;
	case ROW_NO_MEMORY:
		return IMPORT_NO_MEMORY;
	case ROW_DIRECTORY:
		return IMPORT_DIRECTORY;
	}
	return IMPORT_OK;
}

bool csp_import_id(struct span *out, char buffer[IMPORT_ID_MAX], struct span text)
{
	text = csp_span_trim(text);
	if (text.len == 0 || text.len > IMPORT_ID_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] <= ' ' || text.data[i] > '~')
			return false;
		buffer[i] = csp_ascii_lower(text.data[i]);
	}
	*out = (struct span){buffer, text.len};
	return true;
}

enum row_result csp_import_read_id(struct span *out, struct import *import, struct span text)
{
	char buffer[IMPORT_ID_MAX];
	struct span id;

	if (!csp_import_id(&id, buffer, text))
		return csp_import_why(import, "\"%.*s\" is no id of 1 to %d printable characters",
				      IMPORT_QUOTED(text), IMPORT_ID_MAX);
	return csp_arena_copy(&import->arena, out, id) ? ROW_OK : ROW_NO_MEMORY;
}

static enum row_result mailbox_row(struct import *import, enum mailbox_result result,
				   const char *what, struct span text)
{
	switch (result) {
	case MAILBOX_OK:
		return ROW_OK;
	case MAILBOX_NO_MEMORY:
		return ROW_NO_MEMORY;
	case MAILBOX_NULL:
	case MAILBOX_INVALID:
		break;
	}
	return csp_import_why(import, "\"%.*s\" is no %s", IMPORT_QUOTED(text), what);
}

enum row_result csp_import_read_domain(struct directory_name *out, struct import *import,
				       struct span text, bool subdomains)
{
	struct span domain = SPAN_LIT("");
	enum row_result result = mailbox_row(
		import, csp_domain_canonical(&domain, &import->arena, text), "domain", text);

	if (result != ROW_OK)
		return result;
	/* Look-ups stop before the last label, so the entry would not do what it says. */
	if (subdomains && csp_span_find(domain, '.') == domain.len)
		return csp_import_why(import,
				      "the top-level domain \"%.*s\" cannot count its sub-domains",
				      IMPORT_QUOTED(text));
	*out = (struct directory_name){domain, subdomains};
	return ROW_OK;
}

enum row_result csp_import_read_address(struct span *out, struct import *import, struct span text)
{
	struct mailbox mailbox;
	enum row_result result = mailbox_row(
		import, csp_mailbox_parse(&mailbox, &import->arena, text), "address", text);

	if (result != ROW_OK)
		return result;
	return csp_mailbox_key(out, &import->arena, &mailbox, import->settings->address_separators)
		       ? ROW_OK
		       : ROW_NO_MEMORY;
}

/* After a statement was written. */
static enum row_result put_row(struct import *import, uint64_t *counter)
{
	if (csp_buf_failed(&import->statement))
		return ROW_NO_MEMORY;
	import->failure =
		csp_directory_update_add(import->update, csp_buf_span(&import->statement));
	csp_buf_reset(&import->statement);
	if (import->failure != DIRECTORY_OK)
		return ROW_DIRECTORY;
	++*counter;
	return ROW_OK;
}

static enum row_result put_entry(struct import *import, const struct directory_entry *entry,
				 uint64_t *counter)
{
	const struct place_in_import place = {0, import->line};
	const char *why = csp_statement_refusal(entry);

	if (why)
		return csp_import_why(import, "%s", why);
	csp_statement_write(&import->statement, entry, import->source, place);
	return put_row(import, counter);
}

enum row_result csp_import_put_customer(struct import *import, const struct customer_entry *entry)
{
	const struct directory_entry whole = {.type = ENTRY_CUSTOMER, .customer = *entry};

	return put_entry(import, &whole, &import->counts->customers);
}

enum row_result csp_import_put_partner(struct import *import, const struct partner_entry *entry)
{
	const struct directory_entry whole = {.type = ENTRY_PARTNER, .partner = *entry};

	return put_entry(import, &whole, &import->counts->partners);
}

enum row_result csp_import_put_exclusion(struct import *import, struct span domain)
{
	const struct place_in_import place = {0, import->line};

	csp_statement_write_exclusion(&import->statement, domain, import->source, place);
	return put_row(import, &import->counts->exclusions);
}

/* By the first byte that is no blank: ours begin with a brace, everything else is taken for CSV, which checks its header. */
static enum import_format guess_format(FILE *stream)
{
	int c = getc(stream);

	if (c != EOF)
		ungetc(c, stream);
	return c == '{' || c == ' ' || c == '\t' || c == '\r' || c == '\n' ? IMPORT_JSON_LINES
									   : IMPORT_CUSTOMERS_CSV;
}

/* UTF-8's byte order mark. Half of one is no text that any format here could begin with. */
static bool skip_mark(FILE *stream)
{
	int c = getc(stream);

	if (c != 0xef) {
		if (c != EOF)
			ungetc(c, stream);
		return true;
	}
	return getc(stream) == 0xbb && getc(stream) == 0xbf;
}

static enum import_result read_stream(struct import *import)
{
	enum import_format format = import->settings->format;

	/* It knows more marks, and a second one would be text. */
	if (format == IMPORT_CUSTOMERS_CSV)
		return csp_import_csv(import);
	if (!skip_mark(import->stream))
		return ferror(import->stream) ? IMPORT_UNREADABLE : IMPORT_UNKNOWN_FORMAT;
	if (format == IMPORT_AUTO)
		format = guess_format(import->stream);
	return format == IMPORT_CUSTOMERS_CSV ? csp_import_csv(import)
					      : csp_import_json_lines(import);
}

enum import_result csp_import_file(struct import_counts *counts, enum directory_result *failure,
				   struct directory_update *update, FILE *stream, const char *file,
				   const struct import_settings *settings,
				   const struct import_report *report)
{
	struct import import = {
		.stream = stream,
		.file = file,
		.settings = settings,
		.report = report,
		.counts = counts,
		.update = update,
	};

	import.failure = csp_directory_update_source(&import.source, update, settings->source);
	*failure = import.failure;
	if (import.failure != DIRECTORY_OK)
		return IMPORT_DIRECTORY;
	csp_arena_init(&import.arena, ROW_MEMORY);
	csp_buf_init(&import.statement, ROW_MEMORY);
	enum import_result result = read_stream(&import);
	csp_buf_dispose(&import.statement);
	csp_arena_dispose(&import.arena);
	*failure = import.failure;
	return result;
}
