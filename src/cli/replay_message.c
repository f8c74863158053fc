#include "replay_message.h"

#include "review_filter.h"

/* What the record writer puts where octets are no UTF-8. */
static const struct span replacement = SPAN_INIT("\xef\xbf\xbd");

static bool is_lossy(struct span text)
{
	for (size_t i = 0; i + replacement.len <= text.len; i++) {
		if (csp_span_equal(csp_span_slice(text, i, i + replacement.len), replacement))
			return true;
	}
	return false;
}

/* A copy of a member's text. */
static enum replay_result take(struct span *out, struct message *message, const json_t *object,
			       const char *name)
{
	struct span text = csp_review_text(object, name);

	if (is_lossy(text))
		return REPLAY_LOSSY;
	return csp_arena_copy(message->arena, out, text) ? REPLAY_OK : REPLAY_NO_MEMORY;
}

static enum replay_result take_client(struct message *message, const json_t *record)
{
	const json_t *object = json_object_get(record, "client");
	struct client *client = &message->client;
	const struct {
		struct span *to;
		const char *name;
	} texts[] = {
		{&client->helo, "helo"},
		{&client->listener, "listener"},
		{&client->login, "login"},
		{&client->cert_subject, "cert_subject"},
	};
	enum replay_result result = REPLAY_OK;

	(void)csp_netaddr_parse(&client->address, csp_review_text(object, "address"));
	for (size_t i = 0; result == REPLAY_OK && i < sizeof(texts) / sizeof(texts[0]); i++)
		result = take(texts[i].to, message, object, texts[i].name);
	return result;
}

static enum replay_result take_envelope(struct message *message, const json_t *record)
{
	enum replay_result result = take(&message->reverse_path, message, record, "reverse_path");
	struct span path;
	size_t i;
	const json_t *recipient;

	if (result == REPLAY_OK)
		result = take(&message->queue_id, message, record, "queue_id");
	json_array_foreach(json_object_get(record, "recipients"), i, recipient)
	{
		if (result == REPLAY_OK)
			result = take(&path, message, recipient, "address");
		if (result == REPLAY_OK && !csp_message_add_recipient(message, path))
			result = REPLAY_NO_MEMORY;
	}
	return result;
}

static struct span body_of(const json_t *field)
{
	const json_t *body = json_array_get(field, 1);

	return (struct span){json_is_string(body) ? json_string_value(body) : "",
			     json_string_length(body)};
}

static bool append_hex(struct buf *out, struct span hex)
{
	for (size_t i = 0; i + 1 < hex.len; i += 2) {
		int high = csp_ascii_hex_value(hex.data[i]);
		int low = csp_ascii_hex_value(hex.data[i + 1]);
		if (high < 0 || low < 0)
			return false;
		csp_buf_append_char(out, (char)(high << 4 | low));
	}
	return !csp_buf_failed(out);
}

static bool add_field(struct message *message, const json_t *field)
{
	const json_t *name = json_array_get(field, 0);
	struct span hex = csp_review_text(json_array_get(field, 1), "hex");
	struct span named = {json_string_value(name), json_string_length(name)};
	struct buf octets;

	if (!json_is_string(name))
		return true;
	csp_buf_init(&octets, hex.len + 1);
	bool ok = append_hex(&octets, hex) &&
		  csp_message_add_field(message, named,
					hex.len ? csp_buf_span(&octets) : body_of(field));
	csp_buf_dispose(&octets);
	return ok;
}

static enum replay_result take_fields(struct message *message, const json_t *inputs)
{
	size_t i;
	const json_t *field, *mark;

	json_array_foreach(json_object_get(inputs, "fields"), i, field)
	{
		if (!add_field(message, field))
			return REPLAY_NO_MEMORY;
	}
	json_array_foreach(json_object_get(inputs, "marks"), i, mark)
	{
		message->marks |= csp_mark_find(
			(struct span){json_string_value(mark), json_string_length(mark)});
	}
	if (json_is_true(json_object_get(inputs, "dropped")))
		message->fields_dropped = true;
	return REPLAY_OK;
}

static bool was_a_fault(const json_t *record)
{
	size_t i;
	const json_t *recipient;

	json_array_foreach(json_object_get(record, "recipients"), i, recipient)
	{
		if (csp_span_equal(csp_review_text(recipient, "rule"), SPAN_LIT("fault")))
			return true;
	}
	return false;
}

enum replay_result csp_replay_message(struct message *message, const json_t *record)
{
	const json_t *inputs = json_object_get(record, "inputs");
	enum replay_result result;

	if (!json_is_object(inputs))
		return REPLAY_NO_INPUTS;
	if (was_a_fault(record))
		return REPLAY_FAULT;
	result = take_client(message, record);
	if (result == REPLAY_OK)
		result = take_envelope(message, record);
	return result == REPLAY_OK ? take_fields(message, inputs) : result;
}

enum replay_result csp_replay_is_known(const struct message *message, const json_t *record)
{
	const json_t *fields = json_object_get(json_object_get(record, "inputs"), "fields");

	/* Stricter limits dropped some. */
	if (message->field_count != json_array_size(fields))
		return REPLAY_UNKNOWN;
	for (size_t i = 0; i < message->field_count; i++) {
		if (message->fields[i].read && json_array_size(json_array_get(fields, i)) < 2)
			return REPLAY_UNKNOWN;
	}
	return REPLAY_OK;
}
