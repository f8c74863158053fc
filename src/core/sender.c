#include "sender.h"

/* Every author costs a look-up for every customer; nobody writes with this many. */
#define AUTHORS_MAX 100

struct collector {
	struct authors *authors;
	const struct vendor *vendor;
	struct arena *arena;
	size_t cap;
};

static enum party party_of(const struct vendor *vendor, struct span domain, enum author_field field)
{
	if (csp_spans_hold_domain(vendor->domains, domain))
		return PARTY_VENDOR;
	if (field == AUTHOR_REVERSE_PATH && csp_spans_hold_domain(vendor->bounce_domains, domain))
		return PARTY_VENDOR;
	return PARTY_OTHER;
}

static bool add_author(struct collector *to, enum author_field field, struct mailbox mailbox)
{
	struct authors *authors = to->authors;
	void *items = authors->items;

	if (!csp_arena_grow(to->arena, &items, &to->cap, authors->count, sizeof(*authors->items)))
		return false;
	authors->items = items;
	authors->items[authors->count++] = (struct author){
		.field = field,
		.mailbox = mailbox,
		.party = party_of(to->vendor, mailbox.domain, field),
	};
	return true;
}

static bool add_field(struct collector *to, enum author_field field, struct span body)
{
	struct addrlist list = {0};

	if (!csp_addrlist_parse(&list, to->arena, body))
		return false;
	if (list.count != 1 || list.group || list.ambiguous)
		to->authors->marks |= MARK_AMBIGUOUS_AUTHOR;
	to->authors->incomplete = to->authors->incomplete || list.incomplete;
	for (size_t i = 0; i < list.count; i++) {
		if (to->authors->count == AUTHORS_MAX) {
			to->authors->marks |= MARK_TRUNCATED;
			to->authors->incomplete = true;
			return true;
		}
		if (!add_author(to, field, list.items[i]))
			return false;
	}
	return true;
}

/* Reads all fields of a name, also a second From: whichever the reader is shown, it was judged. */
static bool add_fields(struct collector *to, enum author_field field, const struct message *message,
		       struct span name)
{
	const struct field *found;
	size_t at = 0;

	while (!(to->authors->marks & MARK_TRUNCATED) &&
	       (found = csp_message_next_field(message, &at, name))) {
		if (!add_field(to, field, found->body))
			return false;
	}
	return true;
}

/* Whose it is shows by its domain, so that is enough to judge by. */
static bool add_unreadable_path(struct collector *to, struct span path)
{
	struct mailbox mailbox = {.local = SPAN_LIT("")};

	to->authors->marks |= MARK_AMBIGUOUS_AUTHOR;
	switch (csp_mailbox_parse_path_domain(&mailbox.domain, to->arena, path)) {
	case MAILBOX_OK:
		return add_author(to, AUTHOR_REVERSE_PATH, mailbox);
	case MAILBOX_NULL:
	case MAILBOX_INVALID:
		to->authors->incomplete = true;
		return true;
	case MAILBOX_NO_MEMORY:
		break;
	}
	return false;
}

static bool add_reverse_path(struct collector *to, struct span path)
{
	struct mailbox mailbox;
	bool routed = false;

	switch (csp_mailbox_parse_path(&mailbox, &routed, to->arena, path)) {
	case MAILBOX_OK:
		if (routed)
			to->authors->marks |= MARK_AMBIGUOUS_AUTHOR;
		return add_author(to, AUTHOR_REVERSE_PATH, mailbox);
	case MAILBOX_NULL:
		to->authors->null_reverse_path = true;
		return true;
	case MAILBOX_INVALID:
		return add_unreadable_path(to, path);
	case MAILBOX_NO_MEMORY:
		break;
	}
	return false;
}

bool csp_authors_collect(struct authors *out, const struct message *message,
			 const struct vendor *vendor)
{
	struct collector to = {.authors = out, .vendor = vendor, .arena = message->arena};

	*out = (struct authors){.incomplete = message->fields_dropped};
	if (!add_fields(&to, AUTHOR_FROM, message, SPAN_LIT("From")))
		return false;
	if (out->count == 0)
		out->marks |= MARK_AMBIGUOUS_AUTHOR;
	return add_fields(&to, AUTHOR_SENDER, message, SPAN_LIT("Sender")) &&
	       add_reverse_path(&to, message->reverse_path);
}

/* What one author is to the customer of the question. */
struct standing {
	enum sender_kind kind;
	enum proof proof;
};

static bool any_proof_holds(const struct proofs *const *proofs, size_t count,
			    const struct client *client)
{
	for (size_t i = 0; i < count; i++) {
		if (csp_proofs_hold(proofs[i], client))
			return true;
	}
	return false;
}

/* The relations of a partner that are valid now, put together: one may cover what another does not. */
static bool partner_covers(const struct sender_question *question, struct span partner,
			   struct span product)
{
	const struct spans wanted = {&product, 1};

	for (size_t i = 0; i < question->customer->relation_count; i++) {
		const struct relation *relation = &question->customer->relations[i];
		if (csp_span_equal(relation->partner, partner) &&
		    csp_relation_is_valid(relation, question->now) &&
		    csp_relation_covers(relation, wanted))
			return true;
	}
	return false;
}

