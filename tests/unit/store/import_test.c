#include "directory_files.h"

#include "directory_view.h"
#include "import.h"

#define PARTNER  "53eb21cb-6b2d-4ee5-9e92-27dfc927e93c"
#define CUSTOMER "626099fe-17af-4756-9fd0-6a73b7127859"
#define HEADER   "Microsoft ID,Company name,Primary domain name,Relationship\r\n"

static struct directory_files files;
static struct import_settings settings;
static struct import_counts counts;
static struct buf said; /* what was refused or warned of, as "line: why\n" */

static int make(void **state)
{
	(void)state;
	directory_files_make(&files);
	settings = (struct import_settings){.source = SPAN_LIT("s"),
					    .partner = SPAN_LIT(""),
					    .address_separators = SPAN_LIT("+")};
	csp_buf_init(&said, (size_t)1 << 20);
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	csp_buf_dispose(&said);
	directory_files_read_end(&files);
	directory_files_remove(&files);
	return 0;
}

static void say(void *context, const char *file, uint64_t line, const char *what)
{
	(void)context;
	assert_string_equal(file, "the file");
	csp_buf_append_format(&said, "%u: %s\n", (unsigned)line, what);
}

/* Imports the bytes for source "s" and commits what was taken. */
static enum import_result import_bytes(const char *bytes, size_t len)
{
	static const struct import_report report = {.refused = say, .warned = say};
	struct edit *write = directory_files_begin(&files, "s");
	enum directory_result failure = DIRECTORY_OK;
	FILE *stream = tmpfile();

	assert_non_null(stream);
	assert_int_equal(fwrite(bytes, 1, len, stream), len);
	rewind(stream);
	csp_buf_reset(&said);
	counts = (struct import_counts){0};
	enum import_result result = csp_import_file(&counts, &failure, write->update, stream,
						    "the file", &settings, &report);
	fclose(stream);
	if (result == IMPORT_OK)
		OK(edit_commit(write));
	else
		edit_abort(write);
	return result;
}

static enum import_result import_text(const char *text)
{
	return import_bytes(text, strlen(text));
}

static void check_said(const char *expected)
{
	CHECK_SPAN("said", csp_buf_span(&said), csp_span_from(expected));
}

static void settle_for_csv(void)
{
	settings.partner = SPAN_LIT(" "
				    "53EB21CB-6B2D-4EE5-9E92-27DFC927E93C ");
	settings.role = ROLE_INDIRECT_PROVIDER;
}

