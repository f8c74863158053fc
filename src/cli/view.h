/*
 * How recorded decisions (schema csp-milter/decision/1) are shown: as a table, one in full, as JSON.
 * It owns nothing; records are the caller's. Text of others is made safe for a terminal.
 * Each gives false when memory is short or stdout cannot be written.
 */
#ifndef CSP_VIEW_H
#define CSP_VIEW_H

#include <jansson.h>

#include "buf.h"
#include "review_gravest.h"
#include "window.h"

#define VIEW_TEXT_MAX ((size_t)256 << 20)

bool csp_view_table(const struct window *window);
bool csp_view_record(const json_t *record);
bool csp_view_json(json_t *record); /* one line; not changed */

/* RFC 4180; nothing in it is a formula. */
bool csp_view_csv_heading(void);
bool csp_view_csv(json_t *record); /* not changed */

/* The decisions in a window, one short line each; nothing where there are none. */
bool csp_view_related(const struct window *window);

/* Below a record that was no plain pass: the rule that would let its like pass, for a time. */
bool csp_view_advice(const json_t *record);

/* The commands that let a held message go, for both mail servers. */
bool csp_view_release(const json_t *record);

/* Local time with its zone: "2026-11-23 10:15:00 +0100"; the text itself when it is no time. */
void csp_view_append_time(struct buf *out, struct span time);

/* What became of the message, in one or two words: "reject", "would flag", "pass". */
void csp_view_append_result(struct buf *out, const json_t *record);

#endif
