#include "directory_files.h"

#include "directory_view.h"
#include "import.h"

#define PARTNER  "53eb21cb-6b2d-4ee5-9e92-27dfc927e93c"
#define CUSTOMER "626099fe-17af-4756-9fd0-6a73b7127859"

static struct directory_files files;
static struct import_settings settings;
static struct import_counts counts;
static struct buf said; /* what was refused or warned of, as "line: why\n" */

static void say(void *context, const char *file, uint64_t line, const char *what)
{
	(void)context;
	assert_string_equal(file, "the file");
	csp_buf_append_format(&said, "%u: %s\n", (unsigned)line, what);
}

/* Imports the stream for source "s" and commits what was taken. */
static enum import_result import_stream(FILE *stream)
{
	static const struct import_report report = {.refused = say, .warned = say};
	struct edit *write = directory_files_begin(&files, "s");
	enum directory_result failure = DIRECTORY_OK;

	csp_buf_reset(&said);
	counts = (struct import_counts){0};
	enum import_result result =
		csp_import_file(&counts, &failure, write->update, stream, "the file", &settings, &report);
	if (result == IMPORT_OK)
		OK(edit_commit(write));
	else
		edit_abort(write);
	return result;
}

static enum import_result import_bytes(struct span bytes)
{
	FILE *stream = tmpfile();

	assert_non_null(stream);
	assert_int_equal(fwrite(bytes.data, 1, bytes.len, stream), bytes.len);
	rewind(stream);
	enum import_result result = import_stream(stream);
	fclose(stream);
	return result;
}

static enum import_result import_text(const char *text)
{
	return import_bytes(csp_span_from(text));
}

/* A pack of three products. */
static size_t find_products(void *context, struct span out[], size_t max, struct span text)
{
	static const struct {
		struct span phrase, name;
	} products[] = {
		{SPAN_INIT("microsoft 365"), SPAN_INIT("microsoft-365")},
		{SPAN_INIT("azure"), SPAN_INIT("azure")},
		{SPAN_INIT("windows server"), SPAN_INIT("windows-server")},
	};
	size_t count = 0;

	assert_ptr_equal(context, &settings);
	for (size_t i = 0; i < COUNT(products); i++) {
		size_t at = 0;
		while (at < text.len &&
		       !csp_span_equal_nocase(csp_span_slice(text, at, at + products[i].phrase.len),
					      products[i].phrase))
			at++;
		if (at < text.len && count < max)
			out[count++] = products[i].name;
	}
	return count;
}

static int make(void **state)
{
	(void)state;
	directory_files_make(&files);
	settings = (struct import_settings){
		.source = SPAN_LIT("s"),
		.partner = SPAN_LIT(" 53EB21CB-6B2D-4EE5-9E92-27DFC927E93C "),
		.role = ROLE_INDIRECT_PROVIDER,
		.cloud = SPAN_LIT("us-gov"),
		.address_separators = SPAN_LIT("+"),
		.products = find_products,
		.products_context = &settings,
	};
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

static void append_list(struct buf *out, struct spans list)
{
	for (size_t i = 0; i < list.count; i++) {
		csp_buf_append(out, i ? SPAN_LIT("+") : SPAN_LIT(""));
		csp_buf_append(out, list.items[i]);
	}
}

/* "name cloud partner/role/product+product … direct:product+product" */
static void write_customer(struct buf *out, const char *id)
{
	const struct customer *customer;

	directory_files_read(&files);
	assert_int_equal(
		csp_directory_customer(&customer, files.read, &files.arena, csp_span_from(id)),
		FOUND);
	csp_buf_append(out, customer->name);
	csp_buf_append_char(out, ' ');
	csp_buf_append(out, customer->cloud);
	for (size_t i = 0; i < customer->relation_count; i++) {
		const struct relation *relation = &customer->relations[i];
		bool exporter = csp_span_equal(relation->partner, SPAN_LIT(PARTNER));
		csp_buf_append_char(out, ' ');
		csp_buf_append(out, exporter ? SPAN_LIT("exporter") : relation->partner);
		csp_buf_append_format(out, "/%s/", csp_role_name(relation->role));
		append_list(out, relation->products);
		assert_true(relation->from == INT64_MIN && relation->until == INT64_MAX);
	}
	csp_buf_append(out, SPAN_LIT(" direct:"));
	append_list(out, customer->direct_products);
	directory_files_read_end(&files);
}

static void check_customer(const char *label, const char *id, const char *expected)
{
	struct buf text;

	csp_buf_init(&text, 65536);
	write_customer(&text, id);
	CHECK_SPAN(label, csp_buf_span(&text), csp_span_from(expected));
	csp_buf_dispose(&text);
}

static void check_domain(const char *address, const char *expected)
{
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, address, expected);
	directory_files_read_end(&files);
}

