/*
 * What the renderers of a decision share: words for parts of it, made of its message.
 * Everything goes to the caller's buf.
 * The buf's failure is the only one.
 */
#ifndef CSP_RENDER_H
#define CSP_RENDER_H

#include "decision.h"
#include "json.h"

/* The first field of that name, unfolded and decoded; nothing when there is none. */
void csp_render_field(struct buf *out, const struct message *message, struct span name);

void csp_render_mailbox(struct buf *out, const struct mailbox *mailbox);

/* "2026-11-23T10:00:00.000Z" (RFC 3339). */
void csp_render_time(struct buf *out, struct timespec time);

/* "marks": their names. */
void csp_render_marks(struct json *json, unsigned marks);

/* "authentication": what trusted servers found out; null where no field of theirs is asked for. */
void csp_render_authentication(struct json *json, const struct authentication *authentication);

/* The array "proven_by": names of methods. */
void csp_render_methods(struct json *json, unsigned methods);

/* "550 5.7.1 text"; nothing when the plan has no reply. */
void csp_render_reply(struct buf *out, const struct plan *plan);

const char *csp_author_field_name(enum author_field field); /* "reverse-path", "resent-from" */
const char *csp_party_name(enum party party);
struct span csp_render_category(const struct decision *decision); /* empty when it is not known */

#endif
