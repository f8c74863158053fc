#include "policy_conf.h"

#include "conf_check.h"
#include "conf_tables.h"
#include "guess.h"
#include "roster_conf.h"
#include "when.h"

#include <sodium.h>

#define DEFAULT_REPLY                                                                              \
	"550 5.7.1 Mail of this kind may not be sent to this customer by this sender "             \
	"(${decision})"
#define DEFAULT_DEFERRAL                                                                           \
	"451 4.7.1 Mail of this kind may not be sent to this customer by this sender for the "     \
	"time being (${decision})"

/* Those that a block may ask for. */
static const enum action block_actions[] = {ACTION_REJECT, ACTION_QUARANTINE, ACTION_REDIRECT,
					    ACTION_TEMPFAIL};

static const char *sender_choice(const struct conf *conf, unsigned number)
{
	(void)conf;
	return number <= SENDER_OTHER ? csp_sender_kind_name((enum sender_kind)number) : NULL;
}

static const char *proof_choice(const struct conf *conf, unsigned number)
{
	(void)conf;
	return number <= PROOF_UNKNOWN ? csp_proof_name((enum proof)number) : NULL;
}

static const char *product_choice(const struct conf *conf, unsigned number)
{
	(void)conf;
	return number <= PRODUCT_UNKNOWN ? csp_product_class_name((enum product_class)number)
					 : NULL;
}

static const char *mark_choice(const struct conf *conf, unsigned number)
{
	(void)conf;
	return number < MARK_COUNT ? csp_mark_name((enum mark)(1U << number)) : NULL;
}

static const char *despite_choice(const struct conf *conf, unsigned number)
{
	return number == MARK_COUNT ? "any" : mark_choice(conf, number);
}

static const char *disposition_choice(const struct conf *conf, unsigned number)
{
	(void)conf;
	return number <= DISPOSITION_BLOCK ? csp_disposition_name((enum disposition)number) : NULL;
}

static const char *action_choice(const struct conf *conf, unsigned number)
{
	(void)conf;
	return number < sizeof(block_actions) / sizeof(block_actions[0])
		       ? csp_action_name(block_actions[number])
		       : NULL;
}

/* Packs are read before rules, so all lists are known here. */
static bool check_list(const struct schema_place *place, struct span *text)
{
	const struct conf_reader *reader = csp_schema_reader(place);
	const struct pack *pack = &reader->conf->pack;
	char quote[CONF_QUOTE_SIZE];
	struct guess guess;

	csp_guess_init(&guess, *text);
	for (size_t i = 0; i < pack->list_count; i++) {
		if (csp_span_equal(pack->lists[i].list, *text))
			return true;
		csp_guess_try(&guess, pack->lists[i].list.data);
	}
	if (reader->incomplete)
		return true;
	csp_conf_quote(quote, *text);
	if (guess.best)
		csp_schema_error(place, "no pack has a list '%s': did you mean '%s'?", quote,
				 guess.best);
	else
		csp_schema_error(place, "no pack of classification.packs has a list '%s'", quote);
	return false;
}

static bool check_rule_name(const struct schema_place *place, struct span *text)
{
	static const char *const reserved[] = {"default", "fault", "not-a-customer", "own-domain",
					       "dsn"};

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (csp_span_equal(*text, csp_span_from(reserved[i]))) {
			csp_schema_error(place,
					 "'%s' names what is decided without a rule: "
					 "choose another name",
					 reserved[i]);
			return false;
		}
	return csp_check_name(place, text);
}

static bool store_also_direct(const struct schema_place *place, const struct schema_value *value,
			      void *field)
{
	struct criteria *criteria = field;

	(void)place;
	criteria->also_direct = value->number ? ALSO_YES : ALSO_NO;
	return true;
}

static bool store_despite(const struct schema_place *place, const struct schema_value *value,
			  void *field)
{
	(void)place;
	*(unsigned *)field |= value->number == MARK_COUNT ? ~0U : 1U << value->number;
	return true;
}

static bool store_action(const struct schema_place *place, const struct schema_value *value,
			 void *field)
{
	(void)place;
	*(enum action *)field = block_actions[value->number];
	return true;
}