static void check_said(const char *label, const char *expected)
{
	CHECK_SPAN(label, csp_buf_span(&said), csp_span_from(expected));
}

static void a_format_is_known_by_its_titles(void **state)
{
	static const struct {
		const char *header;
		enum import_result result;
	} cases[] = {
		{"Microsoft ID,Company name,Primary domain name,Relationship", IMPORT_OK},
		{"microsoft_id,CompanyName,PRIMARY DOMAIN NAME,'relationship'", IMPORT_OK},
		{"Tags;Relationship;Primary domain name;Company name;Microsoft ID;;", IMPORT_OK},
		{"Microsoft ID,Company name,Primary domain name", IMPORT_UNKNOWN_FORMAT},
		{"CustomerId,SubscriptionId", IMPORT_OK},
		{"Customer ID\tSubscription ID", IMPORT_OK},
		{"subscription_id,customer_tenant_id", IMPORT_OK},
		{"\"\"\"Microsoft ID\"\"\",Subscription ID,Status", IMPORT_OK},
		{"CustomerTenantId,SubscriptionId", IMPORT_OK},
		{"Customer ID,Status", IMPORT_UNKNOWN_FORMAT},
		{"Subscription ID,Status", IMPORT_UNKNOWN_FORMAT},
		{"customer,product", IMPORT_OK},
		{"Product;Customer", IMPORT_OK},
		{"Tenant ID,Product name,,", IMPORT_OK},
		{"MicrosoftID,product", IMPORT_OK},
		{"customer,product,quantity", IMPORT_UNKNOWN_FORMAT},
		{"customer,customer id,product", IMPORT_UNKNOWN_FORMAT},
		{"customer,product,product", IMPORT_UNKNOWN_FORMAT},
		{"customer", IMPORT_UNKNOWN_FORMAT},
		{"customers,product", IMPORT_UNKNOWN_FORMAT},
		{"custome,product", IMPORT_UNKNOWN_FORMAT},
		{",", IMPORT_UNKNOWN_FORMAT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK(cases[i].header, import_text(cases[i].header) == cases[i].result);
		CHECK(cases[i].header, counts.rows == 0);
	}
}

static void only_what_has_relations_needs_the_partner_who_exported_it(void **state)
{
	static const struct {
		const char *text;
		enum import_result result;
	} cases[] = {
		{"Microsoft ID,Company name,Primary domain name,Relationship\n"
		 "c1,C,,Reseller\n",
		 IMPORT_NEEDS_PARTNER},
		{"Customer ID,Subscription ID\nc1,s1\n", IMPORT_NEEDS_PARTNER},
		{"customer,product\nc1,azure\n", IMPORT_OK},
	};

	(void)state;
	settings.partner = SPAN_LIT("");
	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK(cases[i].text, import_text(cases[i].text) == cases[i].result);
		CHECK(cases[i].text, counts.rows == (cases[i].result == IMPORT_OK));
	}
}

static void customers_csv_gives_customers_the_cloud_of_the_import(void **state)
{
	(void)state;
	assert_int_equal(import_text("Microsoft ID,Company name,Primary domain name,Relationship\n"
				     "c1,C,c.example,Cloud Reseller,,\n"),
			 IMPORT_OK);
	check_said("customers", "");
	check_customer("cloud", "c1", "C us-gov exporter/indirect-provider/ direct:");
}

