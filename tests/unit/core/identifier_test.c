#include "../check.h"
#include "identifier.h"

#include <stdlib.h>

static const struct span prefixes[] = {{"EX", 2}, {"MO", 2}, {"AAD", 3}};
static const struct span near[] = {{"azure", 5}, {"tracking", 8}};

static const struct identifier prefixed = {
	.shape = IDENTIFIER_PREFIXED,
	.prefixes = {prefixes, COUNT(prefixes)},
	.digits_min = 6,
	.digits_max = 7,
};
static const struct identifier tracking = {
	.shape = IDENTIFIER_TRACKING,
	.near = {near, COUNT(near)},
};

struct find_case {
	const char *text;
	const char *match; /* NULL: none */
};

static void check(const struct identifier *identifier, const struct find_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct span match;
		bool found = csp_identifier_find(&match, identifier, csp_span_from(cases[i].text));
		if (found != (cases[i].match != NULL))
			fail_msg("\"%s\": found: %d", cases[i].text, found);
		if (found)
			CHECK_SPAN(cases[i].text, match, csp_span_from(cases[i].match));
	}
}

static void a_prefixed_identifier_stands_alone_in_capitals(void **state)
{
	static const struct find_case cases[] = {
		{"", NULL},
		{"EX123456", "EX123456"},
		{"EX1234567", "EX1234567"},
		{"EX12345", NULL},
		{"EX12345678", NULL},
		{"EX", NULL},
		{"ex123456", NULL},
		{"Ex123456", NULL},
		{"AAD123456 and EX123456", "AAD123456"},
		{"AEX123456", NULL},
		{"EXX123456", NULL},
		{"EX 123456", NULL},
		{"[EX123456] mail", "EX123456"},
		{"mail (EX123456): slow", "EX123456"},
		{"EX123456.", "EX123456"},
		{"EX123456a", NULL},
		{"EX123456-1", NULL},
		{"INV-EX123456", NULL},
		{"EX123456_1", NULL},
		{"PO123456", NULL},
		{"CN204511", NULL},
		{"past-due", NULL},
		{"year-end", NULL},
		{"x-EX123456 EX654321", "EX654321"},
		{"EX12345 MO7654321", "MO7654321"},
		/* Japanese puts no space around it. */
		{"\xe9\x9a\x9c\xe5\xae\xb3"
		 "EX123456"
		 "\xe8\xa7\xa3",
		 "EX123456"},
	};

	(void)state;
	check(&prefixed, cases, COUNT(cases));
}

static void a_tracking_id_needs_a_digit_and_a_neighbour(void **state)
{
	static const struct find_case cases[] = {
		{"Azure NA0F-BJG", "NA0F-BJG"},
		{"NA0F-BJG", NULL},
		{"NA0F-BJG Azure", "NA0F-BJG"},
		{"azure: a b c NA0F-BJG", "NA0F-BJG"},
		{"azure: a b c d NA0F-BJG", NULL},
		{"NA0F-BJG a b c Tracking", "NA0F-BJG"},
		{"NA0F-BJG a b c d Tracking", NULL},
		{"azure NAOF-BJG", NULL},
		{"azure na0f-bjg", NULL},
		{"azure past-due", NULL},
		{"azure year-end", NULL},
		{"azure NA0F-BJG1", NULL},
		{"azure XNA0F-BJG", NULL},
		{"azure NA0F-BJG-1", NULL},
		{"azures NA0F-BJG", NULL},
		{"azure 2024-123", "2024-123"},
		{"NA0F-BJ azure", NULL},
		{"azure NA0F", NULL},
		{"azure x x x x 1AAA-AAA x AAA1-AAA x tracking", "AAA1-AAA"},
	};

	(void)state;
	check(&tracking, cases, COUNT(cases));
}

static void without_near_words_any_place_will_do(void **state)
{
	const struct identifier identifier = {.shape = IDENTIFIER_TRACKING};
	static const struct find_case cases[] = {{"NA0F-BJG", "NA0F-BJG"}, {"NAOF-BJG", NULL}};

	(void)state;
	check(&identifier, cases, COUNT(cases));
}

static void any_bytes_are_searched_within_their_length(void **state)
{
	static const char bytes[] = "EX123456\0EX12345\xff-\x80NA0F-BJG azure";
	struct span match;

	(void)state;
	for (size_t len = 0; len < sizeof(bytes); len++) {
		char *copy = malloc(len ? len : 1);
		assert_non_null(copy);
		memcpy(copy, bytes, len);
		assert_int_equal(csp_identifier_find(&match, &prefixed, (struct span){copy, len}),
				 len >= 8);
		csp_identifier_find(&match, &tracking, (struct span){copy, len});
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prefixed_identifier_stands_alone_in_capitals),
		cmocka_unit_test(a_tracking_id_needs_a_digit_and_a_neighbour),
		cmocka_unit_test(without_near_words_any_place_will_do),
		cmocka_unit_test(any_bytes_are_searched_within_their_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
