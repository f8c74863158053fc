#include "dsn.h"

#include "contenttype.h"

static bool is_daemon(const struct mailbox *mailbox, struct spans own_domains)
{
	return (csp_span_equal_nocase(mailbox->local, SPAN_LIT("mailer-daemon")) ||
		csp_span_equal_nocase(mailbox->local, SPAN_LIT("postmaster"))) &&
	       csp_spans_hold_domain(own_domains, mailbox->domain);
}

static bool is_report_of(const struct field *content_type, struct span type)
{
	return csp_content_type_is(content_type->body, SPAN_LIT("multipart/report"),
				   SPAN_LIT("report-type"), type);
}

/* RFC 6522 section 3, RFC 3464 section 2; of internationalised mail Postfix reports with RFC 6533's type. */
static bool is_delivery_report(const struct message *message)
{
	const struct span name = SPAN_LIT("Content-Type");
	size_t at = 0;
	const struct field *field = csp_message_next_field(message, &at, name);

	if (!field || csp_message_next_field(message, &at, name))
		return false;
	return is_report_of(field, SPAN_LIT("delivery-status")) ||
	       is_report_of(field, SPAN_LIT("global-delivery-status"));
}

/* One From and nobody else: a second author would be a way around the rules. */
bool csp_dsn_is_own(const struct message *message, const struct authors *authors,
		    struct spans own_domains)
{
	return authors->null_reverse_path && !authors->marks && authors->count == 1 &&
	       authors->items[0].field == AUTHOR_FROM &&
	       is_daemon(&authors->items[0].mailbox, own_domains) && is_delivery_report(message);
}
