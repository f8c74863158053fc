#include <string.h>

#include "import_json.h"
#include "when.h"

#define TRANSFER_OPEN ((int64_t)30 * 86400) /* what nobody accepts by then has expired */

/* ---- subscriptions ---- */

enum subscription_member {
	SUBSCRIPTION_OFFER,
	SUBSCRIPTION_NAME,
	SUBSCRIPTION_PRODUCT,
	SUBSCRIPTION_STATUS,
	SUBSCRIPTION_RESELLER,
	SUBSCRIPTION_LINKS,
	SUBSCRIPTION_MEMBERS
};

/* The text of object.first.second; empty when there is none. */
static struct span find_inner(json_t *object, const char *first, const char *second)
{
	struct json_member outer = {.name = first}, inner = {.name = second};

	csp_import_json_find(&outer, 1, object);
	csp_import_json_find(&inner, 1, outer.value);
	return json_is_string(inner.value) ? csp_import_json_span(inner.value) : SPAN_LIT("");
}

/* The segment behind "/customers/". */
static struct span find_customer(struct span uri)
{
	static const struct span folder = SPAN_INIT("/customers/");

	for (size_t at = 0; at + folder.len < uri.len; at++) {
		struct span rest = csp_span_slice(uri, at, uri.len);
		if (!csp_span_equal_nocase(csp_span_slice(rest, 0, folder.len), folder))
			continue;
		rest = csp_span_slice(rest, folder.len, rest.len);
		size_t end = 0;
		while (end < rest.len && rest.data[end] != '/' && rest.data[end] != '?')
			end++;
		return csp_span_slice(rest, 0, end);
	}
	return SPAN_LIT("");
}

static enum row_result read_customer_id(struct span *out, struct import *import,
					const struct json_member *links)
{
	struct span id = find_customer(find_inner(links->value, "self", "uri"));

	if (id.len > 0)
		return csp_import_read_id(out, import, id);
	*out = import->customer;
	if (out->len > 0)
		return ROW_OK;
	return csp_import_why(import, "a subscription, and whose it is is not said: name the "
				      "customer, or keep its GUID in the file's name");
}

static enum row_result read_subscription_products(struct spans *out, struct import *import,
						  const struct json_member *members)
{
	struct span texts[3];
	enum row_result result =
		csp_import_json_text(&texts[0], import, &members[SUBSCRIPTION_OFFER]);

	if (result == ROW_OK)
		result = csp_import_json_text(&texts[1], import, &members[SUBSCRIPTION_NAME]);
	if (result != ROW_OK)
		return result;
	struct json_member product = {.name = "displayName"};
	csp_import_json_find(&product, 1, members[SUBSCRIPTION_PRODUCT].value);
	result = csp_import_json_text(&texts[2], import, &product);
	return result == ROW_OK ? csp_import_read_products(out, import, (struct spans){texts, 3})
				: result;
}

static bool is_zero(const json_t *value)
{
	struct span text = json_is_string(value) ? csp_import_json_span(value) : SPAN_LIT("x");
	size_t zeros = 0;

	while (zeros < text.len && text.data[zeros] == '0')
		zeros++;
	return zeros == text.len || (json_is_integer(value) && json_integer_value(value) == 0);
}

/* To the exporter, and to the reseller of record when that is somebody else. */
static enum row_result read_subscription_relations(struct customer *out, struct import *import,
						   const struct json_member *members)
{
	const struct json_member *partner = &members[SUBSCRIPTION_RESELLER];
	struct relation *relations = csp_arena_alloc(&import->arena, 2, sizeof(*relations));
	struct span reseller = SPAN_LIT("");
	struct spans products = {0};

	if (!relations)
		return ROW_NO_MEMORY;
	enum row_result result = csp_import_json_exporter(&relations[0], import);
	if (result == ROW_OK && !is_zero(partner->value))
		result = csp_import_json_id(&reseller, import, partner);
	if (result == ROW_OK)
		result = read_subscription_products(&products, import, members);
	if (result != ROW_OK)
		return result;
	relations[1] = csp_import_json_relation(reseller, ROLE_INDIRECT_RESELLER);
	relations[0].products = relations[1].products = products;
	out->relations = relations;
	out->relation_count =
		reseller.len == 0 || csp_span_equal(reseller, relations[0].partner) ? 1 : 2;
	return ROW_OK;
}

