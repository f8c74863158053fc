#include "pack_conf.h"

#include <string.h>

#include "conf_check.h"
#include "conf_folder.h"
#include "conf_tables.h"
#include "pack_section.h"

bool csp_pack_push(const struct schema_place *place, struct pack_array *array, const void *item,
		   size_t size)
{
	if (!csp_arena_grow(csp_schema_reader(place)->arena, &array->items, &array->cap,
			    array->count, size))
		return csp_schema_no_memory(place);
	memcpy((char *)array->items + array->count++ * size, item, size);
	return true;
}

bool csp_pack_join_rule(struct span *out, const struct schema_place *place, struct span first,
			struct span second)
{
	size_t head = first.len ? first.len + 1 : 0;
	char *text = csp_arena_alloc(csp_schema_reader(place)->arena, head + second.len + 1, 1);

	if (!text)
		return csp_schema_no_memory(place);
	if (head) {
		memcpy(text, first.data, first.len);
		text[first.len] = '/';
	}
	memcpy(text + head, second.data, second.len);
	*out = (struct span){text, head + second.len};
	return true;
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

const struct schema csp_pack_settings[] = {
	{.name = "language",
	 .type = SCHEMA_TEXT,
	 .min = 1,
	 .max = 32,
	 .check = check_language,
	 .offset = offsetof(struct pack_file, language)},
	{.name = "phrases",
	 .type = SCHEMA_GROUPS,
	 .group = csp_phrase_settings,
	 .each = csp_pack_read_phrases},
	{.name = "expressions",
	 .type = SCHEMA_GROUPS,
	 .group = csp_expression_settings,
	 .each = csp_pack_read_expressions},
	{.name = "products",
	 .type = SCHEMA_GROUPS,
	 .group = csp_product_settings,
	 .each = csp_pack_read_product},
	{.name = "identifiers",
	 .type = SCHEMA_GROUPS,
	 .group = csp_identifier_settings,
	 .each = csp_pack_read_identifier},
	{.name = "senders",
	 .type = SCHEMA_GROUPS,
	 .group = csp_sender_settings,
	 .each = csp_pack_read_senders},
	{.name = "tags",
	 .type = SCHEMA_GROUPS,
	 .group = csp_tag_settings,
	 .each = csp_pack_read_tag},
	{.name = "lists",
	 .type = SCHEMA_GROUPS,
	 .group = csp_list_settings,
	 .each = csp_pack_read_list},
	{.name = "public_domains",
	 .type = SCHEMA_TEXTS,
	 .max = 10000,
	 .check = csp_check_domain_pattern,
	 .store = csp_pack_add_public_domain},
	{.name = "tenant_domains",
	 .type = SCHEMA_TEXTS,
	 .max = 10000,
	 .check = csp_check_domain_pattern,
	 .store = csp_pack_add_tenant_domain},
	{0},
};

static bool is_new(const struct schema_place *place, struct pack_draft *draft, struct span path)
{
	const struct span *before = draft->paths.items;

	for (size_t i = 0; i < draft->paths.count; i++)
		if (csp_span_equal(before[i], path)) {
			char quote[CONF_QUOTE_SIZE];
			csp_schema_error(place, "'%s' stands twice", csp_conf_quote(quote, path));
			return false;
		}
	return csp_pack_push(place, &draft->paths, &path, sizeof(path));
}

static bool read_file(const struct schema_place *place, struct pack_draft *draft, struct span path)
{
	struct conf_reader *reader = csp_schema_reader(place);
	struct pack_file file = {.draft = draft, .language = {"", 0}, .path = {"", 0}};
	struct conf_source source;
	bool right = false;

	if (!csp_arena_copy(reader->arena, &file.path, path))
		return csp_schema_no_memory(place);
	if (!is_new(place, draft, file.path))
		return false;
	if (csp_conf_source_read(&source, reader, path, csp_schema_origin(place))) {
		struct schema_place root = {.source = &source,
					    .setting = config_root_setting(&source.config)};
		draft->files++;
		right = csp_schema_read(&root, csp_pack_settings, &file);
	}
	csp_conf_source_dispose(&source);
	return right;
}

bool csp_pack_read(const struct schema_place *place, const struct schema_value *value, void *field)
{
	struct conf_reader *reader = csp_schema_reader(place);
	struct conf_origin origin = csp_schema_origin(place);
	struct spans files;
	struct span path;
	bool right = true;

	/* The packs that are meant may be named where nothing could be read. */
	if (!place->setting && reader->incomplete)
		return true;
	if (!csp_conf_file_path(&path, reader, origin.file, value->text))
		return false;
	switch (csp_conf_folder_read(&files, reader, path, origin)) {
	case CONF_FOLDER_NONE:
		return read_file(place, field, path);
	case CONF_FOLDER_FAILED:
		return false;
	case CONF_FOLDER_READ:
		break;
	}
	for (size_t i = 0; i < files.count; i++)
		right = read_file(place, field, files.items[i]) && right;
	return right;
}

bool csp_pack_complete(const struct schema_place *place, void *field)
{
	const struct pack_draft *draft = field;

	bool right = csp_pack_number_meanings(place, draft);

	csp_spans_sort(draft->public_domains.items, draft->public_domains.count);
	csp_spans_sort(draft->tenant_domains.items, draft->tenant_domains.count);
	csp_schema_reader(place)->conf->pack = (struct pack){
		.phrases = draft->phrases.items,
		.phrase_count = draft->phrases.count,
		.expressions = draft->expressions.items,
		.expression_count = draft->expressions.count,
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
		.public_domains = {draft->public_domains.items, draft->public_domains.count},
		.tenant_domains = {draft->tenant_domains.items, draft->tenant_domains.count},
	};
	return csp_pack_check_contradictions(place, draft) && right;
}
