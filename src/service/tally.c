#include "tally.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct count {
	struct count *next;
	char *name;
	atomic_int_least64_t would, done;
};

struct tally {
	const struct policy *policy;
	struct count **counts; /* by rule */
};

/* Rules come and go with reloads, but their names are few: what was counted once is kept. */
static struct count *all_counts;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct count *new_count(struct span name)
{
	struct count *count = calloc(1, sizeof(*count));
	char *copy = malloc(name.len + 1);

	if (!count || !copy) {
		free(count);
		free(copy);
		return NULL;
	}
	memcpy(copy, name.data, name.len);
	copy[name.len] = '\0';
	count->name = copy;
	count->next = all_counts;
	all_counts = count;
	return count;
}

static struct count *find_count(struct span name)
{
	struct count *count = all_counts;

	while (count && !csp_span_equal(csp_span_from(count->name), name))
		count = count->next;
	return count ? count : new_count(name);
}

bool csp_tally_new(struct tally **out, const struct policy *policy)
{
	struct tally *tally = calloc(1, sizeof(*tally));
	bool done = tally != NULL;

	*out = NULL;
	if (!tally)
		return false;
	tally->policy = policy;
	tally->counts = calloc(policy->rule_count + 1, sizeof(struct count *));
	pthread_mutex_lock(&lock);
	for (size_t i = 0; tally->counts && done && i < policy->rule_count; i++) {
		tally->counts[i] = find_count(policy->rules[i].name);
		done = tally->counts[i] != NULL;
	}
	pthread_mutex_unlock(&lock);
	if (!tally->counts || !done) {
		csp_tally_free(tally);
		return false;
	}
	*out = tally;
	return true;
}

void csp_tally_free(struct tally *tally)
{
	if (!tally)
		return;
	free(tally->counts);
	free(tally);
}

static void add(const struct tally *tally, const struct rule *rule, bool done)
{
	struct count *count = tally->counts[rule - tally->policy->rules];

	atomic_fetch_add_explicit(done ? &count->done : &count->would, 1, memory_order_relaxed);
}

void csp_tally_count(const struct tally *tally, const struct decision *decision, bool done)
{
	for (size_t i = 0; i < decision->recipient_count; i++) {
		const struct verdict *verdict = &decision->recipients[i].verdict;
		if (verdict->decided_by)
			add(tally, verdict->decided_by, done);
		for (size_t j = 0; j < verdict->would_count; j++)
			add(tally, verdict->would[j], false);
	}
}

void csp_tally_write(const struct tally *tally, struct json *json)
{
	csp_json_array(json);
	for (size_t i = 0; i < tally->policy->rule_count; i++) {
		int64_t would =
			atomic_load_explicit(&tally->counts[i]->would, memory_order_relaxed);
		int64_t done = atomic_load_explicit(&tally->counts[i]->done, memory_order_relaxed);
		csp_json_object(json);
		csp_json_text_at(json, "name", tally->policy->rules[i].name);
		csp_json_number_at(json, "matched", would + done);
		csp_json_number_at(json, "would", would);
		csp_json_number_at(json, "done", done);
		csp_json_object_end(json);
	}
	csp_json_array_end(json);
}
