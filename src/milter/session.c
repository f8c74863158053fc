#include "session.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"

/*
 * What a message may take, from the limits of what is kept of it: the bytes themselves, the arrays
 * over them, which are copied as they grow, and what judging adds to each.
 */
#define BYTES_ALWAYS        ((size_t)16 << 20)
#define BYTES_PER_BYTE      8
#define BYTES_PER_FIELD     ((size_t)256)
#define BYTES_PER_RECIPIENT ((size_t)2048)

struct session *csp_session_new(struct filter *filter)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->filter = filter;
	session->leading_space = true;
	csp_arena_init(&session->arena, BYTES_ALWAYS);
	csp_counter_add(COUNTER_SESSIONS, 1);
	csp_counter_add(COUNTER_SESSIONS_OPEN, 1);
	return session;
}

void csp_session_free(struct session *session)
{
	if (!session)
		return;
	csp_session_reset(session);
	csp_arena_dispose(&session->arena);
	csp_counter_add(COUNTER_SESSIONS_OPEN, -1);
	free(session);
}

void csp_session_connect(struct session *session, const struct sockaddr *address)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	session->address = (struct netaddr){.family = NETADDR_NONE};
	session->helo[0] = '\0';
	if (address && address->sa_family == AF_INET) {
		memcpy(&ipv4, address, sizeof(ipv4));
		session->address = csp_netaddr_from_bytes(NETADDR_IPV4, &ipv4.sin_addr);
	} else if (address && address->sa_family == AF_INET6) {
		memcpy(&ipv6, address, sizeof(ipv6));
		session->address = csp_netaddr_from_bytes(NETADDR_IPV6, &ipv6.sin6_addr);
	}
}

void csp_session_helo(struct session *session, const char *helo)
{
	(void)snprintf(session->helo, sizeof(session->helo), "%s", helo);
}

static size_t arena_max(const struct message_limits *limits)
{
	return BYTES_ALWAYS + BYTES_PER_BYTE * limits->header_bytes +
	       BYTES_PER_FIELD * limits->header_fields + BYTES_PER_RECIPIENT * limits->recipients;
}

/* A fact that cannot be kept is an absent one: proofs never hold for want of memory. */
static struct span keep(struct session *session, const char *text)
{
	struct span copy = SPAN_LIT("");

	if (text && !csp_arena_copy(&session->arena, &copy, csp_span_from(text)))
		session->short_of_memory = true;
	return copy;
}

void csp_session_begin(struct session *session, const struct envelope *envelope)
{
	csp_session_reset(session);
	session->snapshot = csp_snapshot_slot_acquire(session->filter->slot);
	const struct conf *conf = csp_snapshot_conf(session->snapshot);
	session->arena.max = arena_max(&conf->limits);
	csp_message_init(&session->message, &session->arena, conf->limits);
	if (!csp_message_count_fields(&session->message, conf->removed_fields.items,
				      conf->removed_fields.count))
		session->short_of_memory = true;
	session->message.client = (struct client){
		.address = session->address,
		.helo = keep(session, session->helo),
		.listener = keep(session, envelope->listener),
		.login = keep(session, envelope->login),
		.cert_subject = keep(session, envelope->cert_subject),
	};
	session->message.reverse_path = keep(session, envelope->reverse_path);
	session->open = true;
	(void)atomic_fetch_add(&session->filter->running, 1);
}

void csp_session_add_recipient(struct session *session, const char *forward_path)
{
	if (session->open && !session->short_of_memory &&
	    !csp_message_add_recipient(&session->message, csp_span_from(forward_path)))
		session->short_of_memory = true;
}

/* Fields go on being counted when memory is short: those that nobody judged must go, too. */
void csp_session_add_field(struct session *session, const char *name, const char *body)
{
	if (session->open &&
	    !csp_message_add_field(&session->message, csp_span_from(name), csp_span_from(body)))
		session->short_of_memory = true;
}

void csp_session_set_queue_id(struct session *session, const char *queue_id)
{
	if (session->open && queue_id && session->message.queue_id.len == 0)
		session->message.queue_id = keep(session, queue_id);
}

void csp_session_reset(struct session *session)
{
	if (session->open)
		(void)atomic_fetch_sub(&session->filter->running, 1);
	session->open = false;
	session->short_of_memory = false;
	session->message = (struct message){0};
	csp_arena_reset(&session->arena);
	csp_snapshot_release(session->snapshot);
	session->snapshot = NULL;
}
