#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "directory_verb.h"
#include "import.h"
#include "report.h"
#include "version.h"

#define GET_ARENA ((size_t)256 << 20)
#define GET_TEXT  ((size_t)256 << 20)

static const char help[] =
	"Usage: csp-milterctl directory get [OPTION]... KEY\n"
	"What the directory says of an address, a domain, or a party's id (or alias):\n"
	"whose it is and why, and what each source says of the party. The status is 1\n"
	"when it is nobody's.\n"
	"\n"
	"  -c, --config FILE      the configuration that names the directory\n"
	"                         (" CSP_CONF_PATH ")\n"
	"      --path DIR         the directory's folder, whatever the configuration says\n"
	"      --json             one JSON object (schema csp-milter/directory-get/2)\n"
	"  -h, --help             this text\n";

/* Why the answer is what it is. */
enum why {
	WHY_UNKNOWN,
	WHY_ADDRESS,
	WHY_DOMAIN,
	WHY_SUBDOMAIN,
	WHY_PARTNER,
	WHY_ID,
	WHY_ALIAS,
	WHY_EXCLUSION,
	WHY_PARENT,
	WHY_PUBLIC,
	WHY_TENANT
};

static const struct {
	const char *name;
	const char *before, *after; /* of the entry that answers */
} whys[] = {
	[WHY_UNKNOWN] = {NULL, "not in the directory", NULL},
	[WHY_ADDRESS] = {"address", "a customer's, by this very address", NULL},
	[WHY_DOMAIN] = {"domain", "a customer's, by its domain ", ""},
	[WHY_SUBDOMAIN] = {"subdomain", "a customer's, by ", ", which counts its sub-domains"},
	[WHY_PARTNER] = {"partner-domain", "a partner's own domain, never a customer's", NULL},
	[WHY_ID] = {"id", "by its id", NULL},
	[WHY_ALIAS] = {"alias", "a partner, by an alias", NULL},
	[WHY_EXCLUSION] = {"exclusion", "nobody's: ", " is excluded"},
	[WHY_PARENT] = {"parent-domain",
			"not in the directory: ", " is, but does not count its sub-domains"},
	[WHY_PUBLIC] = {"public-domain",
			"not in the directory: a public mail domain, where only exact addresses "
			"can be a customer's",
			NULL},
	[WHY_TENANT] = {"tenant-domain",
			"not in the directory: a name that a cloud gives to one tenant, which is "
			"none of the customers here",
			NULL},
};

struct shown {
	enum entry_type type;
	struct span id, name;
	struct directory_statements statements;
};

/* One question and its answer. All of it lives in the arena. */
struct answer {
	const struct place *place;
	struct arena arena;
	struct span canonical; /* as looked up */
	enum why why;
	struct span key; /* the entry that answers */
	const struct span *sources;
	size_t source_count; /* that say so */
	const struct shown *parties;
	size_t party_count;
};

static bool is_known(const struct answer *answer)
{
	return answer->party_count > 0;
}

/* ---- asking ---- */

static enum found add_party(struct answer *answer, struct shown *parties, enum entry_type type,
			    struct span id, struct span name)
{
	struct shown *party = &parties[answer->party_count];

	*party = (struct shown){.type = type, .id = id, .name = name};
	enum found found = csp_directory_statements(&party->statements, answer->place->read,
						    &answer->arena, type, id);
	if (found != FOUND)
		return COULD_NOT_TELL;
	answer->parties = parties;
	answer->party_count++;
	return FOUND;
}

static enum found add_parties(struct answer *answer, const struct customers *customers,
			      const struct partners *partners)
{
	struct shown *parties = csp_arena_alloc(&answer->arena, customers->count + partners->count,
						sizeof(*parties));
	enum found found = parties ? FOUND : COULD_NOT_TELL;

	for (size_t i = 0; i < customers->count && found == FOUND; i++)
		found = add_party(answer, parties, ENTRY_CUSTOMER, customers->items[i].id,
				  customers->items[i].name);
	for (size_t i = 0; i < partners->count && found == FOUND; i++)
		found = add_party(answer, parties, ENTRY_PARTNER, partners->items[i]->id,
				  partners->items[i]->name);
	return found;
}

