/*
 * Unfolds and decodes raw field bodies for the oracle. Each comes as a line of hexadecimal digits, and goes back so, with a
 * '!' behind it when it could not be read cleanly.
 */
#include <stdio.h>
#include <stdlib.h>

#include "encword.h"
#include "header.h"

#define LINE_MAX_SIZE ((size_t)131072)

static void print(struct span text, bool doubtful)
{
	for (size_t i = 0; i < text.len; i++)
		printf("%02x", (unsigned char)text.data[i]);
	puts(doubtful ? "!" : "");
}

/* In place. */
static struct span read_digits(char *line)
{
	size_t len = 0;

	for (size_t i = 0; csp_ascii_hex_value(line[i]) >= 0; i += 2)
		line[len++] = (char)(csp_ascii_hex_value(line[i]) << 4 |
				     csp_ascii_hex_value(line[i + 1]));
	return (struct span){line, len};
}

static bool decode(struct span body)
{
	struct buf unfolded, out;
	bool doubtful = false;

	csp_buf_init(&unfolded, LINE_MAX_SIZE);
	csp_buf_init(&out, 8 * LINE_MAX_SIZE);
	csp_header_unfold(&unfolded, &doubtful, body);
	csp_encword_decode(&out, &doubtful, csp_buf_span(&unfolded));
	bool good = !csp_buf_failed(&unfolded) && !csp_buf_failed(&out);
	print(csp_buf_span(&out), doubtful);
	csp_buf_dispose(&unfolded);
	csp_buf_dispose(&out);
	return good;
}

int main(void)
{
	static char line[LINE_MAX_SIZE];

	while (fgets(line, (int)sizeof(line), stdin)) {
		if (!decode(read_digits(line)))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
