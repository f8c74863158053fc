#include "lookalike.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

#include "utf8.h"

struct lookalike {
	uint32_t rune;
	char small, capital;
};

/* Sorted. Letters as case-folding leaves them: Cherokee in capitals, all others small. */
static const struct lookalike table[] = {
	/* clang-format off */
	{0x00f8, 'o', 'o'},
	{0x0111, 'd', 'd'},
	{0x0127, 'h', 'h'},
	{0x0142, 'l', 'l'},
	{0x0167, 't', 't'},
	{0x0251, 'a', 'a'},
	{0x0261, 'g', 'g'},
	{0x0262, 'g', 'g'},
	{0x0269, 'i', 'i'},
	{0x026a, 'i', 'i'},
	{0x0274, 'n', 'n'},
	{0x0280, 'r', 'r'},
	{0x028f, 'y', 'y'},
	{0x0299, 'b', 'b'},
	{0x029c, 'h', 'h'},
	{0x029f, 'l', 'l'},
	{0x03b1, 'a', 'a'},
	{0x03b2, 'b', 'b'},
	{0x03b3, 'y', 'y'},
	{0x03b5, 'e', 'e'},
	{0x03b6, 'z', 'z'},
	{0x03b7, 'n', 'h'},
	{0x03b9, 'i', 'i'},
	{0x03ba, 'k', 'k'},
	{0x03bc, 'u', 'm'},
	{0x03bd, 'v', 'n'},
	{0x03bf, 'o', 'o'},
	{0x03c1, 'p', 'p'},
	{0x03c3, 'c', 'c'},
	{0x03c4, 't', 't'},
	{0x03c5, 'u', 'y'},
	{0x03c7, 'x', 'x'},
	{0x03c9, 'w', 'w'},
	{0x0430, 'a', 'a'},
	{0x0432, 'b', 'b'},
	{0x0433, 'r', 'r'},
	{0x0435, 'e', 'e'},
	{0x043a, 'k', 'k'},
	{0x043c, 'm', 'm'},
	{0x043d, 'h', 'h'},
	{0x043e, 'o', 'o'},
	{0x043f, 'n', 'n'},
	{0x0440, 'p', 'p'},
	{0x0441, 'c', 'c'},
	{0x0442, 't', 't'},
	{0x0443, 'y', 'y'},
	{0x0445, 'x', 'x'},
	{0x044c, 'b', 'b'},
	{0x0451, 'e', 'e'},
	{0x0455, 's', 's'},
	{0x0456, 'i', 'i'},
	{0x0457, 'i', 'i'},
	{0x0458, 'j', 'j'},
	{0x0475, 'v', 'v'},
	{0x0493, 'f', 'f'},
	{0x049b, 'k', 'k'},
	{0x04a1, 'k', 'k'},
	{0x04a3, 'h', 'h'},
	{0x04a5, 'h', 'h'},
	{0x04af, 'y', 'y'},
	{0x04b1, 'y', 'y'},
	{0x04b3, 'x', 'x'},
	{0x04bb, 'h', 'h'},
	{0x04cf, 'l', 'i'},
	{0x0501, 'd', 'd'},
	{0x051b, 'q', 'q'},
	{0x051d, 'w', 'w'},
	{0x0566, 'q', 'q'},
	{0x056c, 'l', 'l'},
	{0x0570, 'h', 'h'},
	{0x0575, 'j', 'j'},
	{0x0578, 'n', 'n'},
	{0x057c, 'n', 'n'},
	{0x057d, 'u', 'u'},
	{0x0581, 'g', 'g'},
	{0x0585, 'o', 'o'},
	{0x13a0, 'd', 'd'},
	{0x13a1, 'r', 'r'},
	{0x13a2, 't', 't'},
	{0x13aa, 'a', 'a'},
	{0x13ab, 'j', 'j'},
	{0x13ac, 'e', 'e'},
	{0x13b3, 'w', 'w'},
	{0x13b7, 'm', 'm'},
	{0x13bb, 'h', 'h'},
	{0x13c0, 'g', 'g'},
	{0x13c3, 'z', 'z'},
	{0x13d9, 'v', 'v'},
	{0x13da, 's', 's'},
	{0x13de, 'l', 'l'},
	{0x13df, 'c', 'c'},
	{0x13e2, 'p', 'p'},
	{0x13e6, 'k', 'k'},
	{0x13f4, 'b', 'b'},
	{0x1d00, 'a', 'a'},
	{0x1d04, 'c', 'c'},
	{0x1d05, 'd', 'd'},
	{0x1d07, 'e', 'e'},
	{0x1d0a, 'j', 'j'},
	{0x1d0b, 'k', 'k'},
	{0x1d0d, 'm', 'm'},
	{0x1d0f, 'o', 'o'},
	{0x1d18, 'p', 'p'},
	{0x1d1b, 't', 't'},
	{0x1d1c, 'u', 'u'},
	{0x1d20, 'v', 'v'},
	{0x1d21, 'w', 'w'},
	{0x1d22, 'z', 'z'},
	{0x2c9f, 'o', 'o'},
	{0xa730, 'f', 'f'},
	{0xa731, 's', 's'},
	{0xa7af, 'q', 'q'},
	{0xab3d, 'o', 'o'},
	/* clang-format on */
};

