/*
 * One message as the MTA showed it: connection, envelope, header fields in order, raw.
 * Everything it points to lives in the arena it was given, or outlives it.
 * Adding gives false only when memory is short; past a limit things are dropped and MARK_TRUNCATED is set.
 */
#ifndef CSP_MESSAGE_H
#define CSP_MESSAGE_H

#include "arena.h"
#include "header.h"
#include "mark.h"
#include "netaddr.h"

/* What the MTA vouches for; absent facts are empty spans. */
struct client {
	struct netaddr address;
	struct span helo;
	struct span listener;     /* {daemon_name} */
	struct span login;        /* {auth_authen} */
	struct span cert_subject; /* {cert_subject}, set only where {verify} is OK */
};

struct message_limits {
	size_t header_bytes;
	size_t header_fields;
	size_t recipients;
	size_t mailboxes;     /* of From and Sender; 0 stands for ADDRLIST_MAX */
	size_t encoded_words; /* of the text fields; 0 stands for 10,000 */
};

struct counted_field {
	struct span name;
	size_t count;
};

struct message {
	struct client client;
	struct span queue_id;
	struct span reverse_path;   /* as given, with brackets if there were any */
	struct span *forward_paths; /* as given: an action must name a recipient by these bytes */
	size_t forward_path_count, forward_path_cap;
	struct field *fields;
	size_t field_count, field_cap;
	size_t header_bytes;
	bool fields_dropped;           /* for a limit */
	struct counted_field *counted; /* see csp_message_count_fields */
	size_t counted_count;
	unsigned marks; /* enum mark bits set while collecting */
	struct arena *arena;
	struct message_limits limits;
};

void csp_message_init(struct message *message, struct arena *arena, struct message_limits limits);

/*
 * From now on fields of these names, which differ without case, are counted, also those that are dropped: who removes
 * fields from a message must know of all.
 */
bool csp_message_count_fields(struct message *message, const struct span *names, size_t count);

bool csp_message_add_recipient(struct message *message, struct span forward_path); /* copies */
bool csp_message_add_field(struct message *message, struct span name,
			   struct span body); /* copies */

/*
 * The fields up to the empty line, which is taken off *text too. A line that is no field is stepped over and sets
 * MARK_BARE_NEWLINE, so that fields behind it are judged although some MTA would take them for the body; a mailbox
 * file's "From " line at the start is stepped over silently.
 */
bool csp_message_add_header_section(struct message *message, struct span *text);

/* The next field of that name at or after *at (start with 0), *at moved behind it, as one that is read; NULL when there is none. */
const struct field *csp_message_next_field(const struct message *message, size_t *at,
					   struct span name);

#endif
