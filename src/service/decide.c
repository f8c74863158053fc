#include "decide.h"

#include <sodium.h>
#include <stdlib.h>

#include "counters.h"
#include "hidden.h"
#include "lookup.h"

struct work {
	const struct decide_context *context;
	const struct conf *conf;
	const struct message *message;
	struct arena *arena;
	struct lookup lookup;
	struct authors authors;
	struct classification classification;
	struct sender sender_to_nobody;
	unsigned marks; /* of the message, whoever gets it */
	bool report;    /* a delivery report of our own */
	struct recipient *recipients;
	bool fault;
};

/* One customer of a name in the directory, and what sender and products are to it. */
struct judged {
	const struct customer *customer;
	struct sender sender;
	enum product_class product_class;
};

/* All that is known of those who may stand behind one name in the directory. */
struct audience {
	enum found found;
	struct judged *items;
	size_t count;
};

/* One recipient on its way to a verdict. */
struct task {
	struct recipient *recipient;
	struct mailbox mailbox; /* empty when the forward-path cannot be read */
	bool own_domain;
};

static int64_t now_of(const struct work *work)
{
	return work->context->now.tv_sec;
}

static bool is_own_domain(const struct work *work, struct span domain)
{
	const struct spans *own = &work->conf->policy.own_domains;

	for (size_t i = 0; i < own->count; i++) {
		if (csp_domain_matches(domain, own->items[i]))
			return true;
	}
	return false;
}

static bool is_daemon(const struct work *work, const struct author *author)
{
	const struct mailbox *mailbox = &author->mailbox;

	return (csp_span_equal_nocase(mailbox->local, SPAN_LIT("mailer-daemon")) ||
		csp_span_equal_nocase(mailbox->local, SPAN_LIT("postmaster"))) &&
	       is_own_domain(work, mailbox->domain);
}

static bool is_multipart_report(const struct message *message)
{
	const struct span name = SPAN_LIT("Content-Type");
	const struct span type = SPAN_LIT("multipart/report");
	size_t at = 0;
	const struct field *field = csp_message_next_field(message, &at, name);

	if (!field || csp_message_next_field(message, &at, name))
		return false;
	struct span stated, parameters;
	csp_span_split(&stated, &parameters, field->body, ';');
	return csp_span_equal_nocase(csp_span_trim(stated), type);
}

/* One From, nobody else, and that is our daemon: anything more would be a way around the rules. */
static bool is_own_report(const struct work *work)
{
	const struct authors *authors = &work->authors;

	return authors->null_reverse_path && authors->count == 1 &&
	       authors->items[0].field == AUTHOR_FROM && is_daemon(work, &authors->items[0]) &&
	       is_multipart_report(work->message);
}

static struct sender judge_sender(const struct work *work, const struct sender_question *question)
{
	return csp_sender_judge(&work->authors, &work->message->client, &work->conf->vendor,
				question);
}

static bool classify(struct work *work)
{
	struct snapshot *snapshot = work->context->snapshot;
	struct classify_scratch *scratch = csp_snapshot_scratch_take(snapshot);

	if (!scratch)
		return false;
	csp_classify(&work->classification, csp_snapshot_classifier(snapshot), scratch,
		     work->message, &work->authors, &work->sender_to_nobody);
	csp_snapshot_scratch_give(snapshot, scratch);
	return true;
}

/* Who wrote it and what it is about, to nobody in particular. */
static bool read_message(struct work *work)
{
	if (!csp_authors_collect(&work->authors, work->message, &work->conf->vendor))
		return false;
	csp_lookup_authors(&work->lookup, &work->authors);
	const struct sender_question nobody = {.now = now_of(work)};
	work->sender_to_nobody = judge_sender(work, &nobody);
	if (!classify(work))
		return false;
	work->marks = work->message->marks | work->authors.marks;
	if (work->classification.known)
		work->marks |= work->classification.marks;
	if (csp_hidden_recipients(work->message))
		work->marks |= MARK_HIDDEN_RECIPIENTS;
	work->report = is_own_report(work);
	return true;
}

static bool some_author_is_partner(const struct authors *authors)
{
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].party == PARTY_PARTNER)
			return true;
	}
	return false;
}

static struct judged judge_for(struct work *work, const struct customer *customer)
{
	struct spans products = {0};
	struct judged judged = {.customer = customer, .product_class = PRODUCT_UNKNOWN};

	if (work->classification.known) {
		products = work->classification.products;
		judged.product_class = csp_classifier_product_class(
			csp_snapshot_classifier(work->context->snapshot), products, customer,
			now_of(work));
	}
	struct sender_question question = {
		.customer = customer, .products = products, .now = now_of(work)};
	if (some_author_is_partner(&work->authors) &&
	    csp_lookup_providers(&question, &work->lookup) == COULD_NOT_TELL)
		return judged;
	judged.sender = judge_sender(work, &question);
	return judged;
}