static void our_own_lines_give_partners_customers_and_exclusions(void **state)
{
	const struct customer *customer;
	const struct partner *partner;

	(void)state;
	assert_int_equal(
		import_text(
			"{\"type\":\"partner\",\"id\":\"53EB21CB-6b2d-4ee5-9e92-27dfc927e93c\","
			"\"name\":\"Fabrikam\",\"aliases\":[\"4847383\"],\"domains\":["
			"\"Fabrikam.Example.\",{\"name\":\"x.example\",\"subdomains\":true}],"
			"\"bounce_domains\":[\"bounce.example\"],\"proofs\":{\"logins\":[\"fab\"],"
			"\"networks\":[\"192.0.2.0/24\",\"2001:db8::1\"],\"listeners\":[\"tls\"],"
			"\"cert_subjects\":[\"/CN=fab\"]},\"contact\":\"CSP@fabrikam.example\"}\n"
			"\r\n"
			"{\"type\":\"customer\",\"id\":\"" CUSTOMER "\",\"name\":\"Contoso\","
			"\"cloud\":\"commercial\",\"domains\":[\"b\xc3\xbc"
			"cher.example\"],"
			"\"addresses\":[\"CEO+news@mail.example\"],\"partners\":[{\"partner\":"
			"\"4847383\",\"role\":\"direct-bill\",\"products\":[\"microsoft-365\"],"
			"\"from\":\"2026-01-01\",\"until\":\"2027-01-01T00:00:00Z\"}],"
			"\"direct_products\":[\"windows-server\"]}\n"
			"{\"type\":\"exclusion\",\"domain\":\"LAB.x.example\"}"),
		IMPORT_OK);
	check_said("");
	assert_int_equal(counts.rows, 3);
	assert_int_equal(counts.partners, 1);
	assert_int_equal(counts.customers, 1);
	assert_int_equal(counts.exclusions, 1);
	assert_int_equal(counts.refused, 0);
	assert_int_equal(counts.no_own_domain, 0);
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@xn--bcher-kva.example", CUSTOMER);
	CHECK_CUSTOMERS(&files, "ceo@mail.example", CUSTOMER);
	CHECK_PARTNERS(&files, "fabrikam.example", false, PARTNER);
	CHECK_PARTNERS(&files, "a.x.example", false, PARTNER);
	CHECK_PARTNERS(&files, "lab.x.example", false, "-");
	CHECK_PARTNERS(&files, "bounce.example", true, PARTNER);
	assert_int_equal(
		csp_directory_customer(&customer, files.read, &files.arena, SPAN_LIT(CUSTOMER)),
		FOUND);
	CHECK_SPAN("cloud", customer->cloud, SPAN_LIT("commercial"));
	CHECK_SPAN("direct", customer->direct_products.items[0], SPAN_LIT("windows-server"));
	const struct relation *relation = &customer->relations[0];
	CHECK_SPAN("partner", relation->partner, SPAN_LIT(PARTNER));
	assert_int_equal(relation->role, ROLE_DIRECT_BILL);
	CHECK_SPAN("product", relation->products.items[0], SPAN_LIT("microsoft-365"));
	assert_true(relation->from == 1767225600 && relation->until == 1798761600);
	assert_int_equal(
		csp_directory_partner(&partner, files.read, &files.arena, SPAN_LIT(PARTNER)),
		FOUND);
	CHECK_SPAN("contact", partner->contact, SPAN_LIT("CSP@fabrikam.example"));
	assert_int_equal(partner->proofs.network_count, 2);
	assert_int_equal(partner->proofs.networks[1].prefix, 128);
}

