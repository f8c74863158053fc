#include "conf.h"

#include <stdlib.h>
#include <string.h>

#include "conf_check.h"
#include "conf_tables.h"
#include "pack_conf.h"
#include "policy_conf.h"
#include "roster_conf.h"

#define ARENA_MAX ((size_t)512 << 20)

/* The configuration as it is handed out; the arena holds all it points to. */
struct whole {
	struct conf conf;
	struct arena arena;
};

struct draft {
	struct conf conf;
	struct pack_draft packs;
	struct policy_draft policy;
};

static const char *failure_choice(const struct conf *conf, unsigned number)
{
	static const char *const names[] = {[FAILURE_TEMPFAIL] = "tempfail",
					    [FAILURE_FLAG_AND_PASS] = "flag-and-pass",
					    [FAILURE_ACCEPT] = "accept",
					    NULL};

	(void)conf;
	return names[number];
}

static const char *old_directory_choice(const struct conf *conf, unsigned number)
{
	return number == FAILURE_USE  ? "use"
	       : number < FAILURE_USE ? failure_choice(conf, number)
				      : NULL;
}

static bool check_category(const struct schema_place *place, struct span *text)
{
	if (csp_span_equal(*text, SPAN_LIT("other"))) {
		csp_schema_error(place, "'other' is there by itself, as the last category");
		return false;
	}
	return csp_check_name(place, text);
}

static bool store_category(const struct schema_place *place, const struct schema_value *value,
			   void *field)
{
	struct categories *categories = field;

	(void)place;
	categories->names[categories->count++] = value->text;
	return true;
}

/* The two that the rest of the program knows by name must be there. */
static bool complete_categories(const struct schema_place *place, void *field)
{
	struct categories *categories = field;
	bool subscription =
		csp_category_find(&categories->subscription, categories, SPAN_LIT("subscription"));
	bool incident = csp_category_find(&categories->incident, categories, SPAN_LIT("incident"));

	categories->other = categories->count;
	categories->names[categories->count++] = SPAN_LIT("other");
	if (subscription && incident)
		return true;
	csp_schema_error(place, "'%s' must be one of them",
			 subscription ? "incident" : "subscription");
	return false;
}

static bool store_fault_reply(const struct schema_place *place, const struct schema_value *value,
			      void *field)
{
	const char *why = csp_reply_parse(field, value->text, '4');

	if (why)
		csp_schema_error(place, "%s", why);
	return !why;
}

/* How facts of the MTA prove who a client is. */
#define CLIENT_PROOFS                                                                              \
	{.name = "logins",                                                                         \
	 .type = SCHEMA_TEXTS,                                                                     \
	 .max = 1000,                                                                              \
	 .fallback = "",                                                                           \
	 .offset = offsetof(struct proofs, logins)},                                               \
		{.name = "networks",                                                               \
		 .type = SCHEMA_TEXTS,                                                             \
		 .max = 256,                                                                       \
		 .fallback = "",                                                                   \
		 .store = csp_store_network},                                                      \
		{.name = "listeners",                                                              \
		 .type = SCHEMA_TEXTS,                                                             \
		 .max = 1000,                                                                      \
		 .fallback = "",                                                                   \
		 .offset = offsetof(struct proofs, listeners)},                                    \
	{                                                                                          \
		.name = "cert_subjects", .type = SCHEMA_TEXTS, .max = 1000, .fallback = "",        \
		.offset = offsetof(struct proofs, cert_subjects)                                   \
	}

const struct schema csp_client_settings[] = {
	CLIENT_PROOFS,
	{0},
};

/* The vendor can be proven by its signatures, too. */
static const struct schema vendor_proof_settings[] = {
	CLIENT_PROOFS,
	{.name = "dkim_domains",
	 .type = SCHEMA_TEXTS,
	 .max = 1000,
	 .fallback = "",
	 .check = csp_check_domain,
	 .offset = offsetof(struct proofs, dkim_domains)},
	{0},
};

static const char *auth_method_choice(const struct conf *conf, unsigned number)
{
	(void)conf;
	return number < AUTH_METHOD_COUNT ? csp_auth_method_name((enum auth_method)(1U << number))
					  : NULL;
}

