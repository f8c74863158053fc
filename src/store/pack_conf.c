#include "pack_conf.h"

#include <stdlib.h>
#include <string.h>

#include "conf_check.h"
#include "conf_tables.h"
#include "text.h"

/* One pack file while it is read; a group in it reaches the file by its draft. */
struct pack_file {
	struct pack_draft *draft;
	struct span language;
};

struct seen_phrase {
	struct span normal;
	unsigned category;
	struct conf_origin origin;
	size_t order;
};

static bool no_memory(const struct schema_place *place)
{
	csp_schema_reader(place)->no_memory = true;
	return false;
}

static bool push(const struct schema_place *place, struct pack_array *array, const void *item,
		 size_t size)
{
	if (!csp_arena_grow(csp_schema_reader(place)->arena, &array->items, &array->cap,
			    array->count, size))
		return no_memory(place);
	memcpy((char *)array->items + array->count++ * size, item, size);
	return true;
}

/* "en/invoice"; without a first part the second alone. */
static bool join_rule(struct span *out, const struct schema_place *place, struct span first,
		      struct span second)
{
	size_t head = first.len ? first.len + 1 : 0;
	char *text = csp_arena_alloc(csp_schema_reader(place)->arena, head + second.len + 1, 1);

	if (!text)
		return no_memory(place);
	if (head) {
		memcpy(text, first.data, first.len);
		text[first.len] = '/';
	}
	memcpy(text + head, second.data, second.len);
	*out = (struct span){text, head + second.len};
	return true;
}

static const char *category_choice(const struct conf *conf, unsigned number)
{
	return number < conf->categories.count ? conf->categories.names[number].data : NULL;
}

static bool check_language(const struct schema_place *place, struct span *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (!csp_ascii_is_alpha(text->data[i]) && !csp_ascii_is_digit(text->data[i]) &&
		    text->data[i] != '-') {
			csp_schema_error(place, "a language is named by its tag: 'en', 'pt-BR', "
						"'zh-Hant'");
			return false;
		}
	return true;
}

/* A phrase in its normal form, the final '*' kept; false: nothing is left of it, or it was reported. */
static bool normalise(struct span *out, const struct schema_place *place, struct span phrase)
{
	struct span words = csp_span_trim(phrase);
	struct buf buf;
	bool goes_on = csp_span_ends_with_nocase(words, SPAN_LIT("*"));

	words.len -= goes_on;
	if (csp_span_find(words, '*') < words.len) {
		char quote[CONF_QUOTE_SIZE];
		csp_schema_error(place,
				 "'%s': a '*' stands only at the end, where it lets the last "
				 "word go on",
				 csp_conf_quote(quote, phrase));
		return false;
	}
	csp_buf_init(&buf, 65536);
	csp_text_normalise(&buf, words);
	if (goes_on)
		csp_buf_append_char(&buf, '*');
	bool failed = csp_buf_failed(&buf) ||
		      !csp_arena_copy(&csp_schema_reader(place)->scratch, out, csp_buf_span(&buf));
	csp_buf_dispose(&buf);
	return failed ? no_memory(place) : true;
}

static bool has_letter(struct span normal)
{
	for (size_t i = 0; i < normal.len; i++)
		if (!csp_ascii_is_digit(normal.data[i]) && normal.data[i] != ' ' &&
		    normal.data[i] != '#' && normal.data[i] != '*')
			return true;
	return false;
}

static bool check_normal(struct span *normal, const struct schema_place *place, struct span phrase)
{
	char quote[CONF_QUOTE_SIZE];

	if (!normalise(normal, place, phrase))
		return false;
	if (has_letter(*normal))
		return true;
	csp_schema_error(place,
			 "'%s': no letter is left of this phrase in normal form: it would be found "
			 "everywhere",
			 csp_conf_quote(quote, phrase));
	return false;
}

static bool check_phrase(const struct schema_place *place, struct span *text)
{
	struct span normal;

	return check_normal(&normal, place, *text);
}

/* Phrases */

struct phrase_group {
	struct pack_file *file;
	unsigned category;
	struct span rule;
};

static bool store_meaning(const struct schema_place *place, const struct schema_value *value,
			  void *field)
{
	struct phrase_group *group = field;

	return join_rule(&group->rule, place, group->file->language, value->text);
}

static bool store_phrase(const struct schema_place *place, const struct schema_value *value,
			 void *field)
{
	const struct phrase_group *group = field;
	struct pack_draft *draft = group->file->draft;
	struct phrase phrase = {value->text, group->rule, group->category};
	struct seen_phrase seen = {.category = group->category,
				   .origin = csp_schema_origin(place),
				   .order = draft->seen.count};

	return check_normal(&seen.normal, place, value->text) &&
	       push(place, &draft->phrases, &phrase, sizeof(phrase)) &&
	       push(place, &draft->seen, &seen, sizeof(seen));
}