static void a_line_that_cannot_be_meant_so_is_refused_with_its_reason(void **state)
{
#define CUSTOMER_WITH(field) "{\"type\":\"customer\",\"id\":\"a\"," field "}"
#define PARTNER_WITH(field)  "{\"type\":\"partner\",\"id\":\"a\"," field "}"
#define RELATION_WITH(field)                                                                       \
	CUSTOMER_WITH("\"partners\":[{\"partner\":\"p\",\"role\":\"direct-bill\"," field "}]")
	static const struct {
		const char *line, *why;
	} cases[] = {
		{"{}", "\"type\" is none of customer, partner and exclusion"},
		{"{\"type\":\"vendor\"}", "\"type\" is none of customer, partner and exclusion"},
		{"{\"type\":1}", "\"type\" is none of customer, partner and exclusion"},
		{"[]", "a line is one JSON object"},
		{"\"x\"", NULL},
		{"{\"type\":\"customer\"}", "a customer needs a text \"id\""},
		{"{\"type\":\"customer\",\"id\":7}", "a customer needs a text \"id\""},
		{"{\"type\":\"customer\",\"id\":\"\"}",
		 "\"\" is no id of 1 to 64 printable characters"},
		{"{\"type\":\"customer\",\"id\":\"a b\"}",
		 "\"a b\" is no id of 1 to 64 printable characters"},
		{"{\"type\":\"customer\",\"id\":\"\\u001b[2J\"}",
		 "\"?[2J\" is no id of 1 to 64 printable characters"},
		{CUSTOMER_WITH("\"domain\":[]"), "a customer has no field \"domain\""},
		{CUSTOMER_WITH("\"Domains\":[]"), "a customer has no field \"Domains\""},
		{CUSTOMER_WITH("\"name\":7"), "\"name\" is not a text"},
		{CUSTOMER_WITH("\"name\":null"), "\"name\" is not a text"},
		{CUSTOMER_WITH("\"cloud\":\"azure\""),
		 "\"azure\" is no cloud: commercial, us-gov or china"},
		{CUSTOMER_WITH("\"domains\":\"a.example\""), "\"domains\" is not a list"},
		{CUSTOMER_WITH("\"domains\":[7]"), "a domain is a text or an object"},
		{CUSTOMER_WITH("\"domains\":[\"\"]"), "\"\" is no domain"},
		{CUSTOMER_WITH("\"domains\":[\"a@b.example\"]"), "\"a@b.example\" is no domain"},
		{CUSTOMER_WITH("\"domains\":[\"*.example\"]"), "\"*.example\" is no domain"},
		{CUSTOMER_WITH("\"domains\":[{\"subdomains\":true}]"), "\"\" is no domain"},
		{CUSTOMER_WITH("\"domains\":[{\"name\":\"a.example\",\"subdomains\":1}]"),
		 "\"subdomains\" is neither true nor false"},
		{CUSTOMER_WITH("\"domains\":[{\"name\":\"a.example\",\"sub\":true}]"),
		 "a domain has no field \"sub\""},
		{CUSTOMER_WITH("\"domains\":[{\"name\":\"com\",\"subdomains\":true}]"),
		 "the top-level domain \"com\" cannot count its sub-domains"},
		{CUSTOMER_WITH("\"addresses\":[\"a.example\"]"), "\"a.example\" is no address"},
		{CUSTOMER_WITH("\"addresses\":[true]"), "\"addresses\" holds something but texts"},
		{CUSTOMER_WITH("\"partners\":{}"), "\"partners\" is not a list"},
		{CUSTOMER_WITH("\"partners\":[\"p\"]"), "\"partners\" holds something but objects"},
		{CUSTOMER_WITH("\"partners\":[{\"role\":\"direct-bill\"}]"),
		 "a relation to a partner needs a text \"partner\""},
		{CUSTOMER_WITH("\"partners\":[{\"partner\":\"p\"}]"),
		 "\"\" is no role: direct-bill, indirect-provider or indirect-reseller"},
		{CUSTOMER_WITH("\"partners\":[{\"partner\":\"p\",\"role\":\"Direct-Bill\"}]"),
		 "\"Direct-Bill\" is no role: direct-bill, indirect-provider or indirect-reseller"},
		{RELATION_WITH("\"product\":[]"),
		 "a relation to a partner has no field \"product\""},
		{RELATION_WITH("\"products\":[\"\"]"), "an empty text in a list"},
		{RELATION_WITH("\"from\":\"\""),
		 "\"from\" is neither a date like 2026-11-23 nor a time of RFC 3339"},
		{RELATION_WITH("\"until\":\"2026-02-30\""),
		 "\"until\" is neither a date like 2026-11-23 nor a time of RFC 3339"},
		{RELATION_WITH("\"until\":1798761600"), "\"until\" is not a text"},
		{RELATION_WITH("\"from\":\"2026-01-02\",\"until\":\"2026-01-02\""),
		 "a relation to a partner ends before it begins"},
		{CUSTOMER_WITH("\"direct_products\":[[]]"),
		 "\"direct_products\" holds something but texts"},
		{PARTNER_WITH("\"proof\":{}"), "a partner has no field \"proof\""},
		{PARTNER_WITH("\"proofs\":[]"), "\"proofs\" is not an object"},
		{PARTNER_WITH("\"proofs\":{\"dkim\":[]}"), "a proof has no field \"dkim\""},
		{PARTNER_WITH("\"proofs\":{\"networks\":[\"192.0.2.1/24\"]}"),
		 "\"192.0.2.1/24\" is no network"},
		{PARTNER_WITH("\"proofs\":{\"logins\":[\"\"]}"), "an empty text in a list"},
		{PARTNER_WITH("\"aliases\":[484]"), "\"aliases\" holds something but texts"},
		{PARTNER_WITH("\"contact\":\"nobody\""), "\"nobody\" is no address"},
		{PARTNER_WITH("\"bounce_domains\":[\"a..b\"]"), "\"a..b\" is no domain"},
		{"{\"type\":\"exclusion\"}", "\"\" is no domain"},
		{"{\"type\":\"exclusion\",\"domain\":\"a.example\",\"id\":\"x\"}",
		 "an exclusion has no field \"id\""},
		{"{\"type\":\"exclusion\",\"domain\":\"\\u00e4\\u0000.example\"}", NULL},
		{"{\"type\":\"customer\",\"id\":\"a\",\"id\":\"b\"}", NULL},
		{"{\"type\":\"customer\",\"id\":\"a\"", NULL},
		{"{\"type\":\"customer\",\"id\":\"a\"} {}", NULL},
		{"{\"type\":\"customer\",\"id\":\"\xff\"}", NULL},
		{"{'type':'customer'}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];
		snprintf(text, sizeof(text),
			 "{\"type\":\"exclusion\",\"domain\":\"first.example\"}\n%s\n"
			 "{\"type\":\"exclusion\",\"domain\":\"last.example\"}\n",
			 cases[i].line);
		assert_int_equal(import_text(text), IMPORT_OK);
		CHECK(cases[i].line, counts.refused == 1 && counts.exclusions == 2);
		struct span what = csp_buf_span(&said);
		CHECK(cases[i].line, csp_span_starts_with(what, SPAN_LIT("2: ")));
		what = csp_span_trim(csp_span_slice(what, 3, what.len));
		if (cases[i].why)
			CHECK_SPAN(cases[i].line, what, csp_span_from(cases[i].why));
		else /* jansson's words */
			CHECK(cases[i].line, csp_span_starts_with(what, SPAN_LIT("column ")));
	}
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@a.example", "-");
}

static void a_very_deep_or_very_long_line_is_refused(void **state)
{
	size_t len = ((size_t)1 << 20) + 2;
	char *bytes = malloc(len);

	(void)state;
	assert_non_null(bytes);
	settings.format = IMPORT_JSON_LINES;
	memset(bytes, '[', len);
	bytes[1000000] = '\n';
	assert_int_equal(import_bytes(bytes, 1000001), IMPORT_OK);
	assert_int_equal(counts.refused, 1);
	memset(bytes, ' ', len);
	memcpy(bytes, "{}", 2);
	bytes[len - 1] = '\n';
	assert_int_equal(import_bytes(bytes, len), IMPORT_OK);
	check_said("1: a line of more than 1048576 bytes\n");
	free(bytes);
}

static void a_byte_order_mark_is_stepped_over(void **state)
{
	(void)state;
	assert_int_equal(
		import_text("\xef\xbb\xbf{\"type\":\"exclusion\",\"domain\":\"a.example\"}"),
		IMPORT_OK);
	assert_int_equal(counts.exclusions, 1);
	settle_for_csv();
	assert_int_equal(import_text("\xef\xbb\xbf" HEADER "c1,C,c.example,Cloud Reseller\r\n"),
			 IMPORT_OK);
	assert_int_equal(counts.customers, 1);
}

static void another_format_is_not_taken_for_one_of_ours(void **state)
{
	static const struct {
		struct span bytes;
		enum import_result result;
	} cases[] = {
		{{"{\n  \"totalCount\": 1,\n", sizeof("{\n  \"totalCount\": 1,\n") - 1},
		 IMPORT_UNKNOWN_FORMAT},
		{{"  {\r\n  \"id\": \"x\"\r\n}", sizeof("  {\r\n  \"id\": \"x\"\r\n}") - 1},
		 IMPORT_UNKNOWN_FORMAT},
		{{"[\n{}\n]", sizeof("[\n{}\n]") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"[{}]", sizeof("[{}]") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"<xml/>\n", sizeof("<xml/>\n") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"id,name\n1,2\n", sizeof("id,name\n1,2\n") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"Microsoft ID,Company name\n", sizeof("Microsoft ID,Company name\n") - 1},
		 IMPORT_UNKNOWN_FORMAT},
		{{"\"Microsoft ID", sizeof("\"Microsoft ID") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"", sizeof("") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"\xef\xbb", sizeof("\xef\xbb") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"\xff\xfeM\0i\0", sizeof("\xff\xfeM\0i\0") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"\xfe\xff\0M\0i", sizeof("\xfe\xff\0M\0i") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"M\0i\0c\0", sizeof("M\0i\0c\0") - 1}, IMPORT_UNKNOWN_FORMAT},
	};

	(void)state;
	settle_for_csv();
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *label = cases[i].bytes.data;
		CHECK(label, import_bytes(label, cases[i].bytes.len) == cases[i].result);
		CHECK(label, counts.rows == 0);
	}
	directory_files_read(&files);
	assert_int_equal(csp_directory_state(files.read), 0);
}

