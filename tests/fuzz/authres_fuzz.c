/* What a field states, written out again with everything quoted, is read as the same. */
#include "authres.h"
#include "buf.h"
#include "fuzz.h"

static void write_quoted(struct buf *out, struct span text)
{
	csp_buf_append_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			csp_buf_append_char(out, '\\');
		csp_buf_append_char(out, text.data[i]);
	}
	csp_buf_append_char(out, '"');
}

static void write_result(struct buf *out, const struct authres_result *result)
{
	csp_buf_append(out, SPAN_LIT(" (a) ; "));
	csp_buf_append(out, result->method);
	csp_buf_append(out, result->version_1 ? SPAN_LIT(" = ") : SPAN_LIT("/2="));
	csp_buf_append(out, result->result);
	for (size_t i = 0; i < result->property_count; i++) {
		csp_buf_append(out, SPAN_LIT(" (b\\)(c)) "));
		csp_buf_append(out, result->properties[i].type);
		csp_buf_append(out, SPAN_LIT(" . "));
		csp_buf_append(out, result->properties[i].name);
		csp_buf_append(out, SPAN_LIT(" ="));
		write_quoted(out, result->properties[i].value);
	}
}

static void check_result(const struct authres_result *a, const struct authres_result *b)
{
	holds(csp_span_equal(a->method, b->method) && csp_span_equal(a->result, b->result));
	holds(a->version_1 == b->version_1 && a->property_count == b->property_count);
	for (size_t i = 0; i < a->property_count; i++) {
		holds(csp_span_equal(a->properties[i].type, b->properties[i].type));
		holds(csp_span_equal(a->properties[i].name, b->properties[i].name));
		holds(csp_span_equal(a->properties[i].value, b->properties[i].value));
	}
}

static void check_again(struct arena *arena, const struct authres *field)
{
	struct authres again;
	struct buf text;

	csp_buf_init(&text, 1 << 20);
	write_quoted(&text, field->authserv_id);
	for (size_t i = 0; i < field->count; i++)
		write_result(&text, &field->results[i]);
	if (!field->count)
		csp_buf_append(&text, SPAN_LIT("; none"));
	holds(!csp_buf_failed(&text));
	holds(csp_authres_parse(&again, arena, csp_buf_span(&text)) == AUTHRES_OK);
	holds(csp_span_equal(again.authserv_id, field->authserv_id));
	holds(again.count == field->count);
	for (size_t i = 0; i < field->count; i++)
		check_result(&again.results[i], &field->results[i]);
	csp_buf_dispose(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct authres field;
	struct arena arena;

	csp_arena_init(&arena, 1 << 20);
	enum authres_outcome outcome = csp_authres_parse(&field, &arena, input(data, size));
	holds(outcome != AUTHRES_NO_MEMORY);
	holds(outcome == AUTHRES_OK || (field.count == 0 && !field.results));
	if (outcome == AUTHRES_OK)
		check_again(&arena, &field);
	csp_arena_dispose(&arena);
	return 0;
}
