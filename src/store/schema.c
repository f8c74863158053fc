#include "schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guess.h"
#include "utf8.h"

#define PATH_MAX_TEXT 160
#define TEXT_MAX      1000

struct conf_reader *csp_schema_reader(const struct schema_place *place)
{
	return place->source->reader;
}

struct conf_origin csp_schema_origin(const struct schema_place *place)
{
	while (place->parent && !place->setting)
		place = place->parent;
	if (!place->setting || !place->setting->parent)
		return (struct conf_origin){place->source->file, 0};
	return csp_conf_source_locate(place->source, place->setting->line);
}

static void write_path(struct buf *out, const struct schema_place *place)
{
	if (place->parent)
		write_path(out, place->parent);
	if (!place->name)
		return;
	if (out->len)
		csp_buf_append_char(out, '.');
	char quote[CONF_QUOTE_SIZE];
	csp_buf_append(out, csp_span_from(csp_conf_quote(quote, csp_span_from(place->name))));
}

void csp_schema_error(const struct schema_place *place, const char *format, ...)
{
	struct conf_origin origin = csp_schema_origin(place);
	char text[512];
	struct buf path;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	csp_buf_init(&path, PATH_MAX_TEXT);
	write_path(&path, place);
	csp_conf_error(csp_schema_reader(place), origin.file, origin.line, "%s%s%s",
		       csp_buf_cstr(&path), path.len ? ": " : "", text);
	csp_buf_dispose(&path);
}

bool csp_schema_no_memory(const struct schema_place *place)
{
	csp_schema_reader(place)->no_memory = true;
	return false;
}

static const struct schema *find_name(const struct schema *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

static bool report_unknown(const struct schema_place *place, const struct schema *table,
			   const config_setting_t *setting)
{
	struct schema_place unknown = {
		.source = place->source, .setting = setting, .parent = place};
	struct guess guess;
	char quote[CONF_QUOTE_SIZE];

	csp_conf_quote(quote, csp_span_from(setting->name));
	csp_guess_init(&guess, csp_span_from(setting->name));
	for (const struct schema *s = table; s->name; s++)
		csp_guess_try(&guess, s->name);
	if (guess.best) {
		csp_schema_error(&unknown, "unknown setting '%s': did you mean '%s'?", quote,
				 guess.best);
		return false;
	}
	for (const struct schema *s = table; s->name; s++)
		if (s->type == SCHEMA_GROUP && find_name(s->group, setting->name)) {
			csp_schema_error(&unknown,
					 "unknown setting '%s': it stands in '%s = { … }'", quote,
					 s->name);
			return false;
		}
	csp_schema_error(&unknown, "unknown setting '%s'", quote);
	return false;
}

static const char *type_name(const config_setting_t *setting)
{
	switch (setting->type) {
	case CONFIG_TYPE_GROUP:
		return "a group { … }";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "a text";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "a list [ … ]";
	default:
		return "a list ( … )";
	}
}

static bool wrong_type(const struct schema_place *place, const char *wanted)
{
	csp_schema_error(place, "%s is needed, this is %s", wanted, type_name(place->setting));
	return false;
}

static bool get_number(unsigned *out, const struct schema_place *place, const struct schema *schema)
{
	const config_setting_t *setting = place->setting;
	long long number;

	if (!setting)
		number = strtoll(schema->fallback, NULL, 10);
	else if (setting->type == CONFIG_TYPE_INT)
		number = setting->value.ival;
	else if (setting->type == CONFIG_TYPE_INT64)
		number = setting->value.llval;
	else
		return wrong_type(place, "a whole number without quotes");
	if (number < (long long)schema->min || number > (long long)schema->max) {
		csp_schema_error(place, "%lld is out of range: %u to %u", number, schema->min,
				 schema->max);
		return false;
	}
	*out = (unsigned)number;
	return true;
}

static bool take_number(const struct schema_place *place, const struct schema *schema, void *field)
{
	unsigned number;

	if (!get_number(&number, place, schema))
		return false;
	if (schema->type == SCHEMA_SIZE)
		*(size_t *)field = number;
	else
		*(unsigned *)field = number;
	return true;
}

static bool take_range(const struct schema_place *place, const struct schema *schema, void *field)
{
	const config_setting_t *setting = place->setting;
	struct schema_place first = *place, last = *place;
	unsigned *range = field;

	if (setting && (setting->type == CONFIG_TYPE_ARRAY || setting->type == CONFIG_TYPE_LIST)) {
		if (config_setting_length(setting) != 2) {
			csp_schema_error(place,
					 "one number is needed, or two: [ lowest, highest ]");
			return false;
		}
		first.setting = config_setting_get_elem(setting, 0);
		last.setting = config_setting_get_elem(setting, 1);
	}
	if (!get_number(&range[0], &first, schema) || !get_number(&range[1], &last, schema))
		return false;
	if (range[0] > range[1])
		csp_schema_error(place, "the lowest number stands first: [ %u, %u ]", range[1],
				 range[0]);
	return range[0] <= range[1];
}

static bool take_bool(const struct schema_place *place, const struct schema *schema, void *field)
{
	bool truth;

	if (!place->setting)
		truth = !strcmp(schema->fallback, "true");
	else if (place->setting->type == CONFIG_TYPE_BOOL)
		truth = place->setting->value.ival != 0;
	else
		return wrong_type(place, "true or false without quotes");
	if (schema->store) {
		struct schema_value value = {.number = truth, .count = 1};
		return schema->store(place, &value, field);
	}
	*(bool *)field = truth;
	return true;
}

/* What may stand in any text: UTF-8 (an escape could have made something else) without control characters. */
static bool check_text(const struct schema_place *place, struct span text)
{
	if (!csp_utf8_is_valid(text)) {
		csp_schema_error(place, "the text is not UTF-8");
		return false;
	}
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f) {
			csp_schema_error(place, "the text holds a control character");
			return false;
		}
	return true;
}

