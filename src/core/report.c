#include "report.h"

#include <unicode/uchar.h>

#include "render.h"
#include "utf8.h"

#define TEXT_MAX ((size_t)4 << 20)
#define LABEL    "%-13s"

/* Separators of lines and paragraphs are no letters to ICU but break a terminal's line all the same. */
static bool is_printable(uint32_t rune)
{
	return u_isprint((UChar32)rune) && rune != 0x2028 && rune != 0x2029;
}

void csp_report_append_safe(struct buf *out, struct span text)
{
	while (text.len) {
		uint32_t rune = 0;
		size_t len = csp_utf8_decode(&rune, text);
		bool printable = len > 0 && is_printable(rune);

		if (!len)
			len = 1;
		for (size_t i = 0; i < len; i++) {
			if (printable)
				csp_buf_append_char(out, text.data[i]);
			else
				csp_buf_append_format(out, "\\x%02x", (unsigned char)text.data[i]);
		}
		text = csp_span_slice(text, len, text.len);
	}
}

static void append_or(struct buf *out, struct span text, const char *otherwise)
{
	csp_report_append_safe(out, text.len ? text : csp_span_from(otherwise));
}

static void append_line(struct buf *out, const char *label, struct span text, const char *otherwise)
{
	csp_buf_append_format(out, LABEL, label);
	append_or(out, text, otherwise);
	csp_buf_append_char(out, '\n');
}

static void write_action(struct buf *out, const struct decision *decision)
{
	const char *action = csp_action_name(decision->plan.action);
	const char *would = csp_action_name(decision->would_plan.action);

	csp_buf_append_format(out, LABEL "%s", "action", action);
	if (decision->mode == MODE_MONITOR)
		csp_buf_append_format(out, " (monitor mode; enforcing: %s)", would);
	csp_buf_append_char(out, '\n');
}

static void write_subject(struct buf *out, const struct message *message)
{
	struct buf text;

	csp_buf_init(&text, TEXT_MAX);
	csp_render_field(&text, message, SPAN_LIT("Subject"));
	append_line(out, "subject", csp_buf_span(&text), "(none)");
	if (csp_buf_failed(&text))
		out->failed = true;
	csp_buf_dispose(&text);
}

static void write_author(struct buf *out, const struct author *author)
{
	struct buf address;

	csp_buf_init(&address, TEXT_MAX);
	csp_render_mailbox(&address, &author->mailbox);
	csp_buf_append_format(out, LABEL, csp_author_field_name(author->field));
	csp_report_append_safe(out, csp_buf_span(&address));
	csp_buf_append_format(out, " (%s)\n", csp_party_name(author->party));
	if (csp_buf_failed(&address))
		out->failed = true;
	csp_buf_dispose(&address);
}

static void write_authors(struct buf *out, const struct authors *authors)
{
	for (size_t i = 0; i < authors->count; i++)
		write_author(out, &authors->items[i]);
	if (authors->null_reverse_path)
		append_line(out, "reverse-path", SPAN_LIT("<>"), "");
}

static void append_list(struct buf *out, struct spans names)
{
	for (size_t i = 0; i < names.count; i++) {
		if (i)
			csp_buf_append(out, SPAN_LIT(", "));
		csp_report_append_safe(out, names.items[i]);
	}
}

/* "dkim a.example, b.example; spf a.example; 1 field cannot be read" */
static void append_authentication(struct buf *out, const struct authentication *authentication)
{
	const struct spans spf = {&authentication->spf, authentication->spf.len > 0};

	if (!authentication->dkim.count && !spf.count)
		csp_buf_append(out, SPAN_LIT("nothing has passed"));
	if (authentication->dkim.count) {
		csp_buf_append(out, SPAN_LIT("dkim "));
		append_list(out, authentication->dkim);
	}
	if (spf.count) {
		csp_buf_append(out,
			       authentication->dkim.count ? SPAN_LIT("; spf ") : SPAN_LIT("spf "));
		append_list(out, spf);
	}
	if (authentication->unreadable)
		csp_buf_append_format(out, "; %zu unreadable", authentication->unreadable);
}

static void write_authentication(struct buf *out, const struct decision *decision)
{
	const struct authentication *authentication = &decision->authors->authentication;
	size_t at = 0;
	bool any = csp_message_next_field(decision->message, &at, AUTHENTICATION_FIELD) != NULL;

	if (!authentication->settings || !any)
		return;
	csp_buf_append_format(out, LABEL, "auth-results");
	if (!authentication->hop)
		csp_buf_append(out, SPAN_LIT("not believed: the client is no trusted hop"));
	else if (!authentication->fields && !authentication->unreadable)
		csp_buf_append(out, SPAN_LIT("not believed: none of ours where the hop adds them"));
	else
		append_authentication(out, authentication);
	csp_buf_append_char(out, '\n');
}

