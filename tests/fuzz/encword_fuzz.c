/* Whatever comes, the result is UTF-8 of bounded length; text without words is left alone. */
#include "encword.h"
#include "fuzz.h"
#include "utf8.h"

/* No byte of a word, a charset or a guess makes more than this. */
#define GROWTH 6

static bool has_opener(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (csp_span_starts_with(csp_span_slice(text, i, text.len), SPAN_LIT("=?")))
			return true;
	}
	return false;
}

static bool is_odd(uint32_t rune)
{
	if (rune == '\t' || rune == '\n' || rune == '\r' || rune == 0x85)
		return false;
	return rune < 0x20 || (rune >= 0x7f && rune < 0xa0) || rune == 0x202d || rune == 0x202e;
}

/* Controls and overrides, which readers show in different ways, or bytes that are not UTF-8. */
static bool reads_oddly(struct span text)
{
	while (text.len) {
		uint32_t rune;
		size_t len = csp_utf8_decode(&rune, text);
		if (!len || is_odd(rune))
			return true;
		text = csp_span_slice(text, len, text.len);
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = input(data, size);
	struct buf once;
	struct buf twice;
	bool undecodable = false;

	csp_buf_init(&once, GROWTH * size + 1);
	csp_buf_init(&twice, GROWTH * size + 1);
	csp_encword_decode(&once, &undecodable, text);
	holds(!csp_buf_failed(&once));
	holds(csp_utf8_is_valid(csp_buf_span(&once)));
	if (!has_opener(text))
		holds(undecodable == reads_oddly(text));
	if (!has_opener(text) && csp_utf8_is_valid(text))
		holds(csp_span_equal(csp_buf_span(&once), text));
	if (!has_opener(csp_buf_span(&once))) {
		undecodable = false;
		csp_encword_decode(&twice, &undecodable, csp_buf_span(&once));
		holds(undecodable == reads_oddly(csp_buf_span(&once)));
		holds(csp_span_equal(csp_buf_span(&once), csp_buf_span(&twice)));
	}
	csp_buf_dispose(&once);
	csp_buf_dispose(&twice);
	return 0;
}
