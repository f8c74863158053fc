#include "callbacks.h"

#include <stdio.h>
#include <string.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include "answer.h"
#include "apply.h"
#include "counters.h"
#include "log.h"

static struct filter *filter;
static atomic_llong poor_mta_logged;

/* Protocol steps that we never want, and replies that we never need. Not NR_MAIL: Sendmail enters
 * its in-message state on that reply, and would send no ABORT without it. */
#define PROTOCOL                                                                                   \
	(SMFIP_NOBODY | SMFIP_NOUNKNOWN | SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_RCPT |          \
	 SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_UNKN | SMFIP_NR_BODY | SMFIP_HDR_LEADSPC)
#define CHANGES (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_ADDRCPT | SMFIF_DELRCPT | SMFIF_QUARANTINE)
#define ACTIONS (CHANGES | SMFIF_SETSYMLIST)

#define CONNECT_MACROS "j v {daemon_name} {client_addr}"
#define HELO_MACROS    "{cert_subject} {verify}"
#define MAIL_MACROS    "i v {daemon_name} {auth_authen} {client_addr} {cert_subject} {verify}"

static void request_macros(SMFICTX *context)
{
	static const struct {
		int stage;
		const char *names;
	} lists[] = {
		{SMFIM_CONNECT, CONNECT_MACROS},
		{SMFIM_HELO, HELO_MACROS},
		{SMFIM_ENVFROM, MAIL_MACROS},
		{SMFIM_ENVRCPT, "i"},
		{SMFIM_DATA, "i"},
		{SMFIM_EOH, "i"},
		{SMFIM_EOM, "i"},
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char names[128];
		(void)snprintf(names, sizeof(names), "%s", lists[i].names);
		(void)smfi_setsymlist(context, lists[i].stage, names);
	}
}

static const char *macro(SMFICTX *context, const char *name)
{
	char copy[32];

	(void)snprintf(copy, sizeof(copy), "%s", name);
	return smfi_getsymval(context, copy);
}

/* libmilter may call any callback without those that should have come before. */
static struct session *session_of(SMFICTX *context)
{
	struct session *session = smfi_getpriv(context);

