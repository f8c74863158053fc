#include <string.h>

#include "import_json.h"

struct customer_entry csp_import_json_customer(struct span id)
{
	return (struct customer_entry){
		.customer = {.id = id, .name = SPAN_LIT(""), .cloud = SPAN_LIT("")},
	};
}

struct relation csp_import_json_relation(struct span partner, enum partner_role role)
{
	return (struct relation){
		.partner = partner,
		.role = role,
		.from = INT64_MIN,
		.until = INT64_MAX,
	};
}

enum row_result csp_import_json_exporter(struct relation *out, const struct import *import)
{
	*out = csp_import_json_relation(import->exporter, import->settings->role);
	return import->exporter.len ? ROW_OK : ROW_NEEDS_PARTNER;
}

static enum row_result need_customer(struct import *import, const char *what)
{
	if (import->customer.len > 0)
		return ROW_OK;
	return csp_import_why(import,
			      "%s, and whose it is is not said: name the customer, or keep its "
			      "GUID in the file's name",
			      what);
}

/* ---- domains ---- */

/* Collects the domains of one customer; what has no dot receives no mail from here, as the "domain" of an example. */
struct domains {
	struct import *import;
	struct directory_name *items;
	size_t count;
};

static enum row_result add_domain(struct domains *domains, struct span text)
{
	struct directory_name name = {.name = SPAN_LIT("")};

	if (text.len == 0)
		return ROW_OK;
	enum row_result result = csp_import_read_domain(&name, domains->import, text, false);
	if (result != ROW_OK)
		return result;
	if (csp_span_find(name.name, '.') == name.name.len) {
		csp_import_warn(domains->import, "\"%.*s\" is no mail domain: it was left out",
				IMPORT_QUOTED(text));
		return ROW_OK;
	}
	/* The custom domains repeat the primary one. */
	if (domains->count == 0 || !csp_span_equal(domains->items[0].name, name.name))
		domains->items[domains->count++] = name;
	return ROW_OK;
}

/* The primary one, and a list of texts. */
static enum row_result add_domains(struct domains *domains, struct span primary, const json_t *list)
{
	size_t count = json_array_size(list);

	domains->items =
		csp_arena_alloc(&domains->import->arena, count + 1, sizeof(*domains->items));
	if (!domains->items)
		return ROW_NO_MEMORY;
	enum row_result result = add_domain(domains, primary);
	for (size_t i = 0; i < count && result == ROW_OK; i++) {
		const json_t *item = json_array_get(list, i);
		if (!json_is_string(item))
			return csp_import_why(domains->import,
					      "\"customDomains\" holds something but texts");
		result = add_domain(domains, csp_span_trim(csp_import_json_span(item)));
	}
	return result;
}

/* An element of customDomains, or all of a file that names nobody. */
static enum row_result read_bare_domain(struct import *import, const json_t *text)
{
	struct customer_entry entry = csp_import_json_customer(import->customer);
	struct domains domains = {.import = import};
	enum row_result result = need_customer(import, "a domain alone");

	if (result == ROW_OK)
		result = add_domains(&domains, csp_span_trim(csp_import_json_span(text)), NULL);
	if (result != ROW_OK)
		return result;
	entry.domains = domains.items;
	entry.domain_count = domains.count;
	return csp_import_put_customer(import, &entry);
}

/* ---- customers ---- */

enum customer_member {
	CUSTOMER_ID,
	CUSTOMER_PROFILE,
	CUSTOMER_RELATIONSHIP,
	CUSTOMER_DOMAINS,
	CUSTOMER_RESELLER,
	CUSTOMER_MEMBERS
};
enum profile_member { PROFILE_ID, PROFILE_DOMAIN, PROFILE_NAME, PROFILE_MEMBERS };

struct rest_customer {
	struct json_member members[CUSTOMER_MEMBERS];
	struct json_member profile[PROFILE_MEMBERS];
	bool resale, ended;
	bool id_is_null;
};

