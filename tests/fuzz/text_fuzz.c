/* The normal form is words with one blank between and around them, and it is its own normal form. */
#include "fuzz.h"
#include "text.h"
#include "utf8.h"

/* Longer words may be cut inside a letter (text.c), and cut elsewhere the second time. */
#define WHOLE_MAX 128

static void check_shape(struct span text)
{
	holds(csp_utf8_is_valid(text));
	holds(text.len > 0 && text.data[0] == ' ' && text.data[text.len - 1] == ' ');
	for (size_t i = 1; i < text.len; i++) {
		char c = text.data[i];
		holds(c == ' ' || c == '#' || (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80);
		holds(c != ' ' || text.data[i - 1] != ' ');
		holds(c != '#' || (text.data[i - 1] == ' ' && text.data[i + 1] == ' '));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once;
	struct buf twice;

	csp_buf_init(&once, 40 * size + 10);
	csp_buf_init(&twice, 40 * size + 10);
	csp_text_normalise(&once, input(data, size));
	holds(!csp_buf_failed(&once));
	check_shape(csp_buf_span(&once));
	csp_text_normalise(&twice, csp_buf_span(&once));
	if (size <= WHOLE_MAX)
		holds(csp_span_equal(csp_buf_span(&once), csp_buf_span(&twice)));
	csp_buf_dispose(&once);
	csp_buf_dispose(&twice);
	return 0;
}
