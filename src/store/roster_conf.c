#include "roster_conf.h"

#include <string.h>

#include "conf_check.h"
#include "guess.h"

struct texts {
	struct span *items;
	size_t count, cap;
};

/* One list while it is read. */
struct list {
	struct span name;
	struct texts addresses, domains;
};

static bool push(struct conf_reader *reader, struct texts *texts, struct span text)
{
	void *items = texts->items;

	if (!csp_arena_grow(reader->arena, &items, &texts->cap, texts->count, sizeof(text)))
		return false;
	texts->items = items;
	texts->items[texts->count++] = text;
	return true;
}

/* ".domain", for its sub-domains. */
static bool make_pattern(struct span *out, struct arena *arena, struct span domain)
{
	char *pattern = csp_arena_alloc(arena, domain.len + 1, 1);

	if (!pattern)
		return false;
	pattern[0] = '.';
	memcpy(pattern + 1, domain.data, domain.len);
	*out = (struct span){pattern, domain.len + 1};
	return true;
}

enum entry_result { ENTRY_TAKEN, ENTRY_WRONG, ENTRY_NO_MEMORY };

static enum entry_result entry_of(enum mailbox_result result)
{
	if (result == MAILBOX_OK)
		return ENTRY_TAKEN;
	return result == MAILBOX_NO_MEMORY ? ENTRY_NO_MEMORY : ENTRY_WRONG;
}

static enum entry_result take_domain(struct list *list, struct conf_reader *reader,
				     struct span text)
{
	bool below = text.len && text.data[0] == '.';
	struct span domain, pattern;
	enum entry_result result = entry_of(csp_domain_canonical(
		&domain, reader->arena, below ? csp_span_slice(text, 1, text.len) : text));

	if (result != ENTRY_TAKEN)
		return result;
	pattern = domain;
	if (below && !make_pattern(&pattern, reader->arena, domain))
		return ENTRY_NO_MEMORY;
	return push(reader, &list->domains, pattern) ? ENTRY_TAKEN : ENTRY_NO_MEMORY;
}

static enum entry_result take_address(struct list *list, struct conf_reader *reader,
				      struct span text)
{
	struct mailbox mailbox;
	struct span key;
	enum entry_result result = entry_of(csp_mailbox_parse(&mailbox, reader->arena, text));

	if (result != ENTRY_TAKEN)
		return result;
	if (!csp_mailbox_key(&key, reader->arena, &mailbox, reader->conf->address_separators))
		return ENTRY_NO_MEMORY;
	return push(reader, &list->addresses, key) ? ENTRY_TAKEN : ENTRY_NO_MEMORY;
}

/* "anna@example.com", "example.com", ".example.com" */
static enum entry_result take_entry(struct list *list, struct conf_reader *reader, struct span text)
{
	return csp_span_find(text, '@') < text.len ? take_address(list, reader, text)
						   : take_domain(list, reader, text);
}

#define ENTRY_FORMS "an address, a domain, or a domain with a '.' before it for its sub-domains"

static bool store_entry(const struct schema_place *place, const struct schema_value *value,
			void *field)
{
	char quote[CONF_QUOTE_SIZE];

	switch (take_entry(field, csp_schema_reader(place), value->text)) {
	case ENTRY_TAKEN:
		return true;
	case ENTRY_NO_MEMORY:
		return csp_schema_no_memory(place);
	case ENTRY_WRONG:
	default:
		csp_schema_error(place, "'%s' is no entry of a list: " ENTRY_FORMS,
				 csp_conf_quote(quote, value->text));
		return false;
	}
}

/* A line without its comment: '#' begins one at the start of a line or behind a space. */
static struct span strip(struct span line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] == '#' &&
		    (i == 0 || line.data[i - 1] == ' ' || line.data[i - 1] == '\t'))
			line.len = i;
	}
	return csp_span_trim(line);
}

static bool take_lines(struct list *list, struct conf_reader *reader, const struct conf_file *file)
{
	struct span rest = file->text, line;
	bool right = true;

	for (unsigned number = 1; rest.len; number++) {
		char quote[CONF_QUOTE_SIZE];
		csp_span_split(&line, &rest, rest, '\n');
		line = strip(line);
		if (!line.len)
			continue;
		enum entry_result result = take_entry(list, reader, line);
		if (result == ENTRY_NO_MEMORY) {
			reader->no_memory = true;
			return false;
		}
		if (result == ENTRY_TAKEN)
			continue;
		csp_conf_error(reader, file->name, number,
			       "'%s' is no entry of a list: " ENTRY_FORMS,
			       csp_conf_quote(quote, line));
		right = false;
	}
	return right;
}

static bool store_file(const struct schema_place *place, const struct schema_value *value,
		       void *field)
{
	struct conf_reader *reader = csp_schema_reader(place);
	struct conf_origin origin = csp_schema_origin(place);
	struct conf_file file;
	struct span path;

	if (!csp_conf_file_path(&path, reader, origin.file, value->text))
		return csp_schema_no_memory(place);
	return csp_conf_file_read(&file, reader, path, origin) && take_lines(field, reader, &file);
}

