#include "textin.h"

#include <errno.h>
#include <stdlib.h>

#include "utf8.h"

/* A unit of two bytes becomes three at most; a pair of them, the first perhaps of the last chunk, becomes four. */
#define TEXT_MAX (TEXTIN_CHUNK / 2 * 3 + 4)

void csp_textin_init(struct textin *in, FILE *stream)
{
	*in = (struct textin){.stream = stream};
}

void csp_textin_dispose(struct textin *in)
{
	free(in->chunk);
	free(in->text);
	*in = (struct textin){.stream = in->stream, .state = TEXTIN_END, .next = TEXTIN_END};
}

uint64_t csp_textin_consumed(const struct textin *in)
{
	if (!in->chunk)
		return 0;
	if (in->encoding == TEXTIN_BYTES)
		return in->before + (uint64_t)(in->at - in->chunk) - 1;
	return in->before;
}

/* What the first bytes say; *mark is how many of them are the mark. */
static enum textin_encoding find_encoding(size_t *mark, const char *bytes, size_t len)
{
	static const struct {
		struct span mark;
		enum textin_encoding encoding;
	} marks[] = {
		{SPAN_INIT("\xef\xbb\xbf"), TEXTIN_BYTES},
		{SPAN_INIT("\xff\xfe"), TEXTIN_UTF16_LE},
		{SPAN_INIT("\xfe\xff"), TEXTIN_UTF16_BE},
	};
	struct span text = {bytes, len};

	*mark = 0;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		if (csp_span_starts_with(text, marks[i].mark)) {
			*mark = marks[i].mark.len;
			return marks[i].encoding;
		}
	}
	if (len < 2 || !csp_span_is_ascii(csp_span_slice(text, 0, 2)) || !bytes[0] == !bytes[1])
		return TEXTIN_BYTES;
	return bytes[0] ? TEXTIN_UTF16_LE : TEXTIN_UTF16_BE;
}

/* One unit, put behind the text; false when it is, or follows, half a character. */
static bool convert_unit(struct textin *in, uint32_t unit)
{
	bool is_low = unit >= 0xdc00 && unit <= 0xdfff;
	uint32_t rune = unit;

	if ((in->high != 0) != is_low)
		return false;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		in->high = unit;
		return true;
	}
	if (is_low)
		rune = 0x10000 + ((in->high - 0xd800) << 10) + (unit - 0xdc00);
	in->high = 0;
	if (rune < 0x80)
		*in->end++ = (char)rune;
	else
		in->end += csp_utf8_encode(in->end, rune);
	return true;
}

static void refuse(struct textin *in, size_t at)
{
	in->next = TEXTIN_NOT_TEXT;
	in->bad_at = in->before - (in->high ? 2 : 0) + at;
}

/* `at` of the chunk's bytes are its mark. */
static void convert(struct textin *in, size_t at, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)in->chunk + 1;
	bool little = in->encoding == TEXTIN_UTF16_LE;

	for (; at + 1 < len; at += 2) {
		uint32_t first = bytes[at], second = bytes[at + 1];
		if (!convert_unit(in, little ? second << 8 | first : first << 8 | second)) {
			refuse(in, at);
			return;
		}
	}
	if (in->next == TEXTIN_END && (at < len || in->high))
		refuse(in, at);
}

/* One more chunk of the file; what it says is at hand then, perhaps nothing. */
static bool read_chunk(struct textin *in)
{
	size_t mark = 0;
	size_t len = fread(in->chunk + 1, 1, TEXTIN_CHUNK, in->stream);

	if (len < TEXTIN_CHUNK)
		in->next = TEXTIN_END;
	if (len < TEXTIN_CHUNK && ferror(in->stream)) {
		in->next = TEXTIN_READ_ERROR;
		in->error = errno;
	}
	if (in->encoding == TEXTIN_UNKNOWN)
		in->encoding = find_encoding(&mark, in->chunk + 1, len);
	if (in->encoding == TEXTIN_BYTES) {
		in->at = in->chunk + 1 + mark;
		in->end = in->chunk + 1 + len;
		return true;
	}
	if (!in->text)
		in->text = malloc(1 + TEXT_MAX);
	if (!in->text)
		return false;
	in->at = in->end = in->text + 1;
	convert(in, mark, len);
	in->before += len;
	return true;
}

bool csp_textin_fill(struct textin *in)
{
	if (!in->chunk)
		in->chunk = malloc(1 + TEXTIN_CHUNK);
	while (in->chunk && in->at == in->end && in->next == TEXTIN_OPEN) {
		if (in->encoding == TEXTIN_BYTES)
			in->before += (uint64_t)(in->end - in->chunk) - 1;
		if (!read_chunk(in))
			in->next = TEXTIN_NO_MEMORY;
	}
	if (!in->chunk)
		in->next = TEXTIN_NO_MEMORY;
	if (in->at == in->end)
		in->state = in->next;
	return in->at != in->end;
}