	if (session)
		return session;
	session = csp_session_new(filter);
	if (session && smfi_setpriv(context, session) != MI_SUCCESS) {
		csp_session_free(session);
		return NULL;
	}
	return session;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are libmilter's */
static sfsistat on_negotiate(SMFICTX *context, unsigned long actions, unsigned long protocol,
			     unsigned long reserved2, unsigned long reserved3,
			     unsigned long *actions_out, unsigned long *protocol_out,
			     unsigned long *reserved2_out, unsigned long *reserved3_out)
{
	unsigned long wanted = PROTOCOL;
	struct session *session = session_of(context);

	(void)reserved2;
	(void)reserved3;
	/* Over TCP the reply to DATA keeps the MTA from stalling at what it sends next. */
	if (!filter->tcp)
		wanted |= SMFIP_NR_DATA;
	*actions_out = actions & ACTIONS;
	*protocol_out = protocol & wanted;
	*reserved2_out = 0;
	*reserved3_out = 0;
	if (actions & SMFIF_SETSYMLIST)
		request_macros(context);
	if (session)
		session->leading_space = (protocol & SMFIP_HDR_LEADSPC) != 0;
	if ((actions & CHANGES) != CHANGES)
		csp_log_seldom(&poor_mta_logged, LOG_WARNING,
			       "the MTA does not let filters change header fields and recipients "
			       "and quarantine; a message that asks for it will be refused for the "
			       "time being");
	return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *context, char *host, _SOCK_ADDR *address)
{
	struct session *session = session_of(context);

	(void)host;
	if (session)
		csp_session_connect(session, address);
	return SMFIS_NOREPLY;
}

static sfsistat on_helo(SMFICTX *context, char *helo)
{
	struct session *session = session_of(context);

	if (session)
		csp_session_helo(session, helo);
	return SMFIS_NOREPLY;
}

/*
 * Sendmail sets {cert_subject} for any certificate, a self-signed one too, and {verify} says what it
 * is worth; Postfix has no {verify} and sets {cert_subject} for a certificate it trusts alone. Only
 * an MTA that says that it is Postfix gets the benefit of that.
 */
static const char *proven_cert_subject(SMFICTX *context)
{
	const char *subject = macro(context, "{cert_subject}");
	const char *verify = macro(context, "{verify}");
	const char *version = macro(context, "v");

	if (verify)
		return strcmp(verify, "OK") == 0 ? subject : NULL;
	return version && strncmp(version, "Postfix ", strlen("Postfix ")) == 0 ? subject : NULL;
}

/* A daemon that ends takes no new message. 421 ends the session, which the MTA would otherwise keep
 * and answer with 451 even when the filter is back. */
static sfsistat refuse_for_now(SMFICTX *context)
{
	struct snapshot *snapshot = csp_snapshot_slot_acquire(filter->slot);
	bool monitor = csp_snapshot_conf(snapshot)->mode == MODE_MONITOR;
	char code[] = "421";
	char enhanced[] = "4.3.2";
	char text[] = "The mail filter is shutting down, try again later";

	csp_snapshot_release(snapshot);
	if (monitor)
		return SMFIS_ACCEPT;
	(void)smfi_setreply(context, code, enhanced, text);
	return SMFIS_TEMPFAIL;
}

static sfsistat on_envfrom(SMFICTX *context, char **arguments)
{
	struct session *session = session_of(context);
	const struct envelope envelope = {
		.reverse_path = arguments[0],
		.listener = macro(context, "{daemon_name}"),
		.login = macro(context, "{auth_authen}"),
		.cert_subject = proven_cert_subject(context),
	};

	if (atomic_load(&filter->draining)) {
		if (session)
			csp_session_reset(session);
		return refuse_for_now(context);
	}
	if (session) {
		csp_session_begin(session, &envelope);
		csp_session_set_queue_id(session, macro(context, "i"));
	}
	return SMFIS_CONTINUE;
}

static sfsistat on_envrcpt(SMFICTX *context, char **arguments)
{
	struct session *session = session_of(context);

	if (session)
		csp_session_add_recipient(session, arguments[0]);
	return SMFIS_NOREPLY;
}

static sfsistat on_data(SMFICTX *context)
{
	(void)context;
	return filter->tcp ? SMFIS_CONTINUE : SMFIS_NOREPLY;
}

static sfsistat on_header(SMFICTX *context, char *name, char *body)
{
	struct session *session = session_of(context);

	if (session)
		csp_session_add_field(session, name, body);
	return SMFIS_NOREPLY;
}

static sfsistat on_eoh(SMFICTX *context)
{
	struct session *session = session_of(context);

	if (session)
		csp_session_set_queue_id(session, macro(context, "i"));
	return SMFIS_NOREPLY;
}

/* Without a session there was no memory for it at MAIL: the message was never seen. */
static sfsistat answer_unseen(void)
{
	struct snapshot *snapshot = csp_snapshot_slot_acquire(filter->slot);
	const struct conf *conf = csp_snapshot_conf(snapshot);
	bool delay = conf->mode == MODE_ENFORCE && conf->on_resource_failure != FAILURE_ACCEPT;

	csp_snapshot_release(snapshot);
	csp_counter_add(COUNTER_FAULT_RESOURCES, 1);
	csp_counter_add(delay ? COUNTER_TEMPFAILED : COUNTER_ACCEPTED, 1);
	return delay ? SMFIS_TEMPFAIL : SMFIS_CONTINUE;
}

static sfsistat on_eom(SMFICTX *context)
{
	struct session *session = session_of(context);

	if (!session || !session->open)
		return answer_unseen();
	csp_session_set_queue_id(session, macro(context, "i"));
	sfsistat status = csp_answer(context, session);
	csp_session_reset(session);
	return status;
}

static sfsistat on_abort(SMFICTX *context)
{
	struct session *session = smfi_getpriv(context);

	if (session)
		csp_session_reset(session);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *context)
{
	csp_session_free(smfi_getpriv(context));
	(void)smfi_setpriv(context, NULL);
	return SMFIS_CONTINUE;
}

bool csp_callbacks_register(struct filter *shared)
{
	static char name[] = "csp-milter";

	filter = shared;
	return smfi_register((struct smfiDesc){
		       .xxfi_name = name,
		       .xxfi_version = SMFI_VERSION,
		       .xxfi_flags = ACTIONS,
		       .xxfi_connect = on_connect,
		       .xxfi_helo = on_helo,
		       .xxfi_envfrom = on_envfrom,
		       .xxfi_envrcpt = on_envrcpt,
		       .xxfi_header = on_header,
		       .xxfi_eoh = on_eoh,
		       .xxfi_eom = on_eom,
		       .xxfi_abort = on_abort,
		       .xxfi_close = on_close,
		       .xxfi_data = on_data,
		       .xxfi_negotiate = on_negotiate,
	       }) == MI_SUCCESS;
}