/* Whether a value stands there, right or wrong: what was refused is not missing. */
static bool says_something(const config_setting_t *setting)
{
	bool list = setting &&
		    (setting->type == CONFIG_TYPE_GROUP || setting->type == CONFIG_TYPE_ARRAY ||
		     setting->type == CONFIG_TYPE_LIST);

	if (!list)
		return setting != NULL;
	for (int i = 0; i < config_setting_length(setting); i++) {
		if (says_something(config_setting_get_elem(setting, (unsigned)i)))
			return true;
	}
	return false;
}

static bool is_given(const struct schema_place *place, const char *name)
{
	return place->setting && says_something(config_setting_get_member(place->setting, name));
}

/* Half of it would prove nothing, or believe everybody. */
static const char *missing_in_authentication(const struct schema_place *place)
{
	bool ids = is_given(place, "authserv_ids");
	bool hops = is_given(place, "trusted_hops");
	bool proves = is_given(place, "partners") || is_given(place, "vendor");

	if (!ids && (hops || proves))
		return "'authserv_ids' must say whose results are believed";
	if (!hops && (ids || proves))
		return "'trusted_hops' must say which clients add them";
	if (!proves && (ids || hops))
		return "'partners' or 'vendor' must say what the results prove";
	return NULL;
}

static bool complete_authentication(const struct schema_place *place, void *field)
{
	const struct authentication_settings *settings = field;
	const struct conf *conf = csp_schema_reader(place)->conf;
	bool enabled = (settings->vendor & AUTH_DKIM) != 0;
	bool domains = conf->vendor.proofs.dkim_domains.count > 0;
	const char *wrong = missing_in_authentication(place);

	if (!wrong && enabled && !domains)
		wrong = "'dkim' in 'vendor' needs vendor.proofs.dkim_domains";
	if (!wrong && domains && !enabled)
		wrong = "vendor.proofs.dkim_domains prove nothing without 'dkim' in 'vendor'";
	if (wrong)
		csp_schema_error(place, "%s", wrong);
	return !wrong;
}

static const struct schema authentication_settings[] = {
	{.name = "authserv_ids",
	 .type = SCHEMA_TEXTS,
	 .max = 100,
	 .fallback = "",
	 .check = csp_check_domain,
	 .offset = offsetof(struct authentication_settings, authserv_ids)},
	{.name = "trusted_hops",
	 .type = SCHEMA_GROUP,
	 .group = csp_client_settings,
	 .offset = offsetof(struct authentication_settings, hops)},
	{.name = "below_received",
	 .type = SCHEMA_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct authentication_settings, below_received)},
	{.name = "partners",
	 .type = SCHEMA_CHOICES,
	 .max = AUTH_METHOD_COUNT,
	 .choice = auth_method_choice,
	 .fallback = "",
	 .offset = offsetof(struct authentication_settings, partners)},
	{.name = "vendor",
	 .type = SCHEMA_CHOICES,
	 .max = AUTH_METHOD_COUNT,
	 .choice = auth_method_choice,
	 .fallback = "",
	 .offset = offsetof(struct authentication_settings, vendor)},
	{0},
};

static const struct schema vendor_settings[] = {
	{.name = "domains",
	 .type = SCHEMA_TEXTS,
	 .max = 1000,
	 .check = csp_check_domain_pattern,
	 .fallback = "microsoft.com .microsoft.com microsoftonline.com .windowsazure.com",
	 .offset = offsetof(struct vendor, domains)},
	{.name = "bounce_domains",
	 .type = SCHEMA_TEXTS,
	 .max = 1000,
	 .fallback = "",
	 .check = csp_check_domain_pattern,
	 .offset = offsetof(struct vendor, bounce_domains)},
	{.name = "proofs",
	 .type = SCHEMA_GROUP,
	 .group = vendor_proof_settings,
	 .offset = offsetof(struct vendor, proofs)},
	{0},
};

static const struct schema outbound_settings[] = {
	{.name = "clients",
	 .type = SCHEMA_GROUP,
	 .group = csp_client_settings,
	 .offset = offsetof(struct conf, outbound.clients)},
	{.name = "except_clients",
	 .type = SCHEMA_GROUP,
	 .group = csp_client_settings,
	 .offset = offsetof(struct conf, outbound.except)},
	{0},
};