#define TABLE_SIZE (sizeof(table) / sizeof(table[0]))

static int compare(const void *key, const void *item)
{
	uint32_t rune = *(const uint32_t *)key;
	uint32_t other = ((const struct lookalike *)item)->rune;

	return (rune > other) - (rune < other);
}

/*
 * A sign of another script is drawn over the Latin letter before it, if at all. Of the letters of Hebrew, Arabic and the scripts of
 * India none looks like a Latin one: most of what is asked for.
 */
static const struct lookalike *find(uint32_t rune)
{
	static const struct lookalike sign = {0};
	const struct lookalike *found = NULL;

	if (rune <= 0x585 || rune >= 0x13a0)
		found = bsearch(&rune, table, TABLE_SIZE, sizeof(table[0]), compare);
	if (!found && (U_GET_GC_MASK((UChar32)rune) & U_GC_M_MASK))
		found = &sign;
	return found;
}

static bool is_latin(uint32_t rune)
{
	return rune < 0x250 || (rune >= 0x1e00 && rune < 0x1f00);
}

static struct span skip(struct span text, size_t len)
{
	return csp_span_slice(text, len, text.len);
}

/* Would the word be Latin, and was it not before? */
static bool pretends(struct span word)
{
	bool found = false;

	for (;;) {
		uint32_t rune;
		word = skip(word, csp_span_ascii_length(word));
		size_t len = csp_utf8_decode(&rune, word);
		if (len == 0)
			return found && word.len == 0;
		bool looks_alike = find(rune);
		if (!looks_alike && !is_latin(rune))
			return false;
		found = found || looks_alike;
		word = skip(word, len);
	}
}

/* True when some letter stands for another one as a capital than when small. */
static bool append_folded(struct buf *out, struct span word, enum lookalike_case as)
{
	bool differs = false;

	while (word.len) {
		uint32_t rune;
		size_t plain = csp_span_ascii_length(word);
		csp_buf_append(out, csp_span_slice(word, 0, plain));
		word = skip(word, plain);
		size_t len = csp_utf8_decode(&rune, word);
		const struct lookalike *found = len ? find(rune) : NULL;
		if (found) {
			char letter = as == LOOKALIKE_SMALL ? found->small : found->capital;
			if (letter)
				csp_buf_append_char(out, letter);
			differs = differs || found->small != found->capital;
		} else {
			csp_buf_append(out, csp_span_slice(word, 0, len));
		}
		word = skip(word, len);
	}
	return differs;
}

/* Up to where `out` has grown. */
static void mark(struct buf *changed, char with, const struct buf *out)
{
	size_t count = out->len - changed->len;
	char *room = csp_buf_room(changed, count);

	if (!room)
		return;
	memset(room, with, count);
	changed->len += count;
}

/* Where the words that pretend to be Latin stand, so that what lies between them is taken at once. */
enum lookalike_result csp_lookalikes_fold(struct buf *out, struct buf *changed, struct span normal,
					  enum lookalike_case as)
{
	bool differs = false;
	size_t taken = 0;

	if (csp_span_is_ascii(normal))
		return LOOKALIKE_NONE;
	for (size_t at = 0; at < normal.len;) {
		struct span word = skip(normal, at);
		word.len = csp_span_find(word, ' ');
		if (pretends(word)) {
			csp_buf_append(out, csp_span_slice(normal, taken, at));
			mark(changed, 0, out);
			differs = append_folded(out, word, as) || differs;
			mark(changed, 1, out);
			taken = at + word.len;
		}
		at += word.len + 1;
	}
	if (taken == 0)
		return LOOKALIKE_NONE;
	csp_buf_append(out, skip(normal, taken));
	mark(changed, 0, out);
	return differs ? LOOKALIKE_TWO : LOOKALIKE_ONE;
}
