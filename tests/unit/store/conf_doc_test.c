#include "conf_files.h"

#include "buf.h"
#include "conf_tables.h"

/* The manual page and the sample, read once. */
struct docs {
	struct conf_files files;
	struct conf *conf; /* the choices of categories come from it */
	char *page;
	char *sample;
};

static char *read_text(const char *name)
{
	char path[512];
	long size;

	snprintf(path, sizeof(path), "%s/%s", CSP_SOURCE_DIR, name);
	FILE *stream = fopen(path, "r");
	assert_non_null(stream);
	assert_int_equal(fseek(stream, 0, SEEK_END), 0);
	size = ftell(stream);
	assert_true(size > 0);
	rewind(stream);
	char *text = malloc((size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, stream), size);
	text[size] = '\0';
	fclose(stream);
	return text;
}

static int setup(void **state)
{
	struct docs *docs = calloc(1, sizeof(*docs));

	assert_non_null(docs);
	conf_files_make(&docs->files);
	conf_files_put(&docs->files, "main.conf", CONF_MINIMAL);
	docs->conf = conf_files_read_right(&docs->files);
	docs->page = read_text("docs/man/csp-milter.conf.5.scd");
	docs->sample = read_text("conf/csp-milter.conf");
	*state = docs;
	return 0;
}

static int teardown(void **state)
{
	struct docs *docs = *state;

	csp_conf_free(docs->conf);
	conf_files_remove(&docs->files);
	free(docs->page);
	free(docs->sample);
	free(docs);
	return 0;
}

static void append_names(struct buf *out, const struct schema *schema, const struct conf *conf)
{
	const char *name;

	for (unsigned i = 0; (name = schema->choice(conf, i)); i++)
		csp_buf_append_format(out, "%s%s", i ? ", " : "", name);
}

static void append_type(struct buf *out, const struct schema *schema, const struct conf *conf)
{
	switch (schema->type) {
	case SCHEMA_BOOL:
		csp_buf_append(out, SPAN_LIT("true or false"));
		break;
	case SCHEMA_NUMBER:
	case SCHEMA_SIZE:
		csp_buf_append_format(out, "a number from %u to %u", schema->min, schema->max);
		break;
	case SCHEMA_RANGE:
		csp_buf_append_format(out, "a number from %u to %u, or two: lowest and highest",
				      schema->min, schema->max);
		break;
	case SCHEMA_TEXT:
		csp_buf_append(out, SPAN_LIT("a text"));
		break;
	case SCHEMA_TEXTS:
		csp_buf_append(out, SPAN_LIT("a list of texts"));
		break;
	case SCHEMA_CHOICE:
		csp_buf_append(out, SPAN_LIT("one of "));
		append_names(out, schema, conf);
		break;
	case SCHEMA_CHOICES:
		csp_buf_append(out, SPAN_LIT("one or more of "));
		append_names(out, schema, conf);
		break;
	case SCHEMA_GROUP:
		csp_buf_append(out, SPAN_LIT("a group"));
		break;
	case SCHEMA_GROUPS:
		csp_buf_append(out, SPAN_LIT("a list of groups"));
		break;
	}
}

/* Words of a list's default, each in quotes. */
static void append_words(struct buf *out, struct span words)
{
	struct span word;

	for (bool first = true; words.len; first = false) {
		struct span rest = words;
		csp_span_split(&word, &words, rest, ' ');
		csp_buf_append_format(out, "%s\"%.*s\"", first ? "" : ", ", SPAN_ARG(word));
	}
}

static void append_default(struct buf *out, const struct schema *schema)
{
	if (schema->required)
		csp_buf_append(out, SPAN_LIT("; required"));
	if (!schema->fallback)
		return;
	csp_buf_append(out, SPAN_LIT("; default "));
	if (!schema->fallback[0])
		csp_buf_append(out, SPAN_LIT("empty"));
	else if (schema->type == SCHEMA_TEXTS)
		append_words(out, csp_span_from(schema->fallback));
	else
		csp_buf_append(out, csp_span_from(schema->fallback));
}

