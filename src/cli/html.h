/*
 * HTML as it is written: text of others becomes text, and nothing else.
 * It goes to the caller's buf, whose failure is the only one.
 */
#ifndef CSP_HTML_H
#define CSP_HTML_H

#include <stdint.h>

#include "buf.h"

void csp_html(struct buf *out, const char *markup); /* our own */

/* Text of others, in an element or a quoted attribute: escaped, what cannot be printed made visible, cut after 300 octets. */
void csp_html_text(struct buf *out, struct span text);

void csp_html_count(struct buf *out, uint64_t count); /* 1,234,567 */

#endif
