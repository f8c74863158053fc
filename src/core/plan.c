#include "plan.h"

#include <string.h>

enum variable { VARIABLE_DECISION, VARIABLE_RULE, VARIABLE_CATEGORY, VARIABLE_HELP_URL };

static const char *const variable_names[] = {"decision", "rule", "category", "help-url"};

#define VARIABLE_COUNT (sizeof(variable_names) / sizeof(variable_names[0]))

static bool find_variable(enum variable *out, struct span name)
{
	for (size_t i = 0; i < VARIABLE_COUNT; i++) {
		if (csp_span_equal(name, csp_span_from(variable_names[i]))) {
			*out = (enum variable)i;
			return true;
		}
	}
	return false;
}

enum piece_kind { PIECE_END, PIECE_TEXT, PIECE_VARIABLE, PIECE_WRONG };

struct piece {
	enum piece_kind kind;
	struct span text; /* of PIECE_TEXT */
	enum variable variable;
};

/* Where a variable begins; text.len when none does. */
static size_t find_opening(struct span text)
{
	size_t at = csp_span_find(text, '$');

	while (at + 1 < text.len && text.data[at + 1] != '{')
		at += 1 + csp_span_find(csp_span_slice(text, at + 1, text.len), '$');
	return at + 1 < text.len ? at : text.len;
}

/* Takes the next piece off a template: text up to "${", or one variable. */
static struct piece next_piece(struct span *rest)
{
	struct piece piece = {.kind = PIECE_END};
	size_t text = find_opening(*rest);

	if (!rest->len)
		return piece;
	if (text) {
		piece.kind = PIECE_TEXT;
		piece.text = csp_span_slice(*rest, 0, text);
		*rest = csp_span_slice(*rest, text, rest->len);
		return piece;
	}
	size_t end = csp_span_find(*rest, '}');
	bool known =
		end < rest->len && find_variable(&piece.variable, csp_span_slice(*rest, 2, end));
	piece.kind = known ? PIECE_VARIABLE : PIECE_WRONG;
	*rest = csp_span_slice(*rest, end + 1, rest->len);
	return piece;
}

static const char *check_template(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < ' ' || text.data[i] > '~')
			return "the text must be printable ASCII";
	}
	for (;;) {
		struct piece piece = next_piece(&text);
		if (piece.kind == PIECE_END)
			return NULL;
		if (piece.kind == PIECE_WRONG)
			return "the text may name ${decision}, ${rule}, ${category} and "
			       "${help-url}, nothing else";
	}
}

static bool is_code(struct span code, char class)
{
	return code.len == 3 && code.data[0] == class && code.data[1] >= '0' &&
	       code.data[1] <= '5' && csp_ascii_is_digit(code.data[2]);
}