static void a_file_that_cannot_be_read_is_said_to_be_so(void **state)
{
	static const struct import_report report = {.refused = say, .warned = say};
	struct edit *write = directory_files_begin(&files, "s");
	enum directory_result failure;
	FILE *stream = fopen("/", "r");

	(void)state;
	assert_non_null(stream);
	settle_for_csv();
	for (int format = IMPORT_AUTO; format <= IMPORT_CUSTOMERS_CSV; format++) {
		settings.format = (enum import_format)format;
		assert_int_equal(csp_import_file(&counts, &failure, write->update, stream,
						 "the file", &settings, &report),
				 IMPORT_UNREADABLE);
		clearerr(stream);
	}
	fclose(stream);
	edit_abort(write);
}

static void customers_csv_needs_the_partner_who_exported_it(void **state)
{
	(void)state;
	assert_int_equal(import_text(HEADER "c1,C,c.example,Cloud Reseller\r\n"),
			 IMPORT_NEEDS_PARTNER);
	settings.partner = SPAN_LIT("two words");
	assert_int_equal(import_text(HEADER "c1,C,c.example,Cloud Reseller\r\n"),
			 IMPORT_NEEDS_PARTNER);
}

static void customers_csv_makes_the_exporter_the_partner_of_record(void **state)
{
	const struct customer *customer;

	(void)state;
	settle_for_csv();
	assert_int_equal(import_text(HEADER CUSTOMER
				     ",\"Wingtip, Toys\",WingtipToys.onmicrosoft.com,"
				     "Cloud Reseller\r\n" CUSTOMER
				     ",\"Wingtip, Toys\",WingtipToys.onmicrosoft.com,"
				     "Cloud Reseller\r\n"),
			 IMPORT_OK);
	check_said("");
	assert_int_equal(counts.rows, 2);
	assert_int_equal(counts.no_own_domain, 2);
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@wingtiptoys.onmicrosoft.com", CUSTOMER);
	CHECK_CUSTOMERS(&files, "x@evil.onmicrosoft.com", "-");
	assert_int_equal(
		csp_directory_customer(&customer, files.read, &files.arena, SPAN_LIT(CUSTOMER)),
		FOUND);
	CHECK_SPAN("name", customer->name, SPAN_LIT("Wingtip, Toys"));
	assert_int_equal(customer->relation_count, 1);
	CHECK_SPAN("partner", customer->relations[0].partner, SPAN_LIT(PARTNER));
	assert_int_equal(customer->relations[0].role, ROLE_INDIRECT_PROVIDER);
	assert_true(customer->relations[0].from == INT64_MIN);
	assert_true(customer->relations[0].until == INT64_MAX);
}

