#include "record.h"

#include "json.h"
#include "render.h"
#include "report.h"
#include "utf8.h"

#define TEXT_MAX ((size_t)4 << 20)

static void write_rendered_at(struct json *json, const char *name, struct buf *text)
{
	if (csp_buf_failed(text))
		json->out->failed = true;
	csp_json_text_or_null_at(json, name, csp_buf_span(text));
	csp_buf_reset(text);
}

static void write_time_at(struct json *json, const char *name, struct timespec time)
{
	struct buf text;

	csp_buf_init(&text, 64);
	csp_render_time(&text, time);
	write_rendered_at(json, name, &text);
	csp_buf_dispose(&text);
}

static void append_hidden_address(struct buf *out, const struct record_options *options,
				  struct span address)
{
	size_t at = csp_span_find_last(address, '@');
	struct buf lower;

	csp_buf_init(&lower, TEXT_MAX);
	for (size_t i = 0; i < address.len; i++)
		csp_buf_append_char(&lower, csp_ascii_lower(address.data[i]));
	options->hide(options->context, out, csp_buf_span(&lower));
	csp_buf_append(out, csp_span_slice(address, at, address.len));
	if (csp_buf_failed(&lower))
		out->failed = true;
	csp_buf_dispose(&lower);
}

void csp_record_append_address(struct buf *out, const struct record_options *options,
			       struct span address)
{
	bool open = csp_span_starts_with(address, SPAN_LIT("<"));
	bool closed = address.len > 0 && address.data[address.len - 1] == '>';
	struct span inner = csp_span_slice(address, open ? 1 : 0, address.len - (closed ? 1 : 0));

	if (!options->hide || inner.len == 0) {
		csp_buf_append(out, address);
		return;
	}
	csp_buf_append(out, open ? SPAN_LIT("<") : SPAN_LIT(""));
	append_hidden_address(out, options, inner);
	csp_buf_append(out, closed ? SPAN_LIT(">") : SPAN_LIT(""));
}

static void write_address(struct json *json, const struct record_options *options,
			  struct span address)
{
	struct buf text;

	if (!options->hide) {
		csp_json_text(json, address);
		return;
	}
	csp_buf_init(&text, TEXT_MAX);
	csp_record_append_address(&text, options, address);
	if (csp_buf_failed(&text))
		json->out->failed = true;
	csp_json_text(json, csp_buf_span(&text));
	csp_buf_dispose(&text);
}

static void write_address_at(struct json *json, const char *name,
			     const struct record_options *options, struct span address)
{
	csp_json_key(json, name);
	write_address(json, options, address);
}

static void write_address_or_null_at(struct json *json, const char *name,
				     const struct record_options *options, struct span address)
{
	csp_json_key(json, name);
	if (address.len > 0)
		write_address(json, options, address);
	else
		csp_json_null(json);
}

static void write_addresses_at(struct json *json, const char *name,
			       const struct record_options *options, const struct spans *addresses)
{
	csp_json_key(json, name);
	csp_json_array(json);
	for (size_t i = 0; i < addresses->count; i++)
		write_address(json, options, addresses->items[i]);
	csp_json_array_end(json);
}

/* Logins that are no addresses name machines and services. */
static void write_login(struct json *json, const struct record_options *options, struct span login)
{
	if (csp_span_find(login, '@') < login.len)
		write_address_at(json, "login", options, login);
	else
		csp_json_text_or_null_at(json, "login", login);
}

static void write_client(struct json *json, const struct client *client,
			 const struct record_options *options)
{
	char address[NETADDR_TEXT_SIZE];

	csp_json_key(json, "client");
	csp_json_object(json);
	csp_json_text_or_null_at(json, "address", csp_netaddr_format(address, &client->address));
	csp_json_text_or_null_at(json, "helo", client->helo);
	csp_json_text_or_null_at(json, "listener", client->listener);
	write_login(json, options, client->login);
	csp_json_text_or_null_at(json, "cert_subject", client->cert_subject);
	csp_json_object_end(json);
}

static void write_field_at(struct json *json, const char *name, const struct message *message,
			   struct span field)
{
	struct buf text;

	csp_buf_init(&text, TEXT_MAX);
	csp_render_field(&text, message, field);
	write_rendered_at(json, name, &text);
	csp_buf_dispose(&text);
}

static void write_subject(struct json *json, const struct message *message,
			  const struct record_options *options)
{
	struct buf text, hidden;

	if (!options->hide) {
		write_field_at(json, "subject", message, SPAN_LIT("Subject"));
		return;
	}
	csp_buf_init(&text, TEXT_MAX);
	csp_buf_init(&hidden, TEXT_MAX);
	csp_render_field(&text, message, SPAN_LIT("Subject"));
	if (text.len > 0)
		options->hide(options->context, &hidden, csp_buf_span(&text));
	if (csp_buf_failed(&text))
		json->out->failed = true;
	write_rendered_at(json, "subject", &hidden);
	csp_buf_dispose(&text);
	csp_buf_dispose(&hidden);
}

