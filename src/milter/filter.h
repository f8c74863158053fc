/*
 * What all sessions share: the current snapshot, the directory, the journal, and whether the daemon is ending.
 * The daemon owns one and keeps it until the process ends; a directory stays open while anybody uses it.
 * Only looking at the directory can fail, and says so in its result.
 */
#ifndef CSP_FILTER_H
#define CSP_FILTER_H

#include <pthread.h>
#include <stdatomic.h>

#include "directory.h"
#include "journal.h"
#include "snapshot.h"

enum fault { FAULT_DIRECTORY, FAULT_JOURNAL, FAULT_RESOURCES, FAULT_COUNT };

struct open_directory {
	struct directory *directory;
	char *path;
	unsigned users; /* the filter itself is one while it is current */
};

struct filter {
	struct snapshot_slot *slot;
	struct journal *journal;
	bool tcp;       /* the MTA comes over TCP */
	char host[256]; /* our name, for records */
	atomic_bool draining;
	atomic_int running;                     /* messages between MAIL and their answer */
	atomic_llong fault_logged[FAULT_COUNT]; /* for csp_log_seldom */
	pthread_mutex_t lock;                   /* over the rest */
	struct open_directory *current;         /* changed by one thread alone */
	unsigned open;                          /* directories that are not closed yet */
};

bool csp_filter_init(struct filter *filter);

struct directory_look {
	enum directory_result result; /* of what stands at the path */
	bool lost;                    /* what was in use is no longer */
	int64_t updated;              /* of what is in use now */
};

/*
 * Takes the current directory out of use when it is no longer what stands at its own path, or cannot
 * be read. Then opens the one at `path`, where that is not the current one already, and puts it in the
 * current one's place; a current one that is sound stays when that fails. From one thread alone.
 */
void csp_filter_look_at_directory(struct directory_look *out, struct filter *filter,
				  const char *path);

/* NULL when there is none; each one taken is given back. */
struct open_directory *csp_filter_take_directory(struct filter *filter);
void csp_filter_give_directory(struct filter *filter, struct open_directory *taken);

#endif
