#include "import_run.h"

#include <errno.h>

#define PARTNER  RUN_PARTNER
#define CUSTOMER RUN_CUSTOMER
#define HEADER   "Microsoft ID,Company name,Primary domain name,Relationship\r\n"

static struct import_run run;

static int make(void **state)
{
	(void)state;
	import_run_make(&run);
	run.settings.partner = SPAN_LIT("");
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	import_run_remove(&run);
	return 0;
}

static void check_said(const char *expected)
{
	CHECK_SAID("said", &run, expected);
}

static void settle_for_csv(void)
{
	run.settings.partner = SPAN_LIT(" "
					"53EB21CB-6B2D-4EE5-9E92-27DFC927E93C ");
	run.settings.role = ROLE_INDIRECT_PROVIDER;
}

static void our_own_lines_give_partners_customers_and_exclusions(void **state)
{
	const struct customer *customer;
	const struct partner *partner;

	(void)state;
	assert_int_equal(
		import_text(
			&run,
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
	assert_int_equal(run.counts.rows, 3);
	assert_int_equal(run.counts.partners, 1);
	assert_int_equal(run.counts.customers, 1);
	assert_int_equal(run.counts.exclusions, 1);
	assert_int_equal(run.counts.refused, 0);
	assert_int_equal(run.found.no_own_domain, 0);
	directory_files_read(&run.files);
	CHECK_CUSTOMERS(&run.files, "x@xn--bcher-kva.example", CUSTOMER);
	CHECK_CUSTOMERS(&run.files, "ceo@mail.example", CUSTOMER);
	CHECK_PARTNERS(&run.files, "fabrikam.example", false, PARTNER);
	CHECK_PARTNERS(&run.files, "a.x.example", false, PARTNER);
	CHECK_PARTNERS(&run.files, "lab.x.example", false, "-");
	CHECK_PARTNERS(&run.files, "bounce.example", true, PARTNER);
	assert_int_equal(csp_directory_customer(&customer, run.files.read, &run.files.arena,
						SPAN_LIT(CUSTOMER)),
			 FOUND);
	CHECK_SPAN("cloud", customer->cloud, SPAN_LIT("commercial"));
	CHECK_SPAN("direct", customer->direct_products.items[0], SPAN_LIT("windows-server"));
	const struct relation *relation = &customer->relations[0];
	CHECK_SPAN("partner", relation->partner, SPAN_LIT(PARTNER));
	assert_int_equal(relation->role, ROLE_DIRECT_BILL);
	CHECK_SPAN("product", relation->products.items[0], SPAN_LIT("microsoft-365"));
	assert_true(relation->from == 1767225600 && relation->until == 1798761600);
	assert_int_equal(csp_directory_partner(&partner, run.files.read, &run.files.arena,
					       SPAN_LIT(PARTNER)),
			 FOUND);
	CHECK_SPAN("contact", partner->contact, SPAN_LIT("CSP@fabrikam.example"));
	assert_int_equal(partner->proofs.network_count, 2);
	assert_int_equal(partner->proofs.networks[1].prefix, 128);
}

static void a_line_that_cannot_be_meant_so_is_refused_with_its_reason(void **state)
{
#define NO_ROW                                                                                     \
	"neither ours (with a \"type\": customer, partner or exclusion) nor a row of Partner "     \
	"Center or Graph that is known"
#define CUSTOMER_WITH(field) "{\"type\":\"customer\",\"id\":\"a\"," field "}"
#define PARTNER_WITH(field)  "{\"type\":\"partner\",\"id\":\"a\"," field "}"
#define RELATION_WITH(field)                                                                       \
	CUSTOMER_WITH("\"partners\":[{\"partner\":\"p\",\"role\":\"direct-bill\"," field "}]")
	static const struct {
		const char *line, *why;
	} cases[] = {
		{"{}", NO_ROW},
		{"{\"type\":\"vendor\"}", NO_ROW},
		{"{\"type\":1}", NO_ROW},
		{"[]", "a row is an object, or a domain as a text"},
		{"7", "a row is an object, or a domain as a text"},
		{"\"x.example\"",
		 "a domain alone, and whose it is is not said: name the customer, or "
		 "keep its GUID in the file's name"},
		{"{\"type\":\"customer\"}", "a customer needs a text \"id\""},
		{"{\"type\":\"customer\",\"id\":7}", "a customer needs a text \"id\""},
		{"{\"type\":\"customer\",\"id\":\"\"}",
		 "\"\" is no id of 1 to 64 printable characters"},
		{"{\"type\":\"customer\",\"id\":\"a b\"}",
		 "\"a b\" is no id of 1 to 64 printable characters"},
		{"{\"type\":\"customer\",\"id\":\"\\u001b[2J\"}",
		 "\"?[2J\" is no id of 1 to 64 printable characters"},
		{CUSTOMER_WITH("\"source\":7"), "\"source\" is not a text"},
		{CUSTOMER_WITH("\"source\":\"\""),
		 "\"source\" is empty: leave it out, or name one"},
		{CUSTOMER_WITH("\"source\":\"a b\""),
		 "\"a b\" is no name of a source: 1 to 64 printable characters, no blanks"},
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
		assert_int_equal(import_text(&run, text), IMPORT_OK);
		CHECK(cases[i].line, run.counts.refused == 1 && run.counts.exclusions == 2);
		struct span what = csp_buf_span(&run.said);
		CHECK(cases[i].line, csp_span_starts_with(what, SPAN_LIT("2: ")));
		what = csp_span_trim(csp_span_slice(what, 3, what.len));
		if (cases[i].why)
			CHECK_SPAN(cases[i].line, what, csp_span_from(cases[i].why));
		else /* jansson's words */
			CHECK(cases[i].line, csp_span_starts_with(what, SPAN_LIT("column ")));
	}
	directory_files_read(&run.files);
	CHECK_CUSTOMERS(&run.files, "x@a.example", "-");
}

static void a_very_deep_or_very_long_line_is_refused(void **state)
{
	size_t len = ((size_t)1 << 20) + 2;
	char *bytes = malloc(len);

	(void)state;
	assert_non_null(bytes);
	run.settings.format = IMPORT_JSON_LINES;
	memset(bytes, '[', len);
	bytes[1000000] = '\n';
	assert_int_equal(import_bytes(&run, (struct span){bytes, 1000001}), IMPORT_OK);
	assert_int_equal(run.counts.refused, 1);
	memset(bytes, ' ', len);
	memcpy(bytes, "{}", 2);
	bytes[len - 1] = '\n';
	assert_int_equal(import_bytes(&run, (struct span){bytes, len}), IMPORT_OK);
	check_said("1: a row of more than 1048576 bytes\n");
	free(bytes);
}

static void a_byte_order_mark_is_stepped_over(void **state)
{
	(void)state;
	assert_int_equal(
		import_text(&run, "\xef\xbb\xbf{\"type\":\"exclusion\",\"domain\":\"a.example\"}"),
		IMPORT_OK);
	assert_int_equal(run.counts.exclusions, 1);
	settle_for_csv();
	assert_int_equal(
		import_text(&run, "\xef\xbb\xbf" HEADER "c1,C,c.example,Cloud Reseller\r\n"),
		IMPORT_OK);
	assert_int_equal(run.counts.customers, 1);
}

static void another_format_is_not_taken_for_one_of_ours(void **state)
{
	static const struct {
		struct span bytes;
		enum import_result result;
	} cases[] = {
		{{"<xml/>\n", sizeof("<xml/>\n") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"id,name\n1,2\n", sizeof("id,name\n1,2\n") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"Microsoft ID,Company name\n", sizeof("Microsoft ID,Company name\n") - 1},
		 IMPORT_UNKNOWN_FORMAT},
		{{"\"Microsoft ID", sizeof("\"Microsoft ID") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"", sizeof("") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"\xef\xbb", sizeof("\xef\xbb") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{" \r\n\t ", sizeof(" \r\n\t ") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"\xff\xfe\0\xdc{\0", 6}, IMPORT_NOT_UTF8},
		{{"\xff\xfeM\0i\0", sizeof("\xff\xfeM\0i\0") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"\xfe\xff\0M\0i", sizeof("\xfe\xff\0M\0i") - 1}, IMPORT_UNKNOWN_FORMAT},
		{{"M\0i\0c\0", sizeof("M\0i\0c\0") - 1}, IMPORT_UNKNOWN_FORMAT},
	};

	(void)state;
	settle_for_csv();
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *label = cases[i].bytes.data;
		CHECK(label, import_bytes(&run, cases[i].bytes) == cases[i].result);
		CHECK(label, run.counts.rows == 0);
	}
	directory_files_read(&run.files);
	assert_int_equal(csp_directory_state(run.files.read), 0);
}

static void a_file_that_cannot_be_read_is_said_to_be_so(void **state)
{
	FILE *stream = fopen("/", "r");

	(void)state;
	assert_non_null(stream);
	settle_for_csv();
	for (int format = IMPORT_AUTO; format <= IMPORT_PRODUCTS_CSV; format++) {
		run.settings.format = (enum import_format)format;
		errno = 0;
		assert_int_equal(import_stream(&run, stream), IMPORT_UNREADABLE);
		assert_int_equal(errno, EISDIR);
		clearerr(stream);
	}
	fclose(stream);
}

static void customers_csv_needs_the_partner_who_exported_it(void **state)
{
	(void)state;
	assert_int_equal(import_text(&run, HEADER "c1,C,c.example,Cloud Reseller\r\n"),
			 IMPORT_NEEDS_PARTNER);
	run.settings.partner = SPAN_LIT("two words");
	assert_int_equal(import_text(&run, HEADER "c1,C,c.example,Cloud Reseller\r\n"),
			 IMPORT_NEEDS_PARTNER);
}

static void customers_csv_makes_the_exporter_the_partner_of_record(void **state)
{
	const struct customer *customer;

	(void)state;
	settle_for_csv();
	assert_int_equal(import_text(&run, HEADER CUSTOMER
				     ",\"Wingtip, Toys\",WingtipToys.onmicrosoft.com,"
				     "Cloud Reseller\r\n" CUSTOMER
				     ",\"Wingtip, Toys\",WingtipToys.onmicrosoft.com,"
				     "Cloud Reseller\r\n"),
			 IMPORT_OK);
	check_said("");
	assert_int_equal(run.counts.rows, 2);
	assert_int_equal(run.found.no_own_domain, 0);
	directory_files_read(&run.files);
	CHECK_CUSTOMERS(&run.files, "x@wingtiptoys.onmicrosoft.com", CUSTOMER);
	CHECK_CUSTOMERS(&run.files, "x@evil.onmicrosoft.com", "-");
	assert_int_equal(csp_directory_customer(&customer, run.files.read, &run.files.arena,
						SPAN_LIT(CUSTOMER)),
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
	assert_int_equal(import_text(&run,
				     "relationship; PRIMARY DOMAIN NAME ;Country;Company name;"
				     "Microsoft ID\n"
				     "Reseller;c.example;FR;C;c1\n"),
			 IMPORT_OK);
	check_said("");
	directory_files_read(&run.files);
	CHECK_CUSTOMERS(&run.files, "x@c.example", "c1");
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
		assert_int_equal(import_text(&run, HEADER "c1,C,c.example,Reseller\n"), IMPORT_OK);
		snprintf(text, sizeof(text), HEADER "c1,C,c.example,%s\n", cases[i].relationship);
		assert_int_equal(import_text(&run, text), IMPORT_OK);
		directory_files_read(&run.files);
		assert_int_equal(csp_directory_customer(&customer, run.files.read, &run.files.arena,
							SPAN_LIT("c1")),
				 FOUND);
		CHECK(cases[i].relationship, customer->relation_count == cases[i].relations);
		CHECK_CUSTOMERS(&run.files, "x@c.example", "c1");
		directory_files_read_end(&run.files);
	}
}

static void a_csv_row_that_cannot_be_meant_so_is_refused(void **state)
{
	(void)state;
	settle_for_csv();
	assert_int_equal(import_text(&run, HEADER "c1,C,c.example,Owner\r\n"
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
	assert_int_equal(run.counts.rows, 9);
	assert_int_equal(run.counts.refused, 7);
	assert_int_equal(run.counts.customers, 2);
	directory_files_read(&run.files);
	CHECK_CUSTOMERS(&run.files, "x@c.example", "c7");
}

static void a_domain_of_two_customers_is_counted_and_taken(void **state)
{
	(void)state;
	settle_for_csv();
	assert_int_equal(import_text(&run, HEADER "c1,C,c.example,Reseller\r\n"
						  "c2,C,c.example,Reseller\r\n"),
			 IMPORT_OK);
	check_said("");
	assert_int_equal(run.counts.refused, 0);
	assert_int_equal(run.found.shared_domains, 1);
	directory_files_read(&run.files);
	CHECK_CUSTOMERS(&run.files, "x@c.example", "c1 c2");
}

static void an_import_replaces_what_its_source_said_of_the_parties_it_names(void **state)
{
	(void)state;
	settle_for_csv();
	assert_int_equal(import_text(&run, HEADER "c1,C,old.example,Reseller\r\n"
						  "c2,C,kept.example,Reseller\r\n"),
			 IMPORT_OK);
	assert_int_equal(import_text(&run, HEADER "c1,C,new.example,Reseller\r\n"
						  "c1,C,second.example,Reseller\r\n"),
			 IMPORT_OK);
	directory_files_read(&run.files);
	CHECK_CUSTOMERS(&run.files, "x@old.example", "-");
	CHECK_CUSTOMERS(&run.files, "x@new.example", "c1");
	CHECK_CUSTOMERS(&run.files, "x@second.example", "c1");
	CHECK_CUSTOMERS(&run.files, "x@kept.example", "c2");
}

static void rows_may_name_their_source(void **state)
{
	(void)state;
	run.settings.source = SPAN_LIT("");
	assert_int_equal(
		import_text(
			&run,
			"{\"type\":\"customer\",\"id\":\"c1\",\"domains\":[\"a.example\"],"
			"\"source\":\"one\"}\n"
			"{\"type\":\"customer\",\"id\":\"c1\",\"domains\":[\"b.example\"],"
			"\"source\":\"two\"}\n"
			"{\"type\":\"partner\",\"id\":\"p1\",\"source\":\"two\"}\n"
			"{\"type\":\"exclusion\",\"domain\":\"x.a.example\",\"source\":\"one\"}\n"),
		IMPORT_OK);
	check_said("");
	/* What one source says anew leaves the other's alone. */
	assert_int_equal(
		import_text(&run,
			    "{\"type\":\"customer\",\"id\":\"c1\",\"domains\":[\"c.example\"],"
			    "\"source\":\"one\"}\n"),
		IMPORT_OK);
	directory_files_read(&run.files);
	CHECK_CUSTOMERS(&run.files, "x@a.example", "-");
	CHECK_CUSTOMERS(&run.files, "x@b.example", "c1");
	CHECK_CUSTOMERS(&run.files, "x@c.example", "c1");
}

static void without_any_source_nothing_is_taken(void **state)
{
	static const char *const texts[] = {
		"{\"type\":\"exclusion\",\"domain\":\"a.example\",\"source\":\"one\"}\n"
		"{\"type\":\"exclusion\",\"domain\":\"b.example\"}\n",
		HEADER "c1,C,c.example,Reseller\r\n",
		"[{\"id\":\"c1\",\"companyProfile\":{},\"relationshipToPartner\":\"none\"}]",
	};

	(void)state;
	settle_for_csv();
	run.settings.source = SPAN_LIT("");
	for (size_t i = 0; i < COUNT(texts); i++)
		CHECK(texts[i], import_text(&run, texts[i]) == IMPORT_NEEDS_SOURCE);
	directory_files_read(&run.files);
	assert_int_equal(csp_directory_state(run.files.read), 0);
}

static void a_domain_that_is_nobodys_is_left_out(void **state)
{
	struct span public_domains[] = {SPAN_INIT("gmail.example"), SPAN_INIT(".mail.example"),
					SPAN_INIT("alpha.example")};
	static const struct span tenant_domains[] = {SPAN_INIT(".onmicrosoft.com"),
						     SPAN_INIT(".partner.onmschina.cn"),
						     SPAN_INIT("sole.example")};
	static const struct {
		const char *domain, *said;
	} cases[] = {
		{"\"a.example\"", ""},
		{"\"Gmail.Example.\"",
		 "1: gmail.example is a public mail domain: name exact addresses instead\n"},
		{"{\"name\":\"gmail.example\",\"subdomains\":true}",
		 "1: gmail.example is a public mail domain: name exact addresses instead\n"},
		{"\"sub.gmail.example\"", ""},
		{"\"mail.example\"", ""},
		{"\"deep.sub.mail.example\"", "1: deep.sub.mail.example is a public mail domain: "
					      "name exact addresses instead\n"},
		{"\"alpha.example\"",
		 "1: alpha.example is a public mail domain: name exact addresses instead\n"},
		{"\"t.onmicrosoft.com\"", ""},
		{"{\"name\":\"t.onmicrosoft.com\",\"subdomains\":true}", ""},
		{"\"onmicrosoft.com\"",
		 "1: onmicrosoft.com belongs to all tenants of a cloud: name the tenant's\n"},
		{"{\"name\":\"onmicrosoft.com\",\"subdomains\":true}",
		 "1: onmicrosoft.com belongs to all tenants of a cloud: name the tenant's\n"},
		{"{\"name\":\"onmschina.cn\",\"subdomains\":true}",
		 "1: onmschina.cn belongs to all tenants of a cloud: name the tenant's\n"},
		{"\"onmschina.cn\"", ""},
		{"{\"name\":\"mschina.cn\",\"subdomains\":true}", ""},
		{"\"sole.example\"", ""},
	};

	(void)state;
	csp_spans_sort(public_domains, COUNT(public_domains));
	run.settings.public_domains = (struct spans){public_domains, COUNT(public_domains)};
	run.settings.tenant_domains = (struct spans){tenant_domains, COUNT(tenant_domains)};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256];
		snprintf(text, sizeof(text),
			 "{\"type\":\"customer\",\"id\":\"c1\",\"domains\":[%s,\"b.example\"]}",
			 cases[i].domain);
		CHECK(cases[i].domain, import_text(&run, text) == IMPORT_OK);
		CHECK_SAID(cases[i].domain, &run, cases[i].said);
		bool left_out = cases[i].said[0] != '\0';
		CHECK(cases[i].domain, run.counts.public_domains == left_out);
		CHECK(cases[i].domain, run.counts.domains == (left_out ? 1 : 2));
	}
	settle_for_csv();
	assert_int_equal(import_text(&run, HEADER "c2,C,gmail.example,Reseller\r\n"), IMPORT_OK);
	check_said("2: gmail.example is a public mail domain: name exact addresses instead\n");
	directory_files_read(&run.files);
	CHECK_CUSTOMERS(&run.files, "x@gmail.example", "-");
	CHECK_CUSTOMERS(&run.files, "x@b.example", "c1");
}

static void a_refused_row_is_given_as_it_stands_in_the_file(void **state)
{
	static const struct {
		const char *text, *refused;
	} cases[] = {
		{"{\"type\":\"exclusion\",\"domain\":\"a.example\"}\r\n  {\"type\": 7,} \r\n",
		 "{\"type\": 7,}\n"},
		{"[ {\"type\":\n7} , \"x\"]", "{\"type\":\n7}\n\"x\"\n"},
		{HEADER "c1,\"C, Inc\",c.example,\"the \"\"boss\"\"\"\r\n",
		 "c1,\"C, Inc\",c.example,\"the \"\"boss\"\"\"\n"},
	};

	(void)state;
	settle_for_csv();
	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK(cases[i].text, import_text(&run, cases[i].text) == IMPORT_OK);
		CHECK_SPAN(cases[i].text, csp_buf_span(&run.refused),
			   csp_span_from(cases[i].refused));
	}
}

static void a_named_format_takes_nothing_else(void **state)
{
#define OWN_LINE  "{\"type\":\"customer\",\"id\":\"c1\"}\n"
#define REST_LINE "{\"id\":\"c1\",\"relationshipToPartner\":\"none\"}\n"
	static const struct {
		const char *format, *text;
		enum import_result result;
		unsigned customers, refused;
	} cases[] = {
		{"jsonl", OWN_LINE, IMPORT_OK, 1, 0},
		{"jsonl", "", IMPORT_OK, 0, 0},
		{"jsonl", REST_LINE, IMPORT_OK, 0, 1},
		{"jsonl", "[" OWN_LINE "]", IMPORT_OK, 0, 2},
		{"jsonl", HEADER "c1,C,c.example,Reseller\r\n", IMPORT_OK, 0, 2},
		{"partner-center-json", REST_LINE, IMPORT_OK, 1, 0},
		{"partner-center-json", "[" REST_LINE "]", IMPORT_OK, 1, 0},
		{"partner-center-json", OWN_LINE, IMPORT_OK, 0, 1},
		{"partner-center-json", HEADER "c1,C,c.example,Reseller\r\n", IMPORT_OK, 0, 1},
		{"customers-csv", HEADER "c1,C,c.example,Reseller\r\n", IMPORT_OK, 1, 0},
		{"customers-csv", "customer,product\nc1,azure\n", IMPORT_UNKNOWN_FORMAT, 0, 0},
		{"customers-csv", OWN_LINE, IMPORT_UNKNOWN_FORMAT, 0, 0},
		{"subscriptions-csv", "customer id,subscription id\nc1,s1\n", IMPORT_OK, 1, 0},
		{"subscriptions-csv", HEADER, IMPORT_UNKNOWN_FORMAT, 0, 0},
		{"products-csv", "customer,product\nc1,azure\n", IMPORT_OK, 1, 0},
		{"products-csv", HEADER, IMPORT_UNKNOWN_FORMAT, 0, 0},
	};

	(void)state;
	settle_for_csv();
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *label = cases[i].format;
		assert_true(csp_import_format_find(&run.settings.format, csp_span_from(label)));
		CHECK(label, import_text(&run, cases[i].text) == cases[i].result);
		CHECK(cases[i].text, run.counts.customers == cases[i].customers);
		CHECK(cases[i].text, run.counts.refused == cases[i].refused);
	}
}

