/*
 * The customer directory: one LMDB environment, written in place by the tool, read by the daemon in short transactions.
 * A struct directory may be shared by all threads; a transaction belongs to one caller and one message, and what
 * it finds is copied into the caller's arena. Writing is directory_update.h, what people look at directory_view.h.
 * Look-ups answer found, not found or could-not-tell; damaged values (their checksum covers the key) are could-not-tell.
 */
#ifndef CSP_DIRECTORY_H
#define CSP_DIRECTORY_H

#include "mailbox.h"
#include "party.h"

struct directory;
struct directory_read;

enum directory_result {
	DIRECTORY_OK,
	DIRECTORY_MISSING,      /* nothing has been imported yet */
	DIRECTORY_FORBIDDEN,    /* permission */
	DIRECTORY_INCOMPATIBLE, /* of another version of this program, or no directory at all */
	DIRECTORY_FULL,         /* disk or map */
	DIRECTORY_BUSY,         /* another process is changing it */
	DIRECTORY_LOCKED,       /* others hold its lock, or all places for readers */
	DIRECTORY_EXHAUSTED,    /* no descriptors or no memory are left: nothing is said of it */
	DIRECTORY_REFUSED, /* one entry breaks a limit: it was left out, the transaction goes on */
	DIRECTORY_FAILED,  /* damaged, or a fault of the system */
};

const char *csp_directory_strerror(enum directory_result result);

/*
 * writable makes the folder and its files (data.mdb 0640, lock.mdb 0660, in the folder's group). A
 * reader needs to read the one and write the other. One struct directory per folder and process:
 * a second one would take the first one's locks away.
 */
enum directory_result csp_directory_open(struct directory **out, const char *path, bool writable);
void csp_directory_close(struct directory *directory); /* NULL is allowed */

/*
 * Is what is open still what stands at the path? MISSING: its files were removed or replaced. check
 * also reads from it: FAILED when it is damaged or was written over; *updated as csp_directory_updated.
 * Neither notices damage to single entries.
 */
enum directory_result csp_directory_is_at(const struct directory *directory, const char *path);
enum directory_result csp_directory_check(int64_t *updated, struct directory *directory,
					  const char *path);

/* Reading. One consistent state from begin to end. */
enum directory_result csp_directory_read_begin(struct directory_read **out,
					       struct directory *directory);
void csp_directory_read_end(struct directory_read *read);
uint64_t csp_directory_state(const struct directory_read *read);  /* grows with every update */
int64_t csp_directory_updated(const struct directory_read *read); /* seconds since 1970 */

struct customers {
	const struct customer *items;
	size_t count;
	struct span
		key; /* the address or domain that answered, found or not; empty when there is none */
	bool excluded; /* it is an exclusion: not found, on purpose */
};

/*
 * The exact address, then its domain, then the longest parent domain that counts sub-domains. An
 * exclusion of a domain or of a parent nearer than that makes it nobody's, and so does a partner who writes from it:
 * at a partner's own domain only exact addresses are a customer's. An empty key or domain is not found.
 */
enum found csp_directory_find_customers(struct customers *out, struct directory_read *read,
					struct arena *arena, struct span address_key,
					struct span domain);

/* The partners that write from a domain; for a reverse-path their bounce domains count too. */
struct partners {
	const struct partner *const *items;
	size_t count;
};
enum found csp_directory_find_partners(struct partners *out, struct directory_read *read,
				       struct arena *arena, struct span domain, bool reverse_path);

/* By id; a partner also by an alias that is its alone. What all sources say, together. */
enum found csp_directory_partner(const struct partner **out, struct directory_read *read,
				 struct arena *arena, struct span id);
enum found csp_directory_customer(const struct customer **out, struct directory_read *read,
				  struct arena *arena, struct span id);

#endif
