#include "lookup.h"

#define SECONDS_PER_HOUR 3600

void csp_lookup_init(struct lookup *lookup, struct directory *directory, struct arena *arena,
		     const struct conf *conf, int64_t now)
{
	*lookup = (struct lookup){.directory = directory, .arena = arena, .conf = conf, .now = now};
}

void csp_lookup_end(struct lookup *lookup)
{
	if (lookup->read)
		csp_directory_read_end(lookup->read);
	lookup->read = NULL;
}

bool csp_lookup_is_old(const struct conf *conf, int64_t updated, int64_t now)
{
	return conf->directory_max_age &&
	       updated < now - (int64_t)conf->directory_max_age * SECONDS_PER_HOUR;
}

static bool is_readable(struct lookup *lookup)
{
	if (lookup->begun)
		return lookup->read != NULL;
	lookup->begun = true;
	if (!lookup->directory ||
	    csp_directory_read_begin(&lookup->read, lookup->directory) != DIRECTORY_OK) {
		lookup->read = NULL;
		return false;
	}
	lookup->state = csp_directory_state(lookup->read);
	lookup->old =
		csp_lookup_is_old(lookup->conf, csp_directory_updated(lookup->read), lookup->now);
	lookup->refused = lookup->old && lookup->conf->on_old_directory != FAILURE_USE;
	if (lookup->refused)
		csp_lookup_end(lookup);
	return !lookup->refused;
}

static enum found note(struct lookup *lookup, enum found found)
{
	lookup->failed = lookup->failed || found == COULD_NOT_TELL;
	return found;
}

static void find_partners(struct lookup *lookup, struct author *author)
{
	struct partners partners = {0};
	enum found found = COULD_NOT_TELL;

	if (is_readable(lookup))
		found = csp_directory_find_partners(&partners, lookup->read, lookup->arena,
						    author->mailbox.domain,
						    author->field == AUTHOR_REVERSE_PATH);
	if (note(lookup, found) == COULD_NOT_TELL)
		author->party = PARTY_UNKNOWN;
	if (found != FOUND)
		return;
	author->party = PARTY_PARTNER;
	author->partners = partners.items;
	author->partner_count = partners.count;
}

/* A reverse-path is asked about bounce domains too, so only like fields share an answer. */
static const struct author *find_like(const struct author *authors, size_t count,
				      const struct author *author)
{
	bool reverse_path = author->field == AUTHOR_REVERSE_PATH;

	for (size_t i = 0; i < count; i++) {
		if ((authors[i].field == AUTHOR_REVERSE_PATH) == reverse_path &&
		    csp_span_equal(authors[i].mailbox.domain, author->mailbox.domain))
			return &authors[i];
	}
	return NULL;
}

void csp_lookup_authors(struct lookup *lookup, struct authors *authors)
{
	for (size_t i = 0; i < authors->count; i++) {
		struct author *author = &authors->items[i];
		const struct author *like = find_like(authors->items, i, author);

		if (author->party == PARTY_VENDOR)
			continue;
		if (!like) {
			find_partners(lookup, author);
			continue;
		}
		author->party = like->party;
		author->partners = like->partners;
		author->partner_count = like->partner_count;
	}
}

static enum found find_customers(struct customers *out, struct lookup *lookup, struct span key,
				 struct span domain)
{
	*out = (struct customers){0};
	if (!is_readable(lookup))
		return note(lookup, COULD_NOT_TELL);
	return note(lookup,
		    csp_directory_find_customers(out, lookup->read, lookup->arena, key, domain));
}

enum found csp_lookup_address(struct customers *out, struct lookup *lookup, struct span key)
{
	return find_customers(out, lookup, key, SPAN_LIT(""));
}

enum found csp_lookup_domain(struct customers *out, struct lookup *lookup, struct span domain)
{
	return find_customers(out, lookup, SPAN_LIT(""), domain);
}

static bool is_provider(const struct relation *relation, int64_t now)
{
	return relation->role == ROLE_INDIRECT_PROVIDER && csp_relation_is_valid(relation, now);
}

enum found csp_lookup_providers(struct sender_question *question, struct lookup *lookup)
{
	const struct customer *customer = question->customer;
	const struct proofs **proofs = csp_arena_alloc(lookup->arena, customer->relation_count,
						       sizeof(const struct proofs *));

	question->provider_proofs = proofs;
	question->provider_count = 0;
	if (!proofs || !is_readable(lookup))
		return note(lookup, COULD_NOT_TELL);
	for (size_t i = 0; i < customer->relation_count; i++) {
		const struct partner *partner = NULL;
		enum found found = NOT_FOUND;

		if (is_provider(&customer->relations[i], question->now))
			found = csp_directory_partner(&partner, lookup->read, lookup->arena,
						      customer->relations[i].partner);
		if (note(lookup, found) == COULD_NOT_TELL)
			return COULD_NOT_TELL;
		if (found == FOUND)
			proofs[question->provider_count++] = &partner->proofs;
	}
	return question->provider_count ? FOUND : NOT_FOUND;
}

struct contacts {
	struct span address;
	unsigned partners;
};

static enum found add_contact(struct contacts *contacts, struct lookup *lookup,
			      const struct relation *relation)
{
	const struct partner *partner = NULL;
	enum found found = note(lookup, csp_directory_partner(&partner, lookup->read, lookup->arena,
							      relation->partner));

	if (found == COULD_NOT_TELL)
		return found;
	contacts->partners++;
	contacts->address = found == FOUND ? partner->contact : SPAN_LIT("");
	return FOUND;
}

enum found csp_lookup_contact(struct span *out, struct lookup *lookup,
			      const struct customer *customer, struct spans products)
{
	struct contacts sellers = {0}, providers = {0};

	*out = SPAN_LIT("");
	if (!is_readable(lookup))
		return note(lookup, COULD_NOT_TELL);
	for (size_t i = 0; i < customer->relation_count; i++) {
		const struct relation *relation = &customer->relations[i];
		bool provides = relation->role == ROLE_INDIRECT_PROVIDER;
		if (csp_relation_is_valid(relation, lookup->now) &&
		    csp_relation_covers(relation, products) &&
		    add_contact(provides ? &providers : &sellers, lookup, relation) ==
			    COULD_NOT_TELL)
			return COULD_NOT_TELL;
	}
	const struct contacts *contacts = sellers.partners ? &sellers : &providers;
	if (contacts->partners == 1)
		*out = contacts->address;
	return out->len ? FOUND : NOT_FOUND;
}
