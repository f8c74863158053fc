#include "dsn.h"

static bool is_daemon(const struct mailbox *mailbox, struct spans own_domains)
{
	return (csp_span_equal_nocase(mailbox->local, SPAN_LIT("mailer-daemon")) ||
		csp_span_equal_nocase(mailbox->local, SPAN_LIT("postmaster"))) &&
	       csp_spans_hold_domain(own_domains, mailbox->domain);
}

static bool is_multipart_report(const struct message *message)
{
	const struct span name = SPAN_LIT("Content-Type");
	const struct span type = SPAN_LIT("multipart/report");
	size_t at = 0;
	const struct field *field = csp_message_next_field(message, &at, name);

	if (!field || csp_message_next_field(message, &at, name))
		return false;
	struct span stated, parameters;
	csp_span_split(&stated, &parameters, field->body, ';');
	return csp_span_equal_nocase(csp_span_trim(stated), type);
}

/* One From and nobody else: a second author would be a way around the rules. */
bool csp_dsn_is_own(const struct message *message, const struct authors *authors,
		    struct spans own_domains)
{
	return authors->null_reverse_path && !authors->marks && authors->count == 1 &&
	       authors->items[0].field == AUTHOR_FROM &&
	       is_daemon(&authors->items[0].mailbox, own_domains) && is_multipart_report(message);
}
