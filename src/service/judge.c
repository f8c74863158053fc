#include "judge.h"

#include <stdlib.h>

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
	struct mailbox mailbox; /* of a path that cannot be read the domain alone, if that */
	bool own_domain;
};

static const struct conf *conf_of(const struct judging *judging)
{
	return csp_snapshot_conf(judging->snapshot);
}

static bool some_author_is_partner(const struct authors *authors)
{
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].party == PARTY_PARTNER)
			return true;
	}
	return false;
}

static struct judged judge_for(const struct judging *judging, const struct customer *customer)
{
	struct spans products = {0};
	struct judged judged = {.customer = customer, .product_class = PRODUCT_UNKNOWN};

	if (judging->classification->known) {
		products = judging->classification->products;
		judged.product_class =
			csp_classifier_product_class(csp_snapshot_classifier(judging->snapshot),
						     products, customer, judging->now);
	}
	struct sender_question question = {
		.customer = customer, .products = products, .now = judging->now};
	if (some_author_is_partner(judging->authors) &&
	    csp_lookup_providers(&question, judging->lookup) == COULD_NOT_TELL)
		return judged;
	judged.sender = csp_sender_judge(judging->authors, &judging->message->client,
					 &conf_of(judging)->vendor, &question);
	return judged;
}

/* Customers whose last relation has ended are none of the programme's. */
static bool make_audience(struct audience *out, const struct judging *judging, enum found found,
			  const struct customers *customers)
{
	*out = (struct audience){.found = found};
	if (found != FOUND)
		return true;
	out->items =
		csp_arena_alloc(judging->message->arena, customers->count, sizeof(*out->items));
	if (!out->items)
		return false;
	for (size_t i = 0; i < customers->count; i++) {
		if (csp_customer_is_csp(&customers->items[i], judging->now))
			out->items[out->count++] = judge_for(judging, &customers->items[i]);
	}
	if (!out->count)
		out->found = NOT_FOUND;
	return true;
}

static void apply_failure_policy(const struct judging *judging, const struct facts *facts,
				 struct verdict *verdict)
{
	static const enum disposition dispositions[] = {
		[FAILURE_TEMPFAIL] = DISPOSITION_TEMPFAIL,
		[FAILURE_FLAG_AND_PASS] = DISPOSITION_FLAG,
		[FAILURE_ACCEPT] = DISPOSITION_PASS,
	};
	const struct conf *conf = conf_of(judging);
	bool directory = facts->customer_found == COULD_NOT_TELL || !facts->sender.known;
	enum disposition gravest = DISPOSITION_PASS;

	if (!verdict->fault)
		return;
	if (directory)
		gravest = dispositions[judging->lookup->refused ? conf->on_old_directory
								: conf->on_directory_failure];
	if (!facts->classification->known && dispositions[conf->on_resource_failure] > gravest)
		gravest = dispositions[conf->on_resource_failure];
	verdict->disposition = gravest;
}

