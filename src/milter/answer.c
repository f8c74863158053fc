#include "answer.h"

#include <string.h>

#include "apply.h"
#include "counters.h"
#include "decide.h"
#include "log.h"
#include "record.h"
#include "timing.h"

#define RECORD_MAX  ((size_t)64 << 20)
#define FLAG_PREFIX "flag; id="

/* One message on its way to its answer. */
struct work {
	struct filter *filter;
	struct session *session;
	const struct conf *conf;
	struct timespec now;
	char id[DECISION_ID_SIZE + 1];
	char flag[sizeof(FLAG_PREFIX) + DECISION_ID_SIZE];
	const struct decision *decision; /* NULL: memory was short */
	bool recorded;                   /* a record was asked for, and may exist */
	struct plan plan;                /* what the MTA is asked */
};

static struct plan tempfail(void)
{
	return (struct plan){
		.action = ACTION_TEMPFAIL,
		.reply_code = SPAN_LIT("451"),
		.reply_enhanced = SPAN_LIT("4.7.1"),
		.reply_text =
			SPAN_LIT("The mail filter cannot judge this message now, try again later"),
	};
}

static struct span queue_id(const struct work *work)
{
	struct span id = work->session->message.queue_id;

	return id.len ? id : SPAN_LIT("NOQUEUE");
}

static void plan_failure(struct work *work, enum failure_policy policy)
{
	if (work->conf->mode == MODE_MONITOR || policy == FAILURE_ACCEPT) {
		work->plan = (struct plan){.action = ACTION_ACCEPT};
		return;
	}
	if (policy == FAILURE_TEMPFAIL) {
		work->plan = tempfail();
		return;
	}
	memcpy(work->flag, FLAG_PREFIX, sizeof(FLAG_PREFIX));
	memcpy(work->flag + sizeof(FLAG_PREFIX) - 1, work->id, sizeof(work->id));
	work->plan = (struct plan){.action = ACTION_FLAG, .flag = csp_span_from(work->flag)};
}

/* What a failure policy makes of the message. */
static void fall_back(struct work *work, enum failure_policy policy)
{
	const struct message *message = &work->session->message;

	plan_failure(work, policy);
	if (work->conf->mode == MODE_MONITOR)
		return;
	/* Memory was short from the start: whether somebody wrote our header cannot be told. */
	if (!message->counted)
		work->plan = tempfail();
	csp_plan_remove_fields(&work->plan, message, &work->conf->tag_sources);
}

static void give_up_for_memory(struct work *work)
{
	csp_counter_add(COUNTER_FAULT_RESOURCES, 1);
	fall_back(work, work->conf->on_resource_failure);
	csp_log_seldom(&work->filter->fault_logged[FAULT_RESOURCES], LOG_ERR,
		       "%.*s: %s decision=%s fault=resources (memory is short, or a limit "
		       "is too low for its message)",
		       SPAN_ARG(queue_id(work)), csp_action_name(work->plan.action), work->id);
}

static void give_up_for_journal(struct work *work, enum journal_result result)
{
	csp_counter_add(COUNTER_FAULT_JOURNAL, 1);
	fall_back(work, work->conf->on_journal_failure);
	csp_log_seldom(&work->filter->fault_logged[FAULT_JOURNAL], LOG_ERR,
		       "%.*s: %s decision=%s fault=journal (%s)", SPAN_ARG(queue_id(work)),
		       csp_action_name(work->plan.action), work->id,
		       result == JOURNAL_TIMEOUT ? "the disk does not answer in time"
						 : "the record cannot be written");
}

static const char *fault_of(const struct work *work)
{
	const struct decision *decision = work->decision;

	if (decision->directory_old && work->conf->on_old_directory != FAILURE_USE)
		return "old-directory";
	return decision->directory_state ? "judging" : "directory";
}

static void decide(struct work *work)
{
	struct open_directory *open = csp_filter_take_directory(work->filter);
	const struct decide_context context = {
		.snapshot = work->session->snapshot,
		.directory = open ? open->directory : NULL,
		.id = csp_span_from(work->id),
		.now = work->now,
		.host = csp_span_from(work->filter->host),
	};

	if (!work->session->short_of_memory)
		work->decision = csp_decide(&context, &work->session->message);
	csp_filter_give_directory(work->filter, open);
	if (work->decision && work->decision->fault)
		csp_log_seldom(&work->filter->fault_logged[FAULT_DIRECTORY], LOG_ERR,
			       "%.*s: %s decision=%s fault=%s (see csp-milterctl status)",
			       SPAN_ARG(queue_id(work)),
			       csp_action_name(work->decision->plan.action), work->id,
			       fault_of(work));
}

/*
 * The disk's word is needed before a message is kept from anybody; one that passes, or that its sender tries again, may be on
 * its way there.
 */
static enum journal_result append(struct work *work, const struct buf *record)
{
	enum action action = work->decision->plan.action;
	enum journal_durability durability = JOURNAL_ON_DISK;

	if (action == ACTION_ACCEPT || action == ACTION_FLAG || action == ACTION_TEMPFAIL)
		durability = JOURNAL_WRITTEN;

	work->recorded = true;
	return csp_journal_append(work->filter->journal, csp_buf_span(record), durability);
}

