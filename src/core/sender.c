#include "sender.h"

struct collector {
	struct authors *authors;
	const struct vendor *vendor;
	struct arena *arena;
	size_t cap;
	size_t max; /* every author costs a look-up for every customer */
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
	struct addrlist list = {.max = to->max};

	if (!csp_addrlist_parse(&list, to->arena, body))
		return false;
	if (list.count != 1 || list.group || list.ambiguous)
		to->authors->marks |= MARK_AMBIGUOUS_AUTHOR;
	if (list.truncated)
		to->authors->marks |= MARK_TRUNCATED;
	to->authors->incomplete = to->authors->incomplete || list.incomplete;
	for (size_t i = 0; i < list.count; i++) {
		if (to->authors->count == to->max) {
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
	struct collector to = {.authors = out,
			       .vendor = vendor,
			       .arena = message->arena,
			       .max = message->limits.mailboxes};

	*out = (struct authors){.incomplete = message->fields_dropped};
	if (!add_fields(&to, AUTHOR_FROM, message, SPAN_LIT("From")))
		return false;
	if (out->count == 0)
		out->marks |= MARK_AMBIGUOUS_AUTHOR;
	return add_fields(&to, AUTHOR_SENDER, message, SPAN_LIT("Sender")) &&
	       add_fields(&to, AUTHOR_RESENT_FROM, message, SPAN_LIT("Resent-From")) &&
	       add_fields(&to, AUTHOR_RESENT_SENDER, message, SPAN_LIT("Resent-Sender")) &&
	       add_reverse_path(&to, message->reverse_path);
}

/* What one author is to the customer of the question. */
struct standing {
	enum sender_kind kind;
	enum proof proof;
	unsigned
		methods; /* enum auth_method bits: what the proof stands on, beside facts of the MTA */
};

/* All that is asked about one author. */
struct inquiry {
	const struct authors *authors;
	const struct client *client;
	const struct sender_question *question;
};

static unsigned partner_methods(const struct authors *authors)
{
	const struct authentication_settings *settings = authors->authentication.settings;

	return settings ? settings->partners : 0;
}

static unsigned vendor_methods(const struct authors *authors)
{
	const struct authentication_settings *settings = authors->authentication.settings;

	return settings ? settings->vendor : 0;
}

static bool is_signed_by(const struct authors *authors, const struct proofs *proofs)
{
	return csp_authentication_is_signed_by(&authors->authentication, proofs->dkim_domains);
}

/* The author whom readers see and SPF passed for: the domain must be the same one. */
static const struct author *find_spf_author(const struct authors *authors)
{
	struct span domain = authors->authentication.spf;

	for (size_t i = 0; i < authors->count && domain.len; i++) {
		if (authors->items[i].field == AUTHOR_FROM &&
		    csp_span_equal(authors->items[i].mailbox.domain, domain))
			return &authors->items[i];
	}
	return NULL;
}

static bool spf_proves_partner(const struct authors *authors, struct span partner)
{
	const struct author *author = find_spf_author(authors);

	return author && author->party == PARTY_PARTNER && author->partner_count == 1 &&
	       csp_span_equal(author->partners[0]->id, partner);
}

static unsigned methods_that_prove(const struct authors *authors, const struct partner *partner)
{
	unsigned enabled = partner_methods(authors);
	unsigned methods = 0;

	if ((enabled & AUTH_DKIM) && is_signed_by(authors, &partner->proofs))
		methods |= AUTH_DKIM;
	if ((enabled & AUTH_SPF) && spf_proves_partner(authors, partner->id))
		methods |= AUTH_SPF;
	return methods;
}

/* Which of two partners with one domain and one signature wrote it, nobody knows. */
static bool authenticates_several(const struct authors *authors, const struct author *author)
{
	size_t count = 0;

	for (size_t i = 0; i < author->partner_count && count < 2; i++)
		count += methods_that_prove(authors, author->partners[i]) != 0;
	return count > 1;
}

/* Gives the methods that were needed for it; none where a fact of the MTA was enough. */
static bool provider_proof_holds(unsigned *methods, const struct inquiry *inquiry)
{
	const struct sender_question *question = inquiry->question;
	bool dkim = partner_methods(inquiry->authors) & AUTH_DKIM;

	*methods = 0;
	for (size_t i = 0; i < question->provider_count; i++) {
		if (csp_proofs_hold(question->provider_proofs[i], inquiry->client)) {
			*methods = 0;
			return true;
		}
		if (dkim && is_signed_by(inquiry->authors, question->provider_proofs[i]))
			*methods = AUTH_DKIM;
	}
	return *methods != 0;
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
static struct standing partner_standing(const struct author *author, const struct inquiry *inquiry)
{
	struct standing standing = {.kind = SENDER_PARTNER, .proof = PROOF_UNPROVEN};
	bool several = authenticates_several(inquiry->authors, author);

	for (size_t i = 0; i < author->partner_count; i++) {
		const struct partner *partner = author->partners[i];
		unsigned methods = 0;
		bool reseller;
		bool of_record = is_of_record(&reseller, inquiry->question, partner->id);
		bool proven = csp_proofs_hold(&partner->proofs, inquiry->client);
		if (!proven && !several)
			methods = methods_that_prove(inquiry->authors, partner);
		proven = proven || methods;
		if (!proven && of_record && reseller)
			proven = provider_proof_holds(&methods, inquiry);
		if (!proven)
			continue;
		standing.proof = PROOF_PROVEN;
		standing.methods |= methods;
		if (of_record)
			standing.kind = SENDER_PARTNER_OF_RECORD;
	}
	return standing;
}

static struct standing vendor_standing(const struct vendor *vendor, const struct inquiry *inquiry)
{
	struct standing standing = {.kind = SENDER_VENDOR, .proof = PROOF_UNKNOWN};
	unsigned enabled = vendor_methods(inquiry->authors);
	const struct author *spf_author = find_spf_author(inquiry->authors);

	if (!csp_proofs_exist(&vendor->proofs) && !enabled)
		return standing;
	standing.proof = PROOF_PROVEN;
	if (csp_proofs_hold(&vendor->proofs, inquiry->client))
		return standing;
	if ((enabled & AUTH_DKIM) && is_signed_by(inquiry->authors, &vendor->proofs))
		standing.methods |= AUTH_DKIM;
	if ((enabled & AUTH_SPF) && spf_author && spf_author->party == PARTY_VENDOR)
		standing.methods |= AUTH_SPF;
	if (!standing.methods)
		standing.proof = PROOF_UNPROVEN;
	return standing;
}

static struct standing standing_of(const struct author *author, const struct vendor *vendor,
				   const struct inquiry *inquiry)
{
	if (author->party == PARTY_PARTNER)
		return partner_standing(author, inquiry);
	if (author->party == PARTY_VENDOR)
		return vendor_standing(vendor, inquiry);
	return (struct standing){.kind = SENDER_OTHER, .proof = PROOF_UNKNOWN};
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
	const struct inquiry inquiry = {authors, client, question};

	if (some_party_is_unknown(authors))
		return (struct sender){.known = false};
	for (size_t i = 0; i < authors->count; i++) {
		struct standing one = standing_of(&authors->items[i], vendor, &inquiry);
		sender.unproven_author = sender.unproven_author || one.proof == PROOF_UNPROVEN;
		sender.kind = i ? join_kinds(sender.kind, one.kind) : one.kind;
		sender.proof = i ? join_proofs(sender.proof, one.proof) : one.proof;
		sender.authenticated_by |= one.methods;
	}
	/* Authors who were not judged could be anybody. */
	if (authors->incomplete) {
		sender.kind = SENDER_OTHER;
		sender.proof = join_proofs(sender.proof, PROOF_UNKNOWN);
	}
	if (sender.proof != PROOF_PROVEN)
		sender.authenticated_by = 0;
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
