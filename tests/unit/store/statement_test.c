#include "../check.h"

#include "statement.h"

static struct buf bytes;

static int make(void **state)
{
	(void)state;
	csp_buf_init(&bytes, 65536);
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	csp_buf_dispose(&bytes);
	return 0;
}

static struct span write_customer(const char *id, uint32_t source, uint32_t file, uint64_t line)
{
	const struct directory_entry entry = {
		.type = ENTRY_CUSTOMER,
		.customer = {.customer = {.id = csp_span_from(id),
					  .name = SPAN_LIT("Name"),
					  .cloud = SPAN_LIT("")}},
	};

	csp_buf_reset(&bytes);
	csp_statement_write(&bytes, &entry, source, (struct place_in_import){file, line});
	assert_false(csp_buf_failed(&bytes));
	return csp_buf_span(&bytes);
}

static void a_statement_is_read_as_it_was_written(void **state)
{
	struct statement statement;
	struct span written =
		write_customer("c0a80001-7b1f-4d52-8f3c-2f6d1a2b0001", 70000, 3, 5000000000);

	(void)state;
	assert_true(csp_statement_read(&statement, written));
	assert_int_equal(statement.type, STATEMENT_CUSTOMER);
	assert_int_equal(statement.party.len, 17);
	assert_int_equal(statement.source, 70000);
	assert_int_equal(statement.place.file, 3);
	assert_true(statement.place.line == 5000000000);
	assert_true(statement.facts.len > 4);
	for (size_t len = 0; len < written.len; len++)
		assert_false(csp_statement_read(&statement, csp_span_slice(written, 0, len)));

	csp_buf_reset(&bytes);
	csp_statement_write_exclusion(&bytes, SPAN_LIT("lab.example"), 1,
				      (struct place_in_import){0, 2});
	assert_true(csp_statement_read(&statement, csp_buf_span(&bytes)));
	assert_int_equal(statement.type, STATEMENT_EXCLUSION);
	CHECK_SPAN("domain", statement.party, SPAN_LIT("lab.example"));
	assert_int_equal(statement.source, 1);
}

static void statements_sort_by_party_then_source_then_place(void **state)
{
	static const struct {
		const char *id;
		uint32_t source, file;
		uint64_t line;
	} rows[] = {
		{"00000000-0000-0000-0000-000000000001", 9, 9, 9},
		{"00000000-0000-0000-0000-000000000002", 1, 9, 9},
		{"00000000-0000-0000-0000-000000000002", 2, 0, 300},
		{"00000000-0000-0000-0000-000000000002", 2, 1, 2},
		{"00000000-0000-0000-0000-000000000002", 2, 1, 256},
		{"00000000-0000-0000-0000-000000000002", 256, 0, 1},
		{"a", 1, 0, 1},
		{"b", 1, 0, 1},
		{"aa", 1, 0, 1},
	};
	struct buf last;

	(void)state;
	csp_buf_init(&last, 65536);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span row =
			write_customer(rows[i].id, rows[i].source, rows[i].file, rows[i].line);
		assert_true(csp_span_compare(csp_buf_span(&last), row) < 0);
		csp_buf_reset(&last);
		csp_buf_append(&last, row);
	}
	csp_buf_dispose(&last);
}

static void what_the_directory_cannot_hold_is_refused(void **state)
{
	static char long_text[600];
	struct directory_name domain = {SPAN_LIT("a.example"), false};
	struct relation relation = {.partner = SPAN_LIT("p")};
	struct directory_entry entry = {
		.type = ENTRY_CUSTOMER,
		.customer = {.customer = {.id = SPAN_LIT("a"),
					  .relations = &relation,
					  .relation_count = 1},
			     .domains = &domain,
			     .domain_count = 1},
	};

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	assert_null(csp_statement_refusal(&entry));
	domain.name = (struct span){long_text, 511};
	assert_null(csp_statement_refusal(&entry));
	domain.name = (struct span){long_text, 512};
	assert_non_null(csp_statement_refusal(&entry));
	domain.name = SPAN_LIT("");
	assert_non_null(csp_statement_refusal(&entry));
	domain.name = SPAN_LIT("a\0b");
	assert_non_null(csp_statement_refusal(&entry));
	domain.name = SPAN_LIT("a.example");
	relation.partner = (struct span){long_text, 65};
	assert_non_null(csp_statement_refusal(&entry));
	relation.partner = (struct span){long_text, 64};
	assert_null(csp_statement_refusal(&entry));
	entry.customer.customer.id = SPAN_LIT("");
	assert_non_null(csp_statement_refusal(&entry));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(a_statement_is_read_as_it_was_written),
		TEST(statements_sort_by_party_then_source_then_place),
		TEST(what_the_directory_cannot_hold_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
