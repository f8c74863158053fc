#include "filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool csp_filter_init(struct filter *filter)
{
	if (gethostname(filter->host, sizeof(filter->host) - 1) != 0)
		(void)snprintf(filter->host, sizeof(filter->host), "localhost");
	return pthread_mutex_init(&filter->lock, NULL) == 0;
}

static void close_directory(struct open_directory *open)
{
	csp_directory_close(open->directory);
	free(open->path);
	free(open);
}

struct open_directory *csp_filter_take_directory(struct filter *filter)
{
	(void)pthread_mutex_lock(&filter->lock);
	struct open_directory *taken = filter->current;
	if (taken)
		taken->users++;
	(void)pthread_mutex_unlock(&filter->lock);
	return taken;
}

void csp_filter_give_directory(struct filter *filter, struct open_directory *taken)
{
	if (!taken)
		return;
	(void)pthread_mutex_lock(&filter->lock);
	bool last = --taken->users == 0;
	(void)pthread_mutex_unlock(&filter->lock);
	if (last)
		close_directory(taken);
}

static bool is_current(struct filter *filter, const char *path)
{
	struct open_directory *taken = csp_filter_take_directory(filter);
	bool same = taken && strcmp(taken->path, path) == 0;

	csp_filter_give_directory(filter, taken);
	return same;
}

enum directory_result csp_filter_use_directory(struct filter *filter, const char *path)
{
	struct open_directory *next;
	enum directory_result result;

	if (is_current(filter, path))
		return DIRECTORY_OK;
	next = calloc(1, sizeof(*next));
	if (!next)
		return DIRECTORY_FAILED;
	next->users = 1;
	next->path = strdup(path);
	result = next->path ? csp_directory_open(&next->directory, path, false) : DIRECTORY_FAILED;
	if (result != DIRECTORY_OK) {
		free(next->path);
		free(next);
		return result;
	}
	(void)pthread_mutex_lock(&filter->lock);
	struct open_directory *previous = filter->current;
	filter->current = next;
	(void)pthread_mutex_unlock(&filter->lock);
	csp_filter_give_directory(filter, previous);
	return DIRECTORY_OK;
}