static const struct schema phrase_settings[] = {
	{.name = "category",
	 .type = SCHEMA_CHOICE,
	 .required = true,
	 .choice = category_choice,
	 .offset = offsetof(struct phrase_group, category)},
	{.name = "meaning",
	 .type = SCHEMA_TEXT,
	 .required = true,
	 .min = 1,
	 .max = 64,
	 .check = csp_check_name,
	 .store = store_meaning},
	{.name = "phrases",
	 .type = SCHEMA_TEXTS,
	 .required = true,
	 .min = 1,
	 .store = store_phrase},
	{0},
};

static bool read_phrases(const struct schema_place *place, size_t index, size_t count, void *field)
{
	struct phrase_group group = {.file = field};

	(void)index;
	(void)count;
	return csp_schema_read(place, phrase_settings, &group);
}

/* Products */

static const struct schema product_settings[] = {
	{.name = "name",
	 .type = SCHEMA_TEXT,
	 .required = true,
	 .min = 1,
	 .max = 64,
	 .check = csp_check_name,
	 .offset = offsetof(struct product, name)},
	{.name = "csp",
	 .type = SCHEMA_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct product, csp)},
	{.name = "phrases",
	 .type = SCHEMA_TEXTS,
	 .required = true,
	 .min = 1,
	 .check = check_phrase,
	 .offset = offsetof(struct product, phrases)},
	{0},
};

/* Packs of several languages may each name a product in their words, but not sell it differently. */
static bool read_product(const struct schema_place *place, size_t index, size_t count, void *field)
{
	const struct pack_file *file = field;
	const struct product *before = file->draft->products.items;
	struct product product = {.csp = true};

	(void)index;
	(void)count;
	if (!csp_schema_read(place, product_settings, &product))
		return false;
	for (size_t i = 0; i < file->draft->products.count; i++)
		if (csp_span_equal(before[i].name, product.name) && before[i].csp != product.csp) {
			csp_schema_error(place, "'csp' is not what it was where this product was "
						"named before");
			return false;
		}
	return push(place, &file->draft->products, &product, sizeof(product));
}

/* Identifiers */

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

static const struct schema identifier_settings[] = {
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
	 .choice = category_choice,
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

static bool read_identifier(const struct schema_place *place, size_t index, size_t count,
			    void *field)
{
	const struct pack_file *file = field;
	struct identifier identifier = {.shape = IDENTIFIER_PREFIXED};

	(void)index;
	(void)count;
	if (!csp_schema_read(place, identifier_settings, &identifier))
		return false;
	const char *why = identifier_error(&identifier);
	if (why) {
		csp_schema_error(place, "%s", why);
		return false;
	}
	return push(place, &file->draft->identifiers, &identifier, sizeof(identifier));
}

/* Senders */

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
	       push(place, group->entries, &entry, sizeof(entry));
}

static const struct schema sender_settings[] = {
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
	 .choice = category_choice,
	 .offset = offsetof(struct sender_group, category)},
	{.name = "addresses",
	 .type = SCHEMA_TEXTS,
	 .required = true,
	 .min = 1,
	 .max = 1000,
	 .store = store_sender},
	{0},
};

static bool read_senders(const struct schema_place *place, size_t index, size_t count, void *field)
{
	const struct pack_file *file = field;
	struct sender_group group = {.entries = &file->draft->senders};

	(void)index;
	(void)count;
	return csp_schema_read(place, sender_settings, &group);
}

/* Tags */

static const char *format_choice(const struct conf *conf, unsigned number)
{
	static const char *const names[] = {[TAG_TEXT] = "text", [TAG_LIST] = "list", NULL};

	(void)conf;
	return names[number];
}

static bool store_header(const struct schema_place *place, const struct schema_value *value,
			 void *field)
{
	struct tag *tag = field;
	char *lower = csp_arena_alloc(csp_schema_reader(place)->arena, value->text.len + 1, 1);

	if (!lower)
		return no_memory(place);
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
	 .choice = category_choice,
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
	return push(place, values, &value, sizeof(value));
}

static const struct schema tag_settings[] = {
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
	 .offset = offsetof(struct tag_draft, tag.format)},
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

