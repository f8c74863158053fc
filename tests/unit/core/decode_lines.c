/*
 * Decodes unfolded field bodies, one a line, for the oracle: each comes back as a line of hexadecimal digits, with a
 * '!' behind it when it could not be read cleanly.
 */
#include <stdio.h>
#include <stdlib.h>

#include "encword.h"

#define LINE_MAX_SIZE 65536

static void print(struct span text, bool undecodable)
{
	for (size_t i = 0; i < text.len; i++)
		printf("%02x", (unsigned char)text.data[i]);
	puts(undecodable ? "!" : "");
}

int main(void)
{
	static char line[LINE_MAX_SIZE];

	while (fgets(line, sizeof(line), stdin)) {
		struct span text = csp_span_from(line);
		struct buf out;
		bool undecodable = false;
		csp_buf_init(&out, 8 * LINE_MAX_SIZE);
		csp_encword_decode(&out, &undecodable,
				   csp_span_slice(text, 0, csp_span_find(text, '\n')));
		if (csp_buf_failed(&out))
			return EXIT_FAILURE;
		print(csp_buf_span(&out), undecodable);
		csp_buf_dispose(&out);
	}
	return EXIT_SUCCESS;
}
