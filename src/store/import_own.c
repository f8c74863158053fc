#include <string.h>

#include "import_json.h"
#include "when.h"

/* An object of the file, with the name its errors go by. */
struct object {
	struct import *import;
	json_t *json; /* read alone; jansson's iterators want it so */
	const char *what;
};

/* A misspelt field must not be a fact that is silently missing. */
static enum row_result check_fields(const struct object *object, const char *const *known)
{
	const char *name;
	json_t *value;

	json_object_foreach(object->json, name, value)
	{
		const char *const *at = known;
		while (*at && strcmp(*at, name) != 0)
			at++;
		if (!*at)
			return csp_import_why(object->import, "%s has no field \"%.64s\"",
					      object->what, name);
	}
	return ROW_OK;
}

/* An absent text is empty. */
static enum row_result read_text(struct span *out, const struct object *object, const char *name)
{
	const json_t *value = json_object_get(object->json, name);

	*out = SPAN_LIT("");
	if (!value)
		return ROW_OK;
	if (!json_is_string(value))
		return csp_import_why(object->import, "\"%s\" is not a text", name);
	*out = csp_import_json_span(value);
	return ROW_OK;
}

static enum row_result read_id(struct span *out, const struct object *object, const char *name)
{
	const json_t *value = json_object_get(object->json, name);

	if (!json_is_string(value))
		return csp_import_why(object->import, "%s needs a text \"%s\"", object->what, name);
	return csp_import_read_id(out, object->import, csp_import_json_span(value));
}

/* An absent list is empty. */
static enum row_result find_list(const json_t **out, const struct object *object, const char *name)
{
	const json_t *value = json_object_get(object->json, name);

	*out = value;
	if (value && !json_is_array(value))
		return csp_import_why(object->import, "\"%s\" is not a list", name);
	return ROW_OK;
}

/* How one text of a list becomes what is stored. */
typedef enum row_result text_reader(struct span *out, struct import *import, struct span text);

static enum row_result take_text(struct span *out, struct import *import, struct span text)
{
	if (text.len == 0)
		return csp_import_why(import, "an empty text in a list");
	*out = text;
	return ROW_OK;
}

static enum row_result take_domain(struct span *out, struct import *import, struct span text)
{
	struct directory_name name = {.name = SPAN_LIT("")};
	enum row_result result = csp_import_read_domain(&name, import, text, false);

	*out = name.name;
	return result;
}

static enum row_result read_texts(struct spans *out, const struct object *object, const char *name,
				  text_reader *reader)
{
	const json_t *list;
	enum row_result result = find_list(&list, object, name);
	size_t count = json_array_size(list);
	struct span *items = csp_arena_alloc(&object->import->arena, count, sizeof(*items));

	if (!items)
		return ROW_NO_MEMORY;
	for (size_t i = 0; i < count && result == ROW_OK; i++) {
		const json_t *item = json_array_get(list, i);
		if (!json_is_string(item))
			return csp_import_why(object->import, "\"%s\" holds something but texts",
					      name);
		result = reader(&items[i], object->import, csp_import_json_span(item));
	}
	*out = (struct spans){items, count};
	return result;
}

static enum row_result read_flag(bool *out, const struct object *object, const char *name)
{
	const json_t *value = json_object_get(object->json, name);

	*out = json_is_true(value);
	if (value && !json_is_boolean(value))
		return csp_import_why(object->import, "\"%s\" is neither true nor false", name);
	return ROW_OK;
}

/* "example.com", or {"name": "example.com", "subdomains": true}. */
static enum row_result read_domain(struct directory_name *out, struct import *import, json_t *item)
{
	static const char *const fields[] = {"name", "subdomains", NULL};
	struct object object = {import, item, "a domain"};
	struct span name = SPAN_LIT("");
	bool subdomains = false;

	if (json_is_string(item))
		return csp_import_read_domain(out, import, csp_import_json_span(item), false);
	if (!json_is_object(item))
		return csp_import_why(import, "a domain is a text or an object");
	enum row_result result = check_fields(&object, fields);
	if (result == ROW_OK)
		result = read_text(&name, &object, "name");
	if (result == ROW_OK)
		result = read_flag(&subdomains, &object, "subdomains");
	if (result == ROW_OK)
		result = csp_import_read_domain(out, import, name, subdomains);
	return result;
}

static enum row_result read_domains(const struct directory_name **out, size_t *count,
				    const struct object *object)
{
	const json_t *list;
	enum row_result result = find_list(&list, object, "domains");
	struct directory_name *items;

	*count = json_array_size(list);
	items = csp_arena_alloc(&object->import->arena, *count, sizeof(*items));
	if (!items)
		return ROW_NO_MEMORY;
	for (size_t i = 0; i < *count && result == ROW_OK; i++)
		result = read_domain(&items[i], object->import, json_array_get(list, i));
	*out = items;
	return result;
}