static bool has_domain(const struct directory_name *domains, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++) {
		if (csp_span_equal(domains[i].name, name))
			return true;
	}
	return false;
}

static bool has_name(const struct directory_entry *entry, struct span name)
{
	const struct customer_entry *customer = &entry->customer;
	const struct partner_entry *partner = &entry->partner;

	if (entry->type == ENTRY_CUSTOMER)
		return has_domain(customer->domains, customer->domain_count, name) ||
		       csp_spans_hold(customer->addresses, name);
	return has_domain(partner->domains, partner->domain_count, name) ||
	       csp_spans_hold(partner->bounce_domains, name);
}

/* The sources that give the parties the name which answered. */
static bool find_sources(struct answer *answer)
{
	struct spans found = {0};
	void *items = NULL;
	size_t cap = 0;

	for (size_t i = 0; i < answer->party_count; i++) {
		const struct directory_statements *all = &answer->parties[i].statements;
		for (size_t k = 0; k < all->count; k++) {
			if (!has_name(&all->items[k].entry, answer->key) ||
			    csp_spans_hold(found, all->items[k].source))
				continue;
			if (!csp_arena_grow(&answer->arena, &items, &cap, found.count,
					    sizeof(struct span)))
				return false;
			((struct span *)items)[found.count++] = all->items[k].source;
			found.items = items;
		}
	}
	answer->sources = found.items;
	answer->source_count = found.count;
	return true;
}

static struct span parent_of(struct span domain)
{
	struct span label, rest;

	csp_span_split(&label, &rest, domain, '.');
	return rest;
}

/* A look-up does not say which name made a domain a partner's: the nearest that one of them has. */
static void find_partner_key(struct answer *answer, struct span domain)
{
	for (struct span key = domain; key.len > 0; key = parent_of(key)) {
		answer->key = key;
		if (find_sources(answer) && answer->source_count > 0)
			return;
	}
}

/* A parent that is a customer's and whose sub-domains do not count is what people wonder about. */
static enum found explain_absence(struct answer *answer, struct span domain)
{
	const struct conf *conf = answer->place->conf;
	struct customers customers;
	enum found found = NOT_FOUND;

	if (conf && csp_spans_hold_domain_sorted(conf->pack.public_domains, domain)) {
		answer->why = WHY_PUBLIC;
		return NOT_FOUND;
	}
	if (conf && csp_spans_hold_domain_sorted(conf->pack.tenant_domains, domain)) {
		answer->why = WHY_TENANT;
		return NOT_FOUND;
	}
	for (struct span parent = parent_of(domain); parent.len > 0 && found == NOT_FOUND;
	     parent = parent_of(parent)) {
		found = csp_directory_find_customers(&customers, answer->place->read,
						     &answer->arena, SPAN_LIT(""), parent);
		answer->key = parent;
	}
	if (found == FOUND)
		answer->why = WHY_PARENT;
	else
		answer->key = SPAN_LIT("");
	return found == COULD_NOT_TELL ? found : NOT_FOUND;
}

static enum found explain_exclusion(struct answer *answer)
{
	struct spans sources;

	answer->why = WHY_EXCLUSION;
	enum found found =
		csp_directory_exclusion(&sources, answer->place->read, &answer->arena, answer->key);
	answer->sources = sources.items;
	answer->source_count = sources.count;
	return found == FOUND ? NOT_FOUND : COULD_NOT_TELL;
}

static enum found explain(struct answer *answer, const struct customers *customers,
			  struct span address_key, struct span domain)
{
	answer->key = customers->key;
	if (customers->excluded)
		return explain_exclusion(answer);
	if (!is_known(answer))
		return explain_absence(answer, domain);
	if (customers->count == 0) {
		answer->why = WHY_PARTNER;
		find_partner_key(answer, domain);
		return FOUND;
	}
	if (csp_span_equal(answer->key, domain))
		answer->why = WHY_DOMAIN;
	else
		answer->why =
			csp_span_equal(answer->key, address_key) ? WHY_ADDRESS : WHY_SUBDOMAIN;
	return find_sources(answer) ? FOUND : COULD_NOT_TELL;
}

