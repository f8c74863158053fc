/*
 * One connection of the MTA and the message that is on it: the state behind smfi_setpriv.
 * A session owns its arena and, while a message is open, one reference to a snapshot.
 * Short memory while a message is collected sets `short_of_memory`, and the end of the message deals with it.
 */
#ifndef CSP_SESSION_H
#define CSP_SESSION_H

#include <sys/socket.h>

#include "filter.h"

struct session {
	struct filter *filter;
	bool leading_space; /* the MTA leaves the space behind the colon to us */
	struct netaddr address;
	char helo[MAILBOX_DOMAIN_MAX + 1];

	/* The message; nothing of it outlives csp_session_reset. */
	bool open;
	bool short_of_memory;
	struct snapshot *snapshot;
	struct arena arena;
	struct message message;
};

struct session *csp_session_new(struct filter *filter); /* NULL when memory is short */
void csp_session_free(struct session *session);

/* NULL, and any family but IPv4 and IPv6, is no address. */
void csp_session_connect(struct session *session, const struct sockaddr *address);
void csp_session_helo(struct session *session, const char *helo);

/* What the MTA says at MAIL; NULL is absent. */
struct envelope {
	const char *reverse_path;
	const char *listener;
	const char *login;
	const char *cert_subject; /* of a certificate that was verified */
};

/* Opens a message under the current snapshot; whatever was open before is forgotten. */
void csp_session_begin(struct session *session, const struct envelope *envelope);
void csp_session_add_recipient(struct session *session, const char *forward_path);
void csp_session_add_field(struct session *session, const char *name, const char *body);
void csp_session_set_queue_id(struct session *session, const char *queue_id);

/* The one end of every message: after its answer, at an abort, at a new MAIL, at the end of the session. */
void csp_session_reset(struct session *session);

#endif
