#include "import_run.h"

#define ROWS 40000

static struct import_run run;

static int make(void **state)
{
	(void)state;
	import_run_make(&run);
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	import_run_remove(&run);
	return 0;
}

/* Every seventh row is refused, every eleventh warned of; rows are long enough for many batches. */
static FILE *write_rows(size_t count, const char *last)
{
	FILE *stream = tmpfile();

	assert_non_null(stream);
	fprintf(stream, "{\"items\":[");
	for (size_t i = 0; i < count; i++) {
		const char *domain = i % 11 == 0 ? "localhost" : "c.example";
		fprintf(stream,
			"%s\n{\"id\":\"%s%zu\",\"companyProfile\":{\"domain\":\"%s\","
			"\"companyName\":"
			"\"Customer %zu of many who are imported at the same time\"},"
			"\"relationshipToPartner\":\"reseller\",\"attributes\":{\"objectType\":"
			"\"Customer\"}}",
			i ? "," : "", i % 7 == 0 ? "<>" : "c", i, domain, i);
	}
	fprintf(stream, "%s]}", last);
	rewind(stream);
	return stream;
}

static void check_order(void)
{
	struct span rest = csp_buf_span(&run.said), line, number;
	unsigned long before = 0;

	while (rest.len > 0) {
		(void)csp_span_split(&line, &rest, rest, '\n');
		(void)csp_span_split(&number, &line, line, ':');
		unsigned long now = strtoul(number.data, NULL, 10);
		assert_true(now > before);
		before = now;
	}
}

static void what_threads_read_comes_back_in_order(void **state)
{
	static const unsigned threads[] = {1, 2, 3, 8, 0};
	size_t refused = (ROWS + 6) / 7, warned = (ROWS + 10) / 11 - (ROWS + 76) / 77;

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++) {
		FILE *stream = write_rows(ROWS, "");
		run.settings.threads = threads[i];
		assert_int_equal(import_stream(&run, stream), IMPORT_OK);
		assert_int_equal(run.counts.rows, ROWS);
		assert_int_equal(run.counts.refused, refused);
		assert_int_equal(run.counts.customers, ROWS - refused);
		assert_int_equal(run.counts.domains, ROWS - refused - warned);
		assert_int_equal(run.found.customers, ROWS - refused);
		assert_true(run.progressed > 4);
		assert_true(fseek(stream, 0, SEEK_END) == 0 && (long)run.done == ftell(stream));
		check_order();
		CHECK_CUSTOMER("last", &run, "c39999",
			       "Customer 39999 of many who are imported at the same time, "
			       "exporter/indirect-provider/");
		fclose(stream);
	}
}

static void a_row_that_ends_the_file_ends_it_whatever_threads_are_at(void **state)
{
	(void)state;
	for (unsigned threads = 1; threads <= 4; threads++) {
		FILE *stream = write_rows(ROWS, ",{\"type\":\"partner\",\"id\":\"p\"}");
		run.settings.threads = threads;
		run.settings.partner = SPAN_LIT("");
		assert_int_equal(import_stream(&run, stream), IMPORT_NEEDS_PARTNER);
		fclose(stream);
		stream = write_rows(ROWS, "");
		run.settings.partner = SPAN_LIT("p");
		run.settings.source = SPAN_LIT("");
		assert_int_equal(import_stream(&run, stream), IMPORT_NEEDS_SOURCE);
		fclose(stream);
		run.settings.source = SPAN_LIT("s");
	}
}

/* The number of a source is asked for by whatever thread meets it first. */
static void sources_may_be_named_by_many_threads(void **state)
{
	FILE *stream = tmpfile();

	(void)state;
	assert_non_null(stream);
	for (size_t i = 0; i < ROWS; i++)
		fprintf(stream,
			"{\"type\":\"customer\",\"id\":\"c%zu\",\"name\":\"A customer with a name "
			"that takes "
			"room\",\"domains\":[\"c%zu.example\"],\"source\":\"s%zu\"}\n",
			i / 2, i, i % 10);
	rewind(stream);
	run.settings.threads = 4;
	run.settings.source = SPAN_LIT("");
	assert_int_equal(import_stream(&run, stream), IMPORT_OK);
	fclose(stream);
	CHECK_SAID("said", &run, "");
	assert_int_equal(run.counts.customers, ROWS);
	assert_int_equal(run.found.customers, ROWS / 2);
	directory_files_read(&run.files);
	CHECK_CUSTOMERS(&run.files, "x@c39999.example", "c19999");
	CHECK_CUSTOMERS(&run.files, "x@c39998.example", "c19999");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(what_threads_read_comes_back_in_order),
		TEST(a_row_that_ends_the_file_ends_it_whatever_threads_are_at),
		TEST(sources_may_be_named_by_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
