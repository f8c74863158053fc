#include "directory_changes.h"

#include <errno.h>

#define STATEMENT_MAX ((size_t)8 << 20)
#define ARENA_MAX     ((size_t)64 << 20)
#define PART_MAX      ((size_t)256 << 10) /* bytes of a party's facts or names, from one source */

void csp_changes_init(struct changes *changes, struct sorter *sorter,
		      const struct update_report *report)
{
	*changes = (struct changes){.sorter = sorter, .report = report};
	csp_arena_init(&changes->arena, ARENA_MAX);
	csp_buf_init(&changes->next, STATEMENT_MAX);
}

void csp_changes_dispose(struct changes *changes)
{
	csp_arena_dispose(&changes->arena);
	csp_buf_dispose(&changes->next);
}

/* The next statement is read ahead, into memory that outlives the sorter's. */
static int read_ahead(struct changes *changes)
{
	struct span record;
	int code = csp_sorter_next(&record, changes->sorter);

	changes->has_next = false;
	if (code)
		return code == SORTER_END ? 0 : code;
	csp_buf_reset(&changes->next);
	csp_buf_append(&changes->next, record);
	changes->has_next = true;
	return csp_buf_failed(&changes->next) ? ENOMEM : 0;
}

/* A party's facts from one source while its statements are put together. */
struct group {
	enum entry_type type;
	struct change change;
	bool decoded; /* entry counts, the change's parts are old */
	struct directory_entry entry;
};

static bool fits(struct span facts, struct span names)
{
	return facts.len <= PART_MAX && names.len <= PART_MAX;
}

static bool decode(struct directory_entry *out, struct arena *arena, enum entry_type type,
		   const struct change *change)
{
	return csp_facts_decode_party(out, arena, type, change->facts) &&
	       csp_facts_decode_names(out, arena, change->names);
}

/* The parts of a merged entry; ENOMEM, or EFBIG when it is too big. */
static int encode(struct change *out, struct arena *arena, const struct directory_entry *entry)
{
	struct buf facts, names;
	int code = 0;

	csp_buf_init(&facts, STATEMENT_MAX);
	csp_buf_init(&names, STATEMENT_MAX);
	csp_facts_encode_party(&facts, entry);
	csp_facts_encode_names(&names, entry);
	if (!fits(csp_buf_span(&facts), csp_buf_span(&names)))
		code = EFBIG;
	else if (csp_buf_failed(&facts) || csp_buf_failed(&names) ||
		 !csp_arena_copy(arena, &out->facts, csp_buf_span(&facts)) ||
		 !csp_arena_copy(arena, &out->names, csp_buf_span(&names)))
		code = ENOMEM;
	csp_buf_dispose(&facts);
	csp_buf_dispose(&names);
	return code;
}

static int merge(struct group *group, struct arena *arena, const struct change *more)
{
	struct directory_entry other, merged;
	struct change change = group->change;

	if (csp_span_equal(more->facts, change.facts) && csp_span_equal(more->names, change.names))
		return 0;
	if (!group->decoded && !decode(&group->entry, arena, group->type, &change))
		return ENOMEM;
	group->decoded = true;
	if (!decode(&other, arena, group->type, more) ||
	    !csp_facts_merge(&merged, arena, &group->entry, &other))
		return ENOMEM;
	int code = encode(&change, arena, &merged);
	if (code)
		return code;
	group->entry = merged;
	group->change = change;
	return 0;
}

static void refuse(struct changes *changes, struct place_in_import place)
{
	changes->refused++;
	changes->report->refused(changes->report->context, place,
				 "one party with too many facts or names");
}

/* What one statement adds to the group of its source. */
static int add(struct group *group, struct changes *changes, const struct statement *statement,
	       bool first)
{
	const struct change change = {statement->source, statement->place, statement->facts,
				      statement->names};
	int code = 0;

	if (!fits(change.facts, change.names))
		code = EFBIG;
	else if (first)
		*group = (struct group){.type = statement->type == STATEMENT_CUSTOMER
							? ENTRY_CUSTOMER
							: ENTRY_PARTNER,
					.change = change};
	else if (statement->type != STATEMENT_EXCLUSION)
		code = merge(group, &changes->arena, &change);
	if (code == EFBIG)
		refuse(changes, change.place);
	return code;
}

/* The statement read ahead, if it is of this party; its bytes are copied. */
static int take(struct statement *out, struct changes *changes, const struct party_changes *party)
{
	struct statement next;
	struct span bytes;

	if (!changes->has_next)
		return SORTER_END;
	if (!csp_statement_read(&next, csp_buf_span(&changes->next)))
		return EBADMSG;
	if (party->party.len > 0 &&
	    (next.type != party->type || !csp_span_equal(next.party, party->party)))
		return SORTER_END;
	if (!csp_arena_copy(&changes->arena, &bytes, csp_buf_span(&changes->next)))
		return ENOMEM;
	(void)csp_statement_read(out, bytes);
	changes->done++;
	return read_ahead(changes);
}

struct change_list {
	struct change *items;
	size_t count, cap;
};

static int push(struct change_list *list, struct arena *arena, const struct change *change)
{
	void *items = list->items;

	if (!csp_arena_grow(arena, &items, &list->cap, list->count, sizeof(*list->items)))
		return ENOMEM;
	list->items = items;
	list->items[list->count++] = *change;
	return 0;
}

/* All statements of the party that is read ahead. */
static int take_party(struct party_changes *party, struct change_list *list,
		      struct changes *changes)
{
	struct statement statement;
	struct group group = {.change = {.source = 0}};
	int code;

	while ((code = take(&statement, changes, party)) == 0) {
		party->type = statement.type;
		party->party = statement.party;
		bool first = group.change.source != statement.source;
		if (first && group.change.source)
			code = push(list, &changes->arena, &group.change);
		if (first)
			group.change.source = 0;
		if (!code)
			code = add(&group, changes, &statement, first);
		if (code && code != EFBIG)
			return code;
	}
	if (code == SORTER_END)
		code = group.change.source ? push(list, &changes->arena, &group.change) : 0;
	return code;
}

int csp_changes_next(struct party_changes *out, struct changes *changes)
{
	struct change_list list = {0};

	*out = (struct party_changes){.party = SPAN_LIT("")};
	csp_arena_reset(&changes->arena);
	int code = changes->done || changes->has_next ? 0 : read_ahead(changes);
	if (!code && !changes->has_next)
		code = SORTER_END;
	if (!code)
		code = take_party(out, &list, changes);
	out->items = list.items;
	out->count = list.count;
	return code;
}