static enum found ask_domain(struct answer *answer, struct span address_key, struct span domain)
{
	struct directory_read *read = answer->place->read;
	struct customers customers;
	struct partners partners;

	if (csp_directory_find_customers(&customers, read, &answer->arena, address_key, domain) ==
		    COULD_NOT_TELL ||
	    csp_directory_find_partners(&partners, read, &answer->arena, domain, true) ==
		    COULD_NOT_TELL ||
	    add_parties(answer, &customers, &partners) == COULD_NOT_TELL)
		return COULD_NOT_TELL;
	return explain(answer, &customers, address_key, domain);
}

static enum found ask_address(struct answer *answer, struct span text)
{
	struct mailbox mailbox;
	enum mailbox_result result = csp_mailbox_parse(&mailbox, &answer->arena, text);

	if (result != MAILBOX_OK)
		return result == MAILBOX_NO_MEMORY ? COULD_NOT_TELL : NOT_FOUND;
	if (!csp_mailbox_key(&answer->canonical, &answer->arena, &mailbox,
			     answer->place->address_separators))
		return COULD_NOT_TELL;
	return ask_domain(answer, answer->canonical, mailbox.domain);
}

static enum found ask_id(struct answer *answer, struct span text)
{
	struct directory_read *read = answer->place->read;
	struct shown *parties = csp_arena_alloc(&answer->arena, 2, sizeof(*parties));
	char buffer[IMPORT_ID_MAX];
	const struct customer *customer;
	const struct partner *partner;
	struct span id;
	enum found found = FOUND;

	if (!csp_import_id(&id, buffer, text))
		return NOT_FOUND;
	if (!parties || !csp_arena_copy(&answer->arena, &id, id) ||
	    csp_directory_customer(&customer, read, &answer->arena, id) == COULD_NOT_TELL ||
	    csp_directory_partner(&partner, read, &answer->arena, id) == COULD_NOT_TELL)
		return COULD_NOT_TELL;
	if (!customer && !partner)
		return NOT_FOUND;
	answer->canonical = id;
	answer->why = !customer && !csp_span_equal(partner->id, id) ? WHY_ALIAS : WHY_ID;
	if (customer)
		found = add_party(answer, parties, ENTRY_CUSTOMER, customer->id, customer->name);
	if (partner && found == FOUND)
		found = add_party(answer, parties, ENTRY_PARTNER, partner->id, partner->name);
	return found;
}

/* What is no address can be an id and a domain; an id is what more people mean by it. */
static enum found ask(struct answer *answer, struct span text)
{
	struct span domain;

	if (csp_span_find(text, '@') < text.len)
		return ask_address(answer, text);
	enum found found = ask_id(answer, text);
	if (found != NOT_FOUND)
		return found;
	enum mailbox_result result = csp_domain_canonical(&domain, &answer->arena, text);
	if (result != MAILBOX_OK)
		return result == MAILBOX_NO_MEMORY ? COULD_NOT_TELL : NOT_FOUND;
	answer->canonical = domain;
	return ask_domain(answer, SPAN_LIT(""), domain);
}

/* ---- telling ---- */

static void write_party_json(struct json *json, const struct shown *party)
{
	csp_json_object(json);
	csp_json_text_at(json, "id", party->id);
	csp_json_text_or_null_at(json, "name", party->name);
	csp_json_key(json, "sources");
	csp_json_array(json);
	for (size_t i = 0; i < party->statements.count; i++) {
		const struct directory_statement *statement = &party->statements.items[i];
		csp_json_object(json);
		csp_json_text_at(json, "source", statement->source);
		csp_json_key(json, "entry");
		csp_json_object(json);
		csp_directory_show_entry(json, &statement->entry);
		csp_json_object_end(json);
		csp_json_object_end(json);
	}
	csp_json_array_end(json);
	csp_json_object_end(json);
}

static void write_parties_json(struct json *json, const struct answer *answer, enum entry_type type,
			       const char *name)
{
	csp_json_key(json, name);
	csp_json_array(json);
	for (size_t i = 0; i < answer->party_count; i++) {
		if (answer->parties[i].type == type)
			write_party_json(json, &answer->parties[i]);
	}
	csp_json_array_end(json);
}

