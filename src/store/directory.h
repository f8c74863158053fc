/*
 * The customer directory: one LMDB environment, written in place by the tool, read by the daemon in short transactions.
 * A struct directory may be shared by all threads; a transaction belongs to one caller and one message, and what
 * it finds is copied into the caller's arena.
 * Look-ups answer found, not found or could-not-tell; damaged values (their checksum covers the key) are could-not-tell.
 */
#ifndef CSP_DIRECTORY_H
#define CSP_DIRECTORY_H

#include "mailbox.h"
#include "party.h"

struct directory;
struct directory_read;
struct directory_write;

enum directory_result {
	DIRECTORY_OK,
	DIRECTORY_MISSING,      /* nothing has been imported yet */
	DIRECTORY_FORBIDDEN,    /* permission */
	DIRECTORY_INCOMPATIBLE, /* of another version of this program, or no directory at all */
	DIRECTORY_FULL,         /* disk or map */
	DIRECTORY_FAILED,       /* damaged, or a fault of the system */
};

const char *csp_directory_strerror(enum directory_result result);

enum directory_result csp_directory_open(struct directory **out, const char *path,
					 bool writable); /* writable makes the folder */
void csp_directory_close(struct directory *directory);

/* Reading. One consistent state from begin to end. */
enum directory_result csp_directory_read_begin(struct directory_read **out,
					       struct directory *directory);
void csp_directory_read_end(struct directory_read *read);
uint64_t csp_directory_state(const struct directory_read *read); /* grows with every update */

struct customers {
	const struct customer *items;
	size_t count;
};

/* The exact address, then its domain, then the longest parent domain that counts sub-domains (design: an exclusion is nobody's). */
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
enum found csp_directory_partner(const struct partner **out, struct directory_read *read,
				 struct arena *arena, struct span id);

struct directory_stats {
	uint64_t state;
	uint64_t customers, partners, domains, addresses, exclusions;
	int64_t updated; /* seconds since 1970 of the last update */
	struct directory_source {
		struct span name;
		uint64_t customers, partners;
		int64_t updated;
	} * sources;
	size_t source_count;
};
enum directory_result csp_directory_stats(struct directory_stats *out, struct directory_read *read,
					  struct arena *arena);

/* Writing: one transaction; nothing is visible before commit, and then all of it. */
struct directory_name {
	struct span name; /* canonical domain, or address key */
	bool subdomains;
};

struct customer_entry {
	struct customer customer;
	const struct directory_name *domains;
	size_t domain_count;
	struct spans addresses; /* keys */
	bool ended;             /* relationshipToPartner: none */
};

struct partner_entry {
	struct partner partner;
	struct spans aliases;
	const struct directory_name *domains;
	size_t domain_count;
	struct spans bounce_domains;
};

enum directory_result csp_directory_write_begin(struct directory_write **out,
						struct directory *directory, struct span source,
						int64_t now);
enum directory_result csp_directory_put_customer(struct directory_write *write,
						 const struct customer_entry *entry);
enum directory_result csp_directory_put_partner(struct directory_write *write,
						const struct partner_entry *entry);
enum directory_result csp_directory_put_exclusion(struct directory_write *write,
						  struct span domain);
enum directory_result csp_directory_commit(struct directory_write *write);
void csp_directory_abort(struct directory_write *write);

#endif
