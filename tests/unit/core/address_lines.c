/*
 * Reads address fields for the oracle: each line is one raw field body in hexadecimal digits, and comes back as a line of
 * what was seen of it ('a' ambiguous, 'g' group, '-' neither) and its mailboxes, local part and domain in hexadecimal digits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addrlist.h"

#define LINE_MAX_SIZE 65536
#define MEMORY_MAX    ((size_t)1 << 20)

static void print(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		printf("%02x", (unsigned char)text.data[i]);
}

static size_t read_hex(char *out, const char *digits)
{
	size_t len = 0;

	for (; digits[0] && digits[1]; digits += 2) {
		const char pair[] = {digits[0], digits[1], '\0'};
		out[len++] = (char)strtoul(pair, NULL, 16);
	}
	return len;
}

static bool answer(struct span body)
{
	struct addrlist list = {.count = 0};
	struct arena arena;

	csp_arena_init(&arena, MEMORY_MAX);
	bool done = csp_addrlist_parse(&list, &arena, body);
	printf("%s%s%s", list.ambiguous ? "a" : "", list.group ? "g" : "",
	       list.ambiguous || list.group ? "" : "-");
	for (size_t i = 0; i < list.count; i++) {
		putchar(' ');
		print(list.items[i].local);
		putchar('@');
		print(list.items[i].domain);
	}
	putchar('\n');
	csp_arena_dispose(&arena);
	return done;
}

int main(void)
{
	static char line[LINE_MAX_SIZE];
	static char body[LINE_MAX_SIZE / 2];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!answer((struct span){body, read_hex(body, line)}))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