enum row_result csp_import_json_subscription(struct import *import, json_t *row)
{
	struct json_member members[SUBSCRIPTION_MEMBERS] = {
		[SUBSCRIPTION_OFFER] = {.name = "offerName"},
		[SUBSCRIPTION_NAME] = {.name = "friendlyName"},
		[SUBSCRIPTION_PRODUCT] = {.name = "productType"},
		[SUBSCRIPTION_STATUS] = {.name = "status"},
		[SUBSCRIPTION_RESELLER] = {.name = "partnerId"},
		[SUBSCRIPTION_LINKS] = {.name = "links"},
	};
	struct customer_entry entry = csp_import_json_customer(SPAN_LIT(""));
	struct span status;
	bool held = false;

	csp_import_json_find(members, SUBSCRIPTION_MEMBERS, row);
	enum row_result result =
		read_customer_id(&entry.customer.id, import, &members[SUBSCRIPTION_LINKS]);
	if (result == ROW_OK)
		result = csp_import_json_text(&status, import, &members[SUBSCRIPTION_STATUS]);
	if (result == ROW_OK)
		result = csp_import_read_subscription_status(&held, import, status);
	if (result == ROW_OK && held)
		result = read_subscription_relations(&entry.customer, import, members);
	return result == ROW_OK ? csp_import_put_customer(import, &entry) : result;
}

/* ---- transfers ---- */

enum transfer_member {
	TRANSFER_CUSTOMER,
	TRANSFER_SOURCE,
	TRANSFER_PARTNER, /* who reads of it, in the source's list */
	TRANSFER_TARGET,
	TRANSFER_STATUS,
	TRANSFER_CREATED,
	TRANSFER_MODIFIED,
	TRANSFER_ITEMS,
	TRANSFER_MEMBERS
};

enum transfer_state { TRANSFER_UNDER_WAY, TRANSFER_COMPLETE, TRANSFER_NOTHING };

static enum row_result read_state(enum transfer_state *out, struct import *import,
				  const struct json_member *member)
{
	static const struct {
		struct span name;
		enum transfer_state state;
	} states[] = {
		{SPAN_INIT("Active"), TRANSFER_UNDER_WAY},
		{SPAN_INIT("InProgress"), TRANSFER_UNDER_WAY},
		{SPAN_INIT("Pending"), TRANSFER_UNDER_WAY},
		{SPAN_INIT("Complete"), TRANSFER_COMPLETE},
		{SPAN_INIT("Completed"), TRANSFER_COMPLETE},
		{SPAN_INIT("Declined"), TRANSFER_NOTHING},
		{SPAN_INIT("Expired"), TRANSFER_NOTHING},
		{SPAN_INIT("Cancelled"), TRANSFER_NOTHING},
		{SPAN_INIT("Canceled"), TRANSFER_NOTHING},
		{SPAN_INIT("Failed"), TRANSFER_NOTHING},
	};
	struct span text;
	enum row_result result = csp_import_json_text(&text, import, member);

	for (size_t i = 0; i < sizeof(states) / sizeof(*states) && result == ROW_OK; i++) {
		if (csp_span_equal_nocase(states[i].name, text)) {
			*out = states[i].state;
			return ROW_OK;
		}
	}
	return result == ROW_OK ? csp_import_why(import, "the status \"%.*s\" is not known",
						 IMPORT_QUOTED(text))
				: result;
}

/* Some have blanks inside, and some no zone: those are of UTC. */
static bool parse_time(int64_t *out, struct span text)
{
	char bytes[64];
	size_t len = 0;

	for (size_t i = 0; i < text.len && len < sizeof(bytes) - 1; i++) {
		if (text.data[i] != ' ')
			bytes[len++] = text.data[i];
	}
	if (csp_when_parse(out, (struct span){bytes, len}))
		return true;
	bytes[len++] = 'Z';
	return csp_when_parse(out, (struct span){bytes, len});
}

static enum row_result read_time(int64_t *out, struct import *import,
				 const struct json_member *member)
{
	struct span text;
	enum row_result result = csp_import_json_text(&text, import, member);

	if (result != ROW_OK || parse_time(out, text))
		return result;
	return csp_import_why(import, "\"%s\" is no time of RFC 3339", member->name);
}

