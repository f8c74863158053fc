#include "pack_section.h"

#include "conf_check.h"

static const char *shape_choice(const struct conf *conf, unsigned number)
{
	static const char *const names[] = {
		[IDENTIFIER_PREFIXED] = "prefixed", [IDENTIFIER_TRACKING] = "tracking", NULL};

	(void)conf;
	return names[number];
}

static bool check_prefix(const struct schema_place *place, struct span *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] < 'A' || text->data[i] > 'Z') {
			csp_schema_error(place, "a prefix is capital letters A to Z alone");
			return false;
		}
	return true;
}

static bool check_near(const struct schema_place *place, struct span *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] >= 0 && !csp_ascii_is_alpha(text->data[i]) &&
		    !csp_ascii_is_digit(text->data[i])) {
			csp_schema_error(place,
					 "a neighbour is one word, letters and digits alone");
			return false;
		}
	return true;
}

const struct schema csp_identifier_settings[] = {
	{.name = "name",
	 .type = SCHEMA_TEXT,
	 .required = true,
	 .min = 1,
	 .max = 64,
	 .check = csp_check_name,
	 .offset = offsetof(struct identifier, rule)},
	{.name = "category",
	 .type = SCHEMA_CHOICE,
	 .required = true,
	 .choice = csp_choice_category,
	 .offset = offsetof(struct identifier, category)},
	{.name = "shape",
	 .type = SCHEMA_CHOICE,
	 .choice = shape_choice,
	 .fallback = "prefixed",
	 .offset = offsetof(struct identifier, shape)},
	{.name = "prefixes",
	 .type = SCHEMA_TEXTS,
	 .min = 1,
	 .max = 200,
	 .check = check_prefix,
	 .offset = offsetof(struct identifier, prefixes)},
	{.name = "digits",
	 .type = SCHEMA_RANGE,
	 .min = 1,
	 .max = 20,
	 .offset = offsetof(struct identifier, digits_min)},
	{.name = "near",
	 .type = SCHEMA_TEXTS,
	 .min = 1,
	 .max = 200,
	 .check = check_near,
	 .offset = offsetof(struct identifier, near)},
	{0},
};

_Static_assert(offsetof(struct identifier, digits_max) ==
		       offsetof(struct identifier, digits_min) + sizeof(unsigned),
	       "a range is two numbers side by side");

static const char *identifier_error(const struct identifier *identifier)
{
	if (identifier->shape == IDENTIFIER_PREFIXED) {
		if (!identifier->prefixes.count)
			return "'prefixes' is missing";
		return identifier->digits_max ? NULL : "'digits' is missing";
	}
	if (identifier->prefixes.count || identifier->digits_max)
		return "'prefixes' and 'digits' belong to shape = \"prefixed\"";
	return identifier->near.count
		       ? NULL
		       : "'near' is missing: without a neighbour this shape is found "
			 "in mail of every kind";
}

bool csp_pack_read_identifier(const struct schema_place *place, size_t index, size_t count,
			      void *field)
{
	const struct pack_file *file = field;
	struct identifier identifier = {.shape = IDENTIFIER_PREFIXED};

	(void)index;
	(void)count;
	if (!csp_schema_read(place, csp_identifier_settings, &identifier))
		return false;
	const char *why = identifier_error(&identifier);
	if (why) {
		csp_schema_error(place, "%s", why);
		return false;
	}
	return csp_pack_push(place, &file->draft->identifiers, &identifier, sizeof(identifier));
}

struct sender_group {
	struct pack_array *entries;
	struct span rule;
	unsigned category;
};

static bool store_sender(const struct schema_place *place, const struct schema_value *value,
			 void *field)
{
	const struct sender_group *group = field;
	struct sender_entry entry = {.rule = group->rule, .category = group->category};

	return csp_check_sender(&entry.address, place, value->text) &&
	       csp_pack_push(place, group->entries, &entry, sizeof(entry));
}

