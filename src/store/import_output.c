#include "import_output.h"

#include <string.h>

#define OUTPUT_MAX ((size_t)256 << 20)

struct note_head {
	enum import_note note;
	uint64_t line;
	struct span row;
	size_t len; /* of the text behind it, with its NUL */
};

void csp_import_output_init(struct import_output *output)
{
	*output = (struct import_output){.result = IMPORT_OK, .failure = DIRECTORY_OK};
	csp_buf_init(&output->statements, OUTPUT_MAX);
	csp_buf_init(&output->notes, OUTPUT_MAX);
}

void csp_import_output_dispose(struct import_output *output)
{
	csp_buf_dispose(&output->statements);
	csp_buf_dispose(&output->notes);
}

void csp_import_output_reset(struct import_output *output)
{
	csp_buf_reset(&output->statements);
	csp_buf_reset(&output->notes);
	output->counts = (struct import_counts){0};
	output->result = IMPORT_OK;
	output->failure = DIRECTORY_OK;
	csp_import_output_keep(output);
}

void csp_import_output_keep(struct import_output *output)
{
	output->kept_statements = output->statements.len;
	output->kept_notes = output->notes.len;
	output->kept_counts = output->counts;
}

void csp_import_output_drop(struct import_output *output)
{
	output->statements.len = output->kept_statements;
	output->notes.len = output->kept_notes;
	output->counts = output->kept_counts;
}

static void append_raw(struct buf *out, const void *bytes, size_t len)
{
	csp_buf_append(out, (struct span){bytes, len});
}

size_t csp_import_output_begin(struct import_output *output)
{
	static const uint32_t unknown = 0;
	size_t begun = output->statements.len;

	append_raw(&output->statements, &unknown, sizeof(unknown));
	return begun;
}

void csp_import_output_end(struct import_output *output, size_t begun)
{
	struct buf *out = &output->statements;

	if (csp_buf_failed(out))
		return;
	uint32_t len = (uint32_t)(out->len - begun - sizeof(len));
	memcpy(out->data + begun, &len, sizeof(len));
}

void csp_import_output_note(struct import_output *output, enum import_note note, uint64_t line,
			    const char *text, struct span row)
{
	const struct note_head head = {note, line, row, strlen(text) + 1};

	append_raw(&output->notes, &head, sizeof(head));
	append_raw(&output->notes, text, head.len);
}

static enum import_result add_statements(struct import_output *output,
					 struct directory_update *update)
{
	struct span rest = csp_buf_span(&output->statements);
	uint32_t len;

	while (rest.len > 0 && output->failure == DIRECTORY_OK) {
		memcpy(&len, rest.data, sizeof(len));
		output->failure = csp_directory_update_add(
			update, csp_span_slice(rest, sizeof(len), sizeof(len) + len));
		rest = csp_span_slice(rest, sizeof(len) + len, rest.len);
	}
	return output->failure == DIRECTORY_OK ? IMPORT_OK : IMPORT_DIRECTORY;
}

static void tell_notes(const struct import_output *output, const struct import_receiver *receiver)
{
	const struct import_report *report = receiver->report;
	struct span rest = csp_buf_span(&output->notes);
	struct note_head head;

	while (rest.len > 0) {
		memcpy(&head, rest.data, sizeof(head));
		const char *text = rest.data + sizeof(head);
		if (head.note == NOTE_REFUSED && report->refused)
			report->refused(report->context, receiver->file, head.line, text, head.row);
		if (head.note == NOTE_WARNED && report->warned)
			report->warned(report->context, receiver->file, head.line, text);
		rest = csp_span_slice(rest, sizeof(head) + head.len, rest.len);
	}
}

static void add_counts(struct import_counts *to, const struct import_counts *from)
{
	to->rows += from->rows;
	to->customers += from->customers;
	to->partners += from->partners;
	to->exclusions += from->exclusions;
	to->refused += from->refused;
	to->domains += from->domains;
	to->public_domains += from->public_domains;
}

enum import_result csp_import_output_hand_over(struct import_output *output,
					       const struct import_receiver *receiver)
{
	enum import_result result = add_statements(output, receiver->update);

	if (result != IMPORT_OK)
		return result;
	tell_notes(output, receiver);
	add_counts(receiver->counts, &output->counts);
	result = output->result;
	if (result == IMPORT_OK)
		csp_import_output_reset(output);
	return result;
}