static const char *mixed_choice(const struct conf *conf, unsigned number)
{
	static const char *const names[] = {
		[MIXED_REJECT] = "reject", [MIXED_SPLIT] = "split", [MIXED_HOLD] = "hold", NULL};

	(void)conf;
	return names[number];
}

/* Who is taken out of a message is told by nobody else: the MTA has accepted it. */
static bool complete_mixed(const struct schema_place *place, void *field)
{
	const struct plan_settings *plan = field;
	const char *given = "";
	bool notify = plan->notify.len > 0;

	/* What was refused is not missing. */
	if (place->setting && config_setting_lookup_string(place->setting, "notify", &given) &&
	    *given)
		notify = true;
	if ((plan->mixed == MIXED_SPLIT) == notify)
		return true;
	csp_schema_error(
		place, notify ? "'notify' is for action = \"split\" alone"
			      : "action = \"split\" needs 'notify': the address that gets what was "
				"split, for nobody else learns of it");
	return false;
}

static const struct schema mixed_settings[] = {
	{.name = "action",
	 .type = SCHEMA_CHOICE,
	 .choice = mixed_choice,
	 .fallback = "reject",
	 .offset = offsetof(struct plan_settings, mixed)},
	{.name = "notify",
	 .type = SCHEMA_TEXT,
	 .fallback = "",
	 .check = csp_check_address,
	 .offset = offsetof(struct plan_settings, notify)},
	{0},
};

static const struct schema milter_settings[] = {
	{.name = "socket",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .check = csp_check_milter_socket,
	 .fallback = "unix:/run/csp-milter/csp-milter.sock",
	 .store = csp_store_cstr,
	 .offset = offsetof(struct conf_milter, socket)},
	{.name = "socket_mode",
	 .type = SCHEMA_TEXT,
	 .min = 3,
	 .max = 4,
	 .fallback = "0660",
	 .store = csp_store_mode,
	 .offset = offsetof(struct conf_milter, socket_mode)},
	{.name = "socket_group",
	 .type = SCHEMA_TEXT,
	 .max = 64,
	 .fallback = "",
	 .check = csp_check_account,
	 .store = csp_store_cstr,
	 .offset = offsetof(struct conf_milter, socket_group)},
	{.name = "user",
	 .type = SCHEMA_TEXT,
	 .max = 64,
	 .fallback = "",
	 .check = csp_check_account,
	 .store = csp_store_cstr,
	 .offset = offsetof(struct conf_milter, user)},
	{.name = "timeout",
	 .type = SCHEMA_NUMBER,
	 .min = 10,
	 .max = 7210,
	 .fallback = "330",
	 .offset = offsetof(struct conf_milter, timeout)},
	{.name = "drain",
	 .type = SCHEMA_NUMBER,
	 .min = 0,
	 .max = 3600,
	 .fallback = "30",
	 .offset = offsetof(struct conf_milter, drain)},
	{.name = "control_socket",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .check = csp_check_socket_path,
	 .fallback = "/run/csp-milter/control.sock",
	 .store = csp_store_cstr,
	 .offset = offsetof(struct conf_milter, control_socket)},
	{0},
};

static const struct schema directory_settings[] = {
	{.name = "path",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .check = csp_check_path,
	 .fallback = "/var/lib/csp-milter/directory",
	 .store = csp_store_cstr,
	 .offset = offsetof(struct conf, directory)},
	{.name = "single_partner_clouds",
	 .type = SCHEMA_TEXTS,
	 .max = 3,
	 .choice = csp_choice_cloud,
	 .fallback = "us-gov",
	 .offset = offsetof(struct conf, single_partner_clouds)},
	{.name = "address_separators",
	 .type = SCHEMA_TEXT,
	 .max = 19,
	 .fallback = "+",
	 .check = csp_check_separators,
	 .offset = offsetof(struct conf, address_separators)},
	{.name = "max_age",
	 .type = SCHEMA_NUMBER,
	 .min = 0,
	 .max = 87600,
	 .fallback = "0",
	 .offset = offsetof(struct conf, directory_max_age)},
	{0},
};

static const char *scope_choice(const struct conf *conf, unsigned number)
{
	static const char *const names[] = {[SCOPE_ALL] = "all",
					    [SCOPE_CUSTOMERS] = "customers",
					    [SCOPE_FLAGGED] = "flagged",
					    NULL};

	(void)conf;
	return names[number];
}