/* The action stands before the reply in the table, so its class is known. */
static bool store_reply(const struct schema_place *place, const struct schema_value *value,
			void *field)
{
	struct rule *rule = field;
	const char *why = csp_reply_parse(&rule->reply, value->text,
					  rule->action == ACTION_TEMPFAIL ? '4' : '5');

	if (why)
		csp_schema_error(place, "%s", why);
	return !why;
}

static bool store_time(const struct schema_place *place, const struct schema_value *value,
		       void *field)
{
	char quote[CONF_QUOTE_SIZE];

	if (csp_when_parse(field, value->text))
		return true;
	csp_schema_error(place,
			 "'%s' is no time: \"2026-11-23\", which begins at 00:00 UTC, or "
			 "\"2026-11-23T10:00:00+01:00\"",
			 csp_conf_quote(quote, value->text));
	return false;
}

/* Names of header fields have a bit each, all rules together. */
static bool store_header(const struct schema_place *place, const struct schema_value *value,
			 void *field)
{
	struct conf_reader *reader = csp_schema_reader(place);
	struct spans *headers = &reader->conf->policy.headers;
	size_t at = 0;

	while (at < headers->count && !csp_span_equal_nocase(headers->items[at], value->text))
		at++;
	if (at == RULE_HEADERS_MAX) {
		csp_schema_error(place, "all rules together may name %d header fields",
				 RULE_HEADERS_MAX);
		return false;
	}
	if (at == headers->count) {
		struct span *names =
			csp_arena_alloc(reader->arena, headers->count + 1, sizeof(*names));
		if (!names)
			return csp_schema_no_memory(place);
		for (size_t i = 0; i < headers->count; i++)
			names[i] = headers->items[i];
		names[at] = value->text;
		*headers = (struct spans){names, at + 1};
	}
	*(uint64_t *)field |= UINT64_C(1) << at;
	return true;
}

#define SET(base, member, names)                                                                   \
	.type = SCHEMA_CHOICES, .min = 1, .max = 32, .choice = (names),                            \
	.offset = (base) + offsetof(struct criteria, member)

/* The criteria stand in a rule and, the same, in its `except`. */
#define CRITERIA(base)                                                                             \
	{.name = "category", SET(base, categories, csp_choice_category)},                          \
		{.name = "sender", SET(base, senders, sender_choice)},                             \
		{.name = "proof", SET(base, proofs, proof_choice)},                                \
		{.name = "product", SET(base, product_classes, product_choice)},                   \
		{.name = "marks", SET(base, marks, mark_choice)},                                  \
		{.name = "list",                                                                   \
		 .type = SCHEMA_TEXTS,                                                             \
		 .min = 1,                                                                         \
		 .max = 32,                                                                        \
		 .check = check_list,                                                              \
		 .offset = (base) + offsetof(struct criteria, lists)},                             \
		{.name = "cloud",                                                                  \
		 .type = SCHEMA_TEXTS,                                                             \
		 .min = 1,                                                                         \
		 .max = 3,                                                                         \
		 .choice = csp_choice_cloud,                                                       \
		 .offset = (base) + offsetof(struct criteria, clouds)},                            \
		{.name = "author",                                                                 \
		 .type = SCHEMA_TEXTS,                                                             \
		 .min = 1,                                                                         \
		 .max = ROSTERS_MAX,                                                               \
		 .store = csp_store_roster_entry,                                                  \
		 .offset = (base) + offsetof(struct criteria, author_lists)},                      \
		{.name = "recipient",                                                              \
		 .type = SCHEMA_TEXTS,                                                             \
		 .min = 1,                                                                         \
		 .max = ROSTERS_MAX,                                                               \
		 .store = csp_store_roster_entry,                                                  \
		 .offset = (base) + offsetof(struct criteria, recipient_lists)},                   \
		{.name = "author_list",                                                            \
		 .type = SCHEMA_TEXTS,                                                             \
		 .min = 1,                                                                         \
		 .max = ROSTERS_MAX,                                                               \
		 .store = csp_store_roster_bit,                                                    \
		 .offset = (base) + offsetof(struct criteria, author_lists)},                      \
		{.name = "recipient_list",                                                         \
		 .type = SCHEMA_TEXTS,                                                             \
		 .min = 1,                                                                         \
		 .max = ROSTERS_MAX,                                                               \
		 .store = csp_store_roster_bit,                                                    \
		 .offset = (base) + offsetof(struct criteria, recipient_lists)},                   \
		{.name = "client",                                                                 \
		 .type = SCHEMA_GROUP,                                                             \
		 .group = csp_client_settings,                                                     \
		 .offset = (base) + offsetof(struct criteria, client)},                            \
		{.name = "header",                                                                 \
		 .type = SCHEMA_TEXTS,                                                             \
		 .min = 1,                                                                         \
		 .max = RULE_HEADERS_MAX,                                                          \
		 .check = csp_check_field_name,                                                    \
		 .store = store_header,                                                            \
		 .offset = (base) + offsetof(struct criteria, headers)},                           \
	{                                                                                          \
		.name = "also_direct", .type = SCHEMA_BOOL, .store = store_also_direct,            \
		.offset = (base)                                                                   \
	}

