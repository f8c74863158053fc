/* A normal form is words with one blank between and around them, and it is its own normal form. */
#include "fuzz.h"
#include "text.h"
#include "utf8.h"

/* Longer words may be cut inside a letter (text.c), and cut elsewhere the second time. */
#define WHOLE_MAX 128

typedef void normalise(struct buf *out, struct span utf8);

static bool is_allowed(char c, char number_first, char number_last)
{
	return c == ' ' || (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80 ||
	       (c >= number_first && c <= number_last);
}

static void check_shape(struct span text, char number_first, char number_last)
{
	holds(csp_utf8_is_valid(text));
	holds(text.len > 0 && text.data[0] == ' ' && text.data[text.len - 1] == ' ');
	for (size_t i = 1; i < text.len; i++) {
		char c = text.data[i];
		holds(is_allowed(c, number_first, number_last));
		holds(c != ' ' || text.data[i - 1] != ' ');
		holds(c != '#' || (text.data[i - 1] == ' ' && text.data[i + 1] == ' '));
	}
}

static void check_form(normalise *form, struct span text, char number_first, char number_last)
{
	struct buf once;
	struct buf twice;

	csp_buf_init(&once, 40 * text.len + 10);
	csp_buf_init(&twice, 40 * text.len + 10);
	form(&once, text);
	holds(!csp_buf_failed(&once));
	check_shape(csp_buf_span(&once), number_first, number_last);
	form(&twice, csp_buf_span(&once));
	if (text.len <= WHOLE_MAX)
		holds(csp_span_equal(csp_buf_span(&once), csp_buf_span(&twice)));
	csp_buf_dispose(&once);
	csp_buf_dispose(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_form(csp_text_normalise, input(data, size), '#', '#');
	check_form(csp_text_normalise_name, input(data, size), '0', '9');
	return 0;
}