static const char *privacy_choice(const struct conf *conf, unsigned number)
{
	static const char *const names[] = {
		[PRIVACY_FULL] = "full", [PRIVACY_HASHED] = "hashed", NULL};

	(void)conf;
	return names[number];
}

static const struct schema journal_settings[] = {
	{.name = "path",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .check = csp_check_path,
	 .fallback = "/var/log/csp-milter/decisions.jsonl",
	 .store = csp_store_cstr,
	 .offset = offsetof(struct conf_journal, path)},
	{.name = "decisions",
	 .type = SCHEMA_CHOICE,
	 .choice = scope_choice,
	 .fallback = "all",
	 .offset = offsetof(struct conf_journal, scope)},
	{.name = "timeout",
	 .type = SCHEMA_NUMBER,
	 .min = 1,
	 .max = 300,
	 .fallback = "10",
	 .offset = offsetof(struct conf_journal, timeout)},
	{.name = "inputs",
	 .type = SCHEMA_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct conf_journal, inputs)},
	{.name = "privacy",
	 .type = SCHEMA_CHOICE,
	 .choice = privacy_choice,
	 .fallback = "full",
	 .offset = offsetof(struct conf_journal, privacy)},
	{.name = "privacy_key",
	 .type = SCHEMA_TEXT,
	 .check = csp_check_path_or_none,
	 .fallback = "",
	 .store = csp_store_cstr,
	 .offset = offsetof(struct conf_journal, privacy_key)},
	{0},
};

static const struct schema review_settings[] = {
	{.name = "marks",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .check = csp_check_path,
	 .fallback = "/var/lib/csp-milter-review/marks.db",
	 .store = csp_store_cstr,
	 .offset = offsetof(struct conf, marks)},
	{.name = "index",
	 .type = SCHEMA_TEXT,
	 .check = csp_check_path_or_none,
	 .fallback = "/var/lib/csp-milter-review/index.db",
	 .store = csp_store_cstr,
	 .offset = offsetof(struct conf, index)},
	{0},
};

static const struct schema limit_settings[] = {
	{.name = "header_bytes",
	 .type = SCHEMA_SIZE,
	 .min = 4096,
	 .max = 16777216,
	 .fallback = "1048576",
	 .offset = offsetof(struct message_limits, header_bytes)},
	{.name = "header_fields",
	 .type = SCHEMA_SIZE,
	 .min = 10,
	 .max = 100000,
	 .fallback = "10000",
	 .offset = offsetof(struct message_limits, header_fields)},
	{.name = "recipients",
	 .type = SCHEMA_SIZE,
	 .min = 1,
	 .max = 1000000,
	 .fallback = "50000",
	 .offset = offsetof(struct message_limits, recipients)},
	{.name = "mailboxes",
	 .type = SCHEMA_SIZE,
	 .min = 1,
	 .max = 1000,
	 .fallback = "100",
	 .offset = offsetof(struct message_limits, mailboxes)},
	{.name = "encoded_words",
	 .type = SCHEMA_SIZE,
	 .min = 10,
	 .max = 1000000,
	 .fallback = "10000",
	 .offset = offsetof(struct message_limits, encoded_words)},
	{0},
};

static const struct schema failure_settings[] = {
	{.name = "directory",
	 .type = SCHEMA_CHOICE,
	 .choice = failure_choice,
	 .fallback = "tempfail",
	 .offset = offsetof(struct conf, on_directory_failure)},
	{.name = "old_directory",
	 .type = SCHEMA_CHOICE,
	 .choice = old_directory_choice,
	 .fallback = "use",
	 .offset = offsetof(struct conf, on_old_directory)},
	{.name = "journal",
	 .type = SCHEMA_CHOICE,
	 .choice = failure_choice,
	 .fallback = "tempfail",
	 .offset = offsetof(struct conf, on_journal_failure)},
	{.name = "resources",
	 .type = SCHEMA_CHOICE,
	 .choice = failure_choice,
	 .fallback = "tempfail",
	 .offset = offsetof(struct conf, on_resource_failure)},
	{.name = "reply",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .store = store_fault_reply,
	 .fallback = "451 4.3.0 The message cannot be judged now, try again later (${decision})",
	 .offset = offsetof(struct conf, plan.fault_reply)},
	{0},
};

/*
 * Our own header first. Several packs may name a field of tags: the rules of tags are their names in small letters, so
 * that those of one name are equal.
 */