static const struct schema except_settings[] = {CRITERIA(0), {0}};

const struct schema csp_rule_settings[] = {
	{.name = "name",
	 .type = SCHEMA_TEXT,
	 .required = true,
	 .min = 1,
	 .max = 64,
	 .check = check_rule_name,
	 .offset = offsetof(struct rule, name)},
	CRITERIA(offsetof(struct rule, match)),
	{.name = "except",
	 .type = SCHEMA_GROUP,
	 .group = except_settings,
	 .offset = offsetof(struct rule, except)},
	{.name = "mode",
	 .type = SCHEMA_CHOICE,
	 .choice = csp_choice_mode,
	 .fallback = "enforce",
	 .offset = offsetof(struct rule, mode)},
	{.name = "disposition",
	 .type = SCHEMA_CHOICE,
	 .required = true,
	 .choice = disposition_choice,
	 .offset = offsetof(struct rule, disposition)},
	{.name = "despite",
	 .type = SCHEMA_CHOICES,
	 .min = 1,
	 .max = 32,
	 .choice = despite_choice,
	 .store = store_despite,
	 .offset = offsetof(struct rule, despite)},
	{.name = "action",
	 .type = SCHEMA_CHOICE,
	 .choice = action_choice,
	 .store = store_action,
	 .offset = offsetof(struct rule, action)},
	{.name = "reply", .type = SCHEMA_TEXT, .min = 1, .store = store_reply},
	{.name = "copy_to",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .check = csp_check_address,
	 .offset = offsetof(struct rule, copy_to)},
	{.name = "percent",
	 .type = SCHEMA_NUMBER,
	 .min = 1,
	 .max = 99,
	 .offset = offsetof(struct rule, percent)},
	{.name = "from",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .store = store_time,
	 .offset = offsetof(struct rule, from)},
	{.name = "until",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .store = store_time,
	 .offset = offsetof(struct rule, until)},
	{0},
};

static bool stands(const struct schema_place *place, const char *name)
{
	return config_setting_get_member(place->setting, name) != NULL;
}

static bool can_hold(const struct criteria *criteria)
{
	return criteria->senders != 1U << SENDER_PARTNER_OF_RECORD || !criteria->proofs ||
	       (criteria->proofs & 1U << PROOF_PROVEN);
}

/* What is right by itself but not together. */
static bool check_together(const struct schema_place *place, const struct rule *rule)
{
	const bool blocks = rule->disposition == DISPOSITION_BLOCK;
	bool right = true;
	const struct misplaced {
		const char *name;
		bool right;
		const char *belongs;
	} parts[] = {
		{"action", blocks, "disposition = \"block\""},
		{"reply", blocks && rule->action != ACTION_QUARANTINE,
		 "a block whose action is \"reject\", \"redirect\" or \"tempfail\""},
		{"copy_to", rule->disposition == DISPOSITION_FLAG, "disposition = \"flag\""},
		{"despite", rule->disposition == DISPOSITION_PASS,
		 "disposition = \"pass\": it says which marks do not turn the pass into a flag"},
		{"percent", rule->mode == MODE_ENFORCE, "a rule that is enforced"},
		{"from", rule->mode == MODE_ENFORCE, "a rule that is enforced"},
		{"until", rule->mode == MODE_ENFORCE, "a rule that is enforced"},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].right || !stands(place, parts[i].name))
			continue;
		csp_schema_error(place, "'%s' belongs to %s", parts[i].name, parts[i].belongs);
		right = false;
	}
	if (rule->until && rule->from >= rule->until) {
		csp_schema_error(place, "'until' is not later than 'from': the rule is never "
					"enforced");
		right = false;
	}
	if (rule->has_except && csp_criteria_are_empty(&rule->except)) {
		csp_schema_error(place, "'except' names no criterion, so it would take everything "
					"out: remove it");
		right = false;
	}
	if (!can_hold(&rule->match)) {
		csp_schema_error(place,
				 "a partner of record is always proven: with this 'proof' the "
				 "rule can never match");
		right = false;
	}
	return right;
}

