/*
 * The sources that the directory's facts come from: a number for each name, counts, and when each was last heard.
 * A struct directory_sources owns its names until dispose.
 * Loading fails on a damaged value or short memory, storing as LMDB fails.
 */
#ifndef CSP_DIRECTORY_SOURCES_H
#define CSP_DIRECTORY_SOURCES_H

#include "directory_private.h"
#include "directory_update.h"

struct source {
	struct span name;
	uint32_t
		number; /* from 1, below SOURCE_EVERY; a claim or a block says it instead of the name */
	uint64_t customers, partners, exclusions;
	int64_t updated; /* seconds since 1970 of its last import; INT64_MIN when there was none */
};

#define SOURCE_EVERY UINT32_MAX /* in the place of a number: whichever source */

struct directory_sources {
	struct source *items; /* by name, new ones last */
	size_t count, cap;
	struct arena arena;
};

void csp_sources_init(struct directory_sources *sources);
void csp_sources_dispose(struct directory_sources *sources);
bool csp_sources_load(struct directory_sources *sources, const struct directory_txn *at);

/* One more, from the entry of TABLE_META that holds it; keys begin with SOURCE_PREFIX. */
#define SOURCE_PREFIX "source/"
bool csp_sources_read(struct directory_sources *sources, struct span key, struct span value);

struct source *csp_sources_find(const struct directory_sources *sources, struct span name);
struct source *csp_sources_at(const struct directory_sources *sources, uint64_t number);
struct source *csp_sources_add(struct directory_sources *sources, struct span name);

/* All of them, in the place of what was stored before. */
enum directory_result csp_sources_store(const struct directory_sources *sources,
					const struct directory_txn *at);

#endif
