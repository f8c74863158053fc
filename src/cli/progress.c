#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#define BAR_WIDTH  20
#define EVERY_NSEC 200000000

void csp_progress_init(struct progress *progress)
{
	*progress = (struct progress){.terminal = isatty(STDERR_FILENO) == 1};
}

static bool is_due(struct progress *progress, const char *what)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return false;
	int64_t passed = (int64_t)(now.tv_sec - progress->last.tv_sec) * 1000000000 +
			 (now.tv_nsec - progress->last.tv_nsec);
	if (progress->what == what && passed < EVERY_NSEC)
		return false;
	progress->what = what;
	progress->last = now;
	return true;
}

void csp_progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t total,
		       const char *detail)
{
	char bar[BAR_WIDTH + 1];

	if (!progress->terminal || !is_due(progress, what))
		return;
	progress->shown = true;
	if (total == 0) {
		fprintf(stderr, "\r%s %s\033[K", what, detail);
		return;
	}
	double part = done < total ? (double)done / (double)total : 1;
	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < (int)(part * BAR_WIDTH) ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r%s [%s] %3d%% %s\033[K", what, bar, (int)(part * 100), detail);
}

void csp_progress_clear(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