static uint64_t salt_of(struct span name)
{
	unsigned char hash[crypto_generichash_BYTES];
	uint64_t salt = 0;

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)name.data, name.len, NULL, 0);
	for (size_t i = 0; i < sizeof(salt); i++)
		salt = salt << 8 | hash[i];
	return salt;
}

static void set_reply(struct rule *rule)
{
	if (rule->disposition != DISPOSITION_BLOCK || rule->reply.text.len)
		return;
	if (rule->action == ACTION_TEMPFAIL)
		csp_reply_parse(&rule->reply, SPAN_LIT(DEFAULT_DEFERRAL), '4');
	else
		csp_reply_parse(&rule->reply, SPAN_LIT(DEFAULT_REPLY), '5');
}

static bool complete_rule(const struct schema_place *place, struct rule *rule)
{
	const struct conf_origin origin = csp_schema_origin(place);

	rule->has_except = stands(place, "except");
	rule->line = origin.line;
	if (!csp_arena_copy(csp_schema_reader(place)->arena, &rule->file,
			    csp_span_from(origin.file)))
		return csp_schema_no_memory(place);
	rule->match.favours = rule->disposition == DISPOSITION_PASS;
	rule->except.favours = !rule->match.favours;
	rule->salt = salt_of(rule->name);
	if (!check_together(place, rule))
		return false;
	set_reply(rule);
	if (rule->disposition != DISPOSITION_BLOCK)
		rule->action = rule->disposition == DISPOSITION_FLAG ? ACTION_FLAG : ACTION_ACCEPT;
	return true;
}

/* A rule against those before it. */
static bool check_order(const struct schema_place *place, const struct policy_draft *draft,
			const struct rule *rule)
{
	for (size_t i = 0; i < draft->count; i++)
		if (csp_span_equal(draft->rules[i].name, rule->name)) {
			csp_schema_error(place, "a rule of this name stands already in line %u",
					 draft->rules[i].line);
			return false;
		}
	if (!draft->last)
		return true;
	csp_schema_error(place, "this rule is never reached: '%s' in line %u takes everything",
			 draft->last->name.data, draft->last->line);
	return false;
}

static bool add_rule(const struct schema_place *place, struct policy_draft *draft,
		     const struct rule *rule)
{
	bool right = check_order(place, draft, rule);
	struct rule *added = &draft->rules[draft->count++];

	*added = *rule;
	if (rule->disposition == DISPOSITION_BLOCK && rule->action == ACTION_REDIRECT)
		csp_schema_reader(place)->conf->policy.redirects = true;
	if (!draft->last && csp_rule_is_always_enforced(rule) &&
	    csp_criteria_are_empty(&rule->match))
		draft->last = added;
	return right;
}

bool csp_policy_read_rule(const struct schema_place *place, size_t index, size_t count, void *field)
{
	struct policy_draft *draft = field;
	struct rule rule = {.mode = MODE_ENFORCE, .action = ACTION_REJECT};

	if (index == 0)
		draft->rules = csp_arena_alloc(csp_schema_reader(place)->arena, count,
					       sizeof(*draft->rules));
	if (!draft->rules) {
		csp_schema_reader(place)->no_memory = true;
		return false;
	}
	return csp_schema_read(place, csp_rule_settings, &rule) && complete_rule(place, &rule) &&
	       add_rule(place, draft, &rule);
}
