/*
 * The directory's answers for one message, all of one state: its transaction begins with the first question.
 * Answers live in the message's arena; csp_lookup_end ends the transaction and leaves them valid.
 * A directory that is not there, is damaged or runs out of memory answers COULD_NOT_TELL to everything it cannot say,
 * and one that is too old to be believed to everything.
 */
#ifndef CSP_LOOKUP_H
#define CSP_LOOKUP_H

#include "conf.h"
#include "directory.h"
#include "sender.h"

struct lookup {
	struct directory *directory; /* NULL: could not be opened */
	struct arena *arena;
	const struct conf *conf;
	int64_t now;
	struct directory_read *read; /* NULL before the first question, and when it failed */
	bool begun;
	bool failed;    /* something could not be told */
	bool old;       /* the directory is older than the configuration allows */
	bool refused;   /* and is not believed: could not tell, whatever it holds */
	uint64_t state; /* of the directory; 0 when it could not be read or was not asked */
};

void csp_lookup_init(struct lookup *lookup, struct directory *directory, struct arena *arena,
		     const struct conf *conf, int64_t now);
void csp_lookup_end(struct lookup *lookup);

/* A directory last updated then, by directory.max_age. One of the future is not old: a clock was wrong. */
bool csp_lookup_is_old(const struct conf *conf, int64_t updated, int64_t now);

/* Says of each author that is not the vendor's which partners write from its domain. */
void csp_lookup_authors(struct lookup *lookup, struct authors *authors);

enum found csp_lookup_address(struct customers *out, struct lookup *lookup, struct span key);
enum found csp_lookup_domain(struct customers *out, struct lookup *lookup, struct span domain);

/*
 * The contact of the customer's partner of record for these products: of the one direct-bill partner or reseller that covers
 * them, or of the one provider where there is neither. NOT_FOUND when there are several, or the one has no contact.
 */
enum found csp_lookup_contact(struct span *out, struct lookup *lookup,
			      const struct customer *customer, struct spans products);

/* Puts the proofs of the customer's valid indirect providers into the question; COULD_NOT_TELL when one is not known. */
enum found csp_lookup_providers(struct sender_question *question, struct lookup *lookup);

#endif