static bool read_tag(const struct schema_place *place, size_t index, size_t count, void *field)
{
	const struct pack_file *file = field;
	struct tag_draft draft = {.tag = {.format = TAG_TEXT}};

	(void)index;
	(void)count;
	if (!csp_schema_read(place, tag_settings, &draft))
		return false;
	draft.tag.values = draft.values.items;
	draft.tag.value_count = draft.values.count;
	return push(place, &file->draft->tags, &draft.tag, sizeof(draft.tag));
}

/* Named lists */

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
	return join_rule(&draft->entry.rule, place, draft->list->name, value->text);
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
	 .check = check_phrase,
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
	return push(place, &list->file->draft->lists, &draft.entry, sizeof(draft.entry));
}

static const struct schema list_settings[] = {
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

static bool read_list(const struct schema_place *place, size_t index, size_t count, void *field)
{
	struct list_draft draft = {.file = field};

	(void)index;
	(void)count;
	return csp_schema_read(place, list_settings, &draft);
}

/* A pack file as a whole */

const struct schema csp_pack_settings[] = {
	{.name = "language",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .max = 32,
	 .check = check_language,
	 .offset = offsetof(struct pack_file, language)},
	{.name = "phrases", .type = SCHEMA_GROUPS, .group = phrase_settings, .each = read_phrases},
	{.name = "products",
	 .type = SCHEMA_GROUPS,
	 .group = product_settings,
	 .each = read_product},
	{.name = "identifiers",
	 .type = SCHEMA_GROUPS,
	 .group = identifier_settings,
	 .each = read_identifier},
	{.name = "senders", .type = SCHEMA_GROUPS, .group = sender_settings, .each = read_senders},
	{.name = "tags", .type = SCHEMA_GROUPS, .group = tag_settings, .each = read_tag},
	{.name = "lists", .type = SCHEMA_GROUPS, .group = list_settings, .each = read_list},
	{0},
};

bool csp_pack_read(const struct schema_place *place, const struct schema_value *value, void *field)
{
	struct conf_reader *reader = csp_schema_reader(place);
	struct pack_file file = {.draft = field, .language = {"", 0}};
	struct conf_origin origin = csp_schema_origin(place);
	struct conf_source source;
	struct span path;
	bool right = false;

	/* The packs that are meant may be named where nothing could be read. */
	if (!place->setting && reader->incomplete)
		return true;
	if (!csp_conf_file_path(&path, reader, origin.file, value->text))
		return false;
	if (csp_conf_source_read(&source, reader, path, origin)) {
		struct schema_place root = {.source = &source,
					    .setting = config_root_setting(&source.config)};
		file.draft->files++;
		right = csp_schema_read(&root, csp_pack_settings, &file);
	}
	csp_conf_source_dispose(&source);
	return right;
}

static int compare_seen(const void *a, const void *b)
{
	const struct seen_phrase *x = a, *y = b;
	int order = csp_span_compare(x->normal, y->normal);

	return order ? order : x->order < y->order ? -1 : x->order > y->order;
}

/* A phrase of two categories would contradict itself in every message that holds it. */
static bool check_contradictions(const struct schema_place *place, const struct pack_draft *draft)
{
	struct conf_reader *reader = csp_schema_reader(place);
	struct seen_phrase *seen = draft->seen.items;
	bool right = true;

	if (draft->seen.count)
		qsort(seen, draft->seen.count, sizeof(*seen), compare_seen);
	for (size_t i = 1; i < draft->seen.count; i++) {
		char quote[CONF_QUOTE_SIZE];
		if (!csp_span_equal(seen[i - 1].normal, seen[i].normal) ||
		    seen[i - 1].category == seen[i].category)
			continue;
		csp_conf_error(reader, seen[i].origin.file, seen[i].origin.line,
			       "the phrase '%s' stands already in %s:%u, for another category",
			       csp_conf_quote(quote, csp_span_trim(seen[i].normal)),
			       seen[i - 1].origin.file, seen[i - 1].origin.line);
		right = false;
	}
	return right;
}

bool csp_pack_complete(const struct schema_place *place, void *field)
{
	const struct pack_draft *draft = field;

	csp_schema_reader(place)->conf->pack = (struct pack){
		.phrases = draft->phrases.items,
		.phrase_count = draft->phrases.count,
		.products = draft->products.items,
		.product_count = draft->products.count,
		.identifiers = draft->identifiers.items,
		.identifier_count = draft->identifiers.count,
		.senders = draft->senders.items,
		.sender_count = draft->senders.count,
		.tags = draft->tags.items,
		.tag_count = draft->tags.count,
		.lists = draft->lists.items,
		.list_count = draft->lists.count,
	};
	return check_contradictions(place, draft);
}
