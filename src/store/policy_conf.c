#include "policy_conf.h"

#include "conf_check.h"
#include "conf_tables.h"
#include "guess.h"

#define DEFAULT_REPLY                                                                              \
	"550 5.7.1 Mail of this kind may not be sent to this customer by this sender "             \
	"(${decision})"

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
	return number == 0 ? csp_action_name(ACTION_REJECT) : NULL;
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

static bool store_reply(const struct schema_place *place, const struct schema_value *value,
			void *field)
{
	const char *why = csp_reply_parse(field, value->text, '5');

	if (why)
		csp_schema_error(place, "%s", why);
	return !why;
}

/* There is one action so far; the rule takes it from its disposition. */
static bool store_action(const struct schema_place *place, const struct schema_value *value,
			 void *field)
{
	(void)place;
	(void)value;
	*(enum action *)field = ACTION_REJECT;
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
	{.name = "reply",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .store = store_reply,
	 .offset = offsetof(struct rule, reply)},
	{0},
};

static bool stands(const struct schema_place *place, const char *name)
{
	return config_setting_get_member(place->setting, name) != NULL;
}

static bool is_empty(const struct criteria *criteria)
{
	return !criteria->categories && !criteria->senders && !criteria->proofs &&
	       !criteria->product_classes && !criteria->marks && !criteria->lists.count &&
	       criteria->also_direct == ALSO_ANY;
}

static bool can_hold(const struct criteria *criteria)
{
	return criteria->senders != 1U << SENDER_PARTNER_OF_RECORD || !criteria->proofs ||
	       (criteria->proofs & 1U << PROOF_PROVEN);
}

/* What is right by itself but not together. */
static bool check_together(const struct schema_place *place, const struct rule *rule)
{
	bool right = true;

	if (rule->disposition != DISPOSITION_BLOCK &&
	    (stands(place, "action") || stands(place, "reply"))) {
		csp_schema_error(place, "'%s' belongs to disposition = \"block\" alone",
				 stands(place, "action") ? "action" : "reply");
		right = false;
	}
	if (rule->disposition != DISPOSITION_PASS && rule->despite) {
		csp_schema_error(place,
				 "'despite' belongs to disposition = \"pass\" alone: it says "
				 "which marks do not turn the pass into a flag");
		right = false;
	}
	if (rule->has_except && is_empty(&rule->except)) {
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

static bool complete_rule(const struct schema_place *place, struct rule *rule)
{
	static const enum action actions[] = {[DISPOSITION_PASS] = ACTION_ACCEPT,
					      [DISPOSITION_FLAG] = ACTION_FLAG,
					      [DISPOSITION_BLOCK] = ACTION_REJECT};

	rule->has_except = stands(place, "except");
	rule->line = csp_schema_origin(place).line;
	if (!check_together(place, rule))
		return false;
	if (rule->disposition == DISPOSITION_BLOCK && !rule->reply.text.len)
		csp_reply_parse(&rule->reply, SPAN_LIT(DEFAULT_REPLY), '5');
	rule->action = actions[rule->disposition];
	return true;
}

static bool takes_everything(const struct rule *rule)
{
	return rule->mode == MODE_ENFORCE && !rule->has_except && is_empty(&rule->match);
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
	if (!draft->last && takes_everything(rule))
		draft->last = added;
	return right;
}

bool csp_policy_read_rule(const struct schema_place *place, size_t index, size_t count, void *field)
{
	struct policy_draft *draft = field;
	struct rule rule = {.mode = MODE_ENFORCE};

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