static enum row_result read_time(int64_t *out, const struct object *object, const char *name)
{
	struct span text;
	enum row_result result = read_text(&text, object, name);

	if (result != ROW_OK || !json_object_get(object->json, name))
		return result;
	if (csp_when_parse(out, text))
		return ROW_OK;
	return csp_import_why(object->import,
			      "\"%s\" is neither a date like 2026-11-23 nor a time of RFC 3339",
			      name);
}

static enum row_result read_role(enum partner_role *out, const struct object *object)
{
	struct span name;
	enum row_result result = read_text(&name, object, "role");

	if (result != ROW_OK || csp_role_find(out, name))
		return result;
	return csp_import_why(object->import,
			      "\"%.*s\" is no role: direct-bill, "
			      "indirect-provider or indirect-reseller",
			      IMPORT_QUOTED(name));
}

static enum row_result read_relation(struct relation *out, struct import *import, json_t *item)
{
	static const char *const fields[] = {"partner", "role", "products", "from", "until", NULL};
	struct object object = {import, item, "a relation to a partner"};

	if (!json_is_object(item))
		return csp_import_why(import, "\"partners\" holds something but objects");
	*out = (struct relation){.from = INT64_MIN, .until = INT64_MAX};
	enum row_result result = check_fields(&object, fields);
	if (result == ROW_OK)
		result = read_id(&out->partner, &object, "partner");
	if (result == ROW_OK)
		result = read_role(&out->role, &object);
	if (result == ROW_OK)
		result = read_texts(&out->products, &object, "products", take_text);
	if (result == ROW_OK)
		result = read_time(&out->from, &object, "from");
	if (result == ROW_OK)
		result = read_time(&out->until, &object, "until");
	if (result == ROW_OK && out->from >= out->until)
		return csp_import_why(import, "a relation to a partner ends before it begins");
	return result;
}

static enum row_result read_relations(struct customer *out, const struct object *object)
{
	const json_t *list;
	enum row_result result = find_list(&list, object, "partners");
	size_t count = json_array_size(list);
	struct relation *items = csp_arena_alloc(&object->import->arena, count, sizeof(*items));

	if (!items)
		return ROW_NO_MEMORY;
	for (size_t i = 0; i < count && result == ROW_OK; i++)
		result = read_relation(&items[i], object->import, json_array_get(list, i));
	out->relations = items;
	out->relation_count = count;
	return result;
}

static enum row_result read_cloud(struct span *out, const struct object *object)
{
	static const char *const clouds[] = {"", "commercial", "us-gov", "china"};
	enum row_result result = read_text(out, object, "cloud");

	for (size_t i = 0; i < sizeof(clouds) / sizeof(*clouds) && result == ROW_OK; i++) {
		if (csp_span_equal(*out, csp_span_from(clouds[i])))
			return ROW_OK;
	}
	if (result != ROW_OK)
		return result;
	return csp_import_why(object->import, "\"%.*s\" is no cloud: commercial, us-gov or china",
			      IMPORT_QUOTED(*out));
}

static enum row_result read_customer(const struct object *object)
{
	static const char *const fields[] = {"type",    "id",        "name",     "cloud",
					     "domains", "addresses", "partners", "direct_products",
					     "source",  NULL};
	struct customer_entry entry = {.ended = false};
	struct customer *customer = &entry.customer;
	enum row_result result = check_fields(object, fields);

	if (result == ROW_OK)
		result = read_id(&customer->id, object, "id");
	if (result == ROW_OK)
		result = read_text(&customer->name, object, "name");
	if (result == ROW_OK)
		result = read_cloud(&customer->cloud, object);
	if (result == ROW_OK)
		result = read_domains(&entry.domains, &entry.domain_count, object);
	if (result == ROW_OK)
		result = read_texts(&entry.addresses, object, "addresses", csp_import_read_address);
	if (result == ROW_OK)
		result = read_relations(customer, object);
	if (result == ROW_OK)
		result = read_texts(&customer->direct_products, object, "direct_products",
				    take_text);
	return result == ROW_OK ? csp_import_put_customer(object->import, &entry) : result;
}

static enum row_result read_networks(struct proofs *out, const struct object *object)
{
	struct spans texts = {0};
	enum row_result result = read_texts(&texts, object, "networks", take_text);

	if (result != ROW_OK)
		return result;
	struct network *items =
		csp_arena_alloc(&object->import->arena, texts.count, sizeof(*items));
	if (!items)
		return ROW_NO_MEMORY;
	for (size_t i = 0; i < texts.count; i++) {
		if (!csp_network_parse(&items[i], texts.items[i]))
			return csp_import_why(object->import, "\"%.*s\" is no network",
					      IMPORT_QUOTED(texts.items[i]));
	}
	out->networks = items;
	out->network_count = texts.count;
	return ROW_OK;
}

