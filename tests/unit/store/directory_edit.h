/*
 * A change of the directory from one source, entry by entry, for the tests: what an import does without its files.
 * A struct edit is freed by commit and abort.
 * A refusal, early or late, and the last warning are kept as text.
 */
#ifndef DIRECTORY_EDIT_H
#define DIRECTORY_EDIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory_update.h"

struct edit {
	struct directory_update *update;
	uint32_t source;
	uint64_t line;
	struct buf statement;
};

/* Of the edit that ran last. */
struct edit_words {
	char refused[256], warned[256];
	uint64_t refused_line, warned_line;
	struct update_counts counts;
};

static inline struct edit_words *edit_words(void)
{
	static struct edit_words words;

	return &words;
}

static inline void edit_refused(void *context, struct place_in_import place, const char *why)
{
	(void)context;
	snprintf(edit_words()->refused, sizeof(edit_words()->refused), "%s", why);
	edit_words()->refused_line = place.line;
}

static inline void edit_warned(void *context, struct place_in_import place, const char *what)
{
	(void)context;
	snprintf(edit_words()->warned, sizeof(edit_words()->warned), "%s", what);
	edit_words()->warned_line = place.line;
}

static inline enum directory_result edit_begin_with(struct edit **out, struct directory *directory,
						    struct span source,
						    const struct update_settings *settings)
{
	struct update_settings all = *settings;
	struct edit *edit = calloc(1, sizeof(*edit));

	*out = NULL;
	if (!edit)
		return DIRECTORY_FAILED;
	memset(edit_words(), 0, sizeof(*edit_words()));
	all.report = (struct update_report){edit_refused, edit_warned, NULL, NULL};
	csp_buf_init(&edit->statement, (size_t)16 << 20);
	enum directory_result result = csp_directory_update_begin(&edit->update, directory, &all);
	if (result == DIRECTORY_OK) {
		result = csp_directory_update_source(&edit->source, edit->update, source);
		if (result != DIRECTORY_OK)
			csp_directory_update_abort(edit->update);
	}
	if (result != DIRECTORY_OK)
		free(edit);
	else
		*out = edit;
	return result;
}

static inline enum directory_result edit_begin(struct edit **out, struct directory *directory,
					       struct span source, int64_t now)
{
	const struct update_settings settings = {.now = now};

	return edit_begin_with(out, directory, source, &settings);
}

static inline enum directory_result edit_add(struct edit *edit)
{
	enum directory_result result = DIRECTORY_FAILED;

	if (!csp_buf_failed(&edit->statement))
		result = csp_directory_update_add(edit->update, csp_buf_span(&edit->statement));
	csp_buf_reset(&edit->statement);
	return result;
}

static inline enum directory_result edit_put(struct edit *edit, const struct directory_entry *entry)
{
	const char *why = csp_statement_refusal(entry);
	const struct place_in_import place = {0, ++edit->line};

	if (why) {
		edit_refused(NULL, place, why);
		return DIRECTORY_REFUSED;
	}
	csp_statement_write(&edit->statement, entry, edit->source, place);
	return edit_add(edit);
}

static inline enum directory_result edit_put_customer(struct edit *edit,
						      const struct customer_entry *customer)
{
	const struct directory_entry entry = {.type = ENTRY_CUSTOMER, .customer = *customer};

	return edit_put(edit, &entry);
}

static inline enum directory_result edit_put_partner(struct edit *edit,
						     const struct partner_entry *partner)
{
	const struct directory_entry entry = {.type = ENTRY_PARTNER, .partner = *partner};

	return edit_put(edit, &entry);
}

static inline enum directory_result edit_put_exclusion(struct edit *edit, struct span domain)
{
	const struct place_in_import place = {0, ++edit->line};

	csp_statement_write_exclusion(&edit->statement, domain, edit->source, place);
	return edit_add(edit);
}

static inline void edit_free(struct edit *edit)
{
	csp_buf_dispose(&edit->statement);
	free(edit);
}

static inline enum directory_result edit_commit(struct edit *edit)
{
	enum directory_result result =
		csp_directory_update_finish(&edit_words()->counts, edit->update);

	edit_free(edit);
	return result;
}

static inline void edit_abort(struct edit *edit)
{
	csp_directory_update_abort(edit->update);
	edit_free(edit);
}

#endif