const struct schema csp_roster_settings[] = {
	{.name = "name",
	 .type = SCHEMA_TEXT,
	 .required = true,
	 .min = 1,
	 .max = 64,
	 .check = csp_check_name,
	 .offset = offsetof(struct list, name)},
	{.name = "addresses", .type = SCHEMA_TEXTS, .max = 10000, .store = store_entry},
	{.name = "files", .type = SCHEMA_TEXTS, .max = 100, .store = store_file},
	{0},
};

static bool check_list(const struct schema_place *place, const struct policy *policy,
		       const struct list *list)
{
	char quote[CONF_QUOTE_SIZE];

	if (policy->roster_count == ROSTERS_MAX - 1) {
		csp_schema_error(place, "there may be %d lists", ROSTERS_MAX - 1);
		return false;
	}
	for (size_t i = 0; i < policy->roster_count; i++)
		if (csp_span_equal(policy->rosters[i].name, list->name)) {
			csp_schema_error(place, "a list '%s' stands already above",
					 csp_conf_quote(quote, list->name));
			return false;
		}
	if (!config_setting_get_member(place->setting, "addresses") &&
	    !config_setting_get_member(place->setting, "files")) {
		csp_schema_error(place, "'addresses' or 'files' must say who is on the list");
		return false;
	}
	return true;
}

static bool add_roster(struct conf_reader *reader, const struct list *list)
{
	struct policy *policy = &reader->conf->policy;
	struct roster *rosters =
		csp_arena_alloc(reader->arena, policy->roster_count + 1, sizeof(*rosters));

	if (!rosters)
		return false;
	for (size_t i = 0; i < policy->roster_count; i++)
		rosters[i] = policy->rosters[i];
	csp_spans_sort(list->addresses.items, list->addresses.count);
	csp_spans_sort(list->domains.items, list->domains.count);
	rosters[policy->roster_count++] = (struct roster){
		.name = list->name,
		.addresses = {list->addresses.items, list->addresses.count},
		.domains = {list->domains.items, list->domains.count},
	};
	policy->rosters = rosters;
	return true;
}

bool csp_roster_read(const struct schema_place *place, size_t index, size_t count, void *field)
{
	struct conf_reader *reader = csp_schema_reader(place);
	struct list list = {.name = {"", 0}};

	(void)index;
	(void)count;
	(void)field;
	if (!csp_schema_read(place, csp_roster_settings, &list) ||
	    !check_list(place, &reader->conf->policy, &list))
		return false;
	return add_roster(reader, &list) || csp_schema_no_memory(place);
}

bool csp_store_roster_entry(const struct schema_place *place, const struct schema_value *value,
			    void *field)
{
	struct conf_reader *reader = csp_schema_reader(place);
	const struct policy *policy = &reader->conf->policy;
	struct list list = {.name = {"", 0}};

	/* It asks for something, whatever it is. */
	*(uint64_t *)field |= UINT64_C(1) << (ROSTERS_MAX - 1);
	if (!store_entry(place, value, &list))
		return false;
	if (policy->roster_count == ROSTERS_MAX - 1) {
		csp_schema_error(place,
				 "lists and single entries of rules are more than %d: put "
				 "entries that belong together into one list",
				 ROSTERS_MAX - 1);
		return false;
	}
	*(uint64_t *)field &= ~(UINT64_C(1) << (ROSTERS_MAX - 1));
	*(uint64_t *)field |= UINT64_C(1) << policy->roster_count;
	return add_roster(reader, &list) || csp_schema_no_memory(place);
}

bool csp_store_roster_bit(const struct schema_place *place, const struct schema_value *value,
			  void *field)
{
	const struct conf_reader *reader = csp_schema_reader(place);
	const struct policy *policy = &reader->conf->policy;
	char quote[CONF_QUOTE_SIZE];
	struct guess guess;

	csp_guess_init(&guess, value->text);
	for (size_t i = 0; i < policy->roster_count; i++) {
		if (csp_span_equal(policy->rosters[i].name, value->text)) {
			*(uint64_t *)field |= UINT64_C(1) << i;
			return true;
		}
		csp_guess_try(&guess, policy->rosters[i].name.data);
	}
	/* It asks for something, so that nobody takes the rule for one that asks for nothing. */
	*(uint64_t *)field |= UINT64_C(1) << (ROSTERS_MAX - 1);
	if (reader->incomplete)
		return true;
	csp_conf_quote(quote, value->text);
	if (guess.best)
		csp_schema_error(place, "address_lists has no list '%s': did you mean '%s'?", quote,
				 guess.best);
	else
		csp_schema_error(place, "address_lists has no list '%s'", quote);
	return false;
}
