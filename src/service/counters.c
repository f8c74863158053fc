#include "counters.h"

#include <stdatomic.h>

static atomic_int_least64_t counters[COUNTER_COUNT];

static const char *const names[COUNTER_COUNT] = {
	[COUNTER_SESSIONS] = "sessions",
	[COUNTER_SESSIONS_OPEN] = "sessions_open",
	[COUNTER_MESSAGES] = "messages",
	[COUNTER_ACCEPTED] = "accepted",
	[COUNTER_FLAGGED] = "flagged",
	[COUNTER_SPLIT] = "split",
	[COUNTER_REDIRECTED] = "redirected",
	[COUNTER_QUARANTINED] = "quarantined",
	[COUNTER_TEMPFAILED] = "tempfailed",
	[COUNTER_REJECTED] = "rejected",
	[COUNTER_WOULD_FLAG] = "would_flag",
	[COUNTER_WOULD_SPLIT] = "would_split",
	[COUNTER_WOULD_REDIRECT] = "would_redirect",
	[COUNTER_WOULD_QUARANTINE] = "would_quarantine",
	[COUNTER_WOULD_TEMPFAIL] = "would_tempfail",
	[COUNTER_WOULD_REJECT] = "would_reject",
	[COUNTER_NOT_OUTBOUND] = "not_outbound",
	[COUNTER_FAULT_DIRECTORY] = "fault_directory",
	[COUNTER_FAULT_JOURNAL] = "fault_journal",
	[COUNTER_FAULT_RESOURCES] = "fault_resources",
	[COUNTER_OLD_DIRECTORY] = "old_directory",
	[COUNTER_RELOADS] = "reloads",
	[COUNTER_RELOADS_FAILED] = "reloads_failed",
};

/* Counters say nothing about other memory, so no order is asked for. */
void csp_counter_add(enum counter counter, int64_t amount)
{
	atomic_fetch_add_explicit(&counters[counter], amount, memory_order_relaxed);
}

int64_t csp_counter_get(enum counter counter)
{
	return atomic_load_explicit(&counters[counter], memory_order_relaxed);
}

void csp_counters_write(struct json *json)
{
	csp_json_object(json);
	for (int i = 0; i < COUNTER_COUNT; i++)
		csp_json_number_at(json, names[i], csp_counter_get((enum counter)i));
	csp_json_object_end(json);
}
