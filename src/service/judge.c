#include "judge.h"

#include <stdlib.h>

/* Recipients at the beginning of a message whose records say what each rule came to. */
#define LOOKED_AT_MAX 10

/* One customer of a name in the directory, and what sender and products are to it. */
struct judged {
	const struct customer *customer;
	struct sender sender;
	enum product_class product_class;
	uint64_t sample;
	enum found contact_found;
	struct span contact; /* of its partner, where rules redirect */
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
	uint64_t lists; /* bit: number of the roster that it is on */
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

	judged.sample = csp_asked_sample(judging->asked, customer->id);
	if (judging->classification->known) {
		products = judging->classification->products;
		judged.product_class =
			csp_classifier_product_class(csp_snapshot_classifier(judging->snapshot),
						     products, customer, judging->now);
	}
	if (conf_of(judging)->policy.redirects)
		judged.contact_found =
			csp_lookup_contact(&judged.contact, judging->lookup, customer, products);
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
	bool resources = !facts->classification->known;
	bool directory =
		facts->customer_found == COULD_NOT_TELL || !facts->sender.known || !resources;
	enum disposition gravest = DISPOSITION_PASS;

	if (!verdict->fault)
		return;
	if (directory)
		gravest = dispositions[judging->lookup->refused ? conf->on_old_directory
								: conf->on_directory_failure];
	if (resources && dispositions[conf->on_resource_failure] > gravest)
		gravest = dispositions[conf->on_resource_failure];
	verdict->disposition = gravest;
}

/* A redirect needs to know where to; a directory that cannot tell must not turn it into a reject. */
static void set_contact(struct recipient *recipient, const struct judged *judged)
{
	struct verdict *verdict = &recipient->verdict;

	if (verdict->disposition != DISPOSITION_BLOCK ||
	    verdict->decided_by->action != ACTION_REDIRECT)
		return;
	recipient->contact = judged->contact;
	if (judged->contact_found != COULD_NOT_TELL)
		return;
	verdict->rule = SPAN_LIT("fault");
	verdict->decided_by = NULL;
	verdict->disposition = DISPOSITION_TEMPFAIL;
	verdict->fault = true;
}

/* Records are read for what was stopped; of a message to thousands the first will do. */
static bool wants_looks(const struct recipient *recipient, const struct judging *judging)
{
	const struct verdict *verdict = &recipient->verdict;

	if (verdict->outside)
		return false;
	return judging->looks ||
	       ((verdict->disposition != DISPOSITION_PASS || verdict->would_count > 0) &&
		recipient < judging->first + LOOKED_AT_MAX);
}

static bool note_looks(struct recipient *out, const struct judging *judging,
		       const struct facts *facts)
{
	const struct policy *policy = &conf_of(judging)->policy;
	struct look *looks;

	if (!wants_looks(out, judging))
		return true;
	looks = csp_arena_alloc(judging->message->arena, policy->rule_count, sizeof(*looks));
	for (size_t i = 0; looks && i < policy->rule_count; i++)
		csp_policy_look(&looks[i], &policy->rules[i], facts);
	out->looks = looks;
	out->look_count = looks ? policy->rule_count : 0;
	return looks != NULL;
}

/* Takes the verdict for one customer where it is graver than what the recipient has. */
static bool judge_once(const struct judging *judging, const struct task *task,
		       const struct facts *facts, const struct judged *customer)
{
	const bool first = !task->recipient->verdict.rule.len;
	struct recipient *recipient = task->recipient;
	struct recipient judged = {.address = recipient->address,
				   .canonical = recipient->canonical,
				   .marks = recipient->marks};

	csp_policy_evaluate(&judged.verdict, &conf_of(judging)->policy,
			    &conf_of(judging)->categories, facts);
	if (customer)
		set_contact(&judged, customer);
	apply_failure_policy(judging, facts, &judged.verdict);
	if (!first && !csp_recipient_is_graver(&judged, recipient))
		return true;
	judged.judged = !judged.verdict.outside;
	if (judged.judged) {
		judged.customer = facts->customer ? facts->customer->id : SPAN_LIT("");
		judged.sender = facts->sender;
		judged.product_class = facts->product_class;
	}
	*recipient = judged;
	return note_looks(recipient, judging, facts);
}

static unsigned marks_for(const struct sender *sender)
{
	return sender->known && sender->unproven_author ? MARK_UNPROVEN_AUTHOR : 0;
}

static bool judge(const struct judging *judging, const struct task *task,
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
		.client = &judging->message->client,
		.now = judging->now,
		.author_lists = judging->asked->author_lists,
		.author_count = judging->asked->author_count,
		.authors_incomplete = judging->authors->incomplete,
		.recipient_lists = task->lists,
		.headers = judging->asked->headers,
		.own_domain = task->own_domain,
		.null_reverse_path_report = judging->own_report,
	};

	if (audience->found != FOUND && !judge_once(judging, task, &facts, NULL))
		return false;
	for (size_t i = 0; i < audience->count; i++) {
		const struct judged *judged = &audience->items[i];
		facts.customer = judged->customer;
		facts.sender = judged->sender;
		facts.product_class = judged->product_class;
		facts.marks = marks | marks_for(&judged->sender);
		facts.sample = judged->sample;
		if (!judge_once(judging, task, &facts, judged))
			return false;
	}
	if (recipient->judged)
		recipient->marks |= marks_for(&recipient->sender);
	return true;
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
		if (!csp_asked_lists(&tasks[i].lists, conf_of(judging), judging->message->arena,
				     &tasks[i].mailbox) ||
		    !judge(judging, &tasks[i], &audience))
			return false;
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
bool csp_judge_recipients(struct recipient *recipients, struct judging *judging)
{
	const struct message *message = judging->message;
	size_t count = csp_judge_count(message);
	struct task *tasks = csp_arena_alloc(message->arena, count, sizeof(*tasks));

	if (!tasks)
		return false;
	judging->first = recipients;
	for (size_t i = 0; i < count; i++) {
		tasks[i].recipient = &recipients[i];
		if (!read_recipient(&tasks[i], judging, path_of(message, i)))
			return false;
	}
	qsort(tasks, count, sizeof(*tasks), compare_tasks);
	return judge_tasks(judging, tasks, count);
}
