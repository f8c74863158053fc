/*
 * The mailboxes that an address field (From, Sender) can show a reader: RFC 5322 section 3.4 with
 * groups, comments, quoted strings and obsolete routes, RFC 6531 for UTF-8.
 * The mailboxes live in the arena.
 * What cannot be read sets `ambiguous` and the parser goes on with the rest; false when memory is short.
 */
#ifndef CSP_ADDRLIST_H
#define CSP_ADDRLIST_H

#include "mailbox.h"

struct addrlist {
	struct mailbox *items;
	size_t count;
	size_t cap;
	size_t max;     /* mailboxes taken from one field; 0: ADDRLIST_MAX */
	bool group;     /* a group was seen */
	bool ambiguous; /* readers may see it differently, or a limit was reached */
	bool truncated; /* a limit was reached */
	bool incomplete; /* an address could not be taken: its domain cannot be read, or a limit was reached */
};

#define ADDRLIST_MAX 100

/*
 * Appends the mailboxes of one raw field body to *list (start with a zeroed one). Ambiguous is what the grammar does
 * not have, and what it has but readers disagree about: routes, blanks and comments inside an address, nested or
 * open groups, an encoded-word in a local part, a quote that cuts an encoded-word, a display name or comment that
 * shows another address. A mailbox that stands in such a place is appended all the same, and where a local part cannot be
 * read an empty one with its domain. Cost is linear.
 */
bool csp_addrlist_parse(struct addrlist *list, struct arena *arena, struct span body);

#endif
