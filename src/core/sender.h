/*
 * Who wrote the message, and is that proven: authors, the party each belongs to, and what that makes the sender to a customer.
 * Authors live in the message's arena; partners are the directory's and are put in by the caller.
 * Collecting gives false when memory is short; a look-up that could not tell is PARTY_UNKNOWN.
 */
#ifndef CSP_SENDER_H
#define CSP_SENDER_H

#include "addrlist.h"
#include "authentication.h"

enum author_field {
	AUTHOR_FROM,
	AUTHOR_SENDER,
	AUTHOR_REVERSE_PATH,
	AUTHOR_RESENT_FROM,
	AUTHOR_RESENT_SENDER
};
enum party { PARTY_OTHER, PARTY_VENDOR, PARTY_PARTNER, PARTY_UNKNOWN };

struct author {
	enum author_field field;
	struct mailbox mailbox;
	enum party party;
	const struct partner *const
		*partners; /* those that write from this domain, when PARTY_PARTNER */
	size_t partner_count;
};

struct authors {
	struct author *items;
	size_t count;
	bool null_reverse_path;
	bool incomplete; /* there is an author who could not be taken down */
	unsigned marks;
	struct authentication authentication; /* put in by the caller, like the partners */
};

/* Our own side: what the configuration says of the vendor. Domain patterns as in csp_domain_matches. */
struct vendor {
	struct spans domains;
	struct spans bounce_domains; /* count for the reverse-path alone */
	struct proofs proofs;
};

enum sender_kind { SENDER_PARTNER_OF_RECORD, SENDER_PARTNER, SENDER_VENDOR, SENDER_OTHER };
enum proof { PROOF_PROVEN, PROOF_UNPROVEN, PROOF_UNKNOWN };

struct sender {
	bool known; /* false: a look-up could not tell; the rest is not set */
	enum sender_kind kind;
	enum proof proof;
	bool unproven_author; /* MARK_UNPROVEN_AUTHOR for this customer */
	unsigned
		authenticated_by; /* enum auth_method bits: what PROOF_PROVEN stands on beside facts of the MTA */
};

/*
 * All mailboxes of every From and Sender field, of their Resent- twins (RFC 5322 section 3.6.6: some readers show those as
 * the author) and of the reverse-path; party is set for the vendor's alone.
 */
bool csp_authors_collect(struct authors *out, const struct message *message,
			 const struct vendor *vendor);

/*
 * What the authors are to one customer (NULL: to nobody in particular). `provider_proofs` are the
 * proofs of the customer's valid indirect providers: one that holds serves its resellers too.
 *
 * Authentication proves where its settings say so. A signature proves the partner (or provider, or vendor) whose DKIM domain it
 * is of. SPF proves the one partner whose domain stands both in From and in the reverse-path. Where it would prove several
 * partners of one domain, it proves none of them.
 */
struct sender_question {
	const struct customer *customer;
	const struct proofs *const *provider_proofs;
	size_t provider_count;
	struct spans products; /* that the message names */
	int64_t now;
};
struct sender csp_sender_judge(const struct authors *authors, const struct client *client,
			       const struct vendor *vendor, const struct sender_question *question);

const char *csp_sender_kind_name(enum sender_kind kind);
const char *csp_proof_name(enum proof proof);

#endif