/* A line of the page, with or without the sign that the next line is part of the same heading. */
static bool has_line(const char *page, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = page; (at = strstr(at, line)); at += len)
		if ((at == page || at[-1] == '\n') &&
		    (at[len] == '\n' || !strncmp(at + len, "++\n", 3)))
			return true;
	return false;
}

static void check_heading(const struct docs *docs, const char *path, const struct schema *schema)
{
	struct buf line;

	csp_buf_init(&line, 4096);
	csp_buf_append_format(&line, "*%s*: ", path);
	append_type(&line, schema, docs->conf);
	append_default(&line, schema);
	if (!has_line(docs->page, csp_buf_cstr(&line)))
		fail_msg("the manual page lacks the line: %s", csp_buf_cstr(&line));
	csp_buf_dispose(&line);
}

/* A group of the main table has its settings with their path alone; the criteria stand in the rule already. */
static void check_table(const struct docs *docs, const struct schema *table, const char *prefix)
{
	for (const struct schema *schema = table; schema->name; schema++) {
		char path[256];
		snprintf(path, sizeof(path), "%s%s", prefix, schema->name);
		if (schema->type != SCHEMA_GROUP || !strcmp(schema->name, "except"))
			check_heading(docs, path, schema);
		if (!schema->group || schema->group == csp_rule_settings ||
		    !strcmp(schema->name, "except"))
			continue;
		strcat(path, ".");
		check_table(docs, schema->group, path);
	}
}

static void test_the_manual_page_names_every_setting_with_type_range_and_default(void **state)
{
	check_table(*state, csp_conf_settings, "");
}

static void test_the_manual_page_names_every_part_of_a_rule(void **state)
{
	check_table(*state, csp_rule_settings, "");
}

static void test_the_manual_page_names_every_part_of_a_pack(void **state)
{
	check_table(*state, csp_pack_settings, "");
}

static void append_value(struct buf *out, const struct schema *schema)
{
	bool plain = schema->type == SCHEMA_NUMBER || schema->type == SCHEMA_SIZE ||
		     schema->type == SCHEMA_BOOL;

	bool list = schema->type == SCHEMA_TEXTS || schema->type == SCHEMA_CHOICES;

	if (list && !schema->fallback[0])
		csp_buf_append(out, SPAN_LIT("[ ]"));
	else if (plain)
		csp_buf_append(out, csp_span_from(schema->fallback));
	else
		csp_buf_append_format(out, "\"%s\"", schema->fallback);
}

static void check_words(const struct docs *docs, const struct schema *schema)
{
	struct span words = csp_span_from(schema->fallback), word;

	while (words.len) {
		char quoted[256];
		struct span rest = words;
		csp_span_split(&word, &words, rest, ' ');
		snprintf(quoted, sizeof(quoted), "\"%.*s\"", SPAN_ARG(word));
		if (!strstr(docs->sample, quoted))
			fail_msg("the sample lacks %s of %s", quoted, schema->name);
	}
}

static void check_sample(const struct docs *docs, const struct schema *table)
{
	for (const struct schema *schema = table; schema->name; schema++) {
		struct buf line;
		if (schema->type == SCHEMA_GROUP)
			check_sample(docs, schema->group);
		if (!schema->fallback)
			continue;
		csp_buf_init(&line, 4096);
		csp_buf_append_format(&line, "%s = ", schema->name);
		if (schema->type == SCHEMA_TEXTS && schema->fallback[0])
			check_words(docs, schema);
		else
			append_value(&line, schema);
		if (!strstr(docs->sample, csp_buf_cstr(&line)))
			fail_msg("the sample lacks: %s", csp_buf_cstr(&line));
		csp_buf_dispose(&line);
	}
}

static void test_the_sample_shows_every_setting_with_its_default(void **state)
{
	check_sample(*state, csp_conf_settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_the_manual_page_names_every_setting_with_type_range_and_default),
		cmocka_unit_test(test_the_manual_page_names_every_part_of_a_rule),
		cmocka_unit_test(test_the_manual_page_names_every_part_of_a_pack),
		cmocka_unit_test(test_the_sample_shows_every_setting_with_its_default),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