static void write_authors(struct json *json, const struct authors *authors,
			  const struct record_options *options)
{
	struct buf address;

	csp_buf_init(&address, TEXT_MAX);
	csp_json_key(json, "authors");
	csp_json_array(json);
	for (size_t i = 0; i < authors->count; i++) {
		const struct author *author = &authors->items[i];
		csp_json_object(json);
		csp_json_text_at(json, "field",
				 csp_span_from(csp_author_field_name(author->field)));
		csp_buf_reset(&address);
		csp_render_mailbox(&address, &author->mailbox);
		if (csp_buf_failed(&address))
			json->out->failed = true;
		write_address_or_null_at(json, "address", options, csp_buf_span(&address));
		csp_json_text_at(json, "party", csp_span_from(csp_party_name(author->party)));
		csp_json_object_end(json);
	}
	csp_json_array_end(json);
	csp_buf_dispose(&address);
}

/* A list of senders found an address; what else is found are words of the packs, and numbers. */
static void write_match(struct json *json, const struct evidence *evidence,
			const struct record_options *options)
{
	if (evidence->kind == EVIDENCE_SENDER)
		write_address_at(json, "match", options, evidence->match);
	else
		csp_json_text_at(json, "match", evidence->match);
}

static void write_category(struct json *json, const struct decision *decision,
			   const struct record_options *options)
{
	const struct classification *classification = decision->classification;

	csp_json_key(json, "category");
	if (!classification->known) {
		csp_json_null(json);
		return;
	}
	csp_json_object(json);
	csp_json_text_at(json, "name", csp_render_category(decision));
	csp_json_key(json, "evidence");
	csp_json_array(json);
	for (size_t i = 0; i < classification->evidence_count; i++) {
		const struct evidence *evidence = &classification->evidence[i];
		csp_json_object(json);
		csp_json_text_at(json, "rule", evidence->rule);
		csp_json_text_at(json, "field", evidence->field);
		if (evidence->phrase.len)
			csp_json_text_at(json, "phrase", evidence->phrase);
		write_match(json, evidence, options);
		if (evidence->replaced) {
			csp_json_key(json, "replaced");
			csp_json_bool(json, true);
		}
		csp_json_object_end(json);
	}
	csp_json_array_end(json);
	csp_json_object_end(json);
}

static void write_would_item(struct json *json, struct span rule, enum disposition disposition)
{
	csp_json_object(json);
	csp_json_text_at(json, "rule", rule);
	csp_json_text_at(json, "disposition", csp_span_from(csp_disposition_name(disposition)));
	csp_json_object_end(json);
}

/* Under the global monitor mode nothing is carried out, so the verdict itself is one that would be. */
static void write_would(struct json *json, const struct verdict *verdict, enum mode mode)
{
	csp_json_key(json, "would");
	csp_json_array(json);
	for (size_t i = 0; i < verdict->would_count; i++)
		write_would_item(json, verdict->would[i]->name, verdict->would[i]->disposition);
	if (mode == MODE_MONITOR && verdict->disposition != DISPOSITION_PASS)
		write_would_item(json, verdict->rule, verdict->disposition);
	csp_json_array_end(json);
}

static struct span text_if(bool known, const char *text)
{
	return known ? csp_span_from(text) : SPAN_LIT("");
}

/* Up to the rule that decided; nobody looked behind it. */
static void write_looks(struct json *json, const struct recipient *recipient)
{
	struct buf text;

	csp_buf_init(&text, SYSLOG_LINE_MAX);
	csp_json_key(json, "looked_at");
	csp_json_array(json);
	for (size_t i = 0; i < recipient->look_count; i++) {
		const struct look *look = &recipient->looks[i];
		csp_json_object(json);
		csp_json_text_at(json, "rule", look->rule->name);
		csp_report_append_look(&text, look);
		write_rendered_at(json, "came_to", &text);
		csp_json_object_end(json);
		if (look->rule == recipient->verdict.decided_by)
			break;
	}
	csp_json_array_end(json);
	csp_buf_dispose(&text);
}

