#include "message.h"

#include "addrlist.h"

#define ENCODED_WORDS 10000

void csp_message_init(struct message *message, struct arena *arena, struct message_limits limits)
{
	*message = (struct message){.arena = arena, .limits = limits};
	if (limits.mailboxes == 0)
		message->limits.mailboxes = ADDRLIST_MAX;
	if (limits.encoded_words == 0)
		message->limits.encoded_words = ENCODED_WORDS;
}

bool csp_message_count_fields(struct message *message, const struct span *names, size_t count)
{
	message->counted = csp_arena_alloc(message->arena, count, sizeof(*message->counted));
	if (!message->counted)
		return false;
	message->counted_count = count;
	for (size_t i = 0; i < count; i++)
		message->counted[i] = (struct counted_field){.name = names[i]};
	return true;
}

static void count_field(const struct message *message, struct span name)
{
	for (size_t i = 0; i < message->counted_count; i++) {
		if (csp_span_equal_nocase(message->counted[i].name, name))
			message->counted[i].count++;
	}
}

bool csp_message_add_recipient(struct message *message, struct span forward_path)
{
	void *items = message->forward_paths;

	if (message->forward_path_count >= message->limits.recipients) {
		message->marks |= MARK_TRUNCATED;
		return true;
	}
	if (!csp_arena_grow(message->arena, &items, &message->forward_path_cap,
			    message->forward_path_count, sizeof(struct span)))
		return false;
	message->forward_paths = items;
	if (!csp_arena_copy(message->arena, &message->forward_paths[message->forward_path_count],
			    forward_path))
		return false;
	message->forward_path_count++;
	return true;
}

bool csp_message_add_field(struct message *message, struct span name, struct span body)
{
	void *items = message->fields;
	struct field field = {.read = false};

	name = csp_span_trim(name);
	count_field(message, name);
	if (message->field_count >= message->limits.header_fields ||
	    name.len + body.len > message->limits.header_bytes - message->header_bytes) {
		message->marks |= MARK_TRUNCATED;
		message->fields_dropped = true;
		return true;
	}
	if (!csp_arena_grow(message->arena, &items, &message->field_cap, message->field_count,
			    sizeof(struct field)))
		return false;
	message->fields = items;
	if (!csp_arena_copy(message->arena, &field.name, name) ||
	    !csp_arena_copy(message->arena, &field.body, body))
		return false;
	message->fields[message->field_count++] = field;
	message->header_bytes += name.len + body.len;
	return true;
}

/* "From someone Mon Jan …", quoted with '>' or not: a mailbox file's, no field. */
static bool is_mbox_line(struct span text)
{
	while (text.len && text.data[0] == '>')
		text = csp_span_slice(text, 1, text.len);
	return csp_span_starts_with(text, SPAN_LIT("From "));
}

bool csp_message_add_header_section(struct message *message, struct span *text)
{
	bool may_be_mbox_line = is_mbox_line(*text);

	for (;;) {
		struct field field;
		switch (csp_header_next(&field, text)) {
		case HEADER_END:
			return true;
		case HEADER_FIELD:
			if (!csp_message_add_field(message, field.name, field.body))
				return false;
			break;
		case HEADER_NOT_A_FIELD:
			if (!may_be_mbox_line)
				message->marks |= MARK_BARE_NEWLINE;
			break;
		}
		may_be_mbox_line = false;
	}
}

const struct field *csp_message_next_field(const struct message *message, size_t *at,
					   struct span name)
{
	while (*at < message->field_count) {
		struct field *field = &message->fields[(*at)++];
		if (csp_span_equal_nocase(field->name, name)) {
			field->read = true;
			return field;
		}
	}
	return NULL;
}
