/*
 * Where an update's values go: into the tables that are read, one by one, or into the other slot, all of them in order.
 * A struct directory_target owns its transactions until commit or abort, which both end them.
 * Keys of a table come in ascending order. After any result but OK only abort is left; what is read is as it was.
 */
#ifndef CSP_DIRECTORY_TARGET_H
#define CSP_DIRECTORY_TARGET_H

#include "directory_sources.h"

struct directory_target;

/* What becomes of entries of the table at hand that no key came for; without it they stay as they are. */
struct target_sweep {
	/* Nothing may be put meanwhile. */
	enum directory_result (*concerns)(bool *out, void *context, struct span key,
					  struct span value);
	enum directory_result (*change)(void *context, struct span key, struct span value);
	void *context;
};

struct directory_target {
	struct directory *directory;
	struct directory_txn at;     /* writing: the slot that will be read */
	struct directory_txn before; /* building: what is read until then; no txn: nothing */
	bool building;
	enum codec_table table;
	MDB_cursor *reading, *appending;
	MDB_val key, value; /* where `reading` stands */
	bool has_entry;
	size_t waiting;                   /* bytes written and not committed */
	const struct target_sweep *sweep; /* may be NULL; the caller's */
	uint64_t passed;                  /* entries read from the tables before */
};

/* Values are put where they are read. */
enum directory_result csp_target_begin(struct directory_target *target,
				       struct directory *directory);
/* All tables anew; `keep`: what is there comes along. */
enum directory_result csp_target_begin_anew(struct directory_target *target,
					    struct directory *directory, bool keep);

enum directory_result csp_target_open_table(struct directory_target *target,
					    enum codec_table table);
/* The value under a key, empty when there is none; valid until the next put. */
enum directory_result csp_target_seek(struct span *before, struct directory_target *target,
				      struct span key);
/* An empty value removes the key. */
enum directory_result csp_target_put(struct directory_target *target, struct span key,
				     struct span value);
enum directory_result csp_target_close_table(struct directory_target *target);

/* Makes it what is read. */
enum directory_result csp_target_commit(struct directory_target *target,
					struct directory_head *head,
					const struct directory_sources *sources);
void csp_target_abort(struct directory_target *target); /* also after commit */

#endif