const struct schema csp_sender_settings[] = {
	{.name = "name",
	 .type = SCHEMA_TEXT,
	 .required = true,
	 .min = 1,
	 .max = 64,
	 .check = csp_check_name,
	 .offset = offsetof(struct sender_group, rule)},
	{.name = "category",
	 .type = SCHEMA_CHOICE,
	 .required = true,
	 .choice = csp_choice_category,
	 .offset = offsetof(struct sender_group, category)},
	{.name = "addresses",
	 .type = SCHEMA_TEXTS,
	 .required = true,
	 .min = 1,
	 .max = 1000,
	 .store = store_sender},
	{0},
};

bool csp_pack_read_senders(const struct schema_place *place, size_t index, size_t count,
			   void *field)
{
	const struct pack_file *file = field;
	struct sender_group group = {.entries = &file->draft->senders};

	(void)index;
	(void)count;
	return csp_schema_read(place, csp_sender_settings, &group);
}

static const char *format_choice(const struct conf *conf, unsigned number)
{
	static const char *const names[] = {[TAG_TEXT] = "text",       [TAG_LIST] = "list",
					    [TAG_PAIRS] = "pairs",     [TAG_LABELS] = "labels",
					    [TAG_COLONS] = "colons",   [TAG_JSON] = "json",
					    [TAG_LIST_ID] = "list-id", NULL};

	(void)conf;
	return names[number];
}

static bool store_header(const struct schema_place *place, const struct schema_value *value,
			 void *field)
{
	struct tag *tag = field;
	char *lower = csp_arena_alloc(csp_schema_reader(place)->arena, value->text.len + 1, 1);

	if (!lower)
		return csp_schema_no_memory(place);
	for (size_t i = 0; i < value->text.len; i++)
		lower[i] = csp_ascii_lower(value->text.data[i]);
	tag->header = value->text;
	tag->rule = (struct span){lower, value->text.len};
	return true;
}

static const struct schema tag_value_settings[] = {
	{.name = "value",
	 .type = SCHEMA_TEXT,
	 .required = true,
	 .min = 1,
	 .offset = offsetof(struct tag_value, value)},
	{.name = "category",
	 .type = SCHEMA_CHOICE,
	 .required = true,
	 .choice = csp_choice_category,
	 .offset = offsetof(struct tag_value, category)},
	{0},
};

struct tag_draft {
	struct tag tag;
	struct pack_array values;
};

static bool read_tag_value(const struct schema_place *place, size_t index, size_t count,
			   void *field)
{
	struct pack_array *values = field;
	const struct tag_value *before = values->items;
	struct tag_value value = {.category = 0};

	(void)index;
	(void)count;
	if (!csp_schema_read(place, tag_value_settings, &value))
		return false;
	for (size_t i = 0; i < values->count; i++)
		if (csp_span_equal_nocase(before[i].value, value.value)) {
			csp_schema_error(place, "the value '%s' stands twice", value.value.data);
			return false;
		}
	return csp_pack_push(place, values, &value, sizeof(value));
}

const struct schema csp_tag_settings[] = {
	{.name = "header",
	 .type = SCHEMA_TEXT,
	 .required = true,
	 .min = 1,
	 .max = 64,
	 .check = csp_check_field_name,
	 .store = store_header,
	 .offset = offsetof(struct tag_draft, tag)},
	{.name = "format",
	 .type = SCHEMA_CHOICE,
	 .choice = format_choice,
	 .fallback = "text",
	 .offset = offsetof(struct tag_draft, tag.shape.format)},
	{.name = "key",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .max = 200,
	 .offset = offsetof(struct tag_draft, tag.shape.key)},
	{.name = "position",
	 .type = SCHEMA_NUMBER,
	 .min = 1,
	 .max = 16,
	 .offset = offsetof(struct tag_draft, tag.shape.position)},
	{.name = "values",
	 .type = SCHEMA_GROUPS,
	 .required = true,
	 .min = 1,
	 .max = 1000,
	 .group = tag_value_settings,
	 .each = read_tag_value,
	 .offset = offsetof(struct tag_draft, values)},
	{0},
};

static const char *shape_error(const struct tag_shape *shape)
{
	bool keyed = shape->format == TAG_PAIRS || shape->format == TAG_LABELS ||
		     shape->format == TAG_JSON;

	if (keyed != (shape->key.len > 0))
		return keyed ? "'key' is missing: which of the values is meant"
			     : "'key' belongs to format = \"pairs\", \"labels\" or \"json\"";
	if ((shape->format == TAG_COLONS) != (shape->position > 0))
		return shape->position ? "'position' belongs to format = \"colons\""
				       : "'position' is missing: which of the values is meant";
	return NULL;
}

