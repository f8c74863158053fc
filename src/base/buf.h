/*
 * A buf is a growing run of bytes with a maximum that its maker names.
 * It owns its memory; a span taken of it is valid until the next change or csp_buf_dispose.
 * Growth past the maximum or a failed allocation sets `failed` and drops what would not fit; the
 * caller checks csp_buf_failed once, at the end.
 */
#ifndef CSP_BUF_H
#define CSP_BUF_H

#include "span.h"

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

void csp_buf_init(struct buf *buf, size_t max); /* allocates nothing */
void csp_buf_dispose(struct buf *buf);
void csp_buf_reset(struct buf *buf); /* empty again, keeps the memory, clears `failed` */
void csp_buf_append(struct buf *buf, struct span text);
void csp_buf_append_char(struct buf *buf, char byte);
/* At most 1,023 bytes at once; more fails. */
void csp_buf_append_format(struct buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Room for len more bytes; who writes there adds what was written to buf->len. NULL when it cannot be had. */
char *csp_buf_room(struct buf *buf, size_t len);
struct span csp_buf_span(const struct buf *buf);
bool csp_buf_failed(const struct buf *buf);
const char *csp_buf_cstr(struct buf *buf); /* NUL-terminated; "" when that cannot be had */

#endif