static enum row_result find_members(struct rest_customer *out, struct import *import, json_t *row)
{
	static const struct json_member members[CUSTOMER_MEMBERS] = {
		[CUSTOMER_ID] = {.name = "id"},
		[CUSTOMER_PROFILE] = {.name = "companyProfile"},
		[CUSTOMER_RELATIONSHIP] = {.name = "relationshipToPartner"},
		[CUSTOMER_DOMAINS] = {.name = "customDomains"},
		[CUSTOMER_RESELLER] = {.name = "associatedPartnerId"},
	};
	static const struct json_member profile[PROFILE_MEMBERS] = {
		[PROFILE_ID] = {.name = "tenantId"},
		[PROFILE_DOMAIN] = {.name = "domain"},
		[PROFILE_NAME] = {.name = "companyName"},
	};

	memcpy(out->members, members, sizeof(members));
	memcpy(out->profile, profile, sizeof(profile));
	csp_import_json_find(out->members, CUSTOMER_MEMBERS, row);
	const struct json_member *found = out->members;
	if (found[CUSTOMER_PROFILE].value && !json_is_object(found[CUSTOMER_PROFILE].value))
		return csp_import_why(import, "\"companyProfile\" is not an object");
	if (found[CUSTOMER_DOMAINS].value && !json_is_array(found[CUSTOMER_DOMAINS].value))
		return csp_import_why(import, "\"customDomains\" is not a list");
	csp_import_json_find(out->profile, PROFILE_MEMBERS, found[CUSTOMER_PROFILE].value);
	return ROW_OK;
}

static bool has_null_id(json_t *row)
{
	return json_is_null(json_object_get(row, "id")) || json_is_null(json_object_get(row, "Id"));
}

/* A customer that was removed has lost all but the end of its relation: the file says who it was. */
static enum row_result read_customer_id(struct span *out, struct import *import,
					const struct rest_customer *customer)
{
	const struct json_member *id = &customer->members[CUSTOMER_ID];
	bool removed = customer->ended && !customer->members[CUSTOMER_PROFILE].value;

	if (id->value)
		return csp_import_json_needed_id(out, import, id);
	if (removed) {
		*out = import->customer;
		return need_customer(import, "a customer that was removed");
	}
	if (customer->id_is_null)
		return csp_import_why(import, "\"id\" is null");
	return csp_import_json_needed_id(out, import, &customer->profile[PROFILE_ID]);
}

static enum row_result read_relationship(struct rest_customer *out, struct import *import)
{
	const struct json_member *member = &out->members[CUSTOMER_RELATIONSHIP];
	struct span text;
	enum row_result result = csp_import_json_text(&text, import, member);

	if (result == ROW_OK && text.len == 0)
		return csp_import_why(import, "\"%s\" is missing", member->name);
	if (result == ROW_OK)
		result = csp_import_read_relationship(&out->resale, &out->ended, import, text);
	return result;
}

/* To the exporter, and to the reseller that it sells through. */
static enum row_result read_relations(struct relation out[2], size_t *count, struct import *import,
				      const struct rest_customer *customer)
{
	struct span reseller = SPAN_LIT("");

	*count = 0;
	if (!customer->resale)
		return ROW_OK;
	enum row_result result = csp_import_json_exporter(&out[0], import);
	if (result == ROW_OK)
		result = csp_import_json_id(&reseller, import,
					    &customer->members[CUSTOMER_RESELLER]);
	if (result != ROW_OK)
		return result;
	out[1] = csp_import_json_relation(reseller, ROLE_INDIRECT_RESELLER);
	*count = reseller.len == 0 || csp_span_equal(reseller, out[0].partner) ? 1 : 2;
	return ROW_OK;
}

static enum row_result read_customer(struct import *import, json_t *row)
{
	struct rest_customer customer = {.id_is_null = has_null_id(row)};
	struct customer_entry entry = csp_import_json_customer(SPAN_LIT(""));
	struct domains domains = {.import = import};
	struct relation relations[2];
	struct span primary = SPAN_LIT("");

	enum row_result result = find_members(&customer, import, row);
	if (result == ROW_OK)
		result = read_relationship(&customer, import);
	if (result == ROW_OK)
		result = read_customer_id(&entry.customer.id, import, &customer);
	if (result == ROW_OK)
		result = csp_import_json_text(&entry.customer.name, import,
					      &customer.profile[PROFILE_NAME]);
	if (result == ROW_OK)
		result = csp_import_json_text(&primary, import, &customer.profile[PROFILE_DOMAIN]);
	if (result == ROW_OK)
		result = add_domains(&domains, primary, customer.members[CUSTOMER_DOMAINS].value);
	if (result == ROW_OK)
		result = read_relations(relations, &entry.customer.relation_count, import,
					&customer);
	if (result != ROW_OK)
		return result;
	entry.customer.relations = relations;
	entry.domains = domains.items;
	entry.domain_count = domains.count;
	entry.ended = customer.ended;
	return csp_import_put_customer(import, &entry);
}