static void append_proof(struct buf *out, const struct sender *sender)
{
	csp_buf_append_format(out, "%s (proof: %s", csp_sender_kind_name(sender->kind),
			      csp_proof_name(sender->proof));
	for (unsigned i = 0; i < AUTH_METHOD_COUNT; i++) {
		if (sender->authenticated_by & (1U << i))
			csp_buf_append_format(out, " by %s",
					      csp_auth_method_name((enum auth_method)(1U << i)));
	}
	csp_buf_append(out, SPAN_LIT(")\n"));
}

void csp_report_append_evidence(struct buf *out, const struct evidence *evidence)
{
	csp_report_append_safe(out, evidence->rule);
	if (evidence->phrase.len) {
		csp_buf_append(out, SPAN_LIT(" ("));
		csp_report_append_safe(out, evidence->phrase);
		csp_buf_append_char(out, ')');
	}
	csp_buf_append(out, SPAN_LIT(" in "));
	csp_report_append_safe(out, evidence->field);
	csp_buf_append(out, SPAN_LIT(": \""));
	csp_report_append_safe(out, csp_span_trim(evidence->match));
	csp_buf_append_char(out, '"');
	if (evidence->replaced)
		csp_buf_append(out, SPAN_LIT(", which does not count here"));
}

static void write_category(struct buf *out, const struct decision *decision)
{
	const struct classification *classification = decision->classification;

	append_line(out, "category", csp_render_category(decision), "(could not be found out)");
	for (size_t i = 0; i < classification->evidence_count; i++) {
		csp_buf_append_format(out, LABEL, "");
		csp_report_append_evidence(out, &classification->evidence[i]);
		csp_buf_append_char(out, '\n');
	}
}

static void write_names(struct buf *out, const char *label, struct spans names)
{
	if (!names.count)
		return;
	csp_buf_append_format(out, LABEL, label);
	append_list(out, names);
	csp_buf_append_char(out, '\n');
}

static void write_marks(struct buf *out, unsigned marks)
{
	struct span names[MARK_COUNT];
	struct spans list = {.items = names};

	for (unsigned i = 0; i < MARK_COUNT; i++) {
		if (marks & (1U << i))
			names[list.count++] = csp_span_from(csp_mark_name((enum mark)(1U << i)));
	}
	write_names(out, "marks", list);
}

static const char *explain_rule(const struct verdict *verdict)
{
	if (verdict->fault)
		return "could not be decided for a fault of ours";
	if (csp_span_equal(verdict->rule, SPAN_LIT("own-domain")))
		return "a domain of our own";
	if (csp_span_equal(verdict->rule, SPAN_LIT("not-a-customer")))
		return "no customer of a partner";
	if (csp_span_equal(verdict->rule, SPAN_LIT("dsn")))
		return "a delivery report of our own";
	if (!verdict->decided_by)
		return "no rule matched";
	return verdict->softened ? "a pass, but marked" : "";
}

static void write_verdict(struct buf *out, const struct verdict *verdict)
{
	const char *why = explain_rule(verdict);

	csp_buf_append_format(out, "  " LABEL, "rule");
	csp_report_append_safe(out, verdict->rule);
	csp_buf_append_format(out, ": %s", csp_disposition_name(verdict->disposition));
	if (*why)
		csp_buf_append_format(out, " (%s)", why);
	csp_buf_append_char(out, '\n');
	for (size_t i = 0; i < verdict->would_count; i++) {
		csp_buf_append_format(out, "  " LABEL, "would");
		csp_report_append_safe(out, verdict->would[i]->name);
		csp_buf_append_format(out, ": %s (not enforced here)\n",
				      csp_disposition_name(verdict->would[i]->disposition));
	}
}

static void append_criteria(struct buf *out, unsigned criteria)
{
	const char *comma = "";

	for (unsigned i = 0; i < CRITERION_COUNT; i++) {
		if (!(criteria & 1U << i))
			continue;
		csp_buf_append_format(out, "%s%s", comma, csp_criterion_name((enum criterion)i));
		comma = ", ";
	}
}

static void append_reason(struct buf *out, const char *word, unsigned criteria, enum truth except)
{
	csp_buf_append_format(out, "%s (", word);
	append_criteria(out, criteria);
	/* Every rule asks for a customer, without saying so. */
	if (!criteria && except != TRUTH_YES)
		csp_buf_append(out, SPAN_LIT("customer"));
	csp_buf_append(out, criteria && except == TRUTH_YES ? SPAN_LIT(", ") : SPAN_LIT(""));
	csp_buf_append(out, except == TRUTH_YES ? SPAN_LIT("except") : SPAN_LIT(""));
	csp_buf_append_char(out, ')');
}

