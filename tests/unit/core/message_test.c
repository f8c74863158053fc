#include "../check.h"

#include "message.h"

static const struct message_limits roomy = {
	.header_bytes = 1 << 20, .header_fields = 10000, .recipients = 50000};

struct fixture {
	struct arena arena;
	struct message message;
};

static void start(struct fixture *f, struct message_limits limits)
{
	csp_arena_init(&f->arena, 1 << 24);
	csp_message_init(&f->message, &f->arena, limits);
}

static void recipients_are_kept_as_given_and_in_order(void **state)
{
	(void)state;
	struct fixture f;
	char path[] = "<a@b.example>";

	start(&f, roomy);
	assert_true(csp_message_add_recipient(&f.message, csp_span_from(path)));
	path[1] = 'z';
	assert_true(csp_message_add_recipient(&f.message, csp_span_from(path)));
	assert_int_equal(f.message.forward_path_count, 2);
	CHECK_SPAN("first", f.message.forward_paths[0], SPAN_LIT("<a@b.example>"));
	CHECK_SPAN("second", f.message.forward_paths[1], SPAN_LIT("<z@b.example>"));
	assert_int_equal(f.message.marks, 0);
	csp_arena_dispose(&f.arena);
}

static void fields_are_copied_and_blanks_leave_the_name_alone(void **state)
{
	(void)state;
	struct fixture f;

	start(&f, roomy);
	assert_true(csp_message_add_field(&f.message, SPAN_LIT("From \t"), SPAN_LIT(" a\n b ")));
	assert_int_equal(f.message.field_count, 1);
	CHECK_SPAN("name", f.message.fields[0].name, SPAN_LIT("From"));
	CHECK_SPAN("body", f.message.fields[0].body, SPAN_LIT(" a\n b "));
	csp_arena_dispose(&f.arena);
}

static void past_the_limit_of_recipients_the_message_is_marked(void **state)
{
	(void)state;
	struct fixture f;
	struct message_limits limits = roomy;

	limits.recipients = 2;
	start(&f, limits);
	for (int i = 0; i < 2; i++)
		assert_true(csp_message_add_recipient(&f.message, SPAN_LIT("<a@b>")));
	assert_int_equal(f.message.marks, 0);
	assert_true(csp_message_add_recipient(&f.message, SPAN_LIT("<a@b>")));
	assert_int_equal(f.message.forward_path_count, 2);
	assert_int_equal(f.message.marks, MARK_TRUNCATED);
	assert_false(f.message.fields_dropped);
	csp_arena_dispose(&f.arena);
}

static void past_the_limit_of_fields_the_message_is_marked(void **state)
{
	(void)state;
	struct fixture f;
	struct message_limits limits = roomy;

	limits.header_fields = 1;
	start(&f, limits);
	assert_true(csp_message_add_field(&f.message, SPAN_LIT("A"), SPAN_LIT("")));
	assert_int_equal(f.message.marks, 0);
	assert_false(f.message.fields_dropped);
	assert_true(csp_message_add_field(&f.message, SPAN_LIT("B"), SPAN_LIT("")));
	assert_int_equal(f.message.field_count, 1);
	assert_int_equal(f.message.marks, MARK_TRUNCATED);
	assert_true(f.message.fields_dropped);
	csp_arena_dispose(&f.arena);
}

static void a_field_too_large_is_dropped_and_the_next_one_is_read(void **state)
{
	(void)state;
	struct fixture f;
	struct message_limits limits = roomy;

	limits.header_bytes = 10;
	start(&f, limits);
	assert_true(csp_message_add_field(&f.message, SPAN_LIT("X"), SPAN_LIT("0123456789")));
	assert_int_equal(f.message.marks, MARK_TRUNCATED);
	assert_true(csp_message_add_field(&f.message, SPAN_LIT("From"), SPAN_LIT("012345")));
	assert_int_equal(f.message.field_count, 1);
	assert_int_equal(f.message.header_bytes, 10);
	assert_true(csp_message_add_field(&f.message, SPAN_LIT("Y"), SPAN_LIT("")));
	assert_int_equal(f.message.field_count, 1);
	csp_arena_dispose(&f.arena);
}

static void short_memory_is_told_and_nothing_half_added(void **state)
{
	(void)state;
	struct fixture f;

	for (size_t max = 0; max < 1000; max += 16) {
		csp_arena_init(&f.arena, max);
		csp_message_init(&f.message, &f.arena, roomy);
		while (csp_message_add_field(&f.message, SPAN_LIT("Name"), SPAN_LIT("body")))
			assert_true(f.message.field_count < 100);
		for (size_t i = 0; i < f.message.field_count; i++) {
			CHECK_SPAN("name", f.message.fields[i].name, SPAN_LIT("Name"));
			CHECK_SPAN("body", f.message.fields[i].body, SPAN_LIT("body"));
		}
		assert_int_equal(f.message.header_bytes, 8 * f.message.field_count);
		csp_arena_dispose(&f.arena);

		csp_arena_init(&f.arena, max);
		csp_message_init(&f.message, &f.arena, roomy);
		while (csp_message_add_recipient(&f.message, SPAN_LIT("<a@b>")))
			assert_true(f.message.forward_path_count < 100);
		for (size_t i = 0; i < f.message.forward_path_count; i++)
			CHECK_SPAN("path", f.message.forward_paths[i], SPAN_LIT("<a@b>"));
		csp_arena_dispose(&f.arena);
	}
}