/* ---- partners ---- */

static enum row_result put_partner(struct import *import, struct span id, struct span name,
				   struct span alias)
{
	const struct partner_entry entry = {
		.partner = {.id = id, .name = name, .contact = SPAN_LIT("")},
		.aliases = {&alias, alias.len > 0},
	};

	return csp_import_put_partner(import, &entry);
}

/* What the other is to customers, by what the exporter is to it. */
static enum row_result read_relationship_type(enum partner_role *out, struct import *import,
					      struct span text)
{
	static const struct {
		struct span name;
		enum partner_role role;
	} types[] = {
		{SPAN_INIT("is_indirect_cloud_solution_provider_of"), ROLE_INDIRECT_RESELLER},
		{SPAN_INIT("is_indirect_reseller_of"), ROLE_INDIRECT_PROVIDER},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (csp_span_equal_nocase(types[i].name, text)) {
			*out = types[i].role;
			return ROW_OK;
		}
	}
	return csp_import_why(import, "the relationship \"%.*s\" is not known",
			      IMPORT_QUOTED(text));
}

static enum row_result put_relation(struct import *import, struct span partner,
				    enum partner_role role)
{
	struct customer_entry entry = csp_import_json_customer(import->customer);
	const struct relation relation = csp_import_json_relation(partner, role);

	entry.customer.relations = &relation;
	entry.customer.relation_count = 1;
	return csp_import_put_customer(import, &entry);
}

static enum row_result read_partner_relationship(struct import *import, json_t *row)
{
	enum { ID, NAME, TYPE, STATE, ALIAS, MEMBERS };
	struct json_member members[MEMBERS] = {
		[ID] = {.name = "id"},       [NAME] = {.name = "name"},
		[STATE] = {.name = "state"}, [TYPE] = {.name = "relationshipType"},
		[ALIAS] = {.name = "mpnId"},
	};
	struct span id = SPAN_LIT(""), name = SPAN_LIT(""), type, state, alias = SPAN_LIT("");
	enum partner_role role = ROLE_INDIRECT_RESELLER;

	csp_import_json_find(members, MEMBERS, row);
	enum row_result result = csp_import_json_text(&type, import, &members[TYPE]);
	if (result == ROW_OK)
		result = read_relationship_type(&role, import, type);
	if (result == ROW_OK)
		result = csp_import_json_needed_id(&id, import, &members[ID]);
	if (result == ROW_OK)
		result = csp_import_json_text(&name, import, &members[NAME]);
	if (result == ROW_OK)
		result = csp_import_json_id(&alias, import, &members[ALIAS]);
	if (result == ROW_OK)
		result = csp_import_json_text(&state, import, &members[STATE]);
	if (result != ROW_OK)
		return result;
	if (state.len > 0 && !csp_span_equal_nocase(state, SPAN_LIT("Active"))) {
		csp_import_warn(import, "left out: the relationship is \"%.*s\"",
				IMPORT_QUOTED(state));
		return ROW_OK;
	}
	result = put_partner(import, id, name, alias);
	if (result == ROW_OK && import->customer.len > 0)
		result = put_relation(import, id, role);
	return result;
}

/* Who supports a customer does not bill it: no relation. */
static enum row_result read_support_contact(struct import *import, json_t *row)
{
	enum { ID, NAME, ALIAS, MEMBERS };
	struct json_member members[MEMBERS] = {
		[ID] = {.name = "supportTenantId"},
		[NAME] = {.name = "name"},
		[ALIAS] = {.name = "supportMpnId"},
	};
	struct span id = SPAN_LIT(""), name = SPAN_LIT(""), alias = SPAN_LIT("");

	csp_import_json_find(members, MEMBERS, row);
	enum row_result result = csp_import_json_needed_id(&id, import, &members[ID]);
	if (result == ROW_OK)
		result = csp_import_json_text(&name, import, &members[NAME]);
	if (result == ROW_OK)
		result = csp_import_json_id(&alias, import, &members[ALIAS]);
	return result == ROW_OK ? put_partner(import, id, name, alias) : result;
}

