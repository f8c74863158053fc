#include "utf8.h"

static size_t sequence_length(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

size_t csp_utf8_decode(uint32_t *rune, struct span text)
{
	static const unsigned char lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = text.len ? sequence_length((unsigned char)text.data[0]) : 0;

	if (len == 0 || len > text.len)
		return 0;
	uint32_t value = (unsigned char)text.data[0] & lead_mask[len];
	for (size_t i = 1; i < len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if ((byte & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (byte & 0x3fU);
	}
	if (value < smallest[len] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*rune = value;
	return len;
}

size_t csp_utf8_encode(char out[4], uint32_t rune)
{
	size_t len = 0;

	if (rune < 0x80) {
		out[len++] = (char)rune;
	} else if (rune < 0x800) {
		out[len++] = (char)(0xc0 | rune >> 6);
		out[len++] = (char)(0x80 | (rune & 0x3f));
	} else if (rune < 0x10000) {
		out[len++] = (char)(0xe0 | rune >> 12);
		out[len++] = (char)(0x80 | (rune >> 6 & 0x3f));
		out[len++] = (char)(0x80 | (rune & 0x3f));
	} else {
		out[len++] = (char)(0xf0 | rune >> 18);
		out[len++] = (char)(0x80 | (rune >> 12 & 0x3f));
		out[len++] = (char)(0x80 | (rune >> 6 & 0x3f));
		out[len++] = (char)(0x80 | (rune & 0x3f));
	}
	return len;
}

void csp_utf8_append(struct buf *out, uint32_t rune)
{
	char bytes[4];

	csp_buf_append(out, (struct span){bytes, csp_utf8_encode(bytes, rune)});
}

size_t csp_utf8_valid_length(struct span text)
{
	size_t at = 0;

	while (at < text.len) {
		uint32_t rune;
		size_t len = (unsigned char)text.data[at] < 0x80
				     ? csp_span_ascii_length(csp_span_slice(text, at, text.len))
				     : csp_utf8_decode(&rune, csp_span_slice(text, at, text.len));
		if (!len)
			break;
		at += len;
	}
	return at;
}

bool csp_utf8_is_valid(struct span text)
{
	return csp_utf8_valid_length(text) == text.len;
}