static bool partner_covers_all(const struct sender_question *question, struct span partner)
{
	for (size_t i = 0; i < question->products.count; i++) {
		if (!partner_covers(question, partner, question->products.items[i]))
			return false;
	}
	return true;
}

static bool is_of_record(bool *reseller, const struct sender_question *question,
			 struct span partner)
{
	bool found = false;

	*reseller = false;
	if (!question->customer)
		return false;
	for (size_t i = 0; i < question->customer->relation_count; i++) {
		const struct relation *relation = &question->customer->relations[i];
		if (!csp_span_equal(relation->partner, partner) ||
		    !csp_relation_is_valid(relation, question->now))
			continue;
		found = true;
		*reseller = *reseller || relation->role == ROLE_INDIRECT_RESELLER;
	}
	return found && partner_covers_all(question, partner);
}

/* A domain may be shared by several partners: the one that can prove itself speaks for it. */
static struct standing partner_standing(const struct author *author, const struct client *client,
					const struct sender_question *question)
{
	struct standing standing = {SENDER_PARTNER, PROOF_UNPROVEN};

	for (size_t i = 0; i < author->partner_count; i++) {
		const struct partner *partner = author->partners[i];
		bool reseller;
		bool of_record = is_of_record(&reseller, question, partner->id);
		bool proven = csp_proofs_hold(&partner->proofs, client);
		if (!proven && of_record && reseller)
			proven = any_proof_holds(question->provider_proofs,
						 question->provider_count, client);
		if (!proven)
			continue;
		standing.proof = PROOF_PROVEN;
		if (of_record)
			standing.kind = SENDER_PARTNER_OF_RECORD;
	}
	return standing;
}

static struct standing vendor_standing(const struct vendor *vendor, const struct client *client)
{
	struct standing standing = {SENDER_VENDOR, PROOF_UNKNOWN};

	if (csp_proofs_exist(&vendor->proofs))
		standing.proof =
			csp_proofs_hold(&vendor->proofs, client) ? PROOF_PROVEN : PROOF_UNPROVEN;
	return standing;
}

static struct standing standing_of(const struct author *author, const struct client *client,
				   const struct vendor *vendor,
				   const struct sender_question *question)
{
	if (author->party == PARTY_PARTNER)
		return partner_standing(author, client, question);
	if (author->party == PARTY_VENDOR)
		return vendor_standing(vendor, client);
	return (struct standing){SENDER_OTHER, PROOF_UNKNOWN};
}

/* Two authors are together what the lesser of them is; partners and the vendor are together nobody we know. */
static enum sender_kind join_kinds(enum sender_kind a, enum sender_kind b)
{
	bool partners = a <= SENDER_PARTNER && b <= SENDER_PARTNER;

	if (a == b)
		return a;
	return partners ? SENDER_PARTNER : SENDER_OTHER;
}

static enum proof join_proofs(enum proof a, enum proof b)
{
	if (a == PROOF_UNPROVEN || b == PROOF_UNPROVEN)
		return PROOF_UNPROVEN;
	return a == PROOF_PROVEN && b == PROOF_PROVEN ? PROOF_PROVEN : PROOF_UNKNOWN;
}

static bool some_party_is_unknown(const struct authors *authors)
{
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].party == PARTY_UNKNOWN)
			return true;
	}
	return false;
}

struct sender csp_sender_judge(const struct authors *authors, const struct client *client,
			       const struct vendor *vendor, const struct sender_question *question)
{
	struct sender sender = {.known = true, .kind = SENDER_OTHER, .proof = PROOF_UNKNOWN};

	if (some_party_is_unknown(authors))
		return (struct sender){.known = false};
	for (size_t i = 0; i < authors->count; i++) {
		struct standing one = standing_of(&authors->items[i], client, vendor, question);
		sender.unproven_author = sender.unproven_author || one.proof == PROOF_UNPROVEN;
		sender.kind = i ? join_kinds(sender.kind, one.kind) : one.kind;
		sender.proof = i ? join_proofs(sender.proof, one.proof) : one.proof;
	}
	/* Authors who were not judged could be anybody. */
	if (authors->incomplete) {
		sender.kind = SENDER_OTHER;
		sender.proof = join_proofs(sender.proof, PROOF_UNKNOWN);
	}
	return sender;
}

static const char *const kind_names[] = {
	[SENDER_PARTNER_OF_RECORD] = "partner-of-record",
	[SENDER_PARTNER] = "partner",
	[SENDER_VENDOR] = "vendor",
	[SENDER_OTHER] = "other",
};

static const char *const proof_names[] = {
	[PROOF_PROVEN] = "proven",
	[PROOF_UNPROVEN] = "unproven",
	[PROOF_UNKNOWN] = "unknown",
};

const char *csp_sender_kind_name(enum sender_kind kind)
{
	return kind_names[kind];
}

const char *csp_proof_name(enum proof proof)
{
	return proof_names[proof];
}
