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
		holds(undecodable != csp_utf8_is_valid(text));
	if (!has_opener(text) && !undecodable)
		holds(csp_span_equal(csp_buf_span(&once), text));
	if (!has_opener(csp_buf_span(&once))) {
		undecodable = false;
		csp_encword_decode(&twice, &undecodable, csp_buf_span(&once));
		holds(!undecodable && csp_span_equal(csp_buf_span(&once), csp_buf_span(&twice)));
	}
	csp_buf_dispose(&once);
	csp_buf_dispose(&twice);
	return 0;
}