static enum row_result read_proofs(struct proofs *out, const struct object *partner)
{
	static const char *const fields[] = {"logins",        "networks",     "listeners",
					     "cert_subjects", "dkim_domains", NULL};
	struct object object = {partner->import, json_object_get(partner->json, "proofs"),
				"a proof"};

	if (!object.json)
		return ROW_OK;
	if (!json_is_object(object.json))
		return csp_import_why(partner->import, "\"proofs\" is not an object");
	enum row_result result = check_fields(&object, fields);
	if (result == ROW_OK)
		result = read_texts(&out->logins, &object, "logins", take_text);
	if (result == ROW_OK)
		result = read_networks(out, &object);
	if (result == ROW_OK)
		result = read_texts(&out->listeners, &object, "listeners", take_text);
	if (result == ROW_OK)
		result = read_texts(&out->cert_subjects, &object, "cert_subjects", take_text);
	if (result == ROW_OK)
		result = read_texts(&out->dkim_domains, &object, "dkim_domains", take_domain);
	return result;
}

/* As it is to be written to, not as a key. */
static enum row_result read_contact(struct span *out, const struct object *object)
{
	struct mailbox mailbox;
	struct span text;
	enum row_result result = read_text(&text, object, "contact");

	*out = SPAN_LIT("");
	if (result != ROW_OK || text.len == 0)
		return result;
	switch (csp_mailbox_parse(&mailbox, &object->import->arena, text)) {
	case MAILBOX_OK:
		return csp_mailbox_format(out, &object->import->arena, &mailbox) ? ROW_OK
										 : ROW_NO_MEMORY;
	case MAILBOX_NO_MEMORY:
		return ROW_NO_MEMORY;
	case MAILBOX_NULL:
	case MAILBOX_INVALID:
		break;
	}
	return csp_import_why(object->import, "\"%.*s\" is no address", IMPORT_QUOTED(text));
}

static enum row_result read_partner(const struct object *object)
{
	static const char *const fields[] = {"type",    "id",     "name",           "aliases",
					     "domains", "proofs", "bounce_domains", "contact",
					     "source",  NULL};
	struct partner_entry entry = {.domain_count = 0};
	struct partner *partner = &entry.partner;
	enum row_result result = check_fields(object, fields);

	if (result == ROW_OK)
		result = read_id(&partner->id, object, "id");
	if (result == ROW_OK)
		result = read_text(&partner->name, object, "name");
	if (result == ROW_OK)
		result = read_texts(&entry.aliases, object, "aliases", csp_import_read_id);
	if (result == ROW_OK)
		result = read_domains(&entry.domains, &entry.domain_count, object);
	if (result == ROW_OK)
		result = read_texts(&entry.bounce_domains, object, "bounce_domains", take_domain);
	if (result == ROW_OK)
		result = read_proofs(&partner->proofs, object);
	if (result == ROW_OK)
		result = read_contact(&partner->contact, object);
	return result == ROW_OK ? csp_import_put_partner(object->import, &entry) : result;
}

static enum row_result read_exclusion(const struct object *object)
{
	static const char *const fields[] = {"type", "domain", "source", NULL};
	struct span text, domain;
	enum row_result result = check_fields(object, fields);

	if (result == ROW_OK)
		result = read_text(&text, object, "domain");
	if (result == ROW_OK)
		result = take_domain(&domain, object->import, text);
	return result == ROW_OK ? csp_import_put_exclusion(object->import, domain) : result;
}

static const struct {
	const char *type, *what;
	enum row_result (*read)(const struct object *object);
} types[] = {
	{"customer", "a customer", read_customer},
	{"partner", "a partner", read_partner},
	{"exclusion", "an exclusion", read_exclusion},
};

#define TYPE_COUNT (sizeof(types) / sizeof(*types))

static size_t find_type(json_t *row)
{
	const char *type = json_string_value(json_object_get(row, "type"));
	size_t i = 0;

	while (i < TYPE_COUNT && (!type || strcmp(type, types[i].type) != 0))
		i++;
	return i;
}

bool csp_import_json_is_own(json_t *row)
{
	return find_type(row) < TYPE_COUNT;
}

enum row_result csp_import_json_own(struct import *import, json_t *row)
{
	size_t type = find_type(row);

	if (type == TYPE_COUNT)
		return csp_import_why(import,
				      "\"type\" is none of customer, partner and exclusion");
	struct object object = {import, row, types[type].what};
	enum row_result result = read_text(&import->row_source, &object, "source");
	if (result != ROW_OK)
		return result;
	if (json_object_get(row, "source") && import->row_source.len == 0)
		return csp_import_why(import, "\"source\" is empty: leave it out, or name one");
	return types[type].read(&object);
}
