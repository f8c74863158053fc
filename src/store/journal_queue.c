#include "journal_queue.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct journal_line *csp_journal_line_new(struct span text)
{
	if (text.len > SIZE_MAX - sizeof(struct journal_line) - 1)
		return NULL;
	struct journal_line *line = malloc(sizeof(*line) + text.len + 1);

	if (!line)
		return NULL;
	*line = (struct journal_line){.size = text.len + 1};
	if (text.len)
		memcpy(line->text, text.data, text.len);
	line->text[text.len] = '\n';
	return line;
}

void csp_journal_lines_free(struct journal_line *first)
{
	while (first) {
		struct journal_line *next = first->next;
		free(first);
		first = next;
	}
}

void csp_journal_queue_add(struct journal_queue *queue, struct journal_line *line)
{
	if (queue->last)
		queue->last->next = line;
	else
		queue->first = line;
	queue->last = line;
	queue->size += line->size;
}

struct journal_line *csp_journal_queue_unwritten(const struct journal_queue *queue)
{
	return queue->written ? queue->written->next : queue->first;
}

struct journal_waiter *csp_journal_queue_next_waiter(const struct journal_queue *queue)
{
	const struct journal_line *line = csp_journal_queue_unwritten(queue);

	while (line && !line->waiter)
		line = line->next;
	return line ? line->waiter : NULL;
}

int csp_journal_queue_gather(const struct journal_queue *queue, struct iovec *parts, int max,
			     struct journal_line **last)
{
	struct journal_line *line = csp_journal_queue_unwritten(queue);
	int count = 0;

	for (; line && count < max; line = line->next) {
		parts[count++] = (struct iovec){line->text, line->size};
		*last = line;
	}
	return count;
}

static void tell(struct journal_line *line, enum journal_result result)
{
	struct journal_waiter *waiter = line->waiter;

	line->waiter = NULL;
	waiter->told = true;
	waiter->result = result;
	(void)pthread_cond_signal(&waiter->changed);
}

struct journal_written csp_journal_queue_written(struct journal_queue *queue,
						 struct journal_line *last)
{
	struct journal_written written = {0};

	while (queue->written != last) {
		struct journal_line *line = csp_journal_queue_unwritten(queue);
		written.size += line->size;
		if (line->waiter && line->waiter->durability == JOURNAL_ON_DISK)
			written.disk_wanted = true;
		else if (line->waiter)
			tell(line, JOURNAL_OK);
		queue->written = line;
	}
	return written;
}

struct journal_line *csp_journal_queue_settle(struct journal_queue *queue,
					      struct journal_line *last)
{
	struct journal_line *settled = queue->first;

	for (struct journal_line *line = settled; line != last->next; line = line->next) {
		queue->size -= line->size;
		if (line->waiter)
			tell(line, JOURNAL_OK);
	}
	queue->first = last->next;
	if (queue->written == last)
		queue->written = NULL;
	if (queue->last == last)
		queue->last = NULL;
	last->next = NULL;
	return settled;
}

void csp_journal_queue_fail(struct journal_queue *queue)
{
	struct journal_line *line = queue->first;

	*queue = (struct journal_queue){0};
	while (line) {
		struct journal_line *next = line->next;
		line->next = NULL;
		if (line->waiter) {
			tell(line, JOURNAL_FAILED);
			free(line);
		} else {
			csp_journal_queue_add(queue, line);
		}
		line = next;
	}
}