/* ---- Microsoft Graph ---- */

static enum row_result read_contract_type(bool *resale, struct import *import, struct span text)
{
	static const struct {
		struct span name;
		bool resale;
	} types[] = {
		{SPAN_INIT("ResellerPartner"), true},
		{SPAN_INIT("SyndicationPartner"), true},
		{SPAN_INIT("BreadthPartner"), false},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (csp_span_equal_nocase(types[i].name, text)) {
			*resale = types[i].resale;
			return ROW_OK;
		}
	}
	return csp_import_why(import, "the contract type \"%.*s\" is not known",
			      IMPORT_QUOTED(text));
}

static enum row_result read_contract(struct import *import, json_t *row)
{
	enum { ID, NAME, TYPE, DOMAIN, MEMBERS };
	struct json_member members[MEMBERS] = {
		[ID] = {.name = "customerId"},
		[NAME] = {.name = "displayName"},
		[TYPE] = {.name = "contractType"},
		[DOMAIN] = {.name = "defaultDomainName"},
	};
	struct customer_entry entry = csp_import_json_customer(SPAN_LIT(""));
	struct domains domains = {.import = import};
	struct relation relation;
	struct span type, domain;
	bool resale = false;

	csp_import_json_find(members, MEMBERS, row);
	enum row_result result = csp_import_json_text(&type, import, &members[TYPE]);
	if (result == ROW_OK)
		result = read_contract_type(&resale, import, type);
	if (result == ROW_OK)
		result = csp_import_json_needed_id(&entry.customer.id, import, &members[ID]);
	if (result == ROW_OK)
		result = csp_import_json_text(&entry.customer.name, import, &members[NAME]);
	if (result == ROW_OK)
		result = csp_import_json_text(&domain, import, &members[DOMAIN]);
	if (result == ROW_OK)
		result = add_domains(&domains, domain, NULL);
	if (result == ROW_OK && resale)
		result = csp_import_json_exporter(&relation, import);
	if (result != ROW_OK)
		return result;
	entry.customer.relations = &relation;
	entry.customer.relation_count = resale;
	entry.domains = domains.items;
	entry.domain_count = domains.count;
	return csp_import_put_customer(import, &entry);
}

static enum row_result refuse_delegated_admin(struct import *import, json_t *row)
{
	(void)row;
	return csp_import_why(import, "it shows admin access, not who bills");
}

/* ---- what a row is ---- */

/* The first of which a row has a name; the last two need both. */
static const struct {
	const char *name, *also;
	enum row_result (*read)(struct import *import, json_t *row);
} kinds[] = {
	{"companyProfile", NULL, read_customer},
	{"relationshipToPartner", NULL, read_customer},
	{"relationshipType", NULL, read_partner_relationship},
	{"supportTenantId", NULL, read_support_contact},
	{"sourcePartnerTenantId", NULL, csp_import_json_transfer},
	{"targetPartnerTenantId", NULL, csp_import_json_transfer},
	{"contractType", NULL, read_contract},
	{"offerId", NULL, csp_import_json_subscription},
	{"offerName", NULL, csp_import_json_subscription},
	{"accessDetails", NULL, refuse_delegated_admin},
	{"tenantId", "displayName", refuse_delegated_admin},
};

/* Members that are null count: a removed customer has little else. */
static bool has_name(json_t *object, const char *name)
{
	const char *other;
	json_t *value;

	if (!name)
		return true;
	json_object_foreach(object, other, value)
	{
		if (csp_span_equal_nocase(csp_span_from(other), csp_span_from(name)))
			return true;
	}
	return false;
}

enum row_result csp_import_json_rest(struct import *import, json_t *row)
{
	if (json_is_string(row))
		return read_bare_domain(import, row);
	if (!json_is_object(row))
		return csp_import_why(import, "a row is an object, or a domain as a text");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (has_name(row, kinds[i].name) && has_name(row, kinds[i].also))
			return kinds[i].read(import, row);
	}
	return csp_import_why(import,
			      "neither ours (with a \"type\": customer, partner or exclusion) nor "
			      "a row of Partner Center or Graph that is known");
}