static void log_decision(const struct work *work)
{
	struct buf line;

	csp_buf_init(&line, SYSLOG_LINE_MAX + 1);
	const struct record_options options = csp_snapshot_record_options(work->session->snapshot);
	csp_record_write_syslog(&line, work->decision, &options);
	if (!csp_buf_failed(&line))
		csp_log_line(LOG_INFO, csp_buf_span(&line));
	csp_buf_dispose(&line);
}

static bool would_do_something(const struct decision *decision)
{
	if (decision->would_plan.action != ACTION_ACCEPT)
		return true;
	for (size_t i = 0; i < decision->recipient_count; i++) {
		if (decision->recipients[i].verdict.would_count)
			return true;
	}
	return false;
}

static bool concerns_a_customer(const struct decision *decision)
{
	for (size_t i = 0; i < decision->recipient_count; i++) {
		if (decision->recipients[i].judged)
			return true;
	}
	return false;
}

static bool is_in_scope(const struct work *work)
{
	switch (work->conf->journal.scope) {
	case SCOPE_FLAGGED:
		return would_do_something(work->decision);
	case SCOPE_CUSTOMERS:
		return concerns_a_customer(work->decision);
	case SCOPE_ALL:
	default:
		return true;
	}
}

static void record(struct work *work)
{
	struct buf text;

	if (!is_in_scope(work)) {
		work->plan = work->decision->plan;
		log_decision(work);
		return;
	}
	csp_buf_init(&text, RECORD_MAX);
	const struct record_options options = csp_snapshot_record_options(work->session->snapshot);
	csp_record_write(&text, work->decision, &options);
	if (csp_buf_failed(&text)) {
		csp_buf_dispose(&text);
		give_up_for_memory(work);
		return;
	}
	enum journal_result result = append(work, &text);
	csp_buf_dispose(&text);
	if (result != JOURNAL_OK) {
		give_up_for_journal(work, result);
		return;
	}
	work->plan = work->decision->plan;
	log_decision(work);
}

/* A record that says one thing and an answer that says another: the journal must know. */
static void record_outcome(struct work *work, enum action action)
{
	struct buf text;

	if (!work->recorded || action == work->decision->plan.action)
		return;
	csp_buf_init(&text, RECORD_MAX);
	csp_record_write_outcome(&text, work->decision->id, work->now, csp_action_name(action));
	if (!csp_buf_failed(&text))
		(void)csp_journal_append(work->filter->journal, csp_buf_span(&text),
					 JOURNAL_QUEUED);
	csp_buf_dispose(&text);
}

static void count(enum action action)
{
	static const enum counter counters[ACTION_COUNT] = {
		[ACTION_ACCEPT] = COUNTER_ACCEPTED,
		[ACTION_FLAG] = COUNTER_FLAGGED,
		[ACTION_SPLIT] = COUNTER_SPLIT,
		[ACTION_REDIRECT] = COUNTER_REDIRECTED,
		[ACTION_QUARANTINE] = COUNTER_QUARANTINED,
		[ACTION_TEMPFAIL] = COUNTER_TEMPFAILED,
		[ACTION_REJECT] = COUNTER_REJECTED,
	};

	csp_counter_add(counters[action], 1);
}

static sfsistat carry_out(SMFICTX *context, struct work *work)
{
	sfsistat status;

	if (!csp_apply(&status, context, work->session, &work->plan)) {
		csp_log_seldom(&work->filter->fault_logged[FAULT_RESOURCES], LOG_ERR,
			       "%.*s: tempfail decision=%s fault=answer (the MTA does not "
			       "take the %s)",
			       SPAN_ARG(queue_id(work)), work->id,
			       csp_action_name(work->plan.action));
		work->plan = tempfail();
		(void)csp_apply_reply(context, &work->session->arena, &work->plan);
		status = SMFIS_TEMPFAIL;
	}
	record_outcome(work, work->plan.action);
	count(work->plan.action);
	if (work->decision)
		csp_tally_count(csp_snapshot_tally(work->session->snapshot), work->decision,
				work->conf->mode == MODE_ENFORCE &&
					work->plan.action == work->decision->plan.action);
	return status;
}

sfsistat csp_answer(SMFICTX *context, struct session *session)
{
	struct work work = {
		.filter = session->filter,
		.session = session,
		.conf = csp_snapshot_conf(session->snapshot),
	};

	/* A client whose facts could not be kept is judged. */
	if (!session->short_of_memory &&
	    !csp_decide_is_outbound(&work.conf->outbound, &session->message.client)) {
		csp_counter_add(COUNTER_NOT_OUTBOUND, 1);
		return SMFIS_CONTINUE;
	}
	const struct timespec begun = csp_timing_now();
	(void)clock_gettime(CLOCK_REALTIME, &work.now);
	csp_decision_id_make(work.id, work.now);
	decide(&work);
	const struct timespec decided = csp_timing_note(TIMING_DECISION, begun);
	if (work.decision)
		record(&work);
	else
		give_up_for_memory(&work);
	(void)csp_timing_note(TIMING_RECORD, decided);
	sfsistat status = carry_out(context, &work);
	(void)csp_timing_note(TIMING_ANSWER, begun);
	return status;
}
