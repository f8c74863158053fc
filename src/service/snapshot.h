/*
 * A snapshot: one configuration and the classifier built from it, immutable, counted by reference.
 * A message pins one from its first callback to its answer; the last csp_snapshot_release frees it.
 * Building reports the configuration's errors like csp_conf_read and leaves *out NULL.
 */
#ifndef CSP_SNAPSHOT_H
#define CSP_SNAPSHOT_H

#include "classify.h"
#include "conf.h"
#include "privacy.h"
#include "record.h"
#include "tally.h"

struct snapshot;

enum conf_result csp_snapshot_new(struct snapshot **out, const char *conf_path,
				  csp_conf_report *report, void *context);
struct snapshot *
csp_snapshot_acquire(struct snapshot *snapshot);      /* one more reference, the same pointer */
void csp_snapshot_release(struct snapshot *snapshot); /* NULL is allowed */

const struct conf *csp_snapshot_conf(const struct snapshot *snapshot);
const struct classifier *csp_snapshot_classifier(const struct snapshot *snapshot);
const struct tally *csp_snapshot_tally(const struct snapshot *snapshot);
struct record_options csp_snapshot_record_options(const struct snapshot *snapshot);

/* A scratch from the snapshot's free list, or a new one; NULL when memory is short. */
struct classify_scratch *csp_snapshot_scratch_take(struct snapshot *snapshot);
void csp_snapshot_scratch_give(struct snapshot *snapshot, struct classify_scratch *scratch);

/*
 * The products that a text names, at most `max` of them; none, too, when memory is short or the matcher failed. The
 * names live in the snapshot (`context`). May be called by several threads at once.
 */
size_t csp_snapshot_products(void *context, struct span out[], size_t max, struct span text);

/* The place where the current snapshot stands: readers take a reference, a reload puts a new one in. */
struct snapshot_slot;
struct snapshot_slot *csp_snapshot_slot_new(struct snapshot *first); /* takes over the reference */
void csp_snapshot_slot_free(struct snapshot_slot *slot);
struct snapshot *csp_snapshot_slot_acquire(struct snapshot_slot *slot);
void csp_snapshot_slot_replace(struct snapshot_slot *slot,
			       struct snapshot *next); /* takes over the reference */

#endif