/* Customers whose last relation has ended are none of the programme's. */
static bool make_audience(struct audience *out, struct work *work, enum found found,
			  const struct customers *customers)
{
	*out = (struct audience){.found = found};
	if (found != FOUND)
		return true;
	out->items = csp_arena_alloc(work->arena, customers->count, sizeof(*out->items));
	if (!out->items)
		return false;
	for (size_t i = 0; i < customers->count; i++) {
		if (csp_customer_is_csp(&customers->items[i], now_of(work)))
			out->items[out->count++] = judge_for(work, &customers->items[i]);
	}
	if (!out->count)
		out->found = NOT_FOUND;
	return true;
}

static void apply_failure_policy(const struct work *work, const struct facts *facts,
				 struct verdict *verdict)
{
	static const enum disposition dispositions[] = {
		[FAILURE_TEMPFAIL] = DISPOSITION_TEMPFAIL,
		[FAILURE_FLAG_AND_PASS] = DISPOSITION_FLAG,
		[FAILURE_ACCEPT] = DISPOSITION_PASS,
	};
	bool directory = facts->customer_found == COULD_NOT_TELL || !facts->sender.known;
	enum disposition gravest = DISPOSITION_PASS;

	if (!verdict->fault)
		return;
	if (directory)
		gravest = dispositions[work->conf->on_directory_failure];
	if (!facts->classification->known &&
	    dispositions[work->conf->on_resource_failure] > gravest)
		gravest = dispositions[work->conf->on_resource_failure];
	verdict->disposition = gravest;
}

/* Takes the verdict for one customer where it is graver than what the recipient has. */
static void judge_once(struct work *work, const struct task *task, const struct facts *facts,
		       bool first)
{
	struct recipient *recipient = task->recipient;
	struct verdict verdict;

	csp_policy_evaluate(&verdict, &work->conf->policy, &work->conf->categories, facts);
	apply_failure_policy(work, facts, &verdict);
	work->fault = work->fault || verdict.fault;
	if (!first && verdict.disposition <= recipient->verdict.disposition)
		return;
	recipient->verdict = verdict;
	recipient->judged = !verdict.outside;
	recipient->customer = SPAN_LIT("");
	if (verdict.outside)
		return;
	if (facts->customer)
		recipient->customer = facts->customer->id;
	recipient->sender = facts->sender;
	recipient->product_class = facts->product_class;
}

static unsigned marks_for(const struct sender *sender)
{
	return sender->known && sender->unproven_author ? MARK_UNPROVEN_AUTHOR : 0;
}

static void judge(struct work *work, const struct task *task, const struct audience *audience)
{
	struct recipient *recipient = task->recipient;
	const unsigned marks = recipient->marks;
	struct facts facts = {
		.customer_found = audience->found,
		.classification = &work->classification,
		.sender = work->sender_to_nobody,
		.product_class = PRODUCT_UNKNOWN,
		.marks = marks | marks_for(&work->sender_to_nobody),
		.own_domain = task->own_domain,
		.null_reverse_path_report = work->report,
	};

	if (audience->found != FOUND)
		judge_once(work, task, &facts, true);
	for (size_t i = 0; i < audience->count; i++) {
		const struct judged *judged = &audience->items[i];
		facts.customer = judged->customer;
		facts.sender = judged->sender;
		facts.product_class = judged->product_class;
		facts.marks = marks | marks_for(&judged->sender);
		judge_once(work, task, &facts, i == 0);
	}
	if (recipient->judged)
		recipient->marks |= marks_for(&recipient->sender);
}

/* RFC 5321 section 4.1.1.3: the one forward-path without a domain; it is the MTA's own. */
static bool is_bare_postmaster(struct span path)
{
	return csp_span_equal_nocase(path, SPAN_LIT("<postmaster>")) ||
	       csp_span_equal_nocase(path, SPAN_LIT("postmaster"));
}

static bool read_recipient(struct task *task, struct work *work, struct span forward_path)
{
	struct recipient *recipient = task->recipient;
	bool routed = false;

	recipient->address = forward_path;
	recipient->marks = work->marks;
	switch (csp_mailbox_parse_path(&task->mailbox, &routed, work->arena, forward_path)) {
	case MAILBOX_OK:
		task->own_domain = is_own_domain(work, task->mailbox.domain);
		if (routed)
			recipient->marks |= MARK_ROUTED_RECIPIENT;
		return csp_mailbox_format(&recipient->canonical, work->arena, &task->mailbox);
	case MAILBOX_NULL:
	case MAILBOX_INVALID:
		task->mailbox = (struct mailbox){0};
		task->own_domain = is_bare_postmaster(forward_path);
		if (!task->own_domain)
			recipient->marks |= MARK_ROUTED_RECIPIENT;
		return true;
	case MAILBOX_NO_MEMORY:
	default:
		return false;
	}
}