/* As Partner Center's reconciliation of licences begins. */
static void a_reconciliation_file_gives_relations_by_product(void **state)
{
	(void)state;
	assert_int_equal(
		import_text(
			"PartnerId,PartnerName,CustomerId,CustomerName,CustomerDomainName,"
			"CustomerCountry,InvoiceNumber,MpnId,Tier2MpnId,OrderId,ProductName,"
			"SkuName,ChargeType,SubscriptionId\r\n"
			"aaaa,Fabrikam," CUSTOMER ",\"Contoso, Ltd\",Contoso.Example,US,I1,1111,"
			"2222,O1,Azure plan,Azure plan,cycleFee,s1\r\n"
			"aaaa,Fabrikam," CUSTOMER ",\"Contoso, Ltd\",Contoso.Example,US,I1,1111,"
			"1111,O1,Business,Microsoft 365 Business (NCE),cycleFee,s2\r\n"
			"aaaa,Fabrikam," CUSTOMER ",\"Contoso, Ltd\",Contoso.Example,US,I1,1111,"
			"1111,O1,Business,Microsoft 365 Business (NCE),cancel,s2\r\n"
			"aaaa,Fabrikam,c2,C2,,US,I1,1111,0,O1,Azure plan,Azure "
			"plan,cycleFee,s3\r\n"),
		IMPORT_OK);
	check_said("reconciliation", "");
	assert_int_equal(counts.rows, 4);
	check_customer("products", CUSTOMER,
		       "Contoso, Ltd us-gov exporter/indirect-provider/azure "
		       "2222/indirect-reseller/azure exporter/indirect-provider/microsoft-365 "
		       "direct:");
	check_customer("no reseller", "c2", "C2 us-gov exporter/indirect-provider/azure direct:");
	check_domain("x@contoso.example", CUSTOMER);
}

