/* Every byte of a header section is taken once; unfolded text has no line ends and unfolds to itself. */
#include "fuzz.h"
#include "message.h"

static void check_unfold(struct span body)
{
	struct buf once;
	struct buf twice;
	bool bare = false;

	csp_buf_init(&once, body.len);
	csp_buf_init(&twice, body.len);
	csp_header_unfold(&once, &bare, body);
	struct span text = csp_buf_span(&once);
	holds(!csp_buf_failed(&once));
	holds(csp_span_find(text, '\r') == text.len && csp_span_find(text, '\n') == text.len &&
	      csp_span_find(text, '\0') == text.len);
	holds(csp_span_trim(text).len == text.len);
	bare = false;
	csp_header_unfold(&twice, &bare, text);
	holds(!bare && csp_span_equal(text, csp_buf_span(&twice)));
	csp_buf_dispose(&once);
	csp_buf_dispose(&twice);
}

static void check_field(const struct field *field)
{
	holds(field->name.len > 0);
	for (size_t i = 0; i < field->name.len; i++)
		holds(field->name.data[i] > ' ' && field->name.data[i] < 0x7f &&
		      field->name.data[i] != ':');
	for (size_t i = 0; i < field->body.len; i++) {
		char next = i + 1 < field->body.len ? field->body.data[i + 1] : '\0';
		holds(field->body.data[i] != '\n' || next == ' ' || next == '\t');
	}
	check_unfold(field->body);
}

static size_t check_section(struct span text)
{
	size_t fields = 0;

	for (;;) {
		struct field field;
		size_t before = text.len;
		enum header_result result = csp_header_next(&field, &text);
		if (result == HEADER_END)
			return fields;
		holds(text.len < before);
		if (result == HEADER_FIELD) {
			check_field(&field);
			fields++;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct message_limits limits = {.header_bytes = 1 << 20, .header_fields = 10000};
	struct arena arena;
	struct message message;
	struct span text = input(data, size);

	check_unfold(text);
	csp_arena_init(&arena, 1 << 24);
	csp_message_init(&message, &arena, limits);
	size_t fields = check_section(text);
	holds(csp_message_add_header_section(&message, &text));
	holds(message.field_count == fields && !(message.marks & MARK_TRUNCATED));
	csp_arena_dispose(&arena);
	return 0;
}
