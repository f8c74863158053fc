#include "authentication.h"

#include "authres.h"

/* More than a chain of filters adds; behind them nothing is believed. */
#define FIELDS_MAX 16

/* More than anybody signs with; those behind prove nothing. */
#define SIGNATURES_MAX 16

struct gathering {
	struct authentication *out;
	const struct message *message;
	struct span *dkim;        /* SIGNATURES_MAX */
	struct span reverse_path; /* its domain; empty when it has none */
	bool spf_passed, spf_doubtful;
	bool not_signed; /* a server of ours saw no signature at all */
};

static bool is_named(const struct field *field, struct span name)
{
	return csp_span_equal_nocase(field->name, name);
}

static size_t count_fields(const struct message *message, struct span name, size_t end)
{
	size_t count = 0;

	for (size_t i = 0; i < end; i++)
		count += is_named(&message->fields[i], name);
	return count;
}

/* How many fields there are, from the first on, that can be the hop's; none when it left no Received. */
static size_t count_of_the_hop(const struct message *message, bool below_received)
{
	size_t end = 0;
	bool received = false;

	for (size_t i = 0; i < message->field_count; i++) {
		if (!is_named(&message->fields[i], SPAN_LIT("Received")))
			continue;
		if (received || !below_received)
			return i;
		received = true;
		end = message->field_count;
	}
	return end;
}

/* The one property of that name; NULL when there is none or more than one, which *count says. */
static const struct authres_property *find_property(size_t *count,
						    const struct authres_result *result,
						    struct span type, struct span name)
{
	const struct authres_property *found = NULL;

	*count = 0;
	for (size_t i = 0; i < result->property_count; i++) {
		const struct authres_property *property = &result->properties[i];
		if (!csp_span_equal_nocase(property->type, type) ||
		    !csp_span_equal_nocase(property->name, name))
			continue;
		found = property;
		(*count)++;
	}
	return *count == 1 ? found : NULL;
}

static bool passed(const struct authres_result *result)
{
	return result->version_1 && csp_span_equal(result->result, SPAN_LIT("pass"));
}

/* Another signature of the same domain may have failed: some servers cannot check every algorithm. */
static bool gather_dkim(struct gathering *to, const struct authres_result *result)
{
	struct arena *arena = to->message->arena;
	struct spans *signers = &to->out->dkim;
	struct span domain;
	size_t count;
	const struct authres_property *property =
		find_property(&count, result, SPAN_LIT("header"), SPAN_LIT("d"));

	if (csp_span_equal_nocase(result->result, SPAN_LIT("none")))
		to->not_signed = true;
	if (!property || !passed(result))
		return true;
	enum mailbox_result canonical = csp_domain_canonical(&domain, arena, property->value);
	if (canonical != MAILBOX_OK)
		return canonical != MAILBOX_NO_MEMORY;
	if (signers->count < SIGNATURES_MAX && !csp_spans_hold(*signers, domain))
		to->dkim[signers->count++] = domain;
	return true;
}

/* "user@example.com", or the domain alone. */
static enum mailbox_result domain_of(struct span *out, struct arena *arena, struct span value)
{
	struct mailbox mailbox;

	if (csp_span_find(value, '@') == value.len)
		return csp_domain_canonical(out, arena, value);
	enum mailbox_result result = csp_mailbox_parse(&mailbox, arena, value);
	if (result == MAILBOX_OK)
		*out = mailbox.domain;
	return result;
}

static bool gather_spf(struct gathering *to, const struct authres_result *result)
{
	struct span domain;
	size_t count;
	const struct authres_property *property =
		find_property(&count, result, SPAN_LIT("smtp"), SPAN_LIT("mailfrom"));

	if (count == 0)
		return true;
	enum mailbox_result read = MAILBOX_INVALID;
	if (property)
		read = domain_of(&domain, to->message->arena, property->value);
	if (read == MAILBOX_OK && passed(result) && csp_span_equal(domain, to->reverse_path))
		to->spf_passed = true;
	else
		to->spf_doubtful = true;
	return read != MAILBOX_NO_MEMORY;
}

static bool gather_result(struct gathering *to, const struct authres_result *result)
{
	if (csp_span_equal_nocase(result->method, SPAN_LIT("dkim")))
		return gather_dkim(to, result);
	if (csp_span_equal_nocase(result->method, SPAN_LIT("spf")))
		return gather_spf(to, result);
	return true;
}