static bool store_removed_fields(const struct schema_place *place, const struct schema_value *value,
				 void *field)
{
	const struct conf_reader *reader = csp_schema_reader(place);
	const struct pack *pack = &reader->conf->pack;
	size_t tags = value->number ? pack->tag_count : 0;
	struct spans *removed = field;
	struct span *names = csp_arena_alloc(reader->arena, 1 + tags, sizeof(*names));

	if (!names)
		return csp_schema_no_memory(place);
	names[0] = reader->conf->flag_header;
	for (size_t i = 0; i < tags; i++)
		names[1 + i] = pack->tags[i].rule;
	csp_spans_sort(names + 1, tags);
	size_t count = 1;
	for (size_t i = 1; i <= tags; i++) {
		if (!csp_span_equal(names[count - 1], names[i]) &&
		    !csp_span_equal_nocase(names[0], names[i]))
			names[count++] = names[i];
	}
	*removed = (struct spans){names, count};
	return true;
}

/* Categories stand before the packs, which name them, and packs before what is made of them. */
static const struct schema classification_settings[] = {
	{.name = "categories",
	 .type = SCHEMA_TEXTS,
	 .min = 2,
	 .max = 15,
	 .check = check_category,
	 .fallback = "subscription incident operational",
	 .store = store_category,
	 .complete = complete_categories,
	 .offset = offsetof(struct draft, conf.categories)},
	{.name = "text_fields",
	 .type = SCHEMA_TEXTS,
	 .min = 1,
	 .max = 32,
	 .check = csp_check_field_name,
	 .fallback = "Subject Thread-Topic",
	 .offset = offsetof(struct draft, conf.text_fields)},
	{.name = "packs",
	 .type = SCHEMA_TEXTS,
	 .max = 1000,
	 .store = csp_pack_read,
	 .complete = csp_pack_complete,
	 .fallback = "categories packs",
	 .offset = offsetof(struct draft, packs)},
	{.name = "tag_sources",
	 .type = SCHEMA_GROUP,
	 .group = csp_client_settings,
	 .offset = offsetof(struct draft, conf.tag_sources)},
	{.name = "cache",
	 .type = SCHEMA_TEXT,
	 .check = csp_check_path_or_none,
	 .fallback = "/var/lib/csp-milter/phrases.cache",
	 .store = csp_store_cstr,
	 .offset = offsetof(struct draft, conf.phrase_cache)},
	{.name = "remove_untrusted_tags",
	 .type = SCHEMA_BOOL,
	 .fallback = "false",
	 .store = store_removed_fields,
	 .offset = offsetof(struct draft, conf.removed_fields)},
	{0},
};

