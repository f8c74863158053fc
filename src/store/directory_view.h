/*
 * The directory as people look at it: how much it holds, and what each source says of a party.
 * Everything lives in the caller's arena.
 * A damaged value is DIRECTORY_FAILED or could-not-tell, as for the look-ups.
 */
#ifndef CSP_DIRECTORY_VIEW_H
#define CSP_DIRECTORY_VIEW_H

#include "directory.h"
#include "directory_entry.h"

struct directory_source {
	struct span name;
	uint64_t customers, partners, exclusions;
	int64_t updated; /* seconds since 1970 of its last import */
};

struct directory_stats {
	uint64_t state;
	uint64_t customers, partners;
	uint64_t domains; /* all domain names known, exclusions among them */
	uint64_t addresses, exclusions;
	int64_t updated; /* seconds since 1970 of the last update */
	const struct directory_source *sources;
	size_t source_count;
};
enum directory_result csp_directory_stats(struct directory_stats *out, struct directory_read *read,
					  struct arena *arena);

/* A party as each source describes it. */
struct directory_statement {
	struct span source;
	struct directory_entry entry;
};
struct directory_statements {
	const struct directory_statement *items;
	size_t count;
};
enum found csp_directory_statements(struct directory_statements *out, struct directory_read *read,
				    struct arena *arena, enum entry_type type, struct span id);

/* The sources that exclude a domain; of its parents' exclusions it knows nothing. */
enum found csp_directory_exclusion(struct spans *out, struct directory_read *read,
				   struct arena *arena, struct span domain);

/* Every party that is described, by type and then by key, with what each source says of it; until `visit` gives false. */
typedef bool directory_visit(void *context, enum entry_type type, struct span id,
			     const struct directory_statements *statements);
enum directory_result csp_directory_walk(struct directory_read *read, directory_visit *visit,
					 void *context);

/* Every exclusion, by domain, once for each source that has put it. */
typedef bool directory_visit_exclusion(void *context, struct span source, struct span domain);
enum directory_result csp_directory_walk_exclusions(struct directory_read *read,
						    directory_visit_exclusion *visit,
						    void *context);

#endif
