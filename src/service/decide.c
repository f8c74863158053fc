#include "decide.h"

#include <sodium.h>
#include <stdlib.h>

#include "counters.h"
#include "dsn.h"
#include "hidden.h"
#include "judge.h"

struct work {
	const struct decide_context *context;
	const struct conf *conf;
	const struct message *message;
	struct arena *arena;
	struct lookup lookup;
	struct authors authors;
	struct classification classification;
	struct sender sender; /* to nobody in particular */
	unsigned marks;       /* of the message, whoever gets it */
	struct recipient *recipients;
	size_t recipient_count;
};

static bool classify(struct work *work)
{
	struct snapshot *snapshot = work->context->snapshot;
	struct classify_scratch *scratch = csp_snapshot_scratch_take(snapshot);

	if (!scratch)
		return false;
	csp_classify(&work->classification, csp_snapshot_classifier(snapshot), scratch,
		     work->message, &work->authors, &work->sender);
	csp_snapshot_scratch_give(snapshot, scratch);
	return true;
}

/* Who wrote it and what it is about, to nobody in particular. */
static bool read_message(struct work *work)
{
	if (!csp_authors_collect(&work->authors, work->message, &work->conf->vendor))
		return false;
	if (!csp_authentication_read(&work->authors.authentication, work->message,
				     &work->conf->authentication))
		return false;
	csp_lookup_authors(&work->lookup, &work->authors);
	const struct sender_question nobody = {.now = work->context->now.tv_sec};
	work->sender = csp_sender_judge(&work->authors, &work->message->client, &work->conf->vendor,
					&nobody);
	if (!classify(work))
		return false;
	work->marks = work->message->marks | work->authors.marks;
	if (work->classification.known)
		work->marks |= work->classification.marks;
	if (csp_hidden_recipients(work->message))
		work->marks |= MARK_HIDDEN_RECIPIENTS;
	return true;
}

static bool judge_recipients(struct work *work)
{
	const struct message *message = work->message;
	struct asked asked;
	struct judging judging = {
		.snapshot = work->context->snapshot,
		.message = message,
		.lookup = &work->lookup,
		.authors = &work->authors,
		.classification = &work->classification,
		.asked = &asked,
		.looks = work->context->looks,
		.sender = work->sender,
		.marks = work->marks,
		.own_report =
			csp_dsn_is_own(message, &work->authors, work->conf->policy.own_domains),
		.now = work->context->now.tv_sec,
	};

	if (!csp_asked_read(&asked, work->conf, message, &work->authors))
		return false;
	work->recipient_count = csp_judge_count(message);
	work->recipients =
		csp_arena_alloc(work->arena, work->recipient_count, sizeof(*work->recipients));
	return work->recipients && csp_judge_recipients(work->recipients, &judging);
}

static unsigned all_marks(const struct work *work)
{
	unsigned marks = work->marks;

	for (size_t i = 0; i < work->recipient_count; i++)
		marks |= work->recipients[i].marks;
	return marks;
}

static bool some_fault(const struct work *work)
{
	for (size_t i = 0; i < work->recipient_count; i++) {
		if (work->recipients[i].verdict.fault)
			return true;
	}
	return false;
}

static bool make_plans(struct decision *decision, const struct work *work)
{
	if (!csp_plan_make(&decision->would_plan, work->arena, &work->conf->plan, decision))
		return false;
	csp_plan_remove_fields(&decision->would_plan, work->message, &work->conf->tag_sources);
	decision->plan = decision->would_plan;
	if (decision->mode == MODE_MONITOR)
		decision->plan = (struct plan){.action = ACTION_ACCEPT};
	return true;
}

static const struct decision *make_decision(const struct work *work)
{
	const struct decide_context *context = work->context;
	struct decision *decision = csp_arena_alloc(work->arena, 1, sizeof(*decision));

	if (!decision)
		return NULL;
	*decision = (struct decision){
		.id = context->id,
		.time = context->now,
		.mode = work->conf->mode,
		.host = context->host,
		.policy_digest = csp_span_from(work->conf->digest),
		.directory_state = work->lookup.state,
		.directory_old = work->lookup.old,
		.message = work->message,
		.authors = &work->authors,
		.classification = &work->classification,
		.categories = &work->conf->categories,
		.marks = all_marks(work),
		.recipients = work->recipients,
		.recipient_count = work->recipient_count,
		.fault = some_fault(work),
	};
	return make_plans(decision, work) ? decision : NULL;
}

static void count_decision(const struct work *work, const struct decision *decision)
{
	static const enum counter would[ACTION_COUNT] = {
		[ACTION_FLAG] = COUNTER_WOULD_FLAG,
		[ACTION_SPLIT] = COUNTER_WOULD_SPLIT,
		[ACTION_REDIRECT] = COUNTER_WOULD_REDIRECT,
		[ACTION_QUARANTINE] = COUNTER_WOULD_QUARANTINE,
		[ACTION_TEMPFAIL] = COUNTER_WOULD_TEMPFAIL,
		[ACTION_REJECT] = COUNTER_WOULD_REJECT,
	};

	csp_counter_add(COUNTER_MESSAGES, 1);
	if (work->lookup.failed)
		csp_counter_add(COUNTER_FAULT_DIRECTORY, 1);
	if (work->lookup.old)
		csp_counter_add(COUNTER_OLD_DIRECTORY, 1);
	if (!work->classification.known)
		csp_counter_add(COUNTER_FAULT_RESOURCES, 1);
	if (decision->mode == MODE_MONITOR && decision->would_plan.action != ACTION_ACCEPT)
		csp_counter_add(would[decision->would_plan.action], 1);
}

const struct decision *csp_decide(const struct decide_context *context,
				  const struct message *message)
{
	struct work *work = csp_arena_alloc(message->arena, 1, sizeof(*work));
	const struct decision *decision = NULL;

	if (!work)
		return NULL;
	work->context = context;
	work->conf = csp_snapshot_conf(context->snapshot);
	work->message = message;
	work->arena = message->arena;
	csp_lookup_init(&work->lookup, context->directory, message->arena, work->conf,
			context->now.tv_sec);
	bool judged = read_message(work) && judge_recipients(work);
	csp_lookup_end(&work->lookup);
	if (judged)
		decision = make_decision(work);
	if (decision)
		count_decision(work, decision);
	return decision;
}

bool csp_decide_is_outbound(const struct outbound *outbound, const struct client *client)
{
	if (csp_proofs_hold(&outbound->except, client))
		return false;
	return !csp_proofs_exist(&outbound->clients) || csp_proofs_hold(&outbound->clients, client);
}

void csp_decision_id_make(char out[DECISION_ID_SIZE + 1], struct timespec now)
{
	uint8_t random[10];
	uint64_t unix_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)(now.tv_nsec / 1000000);

	/* Ready since the first call; without random bytes two messages could share an id, so nothing goes on. */
	if (sodium_init() < 0)
		abort();
	randombytes_buf(random, sizeof(random));
	csp_decision_id_format(out, unix_ms, random);
}