/* The rules come last: they name categories and the lists of packs. */
const struct schema csp_conf_settings[] = {
	{.name = "mode",
	 .type = SCHEMA_CHOICE,
	 .choice = csp_choice_mode,
	 .fallback = "monitor",
	 .offset = offsetof(struct draft, conf.mode)},
	{.name = "own_domains",
	 .type = SCHEMA_TEXTS,
	 .max = 10000,
	 .fallback = "",
	 .check = csp_check_domain_pattern,
	 .offset = offsetof(struct draft, conf.policy.own_domains)},
	{.name = "vendor",
	 .type = SCHEMA_GROUP,
	 .group = vendor_settings,
	 .offset = offsetof(struct draft, conf.vendor)},
	{.name = "authentication_results",
	 .type = SCHEMA_GROUP,
	 .group = authentication_settings,
	 .complete = complete_authentication,
	 .offset = offsetof(struct draft, conf.authentication)},
	{.name = "outbound",
	 .type = SCHEMA_GROUP,
	 .group = outbound_settings,
	 .offset = offsetof(struct draft, conf)},
	{.name = "milter",
	 .type = SCHEMA_GROUP,
	 .group = milter_settings,
	 .offset = offsetof(struct draft, conf.milter)},
	{.name = "directory",
	 .type = SCHEMA_GROUP,
	 .group = directory_settings,
	 .offset = offsetof(struct draft, conf)},
	{.name = "journal",
	 .type = SCHEMA_GROUP,
	 .group = journal_settings,
	 .offset = offsetof(struct draft, conf.journal)},
	{.name = "review",
	 .type = SCHEMA_GROUP,
	 .group = review_settings,
	 .offset = offsetof(struct draft, conf)},
	{.name = "syslog_facility",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .max = 16,
	 .check = csp_check_facility,
	 .fallback = "mail",
	 .store = csp_store_cstr,
	 .offset = offsetof(struct draft, conf.syslog_facility)},
	{.name = "limits",
	 .type = SCHEMA_GROUP,
	 .group = limit_settings,
	 .offset = offsetof(struct draft, conf.limits)},
	{.name = "failure",
	 .type = SCHEMA_GROUP,
	 .group = failure_settings,
	 .offset = offsetof(struct draft, conf)},
	{.name = "flag_header",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .max = 64,
	 .check = csp_check_flag_header,
	 .fallback = "X-CSP-Policy",
	 .offset = offsetof(struct draft, conf.flag_header)},
	{.name = "help_url",
	 .type = SCHEMA_TEXT,
	 .max = 200,
	 .check = csp_check_url,
	 .fallback = "",
	 .offset = offsetof(struct draft, conf.plan.help_url)},
	{.name = "mixed_recipients",
	 .type = SCHEMA_GROUP,
	 .group = mixed_settings,
	 .complete = complete_mixed,
	 .offset = offsetof(struct draft, conf.plan)},
	{.name = "classification", .type = SCHEMA_GROUP, .group = classification_settings},
	{.name = "address_lists",
	 .type = SCHEMA_GROUPS,
	 .max = 1000,
	 .group = csp_roster_settings,
	 .each = csp_roster_read},
	{.name = "rules",
	 .type = SCHEMA_GROUPS,
	 .required = true,
	 .min = 1,
	 .max = 1000,
	 .group = csp_rule_settings,
	 .each = csp_policy_read_rule,
	 .offset = offsetof(struct draft, policy)},
	{0},
};

static void write_digest(char out[17], struct conf_reader *reader)
{
	unsigned char hash[crypto_generichash_BYTES];

	crypto_generichash_final(&reader->hash, hash, sizeof(hash));
	sodium_bin2hex(out, 17, hash, 8);
}

/* False only where the first file could not be read at all. */
static bool read_draft(struct draft *draft, struct conf_reader *reader, const char *path)
{
	struct conf_source source;
	bool there = true;

	if (csp_conf_source_read(&source, reader, csp_span_from(path),
				 (struct conf_origin){NULL, 0})) {
		struct schema_place root = {.source = &source,
					    .setting = config_root_setting(&source.config)};
		csp_schema_read(&root, csp_conf_settings, draft);
	} else {
		there = source.file != NULL;
	}
	csp_conf_source_dispose(&source);
	draft->conf.policy.rules = draft->policy.rules;
	draft->conf.policy.rule_count = draft->policy.count;
	draft->conf.pack_files = draft->packs.files;
	write_digest(draft->conf.digest, reader);
	return there;
}

static enum conf_result read_whole(struct whole *whole, const char *path, csp_conf_report *report,
				   void *context)
{
	struct draft draft = {.packs = {.files = 0}};
	struct conf_reader reader;
	enum conf_result result = CONF_NO_MEMORY;

	if (csp_conf_reader_init(&reader, &draft.conf, &whole->arena)) {
		bool there = read_draft(&draft, &reader, path);
		result = csp_conf_reader_finish(&reader, report, context);
		if (result == CONF_WRONG && !there)
			result = CONF_UNREADABLE;
	}
	csp_conf_reader_dispose(&reader);
	whole->conf = draft.conf;
	return result;
}

enum conf_result csp_conf_read(struct conf **out, const char *path, csp_conf_report *report,
			       void *context)
{
	struct whole *whole = malloc(sizeof(*whole));

	*out = NULL;
	if (!whole)
		return CONF_NO_MEMORY;
	csp_arena_init(&whole->arena, ARENA_MAX);
	enum conf_result result = read_whole(whole, path, report, context);
	if (result == CONF_OK)
		*out = &whole->conf;
	else
		csp_conf_free(&whole->conf);
	return result;
}

void csp_conf_free(struct conf *conf)
{
	/* The configuration is the first member of what was allocated. */
	struct whole *whole = (struct whole *)(void *)conf;

	if (!whole)
		return;
	csp_arena_dispose(&whole->arena);
	free(whole);
}
