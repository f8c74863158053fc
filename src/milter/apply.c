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

bool csp_apply(sfsistat *out, SMFICTX *context, struct session *session, const struct plan *plan)
{
	*out = SMFIS_TEMPFAIL;
	switch (plan->action) {
	case ACTION_REJECT:
		*out = SMFIS_REJECT;
		return csp_apply_reply(context, &session->arena, plan);
	case ACTION_TEMPFAIL:
		return csp_apply_reply(context, &session->arena, plan);
	case ACTION_ACCEPT:
	case ACTION_FLAG:
	default:
		/* Not ACCEPT: an MTA may keep that in mind for the session's next message. */
		*out = SMFIS_CONTINUE;
		return remove_fields(context, session, plan) &&
		       (plan->action != ACTION_FLAG || add_flag(context, session, plan->flag));
	}
}