static void write_recipient(struct json *json, const struct recipient *recipient, enum mode mode,
			    const struct record_options *options)
{
	const struct sender *sender = &recipient->sender;
	bool sender_known = recipient->judged && sender->known;
	bool product_known = recipient->judged && recipient->customer.len > 0;

	csp_json_object(json);
	write_address_at(json, "address", options, recipient->address);
	write_address_or_null_at(json, "canonical", options, recipient->canonical);
	csp_json_text_or_null_at(json, "customer", recipient->customer);
	csp_json_text_or_null_at(json, "sender",
				 text_if(sender_known, csp_sender_kind_name(sender->kind)));
	csp_json_text_or_null_at(json, "proof",
				 text_if(sender_known, csp_proof_name(sender->proof)));
	csp_render_methods(json, sender_known ? sender->authenticated_by : 0);
	csp_json_text_or_null_at(
		json, "product",
		text_if(product_known, csp_product_class_name(recipient->product_class)));
	csp_render_marks(json, recipient->marks);
	csp_json_text_at(json, "rule", recipient->verdict.rule);
	csp_json_text_at(json, "disposition",
			 csp_span_from(csp_disposition_name(recipient->verdict.disposition)));
	csp_json_text_at(json, "mode", csp_span_from(csp_mode_name(mode)));
	write_would(json, &recipient->verdict, mode);
	write_looks(json, recipient);
	csp_json_text_at(json, "action",
			 csp_span_from(csp_action_name(csp_recipient_action(recipient))));
	write_address_or_null_at(json, "contact", options, recipient->contact);
	csp_json_object_end(json);
}

static void write_recipients(struct json *json, const struct decision *decision,
			     const struct record_options *options)
{
	csp_json_key(json, "recipients");
	csp_json_array(json);
	for (size_t i = 0; i < decision->recipient_count; i++)
		write_recipient(json, &decision->recipients[i], decision->mode, options);
	csp_json_array_end(json);
}

static void write_removed(struct json *json, const struct plan *plan)
{
	csp_json_key(json, "removed");
	csp_json_array(json);
	for (size_t i = 0; i < plan->removed_count; i++) {
		if (!plan->removed[i].count)
			continue;
		csp_json_object(json);
		csp_json_text_at(json, "field", plan->removed[i].name);
		csp_json_number_at(json, "count", (int64_t)plan->removed[i].count);
		csp_json_object_end(json);
	}
	csp_json_array_end(json);
}

static void write_plan(struct json *json, const struct decision *decision,
		       const struct record_options *options)
{
	struct buf reply;

	csp_buf_init(&reply, SYSLOG_LINE_MAX);
	csp_json_text_at(json, "action", csp_span_from(csp_action_name(decision->plan.action)));
	csp_json_text_at(json, "would_action",
			 csp_span_from(csp_action_name(decision->would_plan.action)));
	csp_render_reply(&reply, &decision->plan);
	write_rendered_at(json, "reply", &reply);
	csp_json_text_or_null_at(json, "flag", decision->plan.flag);
	csp_json_text_or_null_at(json, "hold", decision->plan.hold_reason);
	write_removed(json, &decision->plan);
	write_addresses_at(json, "removed_recipients", options, &decision->plan.removed_recipients);
	write_addresses_at(json, "added_recipients", options, &decision->plan.added_recipients);
	csp_buf_dispose(&reply);
}

static void write_origin(struct json *json, const struct decision *decision)
{
	csp_json_text_at(json, "schema", SPAN_LIT(DECISION_SCHEMA));
	csp_json_text_at(json, "decision", decision->id);
	write_time_at(json, "time", decision->time);
	csp_json_text_at(json, "host", decision->host);
	csp_json_text_or_null_at(json, "queue_id", decision->message->queue_id);
	write_field_at(json, "message_id", decision->message, SPAN_LIT("Message-ID"));
	csp_json_text_at(json, "policy", decision->policy_digest);
	csp_json_number_at(json, "directory", (int64_t)decision->directory_state);
	csp_json_text_at(json, "mode", csp_span_from(csp_mode_name(decision->mode)));
}

/* Octets that are no UTF-8 would not come back from a text. */
static void write_body(struct json *json, struct span body)
{
	struct buf hex;

	if (csp_utf8_is_valid(body)) {
		csp_json_text(json, body);
		return;
	}
	csp_buf_init(&hex, TEXT_MAX);
	for (size_t i = 0; i < body.len; i++)
		csp_buf_append_format(&hex, "%02x", (unsigned char)body.data[i]);
	csp_json_object(json);
	write_rendered_at(json, "hex", &hex);
	csp_json_object_end(json);
	csp_buf_dispose(&hex);
}

/* Of a field that nothing read the name alone is kept, and its place. */
static void write_fields(struct json *json, const struct message *message)
{
	csp_json_key(json, "fields");
	csp_json_array(json);
	for (size_t i = 0; i < message->field_count; i++) {
		const struct field *field = &message->fields[i];
		csp_json_array(json);
		csp_json_text(json, field->name);
		if (field->read)
			write_body(json, field->body);
		csp_json_array_end(json);
	}
	csp_json_array_end(json);
}