static void columns_are_found_by_their_titles(void **state)
{
	(void)state;
	settle_for_csv();
	assert_int_equal(import_text("relationship; PRIMARY DOMAIN NAME ;Country;Company name;"
				     "Microsoft ID\n"
				     "Reseller;c.example;FR;C;c1\n"),
			 IMPORT_OK);
	check_said("");
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@c.example", "c1");
}

static void only_a_resale_makes_a_partner_of_record(void **state)
{
	static const struct {
		const char *relationship;
		size_t relations;
	} cases[] = {
		{"Cloud Reseller", 1},    {"cloud reseller", 1}, {"Reseller", 1},
		{"Syndication", 1},       {"None", 0},           {"Advisor", 0},
		{"Microsoft Support", 0},
	};

	(void)state;
	settle_for_csv();
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct customer *customer;
		char text[256];
		/* Each time the customer had a partner before. */
		assert_int_equal(import_text(HEADER "c1,C,c.example,Reseller\n"), IMPORT_OK);
		snprintf(text, sizeof(text), HEADER "c1,C,c.example,%s\n", cases[i].relationship);
		assert_int_equal(import_text(text), IMPORT_OK);
		directory_files_read(&files);
		assert_int_equal(
			csp_directory_customer(&customer, files.read, &files.arena, SPAN_LIT("c1")),
			FOUND);
		CHECK(cases[i].relationship, customer->relation_count == cases[i].relations);
		CHECK_CUSTOMERS(&files, "x@c.example", "c1");
		directory_files_read_end(&files);
	}
}

