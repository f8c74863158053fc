#include "pack_section.h"

#include <stdlib.h>

#include "conf_check.h"
#include "expressions.h"
#include "phrase_form.h"

struct seen_phrase {
	struct span normal;
	unsigned category;
	struct conf_origin origin;
	size_t order;
};

/* The literals of a phrase as one text: equal for phrases that are found in the same places. */
static bool check_normal(struct span *normal, const struct schema_place *place, struct span phrase)
{
	struct phrase_form form;
	struct buf literals;

	csp_buf_init(&literals, 65536);
	const char *why = csp_phrase_form_read(&form, &literals, csp_span_trim(phrase), false);
	bool done = !csp_buf_failed(&literals);
	if (done && !why) {
		size_t from = form.parts[0].from;
		size_t to = form.parts[form.count - 1].to;
		done = csp_arena_copy(&csp_schema_reader(place)->scratch, normal,
				      csp_span_slice(csp_buf_span(&literals), from, to));
	}
	csp_buf_dispose(&literals);
	if (!done)
		return csp_schema_no_memory(place);
	if (why) {
		char quote[CONF_QUOTE_SIZE];
		csp_schema_error(place, "'%s' %s", csp_conf_quote(quote, phrase), why);
	}
	return !why;
}

bool csp_pack_check_phrase(const struct schema_place *place, struct span *text)
{
	struct span normal;

	return check_normal(&normal, place, *text);
}

struct phrase_group {
	struct pack_file *file;
	unsigned category;
	struct span rule;
	uint64_t instead_of;
};

/* A meaning that stands in some `instead_of`; its place among them is its bit. */
struct replaced_meaning {
	struct span name;
	struct conf_origin origin; /* where it is named first */
	bool found;                /* phrases have it */
};

#define REPLACED_MAX 64

static bool store_meaning(const struct schema_place *place, const struct schema_value *value,
			  void *field)
{
	struct phrase_group *group = field;

	return csp_pack_join_rule(&group->rule, place, group->file->language, value->text);
}

static struct replaced_meaning *find_replaced(const struct pack_draft *draft, struct span name)
{
	struct replaced_meaning *meanings = draft->replaced.items;

	for (size_t i = 0; i < draft->replaced.count; i++) {
		if (csp_span_equal(meanings[i].name, name))
			return &meanings[i];
	}
	return NULL;
}

static bool store_instead_of(const struct schema_place *place, const struct schema_value *value,
			     void *field)
{
	struct phrase_group *group = field;
	struct pack_draft *draft = group->file->draft;
	const struct replaced_meaning *known = find_replaced(draft, value->text);
	const struct replaced_meaning meaning = {value->text, csp_schema_origin(place), false};
	size_t at = known ? (size_t)(known - (struct replaced_meaning *)draft->replaced.items)
			  : draft->replaced.count;

	if (group->category != csp_schema_reader(place)->conf->categories.other) {
		csp_schema_error(place, "only phrases of category 'other' may stand instead of "
					"others");
		return false;
	}
	if (at == REPLACED_MAX) {
		csp_schema_error(place, "all packs together may name at most %d meanings here",
				 REPLACED_MAX);
		return false;
	}
	group->instead_of |= UINT64_C(1) << at;
	return known || csp_pack_push(place, &draft->replaced, &meaning, sizeof(meaning));
}

static bool store_phrase(const struct schema_place *place, const struct schema_value *value,
			 void *field)
{
	const struct phrase_group *group = field;
	struct pack_draft *draft = group->file->draft;
	struct conf_origin origin = csp_schema_origin(place);
	struct phrase phrase = {.text = value->text,
				.rule = group->rule,
				.category = group->category,
				.instead_of = group->instead_of,
				.file = group->file->path,
				.line = origin.line};
	struct seen_phrase seen = {
		.category = group->category, .origin = origin, .order = draft->seen.count};

	return check_normal(&seen.normal, place, value->text) &&
	       csp_pack_push(place, &draft->phrases, &phrase, sizeof(phrase)) &&
	       csp_pack_push(place, &draft->seen, &seen, sizeof(seen));
}

const struct schema csp_phrase_settings[] = {
	{.name = "category",
	 .type = SCHEMA_CHOICE,
	 .required = true,
	 .choice = csp_choice_category,
	 .offset = offsetof(struct phrase_group, category)},
	{.name = "meaning",
	 .type = SCHEMA_TEXT,
	 .required = true,
	 .min = 1,
	 .max = 64,
	 .check = csp_check_name,
	 .store = store_meaning},
	{.name = "instead_of",
	 .type = SCHEMA_TEXTS,
	 .min = 1,
	 .max = REPLACED_MAX,
	 .check = csp_check_name,
	 .store = store_instead_of},
	{.name = "phrases",
	 .type = SCHEMA_TEXTS,
	 .required = true,
	 .min = 1,
	 .store = store_phrase},
	{0},
};