bool csp_pack_read_tag(const struct schema_place *place, size_t index, size_t count, void *field)
{
	const struct pack_file *file = field;
	struct tag_draft draft = {.tag = {.shape = {.format = TAG_TEXT}}};

	(void)index;
	(void)count;
	if (!csp_schema_read(place, csp_tag_settings, &draft))
		return false;
	const char *why = shape_error(&draft.tag.shape);
	if (why) {
		csp_schema_error(place, "%s", why);
		return false;
	}
	draft.tag.values = draft.values.items;
	draft.tag.value_count = draft.values.count;
	return csp_pack_push(place, &file->draft->tags, &draft.tag, sizeof(draft.tag));
}

struct list_draft {
	struct pack_file *file;
	struct span name;
};

struct entry_draft {
	const struct list_draft *list;
	struct list_entry entry;
	struct sender_group senders;
	struct pack_array items;
};

static bool store_entry_name(const struct schema_place *place, const struct schema_value *value,
			     void *field)
{
	struct entry_draft *draft = field;

	draft->entry.list = draft->list->name;
	return csp_pack_join_rule(&draft->entry.rule, place, draft->list->name, value->text);
}

static const struct schema list_entry_settings[] = {
	{.name = "name",
	 .type = SCHEMA_TEXT,
	 .required = true,
	 .min = 1,
	 .max = 64,
	 .check = csp_check_name,
	 .store = store_entry_name},
	{.name = "senders",
	 .type = SCHEMA_TEXTS,
	 .min = 1,
	 .max = 1000,
	 .store = store_sender,
	 .offset = offsetof(struct entry_draft, senders)},
	{.name = "phrases",
	 .type = SCHEMA_TEXTS,
	 .min = 1,
	 .check = csp_pack_check_phrase,
	 .offset = offsetof(struct entry_draft, entry.phrases)},
	{0},
};

static bool read_list_entry(const struct schema_place *place, size_t index, size_t count,
			    void *field)
{
	const struct list_draft *list = field;
	struct entry_draft draft = {.list = list};

	(void)index;
	(void)count;
	draft.senders.entries = &draft.items;
	if (!csp_schema_read(place, list_entry_settings, &draft))
		return false;
	draft.entry.senders = draft.items.items;
	draft.entry.sender_count = draft.items.count;
	if (!draft.entry.sender_count && !draft.entry.phrases.count) {
		csp_schema_error(place, "'senders' or 'phrases' is missing: every message would be "
					"on the list");
		return false;
	}
	return csp_pack_push(place, &list->file->draft->lists, &draft.entry, sizeof(draft.entry));
}

const struct schema csp_list_settings[] = {
	{.name = "name",
	 .type = SCHEMA_TEXT,
	 .required = true,
	 .min = 1,
	 .max = 64,
	 .check = csp_check_name,
	 .offset = offsetof(struct list_draft, name)},
	{.name = "entries",
	 .type = SCHEMA_GROUPS,
	 .required = true,
	 .min = 1,
	 .group = list_entry_settings,
	 .each = read_list_entry},
	{0},
};

bool csp_pack_read_list(const struct schema_place *place, size_t index, size_t count, void *field)
{
	struct list_draft draft = {.file = field};

	(void)index;
	(void)count;
	return csp_schema_read(place, csp_list_settings, &draft);
}

static bool add_domain(const struct schema_place *place, const struct schema_value *value,
		       struct pack_array *domains)
{
	return csp_pack_push(place, domains, &value->text, sizeof(value->text));
}

bool csp_pack_add_public_domain(const struct schema_place *place, const struct schema_value *value,
				void *field)
{
	struct pack_file *file = field;

	return add_domain(place, value, &file->draft->public_domains);
}

bool csp_pack_add_tenant_domain(const struct schema_place *place, const struct schema_value *value,
				void *field)
{
	struct pack_file *file = field;

	return add_domain(place, value, &file->draft->tenant_domains);
}