static void a_csv_row_that_cannot_be_meant_so_is_refused(void **state)
{
	(void)state;
	settle_for_csv();
	assert_int_equal(import_text(HEADER "c1,C,c.example,Owner\r\n"
					    "c2,C,c.example,\r\n"
					    ",C,c.example,Reseller\r\n"
					    "c3,C,not a domain,Reseller\r\n"
					    "c4,C\r\n"
					    "c5,\xff,c.example,Reseller\r\n"
					    "c6,\"C\n6\",,Reseller\r\n"
					    "c7,C,c.example,Reseller,more\r\n"
					    "c8,\"C,c.example,Reseller\r\n"),
			 IMPORT_OK);
	check_said("2: the relationship \"Owner\" is not known\n"
		   "3: the relationship \"\" is not known\n"
		   "4: \"\" is no id of 1 to 64 printable characters\n"
		   "5: \"not a domain\" is no domain\n"
		   "6: no cell under \"Primary domain name\"\n"
		   "7: not UTF-8: save the file as \"CSV UTF-8\"\n"
		   "11: a quote that never ends; the rest was not read\n");
	assert_int_equal(counts.rows, 9);
	assert_int_equal(counts.refused, 7);
	assert_int_equal(counts.customers, 2);
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@c.example", "c7");
}

static void a_domain_of_two_customers_is_warned_of_and_taken(void **state)
{
	(void)state;
	settle_for_csv();
	assert_int_equal(import_text(HEADER "c1,C,c.example,Reseller\r\n"
					    "c2,C,c.example,Reseller\r\n"),
			 IMPORT_OK);
	check_said("3: c.example belongs to another party too\n");
	assert_int_equal(counts.refused, 0);
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@c.example", "c1 c2");
}

static void an_import_replaces_what_its_source_said_of_the_parties_it_names(void **state)
{
	(void)state;
	settle_for_csv();
	assert_int_equal(import_text(HEADER "c1,C,old.example,Reseller\r\n"
					    "c2,C,kept.example,Reseller\r\n"),
			 IMPORT_OK);
	assert_int_equal(import_text(HEADER "c1,C,new.example,Reseller\r\n"
					    "c1,C,second.example,Reseller\r\n"),
			 IMPORT_OK);
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@old.example", "-");
	CHECK_CUSTOMERS(&files, "x@new.example", "c1");
	CHECK_CUSTOMERS(&files, "x@second.example", "c1");
	CHECK_CUSTOMERS(&files, "x@kept.example", "c2");
}

static void formats_have_names(void **state)
{
	enum import_format format;

	(void)state;
	assert_true(csp_import_format_find(&format, SPAN_LIT("jsonl")));
	assert_int_equal(format, IMPORT_JSON_LINES);
	assert_true(csp_import_format_find(&format, SPAN_LIT("customers-csv")));
	assert_int_equal(format, IMPORT_CUSTOMERS_CSV);
	assert_false(csp_import_format_find(&format, SPAN_LIT("")));
	assert_false(csp_import_format_find(&format, SPAN_LIT("JSONL")));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(our_own_lines_give_partners_customers_and_exclusions),
		TEST(a_line_that_cannot_be_meant_so_is_refused_with_its_reason),
		TEST(a_very_deep_or_very_long_line_is_refused),
		TEST(a_byte_order_mark_is_stepped_over),
		TEST(another_format_is_not_taken_for_one_of_ours),
		TEST(a_file_that_cannot_be_read_is_said_to_be_so),
		TEST(customers_csv_needs_the_partner_who_exported_it),
		TEST(customers_csv_makes_the_exporter_the_partner_of_record),
		TEST(columns_are_found_by_their_titles),
		TEST(only_a_resale_makes_a_partner_of_record),
		TEST(a_csv_row_that_cannot_be_meant_so_is_refused),
		TEST(a_domain_of_two_customers_is_warned_of_and_taken),
		TEST(an_import_replaces_what_its_source_said_of_the_parties_it_names),
		cmocka_unit_test(formats_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