static bool is_ours(bool *out, struct gathering *to, struct span authserv_id)
{
	struct span canonical;
	enum mailbox_result result =
		csp_domain_canonical(&canonical, to->message->arena, authserv_id);

	*out = result == MAILBOX_OK && csp_spans_hold(to->out->settings->authserv_ids, canonical);
	return result != MAILBOX_NO_MEMORY;
}

static bool gather_results(struct gathering *to, const struct authres *results)
{
	bool ours;

	if (!is_ours(&ours, to, results->authserv_id))
		return false;
	to->out->fields += ours;
	for (size_t i = 0; ours && i < results->count; i++) {
		if (!gather_result(to, &results->results[i]))
			return false;
	}
	return true;
}

static bool gather_text(struct gathering *to, struct span body)
{
	struct authres results;
	struct span kept;

	if (!csp_arena_copy(to->message->arena, &kept, body))
		return false;
	switch (csp_authres_parse(&results, to->message->arena, kept)) {
	case AUTHRES_OK:
		return gather_results(to, &results);
	case AUTHRES_INVALID:
		to->out->unreadable++;
		return true;
	case AUTHRES_NO_MEMORY:
		break;
	}
	return false;
}

static bool gather_field(struct gathering *to, const struct field *field)
{
	struct buf text;
	bool bare = false;

	csp_buf_init(&text, field->body.len + 1);
	csp_header_unfold(&text, &bare, field->body);
	bool ok = !csp_buf_failed(&text);
	if (ok && bare)
		to->out->unreadable++;
	else if (ok)
		ok = gather_text(to, csp_buf_span(&text));
	csp_buf_dispose(&text);
	return ok;
}

static bool read_reverse_path(struct gathering *to)
{
	struct mailbox mailbox;
	bool routed = false;
	enum mailbox_result result = csp_mailbox_parse_path(&mailbox, &routed, to->message->arena,
							    to->message->reverse_path);

	if (result == MAILBOX_OK && !routed)
		to->reverse_path = mailbox.domain;
	return result != MAILBOX_NO_MEMORY;
}

static bool stands_twice(const struct message *message, struct span name)
{
	return count_fields(message, name, message->field_count) > 1;
}

static void conclude(struct gathering *to)
{
	if (to->spf_passed && !to->spf_doubtful && !to->out->unreadable)
		to->out->spf = to->reverse_path;
	if (to->not_signed || stands_twice(to->message, SPAN_LIT("From")) ||
	    stands_twice(to->message, SPAN_LIT("Subject")))
		to->out->dkim.count = 0;
}

bool csp_authentication_read(struct authentication *out, const struct message *message,
			     const struct authentication_settings *settings)
{
	const struct span name = AUTHENTICATION_FIELD;
	struct gathering to = {.out = out, .message = message};

	*out = (struct authentication){.settings = settings->authserv_ids.count ? settings : NULL};
	if (!out->settings || !csp_proofs_hold(&settings->hops, &message->client))
		return true;
	out->hop = true;
	size_t end = count_of_the_hop(message, settings->below_received);
	size_t count = count_fields(message, name, end);
	if (count > FIELDS_MAX)
		out->unreadable = count;
	if (count == 0 || count > FIELDS_MAX)
		return true;
	to.dkim = csp_arena_alloc(message->arena, SIGNATURES_MAX, sizeof(*to.dkim));
	if (!to.dkim || !read_reverse_path(&to))
		return false;
	out->dkim.items = to.dkim;
	for (size_t i = 0; i < end; i++) {
		if (!is_named(&message->fields[i], name))
			continue;
		message->fields[i].read = true;
		if (!gather_field(&to, &message->fields[i]))
			return false;
	}
	conclude(&to);
	return true;
}

static bool is_within(struct span domain, struct span parent)
{
	return csp_span_equal(domain, parent) ||
	       (domain.len > parent.len && csp_span_ends_with_nocase(domain, parent) &&
		domain.data[domain.len - parent.len - 1] == '.');
}

bool csp_authentication_is_signed_by(const struct authentication *authentication,
				     struct spans domains)
{
	for (size_t i = 0; i < authentication->dkim.count; i++) {
		for (size_t j = 0; j < domains.count; j++) {
			if (is_within(authentication->dkim.items[i], domains.items[j]))
				return true;
		}
	}
	return false;
}

const char *csp_auth_method_name(enum auth_method method)
{
	return method == AUTH_DKIM ? "dkim" : "spf";
}