static bool find_choice(unsigned *out, const struct schema_place *place,
			const struct schema *schema, struct span text)
{
	const struct conf *conf = csp_schema_reader(place)->conf;
	char quote[CONF_QUOTE_SIZE];
	struct guess guess;
	struct buf names;
	const char *name;

	csp_buf_init(&names, 400);
	csp_guess_init(&guess, text);
	for (unsigned i = 0; (name = schema->choice(conf, i)); i++) {
		if (csp_span_equal(csp_span_from(name), text)) {
			csp_buf_dispose(&names);
			*out = i;
			return true;
		}
		csp_buf_append_format(&names, "%s%s", i ? ", " : "", name);
		csp_guess_try(&guess, name);
	}
	csp_conf_quote(quote, text);
	if (guess.best)
		csp_schema_error(place, "'%s' is unknown: did you mean '%s'?", quote, guess.best);
	else
		csp_schema_error(place, "'%s' is unknown: one of %s", quote, csp_buf_cstr(&names));
	csp_buf_dispose(&names);
	return false;
}

static bool store_text(const struct schema_place *place, const struct schema *schema,
		       const struct schema_value *value, void *field)
{
	if (schema->store)
		return schema->store(place, value, field);
	if (schema->type == SCHEMA_CHOICE)
		*(unsigned *)field = value->number;
	else if (schema->type == SCHEMA_CHOICES)
		*(unsigned *)field |= 1U << value->number;
	else if (schema->type == SCHEMA_TEXT)
		*(struct span *)field = value->text;
	return true;
}

static bool check_length(const struct schema_place *place, const struct schema *schema,
			 struct span text)
{
	size_t min = schema->type == SCHEMA_TEXT ? schema->min : 1;
	size_t max = schema->type == SCHEMA_TEXT && schema->max ? schema->max : TEXT_MAX;

	if (text.len < min && !text.len) {
		csp_schema_error(place, "the text is empty");
		return false;
	}
	if (text.len >= min && text.len <= max)
		return true;
	csp_schema_error(place, "the text has %zu bytes: %zu to %zu are allowed", text.len, min,
			 max);
	return false;
}

