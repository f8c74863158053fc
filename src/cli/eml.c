#include "eml.h"

#include <errno.h>
#include <unistd.h>

#include "addrlist.h"

#define CHUNK 65536

/* Line ends, colons and blanks that the message's limits do not count. */
#define FIELD_OVERHEAD 8

/* Does the header section end in this text? Searched from `at` on, which is moved to where the next search begins. */
static bool holds_end(struct span text, size_t *at)
{
	if (*at == 0 && (csp_span_starts_with(text, SPAN_LIT("\n")) ||
			 csp_span_starts_with(text, SPAN_LIT("\r\n"))))
		return true;
	while (*at < text.len) {
		struct span rest = csp_span_slice(text, *at, text.len);
		size_t end = csp_span_find(rest, '\n');

		if (end == rest.len)
			return false;
		rest = csp_span_slice(rest, end + 1, rest.len);
		if (csp_span_starts_with(rest, SPAN_LIT("\n")) ||
		    csp_span_starts_with(rest, SPAN_LIT("\r\n")))
			return true;
		/* What follows this line end is not all there yet. */
		if (rest.len < 2)
			return false;
		*at += end + 1;
	}
	return false;
}

static enum eml_result read_section(struct buf *out, int fd)
{
	char chunk[CHUNK];
	size_t at = 0;

	while (!holds_end(csp_buf_span(out), &at) && out->len < out->max) {
		ssize_t count = read(fd, chunk, sizeof(chunk));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return EML_READ_ERROR;
		if (count == 0)
			break;
		csp_buf_append(out, csp_span_slice((struct span){chunk, (size_t)count}, 0,
						   out->max - out->len));
	}
	return csp_buf_failed(out) ? EML_NO_MEMORY : EML_OK;
}

/* The line that begins a message of an mbox is no part of its header section. */
static struct span without_mbox_line(struct span text)
{
	size_t end = csp_span_find(text, '\n');

	if (!csp_span_starts_with(text, SPAN_LIT("From ")))
		return text;
	return csp_span_slice(text, end + 1, text.len);
}

enum eml_result csp_eml_read(struct message *message, int fd)
{
	const struct message_limits *limits = &message->limits;
	struct buf text;
	struct span section;
	enum eml_result result;

	/* Room enough for the message to see that its limit is passed, and to mark it so. */
	csp_buf_init(&text, limits->header_bytes + FIELD_OVERHEAD * limits->header_fields + CHUNK);
	result = read_section(&text, fd);
	section = without_mbox_line(csp_buf_span(&text));
	if (result == EML_OK && !csp_message_add_header_section(message, &section))
		result = EML_NO_MEMORY;
	csp_buf_dispose(&text);
	return result;
}

bool csp_eml_path(struct span *out, struct message *message, struct span path)
{
	struct buf text;
	bool ok;

	if (csp_span_starts_with(path, SPAN_LIT("<")))
		return csp_arena_copy(message->arena, out, path);
	csp_buf_init(&text, path.len + 3);
	csp_buf_append_char(&text, '<');
	csp_buf_append(&text, path);
	csp_buf_append_char(&text, '>');
	ok = !csp_buf_failed(&text) && csp_arena_copy(message->arena, out, csp_buf_span(&text));
	csp_buf_dispose(&text);
	return ok;
}

bool csp_eml_author_path(struct span *out, struct message *message)
{
	struct addrlist list = {.items = NULL};
	const struct field *field;
	struct span address;
	size_t at = 0;

	while ((field = csp_message_next_field(message, &at, SPAN_LIT("From"))) != NULL) {
		if (!csp_addrlist_parse(&list, message->arena, field->body))
			return false;
	}
	return list.count == 1 && !list.ambiguous &&
	       csp_mailbox_format(&address, message->arena, &list.items[0]) &&
	       csp_eml_path(out, message, address);
}
