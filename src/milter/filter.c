#include "filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 200

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
	if (!last)
		return;
	close_directory(taken);
	(void)pthread_mutex_lock(&filter->lock);
	filter->open--;
	(void)pthread_mutex_unlock(&filter->lock);
}

static void put_directory(struct filter *filter, struct open_directory *next)
{
	(void)pthread_mutex_lock(&filter->lock);
	struct open_directory *previous = filter->current;
	filter->current = next;
	filter->open += next ? 1 : 0;
	(void)pthread_mutex_unlock(&filter->lock);
	csp_filter_give_directory(filter, previous);
}

static unsigned count_open(struct filter *filter)
{
	(void)pthread_mutex_lock(&filter->lock);
	unsigned open = filter->open;
	(void)pthread_mutex_unlock(&filter->lock);
	return open;
}

/*
 * The one that is lost may share its lock file with the next, and its closing would take the next
 * one's lock along. Messages hold it while they are judged, which is short.
 */
static bool wait_until_closed(struct filter *filter)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < PATIENCE_MS && count_open(filter); i++)
		(void)nanosleep(&pause, NULL);
	return !count_open(filter);
}

static struct open_directory *new_directory(const char *path)
{
	struct open_directory *next = calloc(1, sizeof(*next));

	if (!next)
		return NULL;
	next->users = 1;
	next->path = strdup(path);
	if (next->path)
		return next;
	free(next);
	return NULL;
}

static enum directory_result open_directory(struct directory_look *look, struct filter *filter,
					    const char *path)
{
	if (!filter->current && !wait_until_closed(filter))
		return DIRECTORY_LOCKED;
	struct open_directory *next = new_directory(path);
	if (!next)
		return DIRECTORY_FAILED;
	enum directory_result result = csp_directory_open(&next->directory, path, false);
	if (result == DIRECTORY_OK)
		result = csp_directory_check(&look->updated, next->directory, path);
	if (result == DIRECTORY_OK)
		put_directory(filter, next);
	else
		close_directory(next);
	return result;
}

static void check_current(struct directory_look *look, struct filter *filter)
{
	struct open_directory *current = filter->current;

	if (!current)
		return;
	look->result = csp_directory_check(&look->updated, current->directory, current->path);
	/* Where all places for readers are taken, or nothing can be opened, a new one would fare no better. */
	if (look->result == DIRECTORY_OK || look->result == DIRECTORY_LOCKED ||
	    look->result == DIRECTORY_EXHAUSTED)
		return;
	put_directory(filter, NULL);
	look->lost = true;
}

static bool is_current(const struct filter *filter, const char *path)
{
	const struct open_directory *current = filter->current;

	return current && (strcmp(current->path, path) == 0 ||
			   csp_directory_is_at(current->directory, path) == DIRECTORY_OK);
}

void csp_filter_look_at_directory(struct directory_look *out, struct filter *filter,
				  const char *path)
{
	*out = (struct directory_look){.result = DIRECTORY_MISSING};
	check_current(out, filter);
	if (!is_current(filter, path))
		out->result = open_directory(out, filter, path);
}