static bool store_expression(const struct schema_place *place, const struct schema_value *value,
			     void *field)
{
	const struct phrase_group *group = field;
	struct pack_draft *draft = group->file->draft;
	struct phrase expression = {.text = value->text,
				    .rule = group->rule,
				    .category = group->category,
				    .file = group->file->path,
				    .line = csp_schema_origin(place).line};
	char why[EXPRESSION_WHY_SIZE];
	char quote[CONF_QUOTE_SIZE];

	if (csp_expression_check(why, value->text))
		return csp_pack_push(place, &draft->expressions, &expression, sizeof(expression));
	csp_schema_error(place, "'%s' %s", csp_conf_quote(quote, value->text), why);
	return false;
}

const struct schema csp_expression_settings[] = {
	{.name = "category",
	 .type = SCHEMA_CHOICE,
	 .required = true,
	 .choice = csp_choice_category,
	 .offset = offsetof(struct phrase_group, category)},
	{.name = "meaning",
	 .type = SCHEMA_TEXT,
	 .required = true,
	 .min = 1,
	 .max = 64,
	 .check = csp_check_name,
	 .store = store_meaning},
	{.name = "expressions",
	 .type = SCHEMA_TEXTS,
	 .required = true,
	 .min = 1,
	 .max = 100,
	 .store = store_expression},
	{0},
};

bool csp_pack_read_expressions(const struct schema_place *place, size_t index, size_t count,
			       void *field)
{
	struct phrase_group group = {.file = field};

	(void)index;
	(void)count;
	return csp_schema_read(place, csp_expression_settings, &group);
}

bool csp_pack_read_phrases(const struct schema_place *place, size_t index, size_t count,
			   void *field)
{
	struct phrase_group group = {.file = field};

	(void)index;
	(void)count;
	return csp_schema_read(place, csp_phrase_settings, &group);
}

static struct span meaning_of(struct span rule)
{
	size_t slash = csp_span_find(rule, '/');

	return slash == rule.len ? rule : csp_span_slice(rule, slash + 1, rule.len);
}

bool csp_pack_number_meanings(const struct schema_place *place, const struct pack_draft *draft)
{
	struct conf_reader *reader = csp_schema_reader(place);
	struct replaced_meaning *meanings = draft->replaced.items;
	struct phrase *phrases = draft->phrases.items;
	bool right = true;

	for (size_t i = 0; i < draft->phrases.count; i++) {
		struct replaced_meaning *meaning =
			find_replaced(draft, meaning_of(phrases[i].rule));
		if (!meaning)
			continue;
		meaning->found = true;
		phrases[i].meaning = UINT64_C(1) << (meaning - meanings);
	}
	for (size_t i = 0; i < draft->replaced.count; i++) {
		char quote[CONF_QUOTE_SIZE];
		if (meanings[i].found || reader->incomplete)
			continue;
		csp_conf_error(reader, meanings[i].origin.file, meanings[i].origin.line,
			       "no phrases have the meaning '%s'",
			       csp_conf_quote(quote, meanings[i].name));
		right = false;
	}
	return right;
}

static int compare_seen(const void *a, const void *b)
{
	const struct seen_phrase *x = a, *y = b;
	int order = csp_span_compare(x->normal, y->normal);

	return order ? order : x->order < y->order ? -1 : x->order > y->order;
}

/* A phrase of two categories would contradict itself in every message that holds it. */
bool csp_pack_check_contradictions(const struct schema_place *place, const struct pack_draft *draft)
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

const struct schema csp_product_settings[] = {
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
	 .check = csp_pack_check_phrase,
	 .offset = offsetof(struct product, phrases)},
	{0},
};

/* Packs of several languages may each name a product in their words, but not sell it differently. */
bool csp_pack_read_product(const struct schema_place *place, size_t index, size_t count,
			   void *field)
{
	const struct pack_file *file = field;
	const struct product *before = file->draft->products.items;
	struct product product = {.csp = true};

	(void)index;
	(void)count;
	if (!csp_schema_read(place, csp_product_settings, &product))
		return false;
	for (size_t i = 0; i < file->draft->products.count; i++)
		if (csp_span_equal(before[i].name, product.name) && before[i].csp != product.csp) {
			csp_schema_error(place, "'csp' is not what it was where this product was "
						"named before");
			return false;
		}
	return csp_pack_push(place, &file->draft->products, &product, sizeof(product));
}