/* A text that is fit to be stored: length, characters, check, choice. */
static bool prepare_text(const struct schema_place *place, const struct schema *schema,
			 struct schema_value *value)
{
	struct span text = value->text;

	if (!check_length(place, schema, text) || !check_text(place, text))
		return false;
	if (!csp_arena_copy(csp_schema_reader(place)->arena, &value->text, text))
		return csp_schema_no_memory(place);
	if (schema->check && value->text.len && !schema->check(place, &value->text))
		return false;
	return !schema->choice || find_choice(&value->number, place, schema, value->text);
}

static bool take_one(const struct schema_place *place, const struct schema *schema, void *field)
{
	struct schema_value value = {.text = csp_span_from(schema->fallback), .count = 1};

	if (place->setting && place->setting->type != CONFIG_TYPE_STRING)
		return wrong_type(place, "a text in quotes");
	if (place->setting)
		value.text = csp_span_from(place->setting->value.sval);
	return prepare_text(place, schema, &value) && store_text(place, schema, &value, field);
}

/* The texts of a setting: a list, an array, one text alone, or the fallback's words. */
struct texts {
	const config_setting_t *setting;
	struct span words;
	size_t count;
};

static struct texts texts_of(const struct schema_place *place, const struct schema *schema)
{
	struct texts texts = {.setting = place->setting};

	if (texts.setting) {
		bool one = texts.setting->type == CONFIG_TYPE_STRING;
		texts.count = one ? 1 : (size_t)config_setting_length(texts.setting);
		return texts;
	}
	texts.words = csp_span_from(schema->fallback);
	for (size_t i = 0; i < texts.words.len; i++)
		texts.count += texts.words.data[i] == ' ';
	texts.count += texts.words.len != 0;
	return texts;
}

/* The next text and its place; false: it is none, and that was reported. */
static bool next_text(struct schema_place *element, struct span *out, struct texts *texts,
		      size_t index)
{
	if (!texts->setting) {
		struct span rest = texts->words;
		csp_span_split(out, &texts->words, rest, ' ');
		return true;
	}
	if (texts->setting->type != CONFIG_TYPE_STRING)
		element->setting = config_setting_get_elem(texts->setting, (unsigned)index);
	if (element->setting->type != CONFIG_TYPE_STRING)
		return wrong_type(element, "a text in quotes");
	*out = csp_span_from(element->setting->value.sval);
	return true;
}

static bool stands_twice(const struct schema_place *place, const struct span *before, size_t count,
			 struct span text)
{
	char quote[CONF_QUOTE_SIZE];

	for (size_t i = 0; i < count; i++)
		if (csp_span_equal(before[i], text)) {
			csp_schema_error(place, "'%s' stands twice", csp_conf_quote(quote, text));
			return true;
		}
	return false;
}

static bool check_count(const struct schema_place *place, const struct schema *schema, size_t count)
{
	if (count >= schema->min && (!schema->max || count <= schema->max))
		return true;
	if (!count)
		csp_schema_error(place, "the list is empty");
	else if (count < schema->min)
		csp_schema_error(place, "%zu entries: at least %u are needed", count, schema->min);
	else
		csp_schema_error(place, "%zu entries: at most %u are allowed", count, schema->max);
	return false;
}

static bool take_texts(const struct schema_place *place, const struct schema *schema, void *field)
{
	struct texts texts = texts_of(place, schema);
	size_t taken = 0;
	bool right = true;

	if (place->setting && place->setting->type != CONFIG_TYPE_STRING &&
	    place->setting->type != CONFIG_TYPE_ARRAY && place->setting->type != CONFIG_TYPE_LIST)
		return wrong_type(place, "a text in quotes or a list of them");
	if (!check_count(place, schema, texts.count))
		return false;
	struct span *items =
		csp_arena_alloc(csp_schema_reader(place)->arena, texts.count + 1, sizeof(*items));
	if (!items)
		return csp_schema_no_memory(place);
	for (size_t i = 0; i < texts.count; i++) {
		struct schema_place element = *place;
		struct schema_value value = {.index = i, .count = texts.count};
		if (!next_text(&element, &value.text, &texts, i) ||
		    !prepare_text(&element, schema, &value) ||
		    (schema->max && stands_twice(&element, items, taken, value.text))) {
			right = false;
			continue;
		}
		items[taken++] = value.text;
		right &= store_text(&element, schema, &value, field);
	}
	if (schema->type == SCHEMA_TEXTS && !schema->store)
		*(struct spans *)field = (struct spans){items, taken};
	return right;
}