static void a_comma_before_a_closing_bracket_is_forgiven(void **state)
{
	static const struct {
		const char *name, *more;
	} cases[] = {
		{"C", ""},
		{"C", ","},
		{"C", " ,\n\t"},
		{"C", ",\"domains\":[\"c.example\",],"},
		{"C", ",\"domains\":[{\"name\":\"c.example\",},\n ,],"},
		{",]", ",\"domains\":[\"c.example\" , ]"},
		{",}", ","},
		{"\\\",}", ","},
		{"\\\\", ",\"addresses\":[\"a@c.example\",],"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256];
		snprintf(text, sizeof(text),
			 "[{\"type\":\"customer\",\"id\":\"c%zu\",\"name\":\"%s\"%s}]", i,
			 cases[i].name, cases[i].more);
		CHECK(text, import_text(&run, text) == IMPORT_OK);
		/* Two commas are one too many. */
		CHECK(text, run.counts.refused == (i == 4));
	}
	CHECK_CUSTOMER("in a text", &run, "c5", ",],");
	CHECK_CUSTOMER("in a text", &run, "c6", ",},");
	CHECK_CUSTOMER("behind a quote", &run, "c7", "\",},");
	CHECK_CUSTOMER("behind a backslash", &run, "c8", "\\,");
}