/* When the customer is whose. */
static enum row_result read_times(struct relation *source, struct relation *target,
				  struct import *import, const struct json_member *members,
				  enum transfer_state state)
{
	int64_t time = 0;
	enum row_result result = read_time(
		&time, import,
		&members[state == TRANSFER_COMPLETE ? TRANSFER_MODIFIED : TRANSFER_CREATED]);

	target->from = time;
	if (state == TRANSFER_COMPLETE)
		source->until = time;
	else
		target->until = time + TRANSFER_OPEN;
	return result;
}

/* Those of each item's own name. */
static enum row_result read_items(struct spans *out, struct import *import,
				  const struct json_member *member)
{
	size_t count = json_array_size(member->value);
	struct span *items =
		csp_arena_alloc(&import->arena, count * IMPORT_PRODUCTS_MAX, sizeof(*items));

	*out = (struct spans){items, 0};
	if (!items)
		return ROW_NO_MEMORY;
	/* A relation to no product is one to all. */
	if (count == 0)
		return csp_import_why(import, "\"%s\" is missing or empty", member->name);
	for (size_t i = 0; i < count; i++) {
		struct json_member name = {.name = "friendlyName"};
		struct spans products;
		struct span text;
		csp_import_json_find(&name, 1, json_array_get(member->value, i));
		enum row_result result = csp_import_json_text(&text, import, &name);
		if (result == ROW_OK)
			result = csp_import_read_products(&products, import,
							  (struct spans){&text, 1});
		if (result != ROW_OK)
			return result;
		for (size_t k = 0; k < products.count; k++)
			if (!csp_spans_hold(*out, products.items[k]))
				items[out->count++] = products.items[k];
	}
	return ROW_OK;
}

/* What somebody else is to its customers is not said: the strictest. */
static struct relation make_relation(const struct import *import, struct span partner)
{
	bool own = csp_span_equal(partner, import->exporter);

	return csp_import_json_relation(partner, own ? import->settings->role : ROLE_DIRECT_BILL);
}

static enum row_result put_transfer(struct import *import, const struct json_member *members,
				    enum transfer_state state)
{
	struct customer_entry entry = csp_import_json_customer(SPAN_LIT(""));
	bool named = members[TRANSFER_SOURCE].value != NULL;
	struct span source = SPAN_LIT(""), target = SPAN_LIT("");
	struct relation relations[2];
	struct spans products = {0};

	enum row_result result =
		csp_import_json_needed_id(&entry.customer.id, import, &members[TRANSFER_CUSTOMER]);
	if (result == ROW_OK)
		result = csp_import_json_needed_id(
			&source, import, &members[named ? TRANSFER_SOURCE : TRANSFER_PARTNER]);
	if (result == ROW_OK)
		result = csp_import_json_needed_id(&target, import, &members[TRANSFER_TARGET]);
	if (result == ROW_OK)
		result = read_items(&products, import, &members[TRANSFER_ITEMS]);
	relations[0] = make_relation(import, source);
	relations[1] = make_relation(import, target);
	relations[0].products = relations[1].products = products;
	if (result == ROW_OK)
		result = read_times(&relations[0], &relations[1], import, members, state);
	if (result != ROW_OK)
		return result;
	entry.customer.relations = relations;
	entry.customer.relation_count = 2;
	return csp_import_put_customer(import, &entry);
}

enum row_result csp_import_json_transfer(struct import *import, json_t *row)
{
	struct json_member members[TRANSFER_MEMBERS] = {
		[TRANSFER_CUSTOMER] = {.name = "customerTenantId"},
		[TRANSFER_SOURCE] = {.name = "sourcePartnerTenantId"},
		[TRANSFER_PARTNER] = {.name = "partnerTenantId"},
		[TRANSFER_TARGET] = {.name = "targetPartnerTenantId"},
		[TRANSFER_STATUS] = {.name = "status"},
		[TRANSFER_CREATED] = {.name = "createdTime"},
		[TRANSFER_MODIFIED] = {.name = "lastModifiedTime"},
		[TRANSFER_ITEMS] = {.name = "lineItems"},
	};
	enum transfer_state state = TRANSFER_NOTHING;

	csp_import_json_find(members, TRANSFER_MEMBERS, row);
	enum row_result result = read_state(&state, import, &members[TRANSFER_STATUS]);
	if (result != ROW_OK || state == TRANSFER_NOTHING)
		return result;
	return put_transfer(import, members, state);
}