static void the_first_column_that_names_a_known_product_counts(void **state)
{
#define OFFERS                                                                                     \
	"Customer ID,Subscription ID,Friendly name,Subscription name,SKU name,Product name,Offer " \
	"name\n"
	static const struct {
		const char *text, *products;
	} cases[] = {
		{OFFERS "c1,s,,,,,Microsoft 365 E3", "microsoft-365"},
		{OFFERS "c1,s,,,,Windows Server,Azure plan", "azure"},
		{OFFERS "c1,s,,,Microsoft 365,Windows Server,Plan", "windows-server"},
		{OFFERS "c1,s,azure,windows server,Microsoft 365,,Plan", "microsoft-365"},
		{OFFERS "c1,s,azure,windows server,,,", "windows-server"},
		{OFFERS "c1,s,My Azure,,,,", "azure"},
		{OFFERS "c1,s,,,,,Microsoft 365 on Azure", "microsoft-365+azure"},
		{OFFERS "c1,s,,,,Second,  Visio: Plan 2 (NCE) ", "visio-plan-2-nce"},
		{OFFERS "c1,s,,,,Second,", "second"},
		{OFFERS "c1,s,,,,,\xe5\xbe\xae\xe8\xbd\xaf", "unnamed"},
		{OFFERS "c1,s,,,,,", "unnamed"},
		{OFFERS "c1,s", "unnamed"},
		{OFFERS "c1,s,,,,,"
			"1234567890123456789012345678901234567890123456789012345678901234567890",
		 "1234567890123456789012345678901234567890123456789012345678901234"},
		{"Customer ID,Subscription ID\nc1,s", "unnamed"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char expected[128];
		snprintf(expected, sizeof(expected),
			 " us-gov exporter/indirect-provider/%s direct:", cases[i].products);
		assert_int_equal(import_text(cases[i].text), IMPORT_OK);
		check_said(cases[i].text, "");
		check_customer(cases[i].text, "c1", expected);
	}
}

static void without_packs_every_offer_is_its_own_product(void **state)
{
	(void)state;
	settings.products = NULL;
	assert_int_equal(import_text("Customer ID,Subscription ID,Offer name\n"
				     "c1,s,Azure plan\n"),
			 IMPORT_OK);
	check_customer("slug", "c1", " us-gov exporter/indirect-provider/azure-plan direct:");
}

static void the_reseller_of_record_may_write_too(void **state)
{
	static const struct {
		const char *title, *cell, *relation;
	} cases[] = {
		{"ResellerMpnId", "4847383", " 4847383/indirect-reseller/azure"},
		{"Reseller MPN ID", " 4847383 ", " 4847383/indirect-reseller/azure"},
		{"MPN ID of reseller", "4847383", " 4847383/indirect-reseller/azure"},
		{"Tier2MpnId", "4847383", " 4847383/indirect-reseller/azure"},
		{"Partner ID on subscription", "ABC-1", " abc-1/indirect-reseller/azure"},
		{"Tier2MpnId", "", ""},
		{"Tier2MpnId", "0", ""},
		{"Tier2MpnId", "53EB21CB-6B2D-4EE5-9E92-27DFC927E93C", ""},
		{"PartnerId", "4847383", ""},
		{"MpnId", "4847383", ""},
		{"Partner name", "4847383", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256], expected[128];
		snprintf(text, sizeof(text),
			 "Customer ID,Subscription ID,Offer name,%s\nc1,s,Azure,%s\n",
			 cases[i].title, cases[i].cell);
		snprintf(expected, sizeof(expected),
			 " us-gov exporter/indirect-provider/azure%s direct:", cases[i].relation);
		assert_int_equal(import_text(text), IMPORT_OK);
		check_said(text, "");
		check_customer(text, "c1", expected);
	}
}

static void a_subscription_counts_until_it_is_deleted(void **state)
{
	static const struct {
		const char *status;
		bool held;
	} cases[] = {
		{"Active", true},   {"pending", true},    {"SUSPENDED", true},
		{"expired", true},  {"Disabled", true},   {"", true},
		{"Deleted", false}, {"cancelled", false}, {"Canceled", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256];
		snprintf(text, sizeof(text),
			 "Customer ID,Company name,Domain name,Subscription ID,Offer name,"
			 "Subscription status\n"
			 "c1,C,c.example,s1,Azure,%s\n",
			 cases[i].status);
		assert_int_equal(import_text(text), IMPORT_OK);
		check_said(text, "");
		check_customer(text, "c1",
			       cases[i].held ? "C us-gov exporter/indirect-provider/azure direct:"
					     : "C us-gov direct:");
		check_domain("x@c.example", "c1");
	}
}

static void a_deleted_subscription_leaves_the_others_alone(void **state)
{
	static const char *const orders[] = {
		"Customer ID,Subscription ID,Offer name,Status\n"
		"c1,s1,Azure,active\nc1,s2,Microsoft 365,deleted\n",
		"Customer ID,Subscription ID,Offer name,Status\n"
		"c1,s2,Microsoft 365,deleted\nc1,s1,Azure,active\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		assert_int_equal(import_text(orders[i]), IMPORT_OK);
		check_customer(orders[i], "c1", " us-gov exporter/indirect-provider/azure direct:");
	}
}

static void a_subscription_that_cannot_be_meant_so_is_refused(void **state)
{
	(void)state;
	assert_int_equal(import_text("Customer ID;Subscription ID;Domain;CustomerDomainName;"
				     "Tier2MpnId;Status;Offer name\r\n"
				     ";s1;;;;;\r\n"
				     "c 2;s1;;;;;\r\n"
				     "c3\r\n"
				     "c4;s1;;not a domain;;;\r\n"
				     "c5;s1;;;4 8;;\r\n"
				     "c6;s1;;;;renewed;\r\n"
				     "c7;s1;;;;;\xff\r\n"
				     "\"c8\r\n\";s1;;;;active;\"two\r\nlines\"\r\n"
				     "c9;s1;;;4 8;deleted;\r\n"
				     "c10;s1;;;;;\"\r\n"),
			 IMPORT_OK);
	check_said("refused", "2: \"\" is no id of 1 to 64 printable characters\n"
			      "3: \"c 2\" is no id of 1 to 64 printable characters\n"
			      "4: no cell under \"Subscription ID\"\n"
			      "5: \"not a domain\" is no domain\n"
			      "6: \"4 8\" is no id of 1 to 64 printable characters\n"
			      "7: the status \"renewed\" is not known\n"
			      "8: not UTF-8: save the file as \"CSV UTF-8\"\n"
			      "13: a quote that never ends; the rest was not read\n");
	assert_int_equal(counts.rows, 10);
	assert_int_equal(counts.refused, 8);
	assert_int_equal(counts.customers, 2);
	check_customer("lines", "c8", " us-gov exporter/indirect-provider/two-lines direct:");
}

static void a_direct_product_is_named_or_described(void **state)
{
	static const struct {
		const char *cell, *products, *said;
	} cases[] = {
		{"azure", "azure", ""},
		{"Azure", "azure", ""},
		{"Windows Server 2022 Datacenter", "windows-server", ""},
		{"Microsoft 365 and Azure", "microsoft-365+azure", ""},
		{" SQL Server ", "sql server",
		 "2: no pack knows the product \"sql server\"; it is taken as written\n"},
		{"Azure-DevOps", "azure-devops",
		 "2: no pack knows the product \"azure-devops\"; it is taken as written\n"},
		{"\"a \"\"b\"\"\"", "a \"b\"",
		 "2: no pack knows the product \"a \"b\"\"; it is taken as written\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[128], expected[128];
		snprintf(text, sizeof(text), "customer,product\nC1,%s,,\n", cases[i].cell);
		snprintf(expected, sizeof(expected), " us-gov direct:%s", cases[i].products);
		assert_int_equal(import_text(text), IMPORT_OK);
		check_said(text, cases[i].said);
		assert_int_equal(counts.refused, 0);
		check_customer(text, "c1", expected);
	}
}

static void without_packs_a_direct_product_is_taken_as_written(void **state)
{
	(void)state;
	settings.products = NULL;
	assert_int_equal(import_text("customer,product\nc1,Windows-Server\nc1,xbox\nc1,xbox\n"),
			 IMPORT_OK);
	check_said("unknown", "");
	check_customer("written", "c1", " us-gov direct:windows-server+xbox");
}

static void a_direct_product_that_cannot_be_meant_so_is_refused(void **state)
{
	(void)state;
	assert_int_equal(import_text("customer,product\n"
				     ",azure\n"
				     "c1,\n"
				     "c2\n"
				     "c3,\xff\n"),
			 IMPORT_OK);
	check_said("refused", "2: \"\" is no id of 1 to 64 printable characters\n"
			      "3: no product is named\n"
			      "4: no cell under \"Product\"\n"
			      "5: not UTF-8: save the file as \"CSV UTF-8\"\n");
	assert_int_equal(counts.refused, 4);
	assert_int_equal(counts.customers, 0);
}

static void spreadsheets_encodings_are_read(void **state)
{
	static const struct {
		const char *name;
		struct span bytes;
	} cases[] = {
		{"mark", SPAN_INIT("\xef\xbb\xbf"
				   "customer;product\r\nc1;azure\r\n")},
		{"LE", SPAN_INIT("\xff\xfe"
				 "c\0u\0s\0t\0o\0m\0e\0r\0;\0p\0r\0o\0d\0u\0c\0t\0\n\0"
				 "c\0001\0;\0a\0z\0u\0r\0e\0")},
		{"BE", SPAN_INIT("\xfe\xff\0c\0u\0s\0t\0o\0m\0e\0r\0\t\0p\0r\0o\0d\0u\0c\0t\0\n"
				 "\0c\0001\0\t\0a\0z\0u\0r\0e")},
		{"no mark", SPAN_INIT("c\0u\0s\0t\0o\0m\0e\0r\0,\0p\0r\0o\0d\0u\0c\0t\0\r\0\n\0"
				      "c\0001\0,\0a\0z\0u\0r\0e\0\r\0\n\0")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK(cases[i].name, import_bytes(cases[i].bytes) == IMPORT_OK);
		check_said(cases[i].name, "");
		CHECK(cases[i].name, counts.customers == 1);
		check_customer(cases[i].name, "c1", " us-gov direct:azure");
	}
}

static void damaged_utf_16_is_placed_and_what_stands_before_it_is_taken(void **state)
{
	(void)state;
	assert_int_equal(
		import_bytes(SPAN_LIT("c\0u\0s\0t\0o\0m\0e\0r\0,\0p\0r\0o\0d\0u\0c\0t\0\n\0"
				      "c\0001\0,\0a\0z\0u\0r\0e\0\n\0"
				      "c\0002\0,\0\0\xdc"
				      "a\0\n\0")),
		IMPORT_OK);
	check_said("damaged", "3: half a character of UTF-16, 58 bytes into the file; the rest was "
			      "not read\n");
	assert_int_equal(counts.customers, 1);
	assert_int_equal(import_bytes(SPAN_LIT("\xff\xfe"
					       "c\0u\0\0\xdc")),
			 IMPORT_NOT_UTF8);
	assert_int_equal(counts.rows, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(a_format_is_known_by_its_titles),
		TEST(only_what_has_relations_needs_the_partner_who_exported_it),
		TEST(customers_csv_gives_customers_the_cloud_of_the_import),
		TEST(a_reconciliation_file_gives_relations_by_product),
		TEST(the_first_column_that_names_a_known_product_counts),
		TEST(without_packs_every_offer_is_its_own_product),
		TEST(the_reseller_of_record_may_write_too),
		TEST(a_subscription_counts_until_it_is_deleted),
		TEST(a_deleted_subscription_leaves_the_others_alone),
		TEST(a_subscription_that_cannot_be_meant_so_is_refused),
		TEST(a_direct_product_is_named_or_described),
		TEST(without_packs_a_direct_product_is_taken_as_written),
		TEST(a_direct_product_that_cannot_be_meant_so_is_refused),
		TEST(spreadsheets_encodings_are_read),
		TEST(damaged_utf_16_is_placed_and_what_stands_before_it_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
