#include "apply.h"

#include <string.h>

static char *copy(struct arena *arena, struct span text)
{
	char *out = csp_arena_alloc(arena, text.len + 1, 1);

	if (out && text.len)
		memcpy(out, text.data, text.len);
	return out;
}

/* Sendmail takes the text for a format. */
static char *copy_doubling_percent(struct arena *arena, struct span text)
{
	char *out = csp_arena_alloc(arena, 2 * text.len + 1, 1);
	size_t len = 0;

	for (size_t i = 0; out && i < text.len; i++) {
		out[len++] = text.data[i];
		if (text.data[i] == '%')
			out[len++] = '%';
	}
	return out;
}

bool csp_apply_reply(SMFICTX *context, struct arena *arena, const struct plan *plan)
{
	char *code = copy(arena, plan->reply_code);
	char *enhanced = copy(arena, plan->reply_enhanced);
	char *text = copy_doubling_percent(arena, plan->reply_text);

	return code && enhanced && text &&
	       smfi_setreply(context, code, enhanced, text) == MI_SUCCESS;
}

/* From the last to the first: the MTA counts anew after every removal. */
static bool remove_named(SMFICTX *context, char *name, size_t count)
{
	for (size_t i = count; i > 0; i--)
		if (smfi_chgheader(context, name, (int)i, NULL) != MI_SUCCESS)
			return false;
	return true;
}

static bool remove_fields(SMFICTX *context, struct session *session, const struct plan *plan)
{
	for (size_t i = 0; i < plan->removed_count; i++) {
		const struct counted_field *field = &plan->removed[i];
		if (!field->count)
			continue;
		char *name = copy(&session->arena, field->name);
		if (!name || !remove_named(context, name, field->count))
			return false;
	}
	return true;
}

static bool add_flag(SMFICTX *context, struct session *session, struct span flag)
{
	char *name = copy(&session->arena, csp_snapshot_conf(session->snapshot)->flag_header);
	char *body = csp_arena_alloc(&session->arena, flag.len + 2, 1);

	if (!name || !body)
		return false;
	if (session->leading_space)
		body[0] = ' ';
	memcpy(body + strlen(body), flag.data, flag.len);
	return smfi_addheader(context, name, body) == MI_SUCCESS;
}

/* "<path>" as the MTA gave it, or made of an address. */
static char *in_brackets(struct arena *arena, struct span address)
{
	char *out = csp_arena_alloc(arena, address.len + 3, 1);

	if (!out)
		return NULL;
	out[0] = '<';
	memcpy(out + 1, address.data, address.len);
	out[address.len + 1] = '>';
	return out;
}

/* An MTA finds a recipient by the very bytes it gave (Postfix: with or without brackets, as it did). */
static bool change_recipients(SMFICTX *context, struct arena *arena, const struct plan *plan)
{
	for (size_t i = 0; i < plan->removed_recipients.count; i++) {
		char *path = copy(arena, plan->removed_recipients.items[i]);
		if (!path || smfi_delrcpt(context, path) != MI_SUCCESS)
			return false;
	}
	for (size_t i = 0; i < plan->added_recipients.count; i++) {
		char *path = in_brackets(arena, plan->added_recipients.items[i]);
		if (!path || smfi_addrcpt(context, path) != MI_SUCCESS)
			return false;
	}
	return true;
}

static bool hold(SMFICTX *context, struct arena *arena, struct span reason)
{
	char *text = copy_doubling_percent(arena, reason);

	return text && smfi_quarantine(context, text) == MI_SUCCESS;
}

bool csp_apply(sfsistat *out, SMFICTX *context, struct session *session, const struct plan *plan)
{
	struct arena *arena = &session->arena;

	*out = SMFIS_TEMPFAIL;
	if (plan->reply_code.len) {
		if (plan->action == ACTION_REJECT)
			*out = SMFIS_REJECT;
		return csp_apply_reply(context, arena, plan);
	}
	if (!remove_fields(context, session, plan) ||
	    (plan->flag.len && !add_flag(context, session, plan->flag)) ||
	    !change_recipients(context, arena, plan) ||
	    (plan->hold_reason.len && !hold(context, arena, plan->hold_reason)))
		return false;
	/* Not ACCEPT: an MTA may keep that in mind for the session's next message. */
	*out = SMFIS_CONTINUE;
	return true;
}