static const char *name_of_enforcement(const struct look *look)
{
	if (look->truth != TRUTH_YES || look->enforced == TRUTH_YES)
		return "";
	if (look->rule->mode == MODE_MONITOR)
		return ", but it is in monitor mode";
	if (look->enforced == TRUTH_UNKNOWN)
		return ", but whether in its share cannot be told";
	return look->timely ? ", but not in its share" : ", but not at its time";
}

/* Every rule up to the one that decided, and why it did not. */
void csp_report_append_look(struct buf *out, const struct look *look)
{
	if (look->truth == TRUTH_NO)
		append_reason(out, "no", look->no, look->except);
	else if (look->truth == TRUTH_UNKNOWN)
		append_reason(out, "cannot be told", look->unknown, TRUTH_NO);
	else
		csp_buf_append_format(out, "yes%s", name_of_enforcement(look));
}

static void write_looks(struct buf *out, const struct recipient *recipient)
{
	for (size_t i = 0; i < recipient->look_count; i++) {
		const struct look *look = &recipient->looks[i];
		csp_buf_append_format(out, "  " LABEL, i ? "" : "looked at");
		csp_report_append_safe(out, look->rule->name);
		csp_buf_append(out, SPAN_LIT(": "));
		csp_report_append_look(out, look);
		csp_buf_append_char(out, '\n');
		if (look->rule == recipient->verdict.decided_by)
			return;
	}
}

static void write_judgement(struct buf *out, const struct recipient *recipient)
{
	const struct sender *sender = &recipient->sender;

	csp_buf_append_format(out, "  " LABEL, "customer");
	append_or(out, recipient->customer, "(not known)");
	csp_buf_append_format(out, "\n  " LABEL, "sender");
	if (sender->known)
		append_proof(out, sender);
	else
		csp_buf_append(out, SPAN_LIT("(could not be found out)\n"));
	if (recipient->customer.len)
		csp_buf_append_format(out, "  " LABEL "%s\n", "product",
				      csp_product_class_name(recipient->product_class));
}

static void write_recipient(struct buf *out, const struct recipient *recipient)
{
	csp_buf_append_format(out, LABEL, "to");
	csp_report_append_safe(out, recipient->address);
	csp_buf_append(out, SPAN_LIT(", looked up as "));
	append_or(out, recipient->canonical, "nothing: it cannot be read");
	csp_buf_append_char(out, '\n');
	if (recipient->judged)
		write_judgement(out, recipient);
	write_looks(out, recipient);
	write_verdict(out, &recipient->verdict);
}

static void write_removed(struct buf *out, const struct plan *plan)
{
	for (size_t i = 0; i < plan->removed_count; i++) {
		if (!plan->removed[i].count)
			continue;
		csp_buf_append_format(out, LABEL, "removed");
		csp_report_append_safe(out, plan->removed[i].name);
		csp_buf_append_format(out, " (%zu)\n", plan->removed[i].count);
	}
}

static void write_plan(struct buf *out, const struct plan *plan)
{
	struct buf reply;

	csp_buf_init(&reply, TEXT_MAX);
	csp_render_reply(&reply, plan);
	if (reply.len)
		append_line(out, "reply", csp_buf_span(&reply), "");
	if (plan->flag.len)
		append_line(out, "header", plan->flag, "");
	if (plan->hold_reason.len)
		append_line(out, "hold", plan->hold_reason, "");
	write_removed(out, plan);
	for (size_t i = 0; i < plan->removed_recipients.count; i++)
		append_line(out, "taken out", plan->removed_recipients.items[i], "");
	for (size_t i = 0; i < plan->added_recipients.count; i++)
		append_line(out, "goes to", plan->added_recipients.items[i], "");
	if (csp_buf_failed(&reply))
		out->failed = true;
	csp_buf_dispose(&reply);
}

void csp_report_write(struct buf *out, const struct decision *decision)
{
	write_action(out, decision);
	write_subject(out, decision->message);
	write_authors(out, decision->authors);
	write_authentication(out, decision);
	write_category(out, decision);
	write_names(out, "products", decision->classification->products);
	write_names(out, "lists", decision->classification->lists);
	write_marks(out, decision->marks);
	for (size_t i = 0; i < decision->recipient_count; i++)
		write_recipient(out, &decision->recipients[i]);
	write_plan(out, &decision->would_plan);
}
