/*
 * A decision for a person: a few lines of text that say what would happen and why.
 * It goes to the caller's buf; control characters of the mail are made visible.
 * The buf's failure is the only one.
 */
#ifndef CSP_REPORT_H
#define CSP_REPORT_H

#include "decision.h"

void csp_report_write(struct buf *out, const struct decision *decision);

/* Text of others for a terminal: printable UTF-8 as it is, everything else as \xNN. */
void csp_report_append_safe(struct buf *out, struct span text);

/* What a rule came to: "yes", "no (sender, category)", "cannot be told (proof)". */
void csp_report_append_look(struct buf *out, const struct look *look);

/* en/renewal (renew*) in Subject: "renewal"; its category is not said. */
void csp_report_append_evidence(struct buf *out, const struct evidence *evidence);

#endif