struct section_case {
	const char *text;
	const char *names; /* of the fields, each with a ';' */
	const char *rest;
	unsigned marks;
};

static const struct section_case section_cases[] = {
	{"", "", "", 0},
	{"A: 1\r\nB: 2\r\n\r\nbody", "A;B;", "body", 0},
	{"A: 1\nB: 2\n\nC: 3\n", "A;B;", "C: 3\n", 0},
	{"A: 1\nB: 2", "A;B;", "", 0},
	{"\nA: 1\n", "", "A: 1\n", 0},
	{"From me Mon Jan 1 00:00:00 2024\nA: 1\n\n", "A;", "", 0},
	{">>From me Mon Jan 1 00:00:00 2024\nA: 1\n\n", "A;", "", 0},
	{"From : me\nA: 1\n\n", "From;A;", "", 0},
	{"A: 1\nFrom me Mon Jan 1 00:00:00 2024\nB: 2\n\n", "A;B;", "", MARK_BARE_NEWLINE},
	{"Fromage\nA: 1\n\n", "A;", "", MARK_BARE_NEWLINE},
	{" Subject: hidden\nFrom: x\n\n", "From;", "", MARK_BARE_NEWLINE},
	{"A: 1\nno field\nFrom: x\n\n", "A;From;", "", MARK_BARE_NEWLINE},
};

static void a_header_section_ends_at_the_empty_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(section_cases); i++) {
		const struct section_case *c = &section_cases[i];
		struct fixture f;
		struct buf names;
		struct span text = csp_span_from(c->text);

		start(&f, roomy);
		csp_buf_init(&names, 100);
		CHECK(c->text, csp_message_add_header_section(&f.message, &text));
		for (size_t n = 0; n < f.message.field_count; n++) {
			csp_buf_append(&names, f.message.fields[n].name);
			csp_buf_append_char(&names, ';');
		}
		CHECK_SPAN(c->text, csp_buf_span(&names), csp_span_from(c->names));
		CHECK_SPAN(c->text, text, csp_span_from(c->rest));
		CHECK(c->text, f.message.marks == c->marks);
		csp_buf_dispose(&names);
		csp_arena_dispose(&f.arena);
	}
}

static void fields_of_a_name_are_found_in_order_and_in_any_case(void **state)
{
	(void)state;
	struct fixture f;
	struct span text = SPAN_LIT("Subject: 1\nX: 2\nsUBJECT: 3\nSubjects: 4\n\n");
	size_t at = 0;

	start(&f, roomy);
	assert_true(csp_message_add_header_section(&f.message, &text));
	const struct field *first = csp_message_next_field(&f.message, &at, SPAN_LIT("subject"));
	const struct field *second = csp_message_next_field(&f.message, &at, SPAN_LIT("subject"));
	CHECK_SPAN("first", first->body, SPAN_LIT(" 1"));
	CHECK_SPAN("second", second->body, SPAN_LIT(" 3"));
	assert_null(csp_message_next_field(&f.message, &at, SPAN_LIT("subject")));
	assert_null(csp_message_next_field(&f.message, &at, SPAN_LIT("subject")));
	csp_arena_dispose(&f.arena);
}

static void fields_are_counted_past_every_limit_and_without_memory(void **state)
{
	(void)state;
	static const struct span names[] = {SPAN_INIT("x-tag"), SPAN_INIT("x-none")};
	struct message_limits limits = roomy;
	struct fixture f;

	limits.header_fields = 2;
	start(&f, limits);
	assert_true(
		csp_message_add_field(&f.message, SPAN_LIT("X-Tag"), SPAN_LIT("not counted yet")));
	assert_true(csp_message_count_fields(&f.message, names, COUNT(names)));
	assert_true(csp_message_add_field(&f.message, SPAN_LIT("X-TAG \t"), SPAN_LIT("a")));
	assert_true(csp_message_add_field(&f.message, SPAN_LIT("x-tags"), SPAN_LIT("b")));
	assert_true(csp_message_add_field(&f.message, SPAN_LIT("x-tag"), SPAN_LIT("dropped")));
	assert_int_equal(f.message.field_count, 2);
	assert_int_equal(f.message.counted_count, 2);
	assert_int_equal(f.message.counted[0].count, 2);
	assert_int_equal(f.message.counted[1].count, 0);
	csp_arena_dispose(&f.arena);

	start(&f, roomy);
	assert_true(csp_message_count_fields(&f.message, names, COUNT(names)));
	f.arena.max = f.arena.used;
	assert_false(csp_message_add_field(&f.message, SPAN_LIT("X-Tag"), SPAN_LIT("a")));
	assert_int_equal(f.message.counted[0].count, 1);
	csp_message_init(&f.message, &f.arena, roomy);
	assert_false(csp_message_count_fields(&f.message, names, COUNT(names)));
	csp_arena_dispose(&f.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recipients_are_kept_as_given_and_in_order),
		cmocka_unit_test(fields_are_copied_and_blanks_leave_the_name_alone),
		cmocka_unit_test(past_the_limit_of_recipients_the_message_is_marked),
		cmocka_unit_test(past_the_limit_of_fields_the_message_is_marked),
		cmocka_unit_test(a_field_too_large_is_dropped_and_the_next_one_is_read),
		cmocka_unit_test(short_memory_is_told_and_nothing_half_added),
		cmocka_unit_test(a_header_section_ends_at_the_empty_line),
		cmocka_unit_test(fields_of_a_name_are_found_in_order_and_in_any_case),
		cmocka_unit_test(fields_are_counted_past_every_limit_and_without_memory),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