static bool needs_directory(const struct task *task)
{
	bool routed = task->recipient->marks & MARK_ROUTED_RECIPIENT;

	return task->mailbox.domain.len && (routed || !task->own_domain);
}

/* The address itself is asked about first; `domain` is what is known of its domain, asked once. */
static bool find_audience(struct audience *out, struct work *work, const struct task *task,
			  struct audience *domain, bool *domain_known)
{
	struct customers customers;
	struct span key;

	if (!csp_mailbox_key(&key, work->arena, &task->mailbox, work->conf->address_separators))
		return false;
	enum found found = csp_lookup_address(&customers, &work->lookup, key);
	if (found != NOT_FOUND)
		return make_audience(out, work, found, &customers);
	if (!*domain_known) {
		found = csp_lookup_domain(&customers, &work->lookup, task->mailbox.domain);
		if (!make_audience(domain, work, found, &customers))
			return false;
		*domain_known = true;
	}
	*out = *domain;
	return true;
}

static int compare_tasks(const void *a, const void *b)
{
	const struct task *left = a;
	const struct task *right = b;

	return csp_span_compare(left->mailbox.domain, right->mailbox.domain);
}

static bool judge_tasks(struct work *work, struct task *tasks, size_t count)
{
	struct audience domain = {0};
	bool domain_known = false;

	for (size_t i = 0; i < count; i++) {
		struct audience audience = {.found = NOT_FOUND};
		if (i && compare_tasks(&tasks[i - 1], &tasks[i]) != 0)
			domain_known = false;
		if (needs_directory(&tasks[i]) &&
		    !find_audience(&audience, work, &tasks[i], &domain, &domain_known))
			return false;
		judge(work, &tasks[i], &audience);
	}
	return true;
}

/* Recipients of one domain are judged one after another, so that 50,000 of them cost one look-up of it. */
static bool judge_recipients(struct work *work)
{
	const struct message *message = work->message;
	size_t count = message->forward_path_count;
	struct task *tasks = csp_arena_alloc(work->arena, count, sizeof(*tasks));

	work->recipients = csp_arena_alloc(work->arena, count, sizeof(*work->recipients));
	if (!tasks || !work->recipients)
		return false;
	for (size_t i = 0; i < count; i++) {
		tasks[i].recipient = &work->recipients[i];
		if (!read_recipient(&tasks[i], work, message->forward_paths[i]))
			return false;
	}
	qsort(tasks, count, sizeof(*tasks), compare_tasks);
	return judge_tasks(work, tasks, count);
}

static unsigned all_marks(const struct work *work)
{
	unsigned marks = work->marks;

	for (size_t i = 0; i < work->message->forward_path_count; i++)
		marks |= work->recipients[i].marks;
	return marks;
}

static bool make_plans(struct decision *decision, const struct work *work)
{
	if (!csp_plan_make(&decision->would_plan, work->arena, &work->conf->plan, decision))
		return false;
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
		.message = work->message,
		.authors = &work->authors,
		.classification = &work->classification,
		.categories = &work->conf->categories,
		.marks = all_marks(work),
		.recipients = work->recipients,
		.recipient_count = work->message->forward_path_count,
		.fault = work->fault,
	};
	return make_plans(decision, work) ? decision : NULL;
}

static void count_decision(const struct work *work, const struct decision *decision)
{
	csp_counter_add(COUNTER_MESSAGES, 1);
	if (work->lookup.failed)
		csp_counter_add(COUNTER_FAULT_DIRECTORY, 1);
	if (!work->classification.known)
		csp_counter_add(COUNTER_FAULT_RESOURCES, 1);
	if (decision->mode == MODE_MONITOR && decision->would_plan.action == ACTION_FLAG)
		csp_counter_add(COUNTER_WOULD_FLAG, 1);
	if (decision->mode == MODE_MONITOR && decision->would_plan.action == ACTION_REJECT)
		csp_counter_add(COUNTER_WOULD_REJECT, 1);
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
	csp_lookup_init(&work->lookup, context->directory, message->arena);
	bool judged = read_message(work) && judge_recipients(work);
	csp_lookup_end(&work->lookup);
	if (judged)
		decision = make_decision(work);
	if (decision)
		count_decision(work, decision);
	return decision;
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