/* Takes the verdict for one customer where it is graver than what the recipient has. */
static void judge_once(const struct judging *judging, const struct task *task,
		       const struct facts *facts, bool first)
{
	struct recipient *recipient = task->recipient;
	struct verdict verdict;

	csp_policy_evaluate(&verdict, &conf_of(judging)->policy, &conf_of(judging)->categories,
			    facts);
	apply_failure_policy(judging, facts, &verdict);
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

static void judge(const struct judging *judging, const struct task *task,
		  const struct audience *audience)
{
	struct recipient *recipient = task->recipient;
	const unsigned marks = recipient->marks;
	struct facts facts = {
		.customer_found = audience->found,
		.classification = judging->classification,
		.sender = judging->sender,
		.product_class = PRODUCT_UNKNOWN,
		.marks = marks | marks_for(&judging->sender),
		.own_domain = task->own_domain,
		.null_reverse_path_report = judging->own_report,
	};

	if (audience->found != FOUND)
		judge_once(judging, task, &facts, true);
	for (size_t i = 0; i < audience->count; i++) {
		const struct judged *judged = &audience->items[i];
		facts.customer = judged->customer;
		facts.sender = judged->sender;
		facts.product_class = judged->product_class;
		facts.marks = marks | marks_for(&judged->sender);
		judge_once(judging, task, &facts, i == 0);
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

/* Who is meant cannot be read, but at which customer often can; an unreadable name must not soften a verdict. */
static bool read_domain(struct task *task, struct arena *arena)
{
	return csp_mailbox_parse_path_domain(&task->mailbox.domain, arena,
					     task->recipient->address) != MAILBOX_NO_MEMORY;
}

static bool read_recipient(struct task *task, const struct judging *judging,
			   struct span forward_path)
{
	struct recipient *recipient = task->recipient;
	bool routed = false;

	recipient->address = forward_path;
	recipient->marks = judging->marks;
	switch (csp_mailbox_parse_path(&task->mailbox, &routed, judging->message->arena,
				       forward_path)) {
	case MAILBOX_OK:
		task->own_domain = csp_spans_hold_domain(conf_of(judging)->policy.own_domains,
							 task->mailbox.domain);
		if (routed)
			recipient->marks |= MARK_ROUTED_RECIPIENT;
		return csp_mailbox_format(&recipient->canonical, judging->message->arena,
					  &task->mailbox);
	case MAILBOX_NULL:
	case MAILBOX_INVALID:
		task->mailbox = (struct mailbox){0};
		task->own_domain = is_bare_postmaster(forward_path);
		if (task->own_domain)
			return true;
		recipient->marks |= MARK_ROUTED_RECIPIENT;
		return read_domain(task, judging->message->arena);
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
static bool find_audience(struct audience *out, const struct judging *judging,
			  const struct task *task, struct audience *domain, bool *domain_known)
{
	struct customers customers;
	struct span key;

	if (!csp_mailbox_key(&key, judging->message->arena, &task->mailbox,
			     conf_of(judging)->address_separators))
		return false;
	enum found found = csp_lookup_address(&customers, judging->lookup, key);
	if (found != NOT_FOUND)
		return make_audience(out, judging, found, &customers);
	if (!*domain_known) {
		found = csp_lookup_domain(&customers, judging->lookup, task->mailbox.domain);
		if (!make_audience(domain, judging, found, &customers))
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

static bool judge_tasks(const struct judging *judging, struct task *tasks, size_t count)
{
	struct audience domain = {0};
	bool domain_known = false;

	for (size_t i = 0; i < count; i++) {
		struct audience audience = {.found = NOT_FOUND};
		if (i && compare_tasks(&tasks[i - 1], &tasks[i]) != 0)
			domain_known = false;
		if (needs_directory(&tasks[i]) &&
		    !find_audience(&audience, judging, &tasks[i], &domain, &domain_known))
			return false;
		judge(judging, &tasks[i], &audience);
	}
	return true;
}

/* Which limit was reached cannot be told from the mark alone, and one recipient too many only flags. */
static bool recipients_were_dropped(const struct message *message)
{
	return (message->marks & MARK_TRUNCATED) &&
	       message->forward_path_count >= message->limits.recipients;
}

size_t csp_judge_count(const struct message *message)
{
	return message->forward_path_count + (recipients_were_dropped(message) ? 1 : 0);
}

/* Who was not taken down may be a customer: as little can be said of them as of an address that cannot be read. */
static struct span path_of(const struct message *message, size_t index)
{
	return index < message->forward_path_count ? message->forward_paths[index]
						   : SPAN_LIT("(recipients past the limit)");
}

/* Recipients of one domain are judged one after another, so that 50,000 of them cost one look-up of it. */
bool csp_judge_recipients(struct recipient *recipients, const struct judging *judging)
{
	const struct message *message = judging->message;
	size_t count = csp_judge_count(message);
	struct task *tasks = csp_arena_alloc(message->arena, count, sizeof(*tasks));

	if (!tasks)
		return false;
	for (size_t i = 0; i < count; i++) {
		tasks[i].recipient = &recipients[i];
		if (!read_recipient(&tasks[i], judging, path_of(message, i)))
			return false;
	}
	qsort(tasks, count, sizeof(*tasks), compare_tasks);
	return judge_tasks(judging, tasks, count);
}
