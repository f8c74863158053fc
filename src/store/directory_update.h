/*
 * An import as one change of the directory: statements come in any order and number, and become visible together.
 * A struct directory_update is the caller's until finish or abort, which both end it; what is added is copied.
 * Whatever fails leaves the directory as it was. One update at a time: a second one is told who is at it, or waits.
 */
#ifndef CSP_DIRECTORY_UPDATE_H
#define CSP_DIRECTORY_UPDATE_H

#include "directory.h"
#include "statement.h"

struct directory_update;

#define SOURCE_NAME_MAX 64                 /* bytes of a source's name */
bool csp_source_is_name(struct span name); /* printable ASCII, no blank */

enum update_mode {
	UPDATE_UPSERT,     /* a party that is named replaces what its source said of it */
	UPDATE_REPLACE,    /* and what the source `replaced` said of all others is gone */
	UPDATE_REPLACE_ALL /* and so is what every source said: the directory is built anew */
};

/* What came of it. Customers are counted as all sources together describe them. */
struct update_counts {
	uint64_t customers, partners, exclusions; /* that were named */
	uint64_t removed;                         /* parties that nobody describes any more */
	uint64_t no_own_domain;   /* customers named whose only domains are the cloud's */
	uint64_t crowded;         /* customers named with two partners in a cloud that allows one */
	uint64_t shared_domains;  /* names given that two customers claim */
	uint64_t partner_domains; /* names given that are a partner's and a customer's */
};

/* Called from the caller's thread. */
struct update_report {
	void (*refused)(void *context, struct place_in_import place, const char *why);
	void (*warned)(void *context, struct place_in_import place, const char *what);
	void (*progress)(void *context, uint64_t done, uint64_t total); /* of no unit */
	void *context;
};

struct update_settings {
	enum update_mode mode;
	struct span replaced; /* UPDATE_REPLACE: the source's name */
	int64_t now;          /* seconds since 1970 */
	bool dry_run;         /* all but the last commit */
	bool strict;          /* one refused statement, and nothing is changed: REFUSED */
	bool wait;            /* for another update to end */
	struct spans
		tenant_domains; /* patterns, sorted (csp_spans_hold_domain_sorted): a cloud's own names */
	struct spans single_partner_clouds; /* names of clouds */
	struct update_report report;
	size_t memory;         /* bytes for sorting; 0: a good size */
	uint64_t in_place_max; /* parties; more are built anew; 0: a good number */
};

enum directory_result csp_directory_update_begin(struct directory_update **out,
						 struct directory *directory,
						 const struct update_settings *settings);

/* The number of a source, made when it is new. REFUSED: no name for a source. May be called by any thread. */
enum directory_result csp_directory_update_source(uint32_t *out, struct directory_update *update,
						  struct span name);

/* bytes: one statement. */
enum directory_result csp_directory_update_add(struct directory_update *update, struct span bytes);

/* What is not named stays after all, for whoever could not read all that was given: as UPDATE_UPSERT. Not for REPLACE_ALL. */
void csp_directory_update_keep_unnamed(struct directory_update *update);

enum directory_result csp_directory_update_finish(struct update_counts *out,
						  struct directory_update *update);

/*
 * Ends the update, too: what `source` (empty: every one) says of one party, or its exclusion of a
 * domain, goes. *found: there was something.
 */
enum directory_result csp_directory_update_remove(bool *found, struct directory_update *update,
						  enum statement_type type, struct span id,
						  struct span source);
void csp_directory_update_abort(struct directory_update *update); /* NULL is allowed */

#endif