/* RFC 3463 section 2: subject and detail are numbers of one to three digits without leading zeros. */
static bool is_status_number(struct span text)
{
	if (text.len < 1 || text.len > 3 || (text.len > 1 && text.data[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!csp_ascii_is_digit(text.data[i]))
			return false;
	}
	return true;
}

static bool is_enhanced(struct span text, char class)
{
	struct span head, rest, subject, detail;

	if (!csp_span_split(&head, &rest, text, '.') || head.len != 1 || head.data[0] != class)
		return false;
	return csp_span_split(&subject, &detail, rest, '.') && is_status_number(subject) &&
	       is_status_number(detail);
}

const char *csp_reply_parse(struct reply *out, struct span text, char class)
{
	struct reply reply;
	struct span rest;

	csp_span_split(&reply.code, &rest, text, ' ');
	if (!is_code(reply.code, class))
		return class == '5'
			       ? "a reply begins with a code of three digits, the first a 5: 550"
			       : "a reply begins with a code of three digits, the first a 4: 451";
	if (csp_span_equal(reply.code, SPAN_LIT("421")))
		return "421 ends the connection and all that would come over it; say 451";
	csp_span_split(&reply.enhanced, &rest, rest, ' ');
	if (!is_enhanced(reply.enhanced, class))
		return class == '5' ? "behind the code stands a status of the same class, 5.7.1 "
				      "for example"
				    : "behind the code stands a status of the same class, 4.7.1 "
				      "for example";
	reply.text = csp_span_trim(rest);
	if (!reply.text.len)
		return "behind the code and the status stands a text";
	if (reply.text.len > REPLY_TEXT_MAX)
		return "the text is longer than 400 characters";
	const char *wrong = check_template(reply.text);
	if (!wrong)
		*out = reply;
	return wrong;
}

static struct span variable_value(enum variable variable, const struct plan_settings *settings,
				  const struct decision *decision,
				  const struct recipient *recipient)
{
	const struct classification *classification = decision->classification;

	switch (variable) {
	case VARIABLE_DECISION:
		return decision->id;
	case VARIABLE_RULE:
		return recipient->verdict.rule;
	case VARIABLE_CATEGORY:
		return classification->known ? decision->categories->names[classification->category]
					     : SPAN_LIT("unknown");
	case VARIABLE_HELP_URL:
	default:
		return settings->help_url;
	}
}

/*
 * With its code, its status and the line end a reply line has at most 512 octets (RFC 5321 section
 * 4.5.3.1.5). What names and the help URL make longer is cut off, because a reply that the MTA
 * refuses would be answered with one that says nothing.
 */
#define EXPANDED_MAX 480

struct expansion {
	char *text;
	size_t len;
};

static void expand_append(struct expansion *expansion, struct span text)
{
	for (size_t i = 0; i < text.len && expansion->len < EXPANDED_MAX; i++) {
		char c = text.data[i];
		expansion->text[expansion->len++] = c < ' ' || c > '~' ? '?' : c;
	}
}

static bool set_reply(struct plan *out, struct arena *arena, const struct plan_settings *settings,
		      const struct decision *decision, const struct recipient *recipient)
{
	bool fault = recipient->verdict.disposition == DISPOSITION_TEMPFAIL;
	const struct reply *reply =
		fault ? &settings->fault_reply : &recipient->verdict.decided_by->reply;
	struct expansion expansion = {.text = csp_arena_alloc(arena, EXPANDED_MAX, 1)};
	struct span rest = reply->text;

	if (!expansion.text)
		return false;
	for (;;) {
		struct piece piece = next_piece(&rest);
		if (piece.kind == PIECE_END)
			break;
		expand_append(&expansion, piece.kind == PIECE_VARIABLE
						  ? variable_value(piece.variable, settings,
								   decision, recipient)
						  : piece.text);
	}
	out->reply_code = reply->code;
	out->reply_enhanced = reply->enhanced;
	out->reply_text = (struct span){expansion.text, expansion.len};
	return true;
}

static bool join(struct span *out, struct arena *arena, struct span head, struct span tail)
{
	char *text = csp_arena_alloc(arena, head.len + tail.len + 1, 1);

	if (!text)
		return false;
	memcpy(text, head.data, head.len);
	memcpy(text + head.len, tail.data, tail.len);
	*out = (struct span){text, head.len + tail.len};
	return true;
}

/* Who looks at a message that was let go on finds the decision by its header. */
static bool set_marks(struct plan *out, struct arena *arena, const struct decision *decision)
{
	struct span word;

	if (!join(&word, arena, csp_span_from(csp_action_name(out->action)), SPAN_LIT("; id=")) ||
	    !join(&out->flag, arena, word, decision->id))
		return false;
	return out->action != ACTION_QUARANTINE ||
	       join(&out->hold_reason, arena, SPAN_LIT("csp-milter decision="), decision->id);
}

/* What the recipients ask for. */
struct effects {
	const struct recipient *gravest;       /* NULL without recipients */
	const struct recipient *gravest_other; /* of those who are not rejected */
	bool mixed;                            /* some are rejected and some are not */
};

static void take_gravest(const struct recipient **gravest, const struct recipient *recipient)
{
	if (!*gravest || csp_recipient_is_graver(recipient, *gravest))
		*gravest = recipient;
}

static struct effects read_effects(const struct decision *decision)
{
	struct effects effects = {0};
	bool rejected = false;

	for (size_t i = 0; i < decision->recipient_count; i++) {
		const struct recipient *recipient = &decision->recipients[i];
		take_gravest(&effects.gravest, recipient);
		if (csp_recipient_action(recipient) == ACTION_REJECT)
			rejected = true;
		else
			take_gravest(&effects.gravest_other, recipient);
	}
	effects.mixed = rejected && effects.gravest_other;
	return effects;
}

static void add(struct span *items, size_t *count, struct span address)
{
	if (address.len)
		items[(*count)++] = address;
}

static size_t unite(struct span *items, size_t count)
{
	size_t kept = 0;

	csp_spans_sort(items, count);
	for (size_t i = 0; i < count; i++) {
		if (!kept || !csp_span_equal(items[kept - 1], items[i]))
			items[kept++] = items[i];
	}
	return kept;
}

/* Whom the message is taken from, and who gets it instead or besides. */
static bool change_recipients(struct plan *out, struct arena *arena,
			      const struct plan_settings *settings, const struct decision *decision,
			      bool split)
{
	size_t max = decision->recipient_count;
	struct span *removed = csp_arena_alloc(arena, max, sizeof(*removed));
	struct span *added = csp_arena_alloc(arena, max + 1, sizeof(*added));
	size_t removed_count = 0, added_count = 0;

	if (!removed || !added)
		return false;
	for (size_t i = 0; i < max; i++) {
		const struct recipient *recipient = &decision->recipients[i];
		enum action action = csp_recipient_action(recipient);
		if (action == ACTION_FLAG && recipient->verdict.decided_by)
			add(added, &added_count, recipient->verdict.decided_by->copy_to);
		if (action == ACTION_REDIRECT)
			add(added, &added_count, recipient->contact);
		if (action == ACTION_REDIRECT || (split && action == ACTION_REJECT))
			add(removed, &removed_count, recipient->address);
	}
	if (split)
		add(added, &added_count, settings->notify);
	out->removed_recipients = (struct spans){removed, removed_count};
	out->added_recipients = (struct spans){added, unite(added, added_count)};
	return true;
}

/* What the setting for mixed recipients makes of a message comes first, where anything else would be milder. */
static const struct recipient *settle(struct plan *out, const struct plan_settings *settings,
				      const struct effects *effects)
{
	static const enum action mixed_actions[] = {
		[MIXED_SPLIT] = ACTION_SPLIT, [MIXED_HOLD] = ACTION_QUARANTINE};
	const struct recipient *gravest = effects->gravest;

	if (!effects->mixed || settings->mixed == MIXED_REJECT) {
		out->action = csp_recipient_action(gravest);
		return gravest;
	}
	out->action = csp_recipient_action(effects->gravest_other);
	if (out->action >= mixed_actions[settings->mixed])
		return effects->gravest_other;
	out->action = mixed_actions[settings->mixed];
	return gravest;
}

bool csp_plan_make(struct plan *out, struct arena *arena, const struct plan_settings *settings,
		   const struct decision *decision)
{
	struct effects effects = read_effects(decision);

	*out = (struct plan){.action = ACTION_ACCEPT};
	if (!effects.gravest)
		return true;
	const struct recipient *decides = settle(out, settings, &effects);
	if (out->action == ACTION_ACCEPT)
		return true;
	out->rule = decides->verdict.rule;
	if (out->action == ACTION_REJECT || out->action == ACTION_TEMPFAIL)
		return set_reply(out, arena, settings, decision, decides);
	return set_marks(out, arena, decision) &&
	       change_recipients(out, arena, settings, decision,
				 effects.mixed && settings->mixed == MIXED_SPLIT);
}

void csp_plan_remove_fields(struct plan *plan, const struct message *message,
			    const struct proofs *tag_sources)
{
	if (plan->action == ACTION_REJECT || plan->action == ACTION_TEMPFAIL)
		return;
	plan->removed = message->counted;
	plan->removed_count = message->counted_count;
	if (plan->removed_count && csp_proofs_hold(tag_sources, &message->client))
		plan->removed_count = 1;
}
