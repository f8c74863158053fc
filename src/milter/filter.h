/*
 * What all sessions share: the current snapshot, the directory, the journal, and whether the daemon is ending.
 * The daemon owns one and keeps it until the process ends; a directory stays open while anybody uses it.
 * Opening a directory can fail, and then the one in use stays; nothing else here does.
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
	pthread_mutex_t lock;                   /* over `current` and its users */
	struct open_directory *current;
};

bool csp_filter_init(struct filter *filter);

/* Opens the directory, where it is not the current one already, and puts it in the current one's place. */
enum directory_result csp_filter_use_directory(struct filter *filter, const char *path);

/* NULL when there is none; each one taken is given back. */
struct open_directory *csp_filter_take_directory(struct filter *filter);
void csp_filter_give_directory(struct filter *filter, struct open_directory *taken);

#endif
