#include "phrase_form.h"

#include "text.h"
#include "utf8.h"

#define UNSPACED_LETTERS 3 /* that make a word of a gap */
#define GAP_BYTES_MAX    256

static uint32_t first_rune(struct span text)
{
	uint32_t rune = 0;

	csp_utf8_decode(&rune, text);
	return rune;
}

static uint32_t last_rune(struct span text)
{
	size_t at = text.len;

	while (at > 0 && ((unsigned char)text.data[at - 1] & 0xC0) == 0x80)
		at--;
	return first_rune(csp_span_slice(text, at ? at - 1 : 0, text.len));
}

/* Numbers and signs alone would be found everywhere. */
static bool has_letter(struct span normal)
{
	for (size_t i = 0; i < normal.len; i++) {
		if (normal.data[i] != ' ' && normal.data[i] != '#' &&
		    !csp_ascii_is_digit(normal.data[i]))
			return true;
	}
	return false;
}

static bool take_star(struct span *text, bool at_end)
{
	if (text->len == 0 || text->data[at_end ? text->len - 1 : 0] != '*')
		return false;
	*text = csp_span_slice(*text, !at_end, text->len - at_end);
	return true;
}

static const char *read_part(struct phrase_part *out, struct buf *literals, struct span written,
			     bool keeps_numbers)
{
	bool begins_earlier = take_star(&written, false);
	bool goes_on = take_star(&written, true);
	size_t start = literals->len;

	if (csp_span_find(written, '*') < written.len)
		return "has a '*' that stands neither before nor behind a part";
	if (keeps_numbers)
		csp_text_normalise_name(literals, written);
	else
		csp_text_normalise(literals, written);
	if (csp_buf_failed(literals))
		return NULL;
	*out = (struct phrase_part){start, literals->len};
	struct span words =
		csp_span_trim(csp_span_slice(csp_buf_span(literals), start, literals->len));
	if (!has_letter(words))
		return "has a part of which no letter is left: it would be found everywhere";
	if (begins_earlier || csp_text_is_unspaced(first_rune(words)))
		out->from++;
	if (goes_on || csp_text_is_unspaced(last_rune(words)))
		out->to--;
	return NULL;
}

/* Takes what stands before the next "..." off *rest. */
static struct span next_part(struct span *rest)
{
	struct span part = *rest;

	for (size_t i = 0; i + 3 <= rest->len; i++) {
		if (!csp_span_equal(csp_span_slice(*rest, i, i + 3), SPAN_LIT("...")))
			continue;
		part.len = i;
		*rest = csp_span_slice(*rest, i + 3, rest->len);
		return csp_span_trim(part);
	}
	*rest = SPAN_LIT("");
	return csp_span_trim(part);
}

const char *csp_phrase_form_read(struct phrase_form *out, struct buf *literals, struct span written,
				 bool keeps_numbers)
{
	struct span rest = written;
	const char *why = NULL;

	out->count = 0;
	if (!csp_utf8_is_valid(written))
		return "is not UTF-8";
	do {
		if (out->count == PHRASE_PARTS_MAX)
			return "has more than four parts";
		if (out->count > 0)
			csp_buf_append_char(literals, '|');
		why = read_part(&out->parts[out->count++], literals, next_part(&rest),
				keeps_numbers);
	} while (!why && rest.len > 0);
	return why;
}

bool csp_phrase_gap_is_small(struct span between)
{
	bool in_word = false;
	size_t words = 0;
	size_t letters = 0;

	if (between.len > GAP_BYTES_MAX)
		return false;
	while (between.len > 0) {
		uint32_t rune = 0;
		size_t len = csp_utf8_decode(&rune, between);
		if (len == 0)
			return false;
		if (csp_text_is_unspaced(rune))
			words += ++letters % UNSPACED_LETTERS == 0;
		else if (rune != ' ' && !in_word)
			words++;
		in_word = rune != ' ' && !csp_text_is_unspaced(rune);
		between = csp_span_slice(between, len, between.len);
	}
	return words <= PHRASE_GAP_MAX;
}