static void write_inputs(struct json *json, const struct message *message, bool wanted)
{
	csp_json_key(json, "inputs");
	if (!wanted) {
		csp_json_null(json);
		return;
	}
	csp_json_object(json);
	csp_render_marks(json, message->marks);
	csp_json_key(json, "dropped");
	csp_json_bool(json, message->fields_dropped);
	write_fields(json, message);
	csp_json_object_end(json);
}

void csp_record_write(struct buf *out, const struct decision *decision,
		      const struct record_options *options)
{
	const struct message *message = decision->message;
	struct json json;

	csp_json_init(&json, out);
	csp_json_object(&json);
	write_origin(&json, decision);
	write_client(&json, &message->client, options);
	write_address_at(&json, "reverse_path", options, message->reverse_path);
	write_subject(&json, message, options);
	write_authors(&json, decision->authors, options);
	csp_render_authentication(&json, &decision->authors->authentication);
	write_category(&json, decision, options);
	csp_json_texts_at(&json, "products", decision->classification->products.items,
			  decision->classification->products.count);
	csp_json_texts_at(&json, "lists", decision->classification->lists.items,
			  decision->classification->lists.count);
	csp_render_marks(&json, decision->marks);
	write_recipients(&json, decision, options);
	write_plan(&json, decision, options);
	write_inputs(&json, message, options->inputs && !options->hide);
	csp_json_object_end(&json);
}

/* Shares of a syslog line: together with the names of the keys they stay below SYSLOG_LINE_MAX. */
#define NAME_MAX 64
#define PATH_MAX 120
#define TO_MAX   3

/* A value of the line: what would end it, or begin another, becomes '?'. */
static void append_value(struct buf *out, struct span text, size_t max)
{
	for (size_t i = 0; i < text.len && i < max; i++) {
		char c = text.data[i];
		bool plain = c > ' ' && c <= '~' && c != '<' && c != '>' && c != ',';
		csp_buf_append_char(out, plain ? c : '?');
	}
	if (text.len > max)
		csp_buf_append(out, SPAN_LIT("..."));
}

static void append_pair(struct buf *out, const char *key, struct span value)
{
	csp_buf_append_format(out, " %s=", key);
	append_value(out, value.len ? value : SPAN_LIT("-"), NAME_MAX);
}

static void append_path(struct buf *out, struct span address, const struct record_options *options)
{
	struct buf text;

	csp_buf_init(&text, TEXT_MAX);
	csp_record_append_address(&text, options, address);
	struct span path = csp_buf_span(&text);
	if (path.len && path.data[0] == '<')
		path = csp_span_slice(path, 1, path.len);
	if (path.len && path.data[path.len - 1] == '>')
		path.len--;
	csp_buf_append_char(out, '<');
	append_value(out, path, PATH_MAX);
	csp_buf_append_char(out, '>');
	if (csp_buf_failed(&text))
		out->failed = true;
	csp_buf_dispose(&text);
}

static void append_paths(struct buf *out, const struct decision *decision,
			 const struct record_options *options)
{
	csp_buf_append(out, SPAN_LIT(" from="));
	append_path(out, decision->message->reverse_path, options);
	csp_buf_append(out, SPAN_LIT(" to="));
	for (size_t i = 0; i < decision->recipient_count && i < TO_MAX; i++) {
		if (i)
			csp_buf_append_char(out, ',');
		append_path(out, decision->recipients[i].address, options);
	}
	csp_buf_append_format(out, " nrcpt=%zu", decision->recipient_count);
}

void csp_record_write_syslog(struct buf *out, const struct decision *decision,
			     const struct record_options *options)
{
	const struct recipient *gravest = csp_decision_gravest(decision);
	struct span queue_id = decision->message->queue_id;
	enum disposition disposition = gravest ? gravest->verdict.disposition : DISPOSITION_PASS;

	append_value(out, queue_id.len ? queue_id : SPAN_LIT("NOQUEUE"), NAME_MAX);
	csp_buf_append_format(out, ": %s", csp_disposition_name(disposition));
	append_pair(out, "decision", decision->id);
	append_pair(out, "rule", gravest ? gravest->verdict.rule : SPAN_LIT(""));
	append_pair(out, "category", csp_render_category(decision));
	append_paths(out, decision, options);
	append_pair(out, "action", csp_span_from(csp_action_name(decision->plan.action)));
	append_pair(out, "mode", csp_span_from(csp_mode_name(decision->mode)));
}

void csp_record_write_outcome(struct buf *out, struct span decision_id, struct timespec time,
			      const char *outcome)
{
	struct json json;

	csp_json_init(&json, out);
	csp_json_object(&json);
	csp_json_text_at(&json, "schema", SPAN_LIT(DECISION_SCHEMA));
	csp_json_text_at(&json, "for", decision_id);
	write_time_at(&json, "time", time);
	csp_json_text_at(&json, "outcome", csp_span_from(outcome));
	csp_json_object_end(&json);
}