static void a_file_is_of_lines_when_its_first_line_is_a_whole_row(void **state)
{
#define ROW(id) "{\"type\":\"customer\",\"id\":\"" id "\"}"
	static const struct {
		const char *text;
		unsigned customers, refused;
	} cases[] = {
		{ROW("a") "\n" ROW("b"), 2, 0},
		{"\n\n  " ROW("a") "  \r\n\r\n" ROW("b") "\n", 2, 0},
		{ROW("a") "\n{\"type\":\n" ROW("b") "\n", 2, 1},
		{ROW("a") "\n{\"items\":[" ROW("b") "]}\n", 1, 1},
		{ROW("a") "\n[" ROW("b") "]\n", 1, 1},
		/* The first is broken off: the second line could not follow it in a document. */
		{"{\"type\":\"customer\",\"id\":\n" ROW("b") "\n", 0, 1},
		{"{\"type\":\"customer\",\"id\n" ROW("b") "\n" ROW("c") "\n", 2, 1},
		{"{\"type\":\"customer\",\"id\":\"a\"\n" ROW("b") "\n" ROW("c") "\n", 2, 1},
		{"{\"type\":\"customer\",\"id\":}\n" ROW("b") "\n" ROW("c") "\n", 2, 1},
		/* Documents. */
		{"{\"items\":[" ROW("a") "," ROW("b") "]}\n{\"items\":[" ROW("c") "]}", 3, 0},
		{"{\"items\":[\n" ROW("a") ",\n" ROW("b") "\n]}\n", 2, 0},
		{"{\"count\":2,\n\"value\":\n[" ROW("a") "]}", 1, 0},
		{"{\"type\":\"customer\",\n\"id\":\"a\"}\n" ROW("b"), 2, 0},
		{ROW("a") ",\n" ROW("b") ",\n", 2, 0},
		{"[" ROW("a") ",\n" ROW("b") "]", 2, 0},
		{"[\n]\n", 0, 0},
		{"{\"totalCount\":0,\"items\":[]}", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK(cases[i].text, import_text(&run, cases[i].text) == IMPORT_OK);
		CHECK(cases[i].text, run.counts.customers == cases[i].customers);
		CHECK(cases[i].text, run.counts.refused == cases[i].refused);
	}
}

static void the_settings_cloud_is_of_customers_without_one(void **state)
{
	(void)state;
	run.settings.cloud = SPAN_LIT("china");
	assert_int_equal(
		import_text(&run,
			    "{\"type\":\"customer\",\"id\":\"a\",\"cloud\":\"us-gov\"}\n" ROW("b")),
		IMPORT_OK);
	CHECK_CUSTOMER("its own", &run, "a", ",us-gov");
	CHECK_CUSTOMER("the setting's", &run, "b", ",china");
}

static void formats_have_names(void **state)
{
	static const struct {
		const char *name;
		enum import_format format;
	} cases[] = {
		{"jsonl", IMPORT_JSON_LINES},
		{"partner-center-json", IMPORT_PARTNER_CENTER_JSON},
		{"customers-csv", IMPORT_CUSTOMERS_CSV},
		{"subscriptions-csv", IMPORT_SUBSCRIPTIONS_CSV},
		{"products-csv", IMPORT_PRODUCTS_CSV},
	};
	enum import_format format;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK(cases[i].name, csp_import_format_find(&format, csp_span_from(cases[i].name)));
		CHECK(cases[i].name, format == cases[i].format);
		CHECK(cases[i].name, strstr(csp_import_format_names(), cases[i].name));
	}
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
		TEST(a_domain_of_two_customers_is_counted_and_taken),
		TEST(an_import_replaces_what_its_source_said_of_the_parties_it_names),
		TEST(rows_may_name_their_source),
		TEST(without_any_source_nothing_is_taken),
		TEST(a_domain_that_is_nobodys_is_left_out),
		TEST(a_refused_row_is_given_as_it_stands_in_the_file),
		TEST(a_named_format_takes_nothing_else),
		TEST(a_comma_before_a_closing_bracket_is_forgiven),
		TEST(a_file_is_of_lines_when_its_first_line_is_a_whole_row),
		TEST(the_settings_cloud_is_of_customers_without_one),
		cmocka_unit_test(formats_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