/* A group in a list is called by its name in messages, if it has one. */
static const char *own_name(const config_setting_t *group)
{
	const char *name = NULL;

	if (group->type != CONFIG_TYPE_GROUP ||
	    config_setting_lookup_string(group, "name", &name) != CONFIG_TRUE)
		return NULL;
	return name;
}

static bool take_groups(const struct schema_place *place, const struct schema *schema, void *field)
{
	if (!place->setting)
		return true;
	if (place->setting->type != CONFIG_TYPE_LIST)
		return wrong_type(place, "a list of groups ( { … }, { … } )");
	size_t count = (size_t)config_setting_length(place->setting);
	bool right = check_count(place, schema, count);

	for (size_t i = 0; i < count; i++) {
		struct schema_place element = {
			.source = place->source,
			.setting = config_setting_get_elem(place->setting, (unsigned)i),
			.parent = place};
		element.name = own_name(element.setting);
		if (element.setting->type != CONFIG_TYPE_GROUP)
			right = wrong_type(&element, "a group { … }");
		else if (!schema->each(&element, i, count, field))
			right = false;
	}
	return right;
}

static bool take_by_type(const struct schema_place *place, const struct schema *schema, void *field)
{
	switch (schema->type) {
	case SCHEMA_BOOL:
		return take_bool(place, schema, field);
	case SCHEMA_NUMBER:
	case SCHEMA_SIZE:
		return take_number(place, schema, field);
	case SCHEMA_RANGE:
		return take_range(place, schema, field);
	case SCHEMA_TEXT:
	case SCHEMA_CHOICE:
		return take_one(place, schema, field);
	case SCHEMA_TEXTS:
	case SCHEMA_CHOICES:
		return take_texts(place, schema, field);
	case SCHEMA_GROUP:
		if (place->setting && place->setting->type != CONFIG_TYPE_GROUP)
			return wrong_type(place, "a group { … }");
		return csp_schema_read(place, schema->group, field);
	case SCHEMA_GROUPS:
		return take_groups(place, schema, field);
	}
	return false;
}

static bool take(const struct schema_place *place, const struct schema *schema, void *out)
{
	void *field = (char *)out + schema->offset;
	bool right = take_by_type(place, schema, field);
	bool together = !schema->complete || schema->complete(place, field);

	return right && together;
}

/* What is absent takes its default; what may stand in a file that could not be read is not called missing. */
static bool take_absent(const struct schema_place *place, const struct schema *schema, void *out)
{
	if (schema->required) {
		if (!csp_schema_reader(place)->incomplete)
			csp_schema_error(place->parent, "'%s' is missing", schema->name);
		return false;
	}
	if (!schema->fallback && schema->type != SCHEMA_GROUP)
		return true;
	return take(place, schema, out);
}

bool csp_schema_read(const struct schema_place *place, const struct schema *table, void *out)
{
	int members = place->setting ? config_setting_length(place->setting) : 0;
	bool right = true;

	for (int i = 0; i < members; i++) {
		const config_setting_t *member =
			config_setting_get_elem(place->setting, (unsigned)i);
		if (!find_name(table, member->name))
			right = report_unknown(place, table, member);
	}
	for (const struct schema *schema = table; schema->name; schema++) {
		const config_setting_t *member =
			place->setting ? config_setting_get_member(place->setting, schema->name)
				       : NULL;
		struct schema_place field = {.source = place->source,
					     .setting = member,
					     .parent = place,
					     .name = schema->name};
		right &= member ? take(&field, schema, out) : take_absent(&field, schema, out);
	}
	return right;
}