static const char *answer_word(const struct answer *answer)
{
	if (is_known(answer))
		return answer->parties[0].type == ENTRY_CUSTOMER ? "customer" : "partner";
	return answer->why == WHY_EXCLUSION ? "excluded" : "unknown";
}

static void write_json(struct buf *out, const struct answer *answer, const char *key)
{
	struct json json;

	csp_json_init(&json, out);
	csp_json_object(&json);
	csp_json_text_at(&json, "schema", SPAN_LIT("csp-milter/directory-get/2"));
	csp_json_text_at(&json, "key", csp_span_from(key));
	csp_json_text_or_null_at(&json, "canonical", answer->canonical);
	csp_json_text_at(&json, "answer", csp_span_from(answer_word(answer)));
	csp_json_text_or_null_at(&json, "why", csp_span_from(whys[answer->why].name));
	csp_json_text_or_null_at(&json, "found_under", answer->key);
	csp_json_texts_at(&json, "sources", answer->sources, answer->source_count);
	csp_json_number_at(&json, "state", (int64_t)csp_directory_state(answer->place->read));
	write_parties_json(&json, answer, ENTRY_CUSTOMER, "customers");
	write_parties_json(&json, answer, ENTRY_PARTNER, "partners");
	csp_json_object_end(&json);
	csp_buf_append_char(out, '\n');
}

static void write_headline(struct buf *out, const struct answer *answer, const char *key)
{
	csp_report_append_safe(out, answer->canonical.len ? answer->canonical : csp_span_from(key));
	csp_buf_append(out, SPAN_LIT(": "));
	if (answer->why == WHY_ID)
		csp_buf_append_format(out, "a %s, ", answer_word(answer));
	csp_buf_append(out, csp_span_from(whys[answer->why].before));
	if (whys[answer->why].after) {
		csp_report_append_safe(out, answer->key);
		csp_buf_append(out, csp_span_from(whys[answer->why].after));
	}
	for (size_t i = 0; i < answer->source_count; i++) {
		csp_buf_append(out, i ? SPAN_LIT(", ") : SPAN_LIT(" (source "));
		csp_report_append_safe(out, answer->sources[i]);
	}
	csp_buf_append(out, answer->source_count ? SPAN_LIT(")\n") : SPAN_LIT("\n"));
}

static void write_text(struct buf *out, const struct answer *answer, const char *key)
{
	write_headline(out, answer, key);
	for (size_t i = 0; i < answer->party_count; i++) {
		const struct shown *party = &answer->parties[i];
		csp_directory_show(out, party->type, party->id, party->name, &party->statements);
	}
}

static int print_answer(const struct answer *answer, const char *key, bool as_json)
{
	struct buf text;

	csp_buf_init(&text, GET_TEXT);
	if (as_json)
		write_json(&text, answer, key);
	else
		write_text(&text, answer, key);
	int status = csp_place_print(&text);
	csp_buf_dispose(&text);
	return status == EX_OK && !is_known(answer) ? 1 : status;
}

static int get(const struct place *place, const char *key, bool as_json)
{
	struct answer answer = {.place = place, .canonical = SPAN_LIT(""), .key = SPAN_LIT("")};
	int status;

	csp_arena_init(&answer.arena, GET_ARENA);
	if (ask(&answer, csp_span_from(key)) == COULD_NOT_TELL)
		status = csp_cli_directory_status(DIRECTORY_FAILED, place->path);
	else
		status = print_answer(&answer, key, as_json);
	csp_arena_dispose(&answer.arena);
	return status;
}

int csp_directory_verb_get(int argc, char **argv)
{
	bool as_json = false;
	const struct part_option options[] = {{"json", NULL, &as_json}, {NULL, NULL, NULL}};
	struct part part = {"directory get", help, options, .most = 1};
	int status;

	if (!csp_part_begin(&status, &part, argc, argv))
		return status;
	if (part.argument_count == 0)
		return csp_cli_usage(part.name, "which KEY? An address, a domain or a party's id");
	status = csp_place_read(&part.place);
	if (status == EX_OK)
		status = get(&part.place, part.arguments[0], as_json);
	csp_place_dispose(&part.place);
	return status;
}
