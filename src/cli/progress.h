/*
 * A line on a terminal that shows how far a long piece of work is; nothing at all when stderr is no terminal.
 * It owns nothing.
 * Nothing here can fail.
 */
#ifndef CSP_PROGRESS_H
#define CSP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct progress {
	bool terminal, shown;
	const char *what; /* that was shown last */
	struct timespec last;
};

void csp_progress_init(struct progress *progress);

/*
 * `what` is being done, a literal; a bar when total is known (not 0). `detail` follows it, may be
 * empty. A few times a second at most.
 */
void csp_progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t total,
		       const char *detail);

/* Before anything else is written there. */
void csp_progress_clear(struct progress *progress);

#endif
