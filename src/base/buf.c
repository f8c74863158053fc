#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST 256

void csp_buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){.max = max};
}

void csp_buf_dispose(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){.max = buf->max};
}

void csp_buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

static bool reserve(struct buf *buf, size_t extra)
{
	if (buf->failed || extra > buf->max - buf->len) {
		buf->failed = true;
		return false;
	}
	if (buf->cap - buf->len >= extra)
		return true;

	size_t cap = buf->cap > SMALLEST / 2 ? buf->cap * 2 : SMALLEST;
	if (cap < buf->len + extra)
		cap = buf->len + extra;
	if (cap > buf->max)
		cap = buf->max;
	char *data = realloc(buf->data, cap);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

void csp_buf_append(struct buf *buf, struct span text)
{
	if (text.len == 0 || !reserve(buf, text.len))
		return;
	memcpy(buf->data + buf->len, text.data, text.len);
	buf->len += text.len;
}

void csp_buf_append_char(struct buf *buf, char byte)
{
	csp_buf_append(buf, (struct span){&byte, 1});
}

void csp_buf_append_format(struct buf *buf, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text)) {
		buf->failed = true;
		return;
	}
	csp_buf_append(buf, (struct span){text, (size_t)len});
}

char *csp_buf_room(struct buf *buf, size_t len)
{
	/* At least one byte, so that there is memory to point to. */
	return reserve(buf, len ? len : 1) ? buf->data + buf->len : NULL;
}

struct span csp_buf_span(const struct buf *buf)
{
	return buf->len ? (struct span){buf->data, buf->len} : SPAN_LIT("");
}

bool csp_buf_failed(const struct buf *buf)
{
	return buf->failed;
}

const char *csp_buf_cstr(struct buf *buf)
{
	if (!reserve(buf, 1))
		return "";
	buf->data[buf->len] = '\0';
	return buf->data;
}
