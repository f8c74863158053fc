#include "import_run.h"

#include <glob.h>
#include <jansson.h>

#define C1       "b44bb1fb-c595-45b0-9e09-d657365580bf"
#define C2       "45c44870-ef77-4fdd-b6fe-3dacb075cff2"
#define RESELLER "484e548c-f5f3-4528-93a9-c16c6373cb59"
#define OTHER    "b01b1487-b36e-4e6d-9b5e-0b58974c4b28"

static struct import_run run;

/* A pack of two products. */
static size_t find_products(void *context, struct span out[], size_t max, struct span text)
{
	static const struct {
		struct span phrase, name;
	} products[] = {
		{SPAN_INIT("Office"), SPAN_INIT("microsoft-365")},
		{SPAN_INIT("Azure"), SPAN_INIT("azure")},
	};
	size_t count = 0;

	assert_ptr_equal(context, &run);
	for (size_t i = 0; i < COUNT(products); i++) {
		size_t at = 0;
		while (at < text.len && !csp_span_starts_with(csp_span_slice(text, at, text.len),
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
	import_run_make(&run);
	run.settings.products = find_products;
	run.settings.products_context = &run;
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	import_run_remove(&run);
	return 0;
}

static void check_address(const char *label, const char *address, const char *expected)
{
	struct buf out;

	if (!run.files.read)
		directory_files_read(&run.files);
	csp_buf_init(&out, 65536);
	ask_customers(&out, &run.files, address);
	CHECK_SPAN(label, csp_buf_span(&out), csp_span_from(expected));
	csp_buf_dispose(&out);
}

/* ---- customers ---- */

static void a_list_of_customers_makes_the_exporter_their_partner(void **state)
{
	(void)state;
	run.settings.cloud = SPAN_LIT("us-gov");
	assert_int_equal(
		import_text(&run,
			    "{\"totalCount\":2,\"items\":[{\"id\":\"" C1 "\",\"companyProfile\":{"
			    "\"tenantId\":\"<guid>\",\"domain\":\"One.example\",\"companyName\":"
			    "\"One\",\"attributes\":{\"objectType\":\"CustomerCompanyProfile\"}},"
			    "\"relationshipToPartner\":\"reseller\"},\n"
			    "{\"id\":\"" C2 "\",\"companyProfile\":{\"domain\":\"domain\","
			    "\"companyName\":\"Two\"},\"relationshipToPartner\":\"syndication\"}],"
			    "\"links\":{\"self\":{\"uri\":\"/v1/customers?size=40\"}}}"),
		IMPORT_OK);
	CHECK_SAID("said", &run, "2: \"domain\" is no mail domain: it was left out\n");
	assert_int_equal(run.counts.rows, 2);
	assert_int_equal(run.counts.customers, 2);
	assert_int_equal(run.counts.domains, 1);
	CHECK_CUSTOMER("one", &run, C1, "One,us-gov exporter/indirect-provider/");
	CHECK_CUSTOMER("two", &run, C2, "Two,us-gov exporter/indirect-provider/");
	check_address("one", "x@one.example", C1);
}

static void one_customer_brings_its_domains_and_its_reseller(void **state)
{
	(void)state;
	assert_int_equal(
		import_text(&run,
			    "{\n \"Id\": \"" C1 "\",\n \"CommerceId\": \"" C2 "\",\n"
			    " \"CompanyProfile\": {\"TenantId\": \"" C1 "\", \"Domain\": "
			    "\"one.onmicrosoft.com\", \"CompanyName\": \"One\"},\n"
			    " \"BillingProfile\": {\"id\": \"" OTHER
			    "\", \"email\": \"a@b.example\"},\n"
			    " \"RelationshipToPartner\": \"Reseller\",\n"
			    " \"CustomDomains\": [\"one.onmicrosoft.com\", \"one.example\",],\n"
			    " \"AssociatedPartnerId\": \"" RESELLER "\"\n}\n"),
		IMPORT_OK);
	CHECK_SAID("said", &run, "");
	CHECK_CUSTOMER("one", &run, C1,
		       "One, exporter/indirect-provider/ " RESELLER "/indirect-reseller/");
	CHECK_CUSTOMER("commerce", &run, C2, "-");
	check_address("primary", "x@one.onmicrosoft.com", C1);
	check_address("custom", "x@one.example", C1);
	assert_int_equal(run.counts.domains, 2);
}

static void the_relationship_says_who_is_partner_of_record(void **state)
{
	static const struct {
		const char *relationship, *customer;
	} cases[] = {
		{"\"reseller\"", "C, exporter/indirect-provider/"},
		{"\"syndication\"", "C, exporter/indirect-provider/"},
		{"\"advisor\"", "C,"},
		{"\"microsoft_support\"", "C,"},
		{"\"none\"", "C,"},
		{"\"None\"", "C,"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256];
		snprintf(text, sizeof(text),
			 "[{\"id\":\"" C1 "\",\"companyProfile\":{\"companyName\":\"C\"},"
			 "\"relationshipToPartner\":%s}]",
			 cases[i].relationship);
		CHECK(cases[i].relationship, import_text(&run, text) == IMPORT_OK);
		CHECK_CUSTOMER(cases[i].relationship, &run, C1, cases[i].customer);
	}
}

static void a_row_that_cannot_be_meant_so_is_refused(void **state)
{
#define CUSTOMER_WITH(id, profile, more)                                                           \
	"{" id "\"companyProfile\":" profile ",\"relationshipToPartner\":\"reseller\"" more "}"
#define SUBSCRIPTION_WITH(more)                                                                    \
	"{\"offerName\":\"Office\",\"links\":{\"self\":{\"uri\":\"/customers/" C1                  \
	"/subscriptions/x\"}}," more "}"
#define TRANSFER_WITH(more)                                                                        \
	"{\"sourcePartnerTenantId\":\"" OTHER "\",\"targetPartnerTenantId\":\"" RESELLER           \
	"\"," more "}"
#define ITEMS "\"lineItems\":[{\"friendlyName\":\"Azure\"}]"
#define UNNAMED                                                                                    \
	", and whose it is is not said: name the customer, or keep its GUID in the file's name"
	static const struct {
		const char *row, *why;
	} cases[] = {
		{"{\"x\":1}",
		 "neither ours (with a \"type\": customer, partner or exclusion) nor a "
		 "row of Partner Center or Graph that is known"},
		{"[]", "a row is an object, or a domain as a text"},
		{"null", "a row is an object, or a domain as a text"},
		{"{\"id\"}", NULL},
		{"{\"id\":\"a\",\"id\":\"b\",\"companyProfile\":{}}", NULL},
		{"\"a.example\"", "a domain alone" UNNAMED},
		{CUSTOMER_WITH("", "{}", ""), "\"tenantId\" is missing"},
		{CUSTOMER_WITH("", "null", ""), "\"tenantId\" is missing"},
		{CUSTOMER_WITH("", "[]", ""), "\"companyProfile\" is not an object"},
		{CUSTOMER_WITH("\"id\":null,", "{\"tenantId\":\"" C1 "\"}", ""), "\"id\" is null"},
		{CUSTOMER_WITH("\"id\":\"<guid>\",", "{\"tenantId\":\"" C1 "\"}", ""),
		 "\"id\" is \"<guid>\": that is no id"},
		{CUSTOMER_WITH("\"id\":\"{customer-id}\",", "{}", ""),
		 "\"id\" is \"{customer-id}\": that is no id"},
		{CUSTOMER_WITH("\"id\":\"00000000-0000-0000-0000-000000000000\",", "{}", ""),
		 "\"id\" is \"00000000-0000-0000-0000-000000000000\": that is no id"},
		{CUSTOMER_WITH("\"id\":\"\",", "{}", ""), "\"id\" is missing"},
		{CUSTOMER_WITH("\"id\":true,", "{}", ""), "\"id\" is not a text"},
		{CUSTOMER_WITH("\"id\":\"a b\",", "{}", ""),
		 "\"a b\" is no id of 1 to 64 printable characters"},
		{CUSTOMER_WITH("", "{\"tenantId\":\"<guid>\"}", ""),
		 "\"tenantId\" is \"<guid>\": that is no id"},
		{CUSTOMER_WITH("\"id\":\"c\",", "{\"domain\":\"a@b\"}", ""),
		 "\"a@b\" is no domain"},
		{CUSTOMER_WITH("\"id\":\"c\",", "{\"domain\":7}", ""), "\"domain\" is not a text"},
		{CUSTOMER_WITH("\"id\":\"c\",", "{}", ",\"customDomains\":\"a.example\""),
		 "\"customDomains\" is not a list"},
		{CUSTOMER_WITH("\"id\":\"c\",", "{}", ",\"customDomains\":[7]"),
		 "\"customDomains\" holds something but texts"},
		{CUSTOMER_WITH("\"id\":\"c\",", "{}", ",\"associatedPartnerId\":\"<guid>\""),
		 "\"associatedPartnerId\" is \"<guid>\": that is no id"},
		{"{\"id\":\"c\",\"companyProfile\":{}}", "\"relationshipToPartner\" is missing"},
		{"{\"id\":\"c\",\"relationshipToPartner\":\"owner\"}",
		 "the relationship \"owner\" is not known"},
		{"{\"Id\":null,\"CompanyProfile\":null,\"RelationshipToPartner\":\"none\"}",
		 "a customer that was removed" UNNAMED},
		{"{\"id\":\"p\",\"relationshipType\":\"is_friend_of\"}",
		 "the relationship \"is_friend_of\" is not known"},
		{"{\"relationshipType\":\"is_indirect_cloud_solution_provider_of\"}",
		 "\"id\" is missing"},
		{"{\"supportTenantId\":null}", "\"supportTenantId\" is missing"},
		{"{\"contractType\":\"Other\",\"customerId\":\"c\"}",
		 "the contract type \"Other\" is not known"},
		{"{\"contractType\":\"BreadthPartner\",\"id\":\"c\"}", "\"customerId\" is missing"},
		{"{\"id\":\"s\",\"offerName\":\"Office\"}", "a subscription" UNNAMED},
		{SUBSCRIPTION_WITH("\"status\":\"lost\""), "the status \"lost\" is not known"},
		{SUBSCRIPTION_WITH("\"partnerId\":\"{id}\""),
		 "\"partnerId\" is \"{id}\": that is no id"},
		{SUBSCRIPTION_WITH("\"friendlyName\":[]"), "\"friendlyName\" is not a text"},
		{TRANSFER_WITH("\"status\":\"Lost\""), "the status \"Lost\" is not known"},
		{TRANSFER_WITH("\"x\":1"), "the status \"\" is not known"},
		{TRANSFER_WITH("\"status\":\"Active\""), "\"customerTenantId\" is missing"},
		{TRANSFER_WITH("\"status\":\"Active\",\"customerTenantId\":\"c\""),
		 "\"lineItems\" is missing or empty"},
		{TRANSFER_WITH("\"status\":\"Active\",\"customerTenantId\":\"c\"," ITEMS),
		 "\"createdTime\" is no time of RFC 3339"},
		{TRANSFER_WITH("\"status\":\"Complete\",\"customerTenantId\":\"c\"," ITEMS
			       ",\"lastModifiedTime\":\"yesterday\""),
		 "\"lastModifiedTime\" is no time of RFC 3339"},
		{"{\"targetPartnerTenantId\":\"p\",\"status\":\"Active\",\"customerTenantId\":"
		 "\"c\"," ITEMS "}",
		 "\"partnerTenantId\" is missing"},
		{"{\"id\":\"a\",\"displayName\":\"A\",\"accessDetails\":{\"unifiedRoles\":[]}}",
		 "it shows admin access, not who bills"},
		{"{\"id\":\"a\",\"tenantId\":\"c\",\"displayName\":\"A\"}",
		 "it shows admin access, not who bills"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];
		snprintf(text, sizeof(text), "{\"items\":[\n%s,\n\"\"]}", cases[i].row);
		/* Nothing says whose the second row is. */
		CHECK(cases[i].row, import_text(&run, text) == IMPORT_OK);
		CHECK(cases[i].row, run.counts.refused == 2 && run.counts.rows == 2);
		CHECK(cases[i].row, run.counts.customers + run.counts.partners == 0);
		struct span what = csp_buf_span(&run.said), rest;
		CHECK(cases[i].row, csp_span_starts_with(what, SPAN_LIT("2: ")));
		(void)csp_span_split(&what, &rest, csp_span_slice(what, 3, what.len), '\n');
		if (cases[i].why)
			CHECK_SPAN(cases[i].row, what, csp_span_from(cases[i].why));
		else /* jansson's words */
			CHECK(cases[i].row, csp_span_starts_with(what, SPAN_LIT("column ")));
	}
}

static void what_names_no_partner_needs_the_exporter(void **state)
{
	static const struct {
		const char *text;
		enum import_result result;
	} cases[] = {
		{"[{\"id\":\"c\",\"relationshipToPartner\":\"reseller\"}]", IMPORT_NEEDS_PARTNER},
		{"[{\"id\":\"c\",\"relationshipToPartner\":\"advisor\"}]", IMPORT_OK},
		{"[{\"id\":\"c\",\"relationshipToPartner\":\"none\"}]", IMPORT_OK},
		{"{\"value\":[{\"contractType\":\"ResellerPartner\",\"customerId\":\"c\"}]}",
		 IMPORT_NEEDS_PARTNER},
		{"{\"value\":[{\"contractType\":\"BreadthPartner\",\"customerId\":\"c\"}]}",
		 IMPORT_OK},
		{"[" SUBSCRIPTION_WITH("\"status\":\"active\"") "]", IMPORT_NEEDS_PARTNER},
		{"[" SUBSCRIPTION_WITH("\"status\":\"deleted\"") "]", IMPORT_OK},
		{"[" TRANSFER_WITH("\"status\":\"Pending\",\"customerTenantId\":\"c\","
				   "\"createdTime\":\"2026-01-01\"," ITEMS) "]",
		 IMPORT_OK},
		{"[{\"id\":\"p\",\"relationshipType\":\"is_indirect_cloud_solution_provider_of\"}]",
		 IMPORT_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		run.settings.partner = SPAN_LIT("");
		CHECK(cases[i].text, import_text(&run, cases[i].text) == cases[i].result);
		run.settings.partner = SPAN_LIT("two words");
		CHECK(cases[i].text, import_text(&run, cases[i].text) == cases[i].result);
	}
}

/* ---- whose a document is ---- */

static void a_document_that_names_nobody_is_of_the_customer_in_the_files_name(void **state)
{
	static const struct {
		const char *name, *setting, *customer;
	} cases[] = {
		{"exports/" C1 "/domains.json", "", C1},
		{"domains-" C1 ".json", "", C1},
		{"B44BB1FB-C595-45B0-9E09-D657365580BF", "", C1},
		{C2 "/" C1, "", C1},
		{C1 "/" C2 "0.json", "", C1},
		{C1 "/0" C2 ".json", "", C1},
		{C2 ".json", " B44BB1FB-C595-45B0-9E09-D657365580BF ", C1},
		{RUN_PARTNER ".json", C1, C1},
		{RUN_PARTNER ".json", "", NULL},
		{C1 "/" RUN_PARTNER ".json", "", NULL},
		{"b44bb1fb-c595-45b0-9e09-d657365580b.json", "", NULL},
		{"b44bb1fbc595-45b0-9e09-d657365580bf0.json", "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		run.name = cases[i].name;
		run.settings.customer = csp_span_from(cases[i].setting);
		CHECK(cases[i].name,
		      import_text(&run, "[\"a.example\", \"B.example.\",\n\"localhost\"]") ==
			      IMPORT_OK);
		if (!cases[i].customer) {
			CHECK(cases[i].name, run.counts.refused == 3);
			continue;
		}
		CHECK(cases[i].name, run.counts.customers == 3);
		CHECK_SAID(cases[i].name, &run,
			   "2: \"localhost\" is no mail domain: it was left out\n");
		check_address(cases[i].name, "x@a.example", cases[i].customer);
		check_address(cases[i].name, "x@b.example", cases[i].customer);
	}
}

static void a_customer_that_was_removed_keeps_no_partner(void **state)
{
	(void)state;
	run.name = C1 ".json";
	assert_int_equal(import_text(&run,
				     "{\"id\":\"" C1 "\",\"companyProfile\":{\"domain\":"
				     "\"a.example\"},\"relationshipToPartner\":\"reseller\"}"),
			 IMPORT_OK);
	CHECK_CUSTOMER("before", &run, C1, ", exporter/indirect-provider/");
	assert_int_equal(import_text(&run,
				     "\xef\xbb\xbf{\n\"Id\":null,\n\"CompanyProfile\":null,\n"
				     "\"RelationshipToPartner\":\"none\",\"CustomDomains\":null,"
				     "\"AssociatedPartnerId\":null}"),
			 IMPORT_OK);
	CHECK_SAID("said", &run, "");
	CHECK_CUSTOMER("after", &run, C1, ",");
}

static void rows_of_one_customer_are_joined(void **state)
{
	(void)state;
	run.name = "x/" C1 ".json";
	assert_int_equal(import_text(&run,
				     "{\"id\":\"" C1
				     "\",\"companyProfile\":{\"companyName\":\"One\",\"domain\":"
				     "\"a.example\"},\"relationshipToPartner\":\"reseller\"}\n"
				     "{\"id\":\"" C1
				     "\",\"companyProfile\":{\"companyName\":\"One\",\"domain\":"
				     "\"a.example\"},\"relationshipToPartner\":\"reseller\"}\n"
				     "[\"b.example\"]\n"),
			 IMPORT_OK);
	/* The first line is an object, so each line is a row. */
	CHECK_SAID("said", &run, "3: a row is an object, or a domain as a text\n");
	assert_int_equal(import_text(&run,
				     "\n[{\"id\":\"" C1
				     "\",\"companyProfile\":{\"companyName\":\"One\",\"domain\":"
				     "\"a.example\"},\"relationshipToPartner\":\"reseller\"}]\n"
				     "\xef\xbb\xbf[\"b.example\", \"b.example\"]\n"),
			 IMPORT_OK);
	CHECK_SAID("said", &run, "");
	CHECK_CUSTOMER("one", &run, C1, "One, exporter/indirect-provider/");
	check_address("a", "x@a.example", C1);
	check_address("b", "x@b.example", C1);
}

/* ---- partners ---- */

static void relationships_give_partners_with_their_numbers(void **state)
{
	static const char text[] =
		"{\"totalCount\":4,\"items\":[{\"id\":\"" RESELLER "\",\"name\":\"First Up\","
		"\"relationshipType\":\"is_indirect_cloud_solution_provider_of\",\"state\":"
		"\"Active\","
		"\"mpnId\":\"4847383\"},\n"
		"{\"id\":\"" OTHER "\",\"name\":\"Other\",\"relationshipType\":"
		"\"is_indirect_reseller_of\",\"mpnId\":4847433},\n"
		"{\"id\":\"p3\",\"name\":\"Gone\",\"relationshipType\":"
		"\"is_indirect_cloud_solution_provider_of\",\"state\":\"Inactive\"},\n"
		"{\"id\":\"p4\",\"name\":\"None\",\"relationshipType\":"
		"\"is_indirect_cloud_solution_provider_of\",\"mpnId\":null}]}";

	(void)state;
	assert_int_equal(import_text(&run, text), IMPORT_OK);
	CHECK_SAID("said", &run, "3: left out: the relationship is \"Inactive\"\n");
	assert_int_equal(run.counts.rows, 4);
	assert_int_equal(run.counts.partners, 3);
	assert_int_equal(run.counts.customers, 0);
	CHECK_PARTNER("alias", &run, "4847383", "First Up");
	CHECK_PARTNER("number", &run, "4847433", "Other");
	CHECK_PARTNER("inactive", &run, "p3", "-");
	CHECK_PARTNER("no alias", &run, "p4", "None");
	run.name = C1 "/relationships.json";
	assert_int_equal(import_text(&run, text), IMPORT_OK);
	assert_int_equal(run.counts.customers, 3);
	CHECK_CUSTOMER("of one customer", &run, C1,
		       ", " RESELLER "/indirect-reseller/ " OTHER "/indirect-provider/ "
		       "p4/indirect-reseller/");
}

static void who_supports_is_a_partner_and_no_partner_of_record(void **state)
{
	(void)state;
	assert_int_equal(import_text(&run, "\xef\xbb\xbf{\n\"supportTenantId\":"
					   "\"484E548C-F5F3-4528-93A9-C16C6373CB59\",\n"
					   "\"supportMpnId\":\"4391507\",\"name\":\"Trey\",\n"
					   "\"links\":{\"self\":{\"uri\":\"/customers/" C1
					   "/subscriptions/x/supportcontact\"}}}"),
			 IMPORT_OK);
	CHECK_SAID("said", &run, "");
	CHECK_PARTNER("id", &run, RESELLER, "Trey");
	CHECK_PARTNER("alias", &run, "4391507", "Trey");
	CHECK_CUSTOMER("customer", &run, C1, "-");
}

/* ---- subscriptions ---- */

static void a_subscription_names_its_partners_and_products(void **state)
{
	static const struct {
		const char *more, *customer;
	} cases[] = {
		{"\"status\":\"active\"", ", exporter/indirect-provider/microsoft-365"},
		{"\"status\":\"suspended\"", ", exporter/indirect-provider/microsoft-365"},
		{"\"Status\":\"Expired\"", ", exporter/indirect-provider/microsoft-365"},
		{"\"status\":\"disabled\"", ", exporter/indirect-provider/microsoft-365"},
		{"\"status\":\"pending\"", ", exporter/indirect-provider/microsoft-365"},
		{"\"status\":null", ", exporter/indirect-provider/microsoft-365"},
		{"\"status\":\"deleted\"", ","},
		{"\"partnerId\":\"4847383\"", ", exporter/indirect-provider/microsoft-365 "
					      "4847383/indirect-reseller/microsoft-365"},
		{"\"partnerId\":4847383", ", exporter/indirect-provider/microsoft-365 "
					  "4847383/indirect-reseller/microsoft-365"},
		{"\"partnerId\":\"" RUN_PARTNER "\"", ", exporter/indirect-provider/microsoft-365"},
		{"\"partnerId\":\"0\"", ", exporter/indirect-provider/microsoft-365"},
		{"\"partnerId\":0", ", exporter/indirect-provider/microsoft-365"},
		{"\"partnerId\":\"\"", ", exporter/indirect-provider/microsoft-365"},
		{"\"friendlyName\":\"Azure\"", ", exporter/indirect-provider/microsoft-365"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512];
		snprintf(text, sizeof(text), "[" SUBSCRIPTION_WITH("%s") "]", cases[i].more);
		CHECK(cases[i].more, import_text(&run, text) == IMPORT_OK);
		CHECK_SAID(cases[i].more, &run, "");
		CHECK_CUSTOMER(cases[i].more, &run, C1, cases[i].customer);
	}
}

static void the_names_of_a_subscription_are_tried_one_after_another(void **state)
{
	static const struct {
		const char *names, *products;
	} cases[] = {
		{"\"offerName\":\"Azure and Office\"", "microsoft-365+azure"},
		{"\"offerName\":\"Plan 7\",\"friendlyName\":\"Office\"", "microsoft-365"},
		{"\"offerId\":\"x\",\"friendlyName\":\"y\",\"productType\":{\"displayName\":"
		 "\"Azure\"}",
		 "azure"},
		{"\"offerName\":\"Acme's  Plan (7)!\"", "acme-s-plan-7"},
		{"\"offerName\":\"--\",\"friendlyName\":\"Other\"", "unnamed"},
		{"\"offerName\":null,\"friendlyName\":\"Other\"", "other"},
		{"\"offerId\":\"x\"", "unnamed"},
		{"\"offerName\":\"\xc3\xbc\xc3\xbc\"", "unnamed"},
		{"\"offerName\":"
		 "\"0123456789012345678901234567890123456789012345678901234567890123456\"",
		 "0123456789012345678901234567890123456789012345678901234567890123"},
	};

	(void)state;
	run.settings.customer = SPAN_LIT(C1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512], expected[128];
		snprintf(text, sizeof(text),
			 "[{%s,\"links\":{\"self\":{\"uri\":\"/v1/subscriptions\"}}}]",
			 cases[i].names);
		snprintf(expected, sizeof(expected), ", exporter/indirect-provider/%s",
			 cases[i].products);
		CHECK(cases[i].names, import_text(&run, text) == IMPORT_OK);
		CHECK_SAID(cases[i].names, &run, "");
		CHECK_CUSTOMER(cases[i].names, &run, C1, expected);
	}
}

static void a_subscription_is_of_the_customer_in_its_link(void **state)
{
	static const struct {
		const char *uri, *customer;
	} cases[] = {
		{"/customers/" C2 "/subscriptions/1", C2},
		{"/v1/Customers/" C2, C2},
		{"https://api.example/v1/customers/" C2 "?x=/", C2},
		{"/customers/", C1},
		{"/customers//subscriptions", C1},
		{"", C1},
	};

	(void)state;
	run.settings.customer = SPAN_LIT(C1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512];
		snprintf(text, sizeof(text),
			 "[{\"offerName\":\"%zu\",\"links\":{\"self\":{\"uri\":\"%s\"}}}]", i,
			 cases[i].uri);
		CHECK(cases[i].uri, import_text(&run, text) == IMPORT_OK);
		snprintf(text, sizeof(text), ", exporter/indirect-provider/%zu", i);
		CHECK_CUSTOMER(cases[i].uri, &run, cases[i].customer, text);
	}
}

/* ---- transfers ---- */

static void a_transfer_is_two_partners_that_overlap(void **state)
{
#define PARTIES                                                                                    \
	"\"customerTenantId\":\"" C1 "\",\"sourcePartnerTenantId\":\"" OTHER "\","                 \
	"\"targetPartnerTenantId\":\"" RESELLER "\","
#define UNDER_WAY                                                                                  \
	", " OTHER "/direct-bill/azure " RESELLER                                                  \
	"/direct-bill/azure/from 1585082655/until 1587674655"
#define COMPLETE                                                                                   \
	", " OTHER "/direct-bill/azure/until 1585082655 " RESELLER                                 \
	"/direct-bill/azure/from 1585082655"
#define CREATED  ITEMS ",\"createdTime\":\"2020-03-24T20:44:15Z\""
#define MODIFIED ITEMS ",\"lastModifiedTime\":\"2020-03-24T20:44:15Z\""
	static const struct {
		const char *text, *customer;
	} cases[] = {
		{PARTIES CREATED ",\"status\":\"Active\"", UNDER_WAY},
		{PARTIES CREATED ",\"status\":\"InProgress\"", UNDER_WAY},
		{PARTIES CREATED ",\"status\":\"pending\"", UNDER_WAY},
		{PARTIES ITEMS ",\"status\":\"Active\",\"createdTime\":\"2020-03-24T20: 44: 15 Z\"",
		 UNDER_WAY},
		{PARTIES ITEMS
		 ",\"status\":\"Active\",\"createdTime\":\"2020-03-24T20:44:15.9602781Z\"",
		 UNDER_WAY},
		{PARTIES ITEMS ",\"status\":\"Active\",\"createdTime\":\"2020-03-24T20:44:15\"",
		 UNDER_WAY},
		{PARTIES MODIFIED ",\"status\":\"Complete\"", COMPLETE},
		{PARTIES MODIFIED ",\"status\":\"Completed\"", COMPLETE},
		{PARTIES CREATED ",\"status\":\"Declined\"", "-"},
		{PARTIES CREATED ",\"status\":\"Expired\"", "-"},
		{PARTIES CREATED ",\"status\":\"Cancelled\"", "-"},
		{PARTIES CREATED ",\"status\":\"Failed\"", "-"},
		{"\"customertenantid\":\"" C1 "\",\"partnertenantid\":\"" OTHER
		 "\",\"targetpartnertenantid\":\"" RESELLER "\",\"status\":\"Active\"," CREATED,
		 UNDER_WAY},
		{"\"customerTenantId\":\"" C1 "\",\"sourcePartnerTenantId\":\"" RUN_PARTNER
		 "\",\"targetPartnerTenantId\":\"" RESELLER "\",\"status\":\"Active\"," CREATED,
		 ", exporter/indirect-provider/azure " RESELLER
		 "/direct-bill/azure/from 1585082655/until 1587674655"},
		{PARTIES
		 "\"lineItems\":[{\"friendlyName\":\"Azure\"},{\"friendlyName\":\"Azure, Office\"},"
		 "{\"friendlyName\":\"Plan\"},{}],\"status\":\"Complete\",\"lastModifiedTime\":"
		 "\"2020-03-24T20:44:15Z\"",
		 ", " OTHER
		 "/direct-bill/azure+microsoft-365+plan+unnamed/until 1585082655 " RESELLER
		 "/direct-bill/azure+microsoft-365+plan+unnamed/from 1585082655"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];
		snprintf(text, sizeof(text), "{\n%s}", cases[i].text);
		CHECK(cases[i].text, import_text(&run, text) == IMPORT_OK);
		CHECK_SAID(cases[i].text, &run, "");
		CHECK(cases[i].text, run.counts.rows == 1);
		bool nothing = strcmp(cases[i].customer, "-") == 0;
		CHECK(cases[i].text, run.counts.customers == !nothing);
		CHECK_CUSTOMER(cases[i].text, &run, C1, cases[i].customer);
		import_run_remove(&run);
		make(NULL);
	}
}

/* ---- Microsoft Graph ---- */

static void contracts_of_resale_name_the_exporter(void **state)
{
	(void)state;
	assert_int_equal(
		import_text(
			&run,
			"{\"@odata.context\":\"https://graph.example/v1.0/$metadata#contracts\","
			"\"value\":[{\"id\":\"x1\",\"contractType\":\"ResellerPartner\","
			"\"customerId\":"
			"\"" C1
			"\",\"defaultDomainName\":\"one.example\",\"displayName\":\"One\"},\n"
			"{\"id\":\"x2\",\"contractType\":\"SyndicationPartner\",\"customerId\":"
			"\"" C2 "\",\"defaultDomainName\":null,\"displayName\":\"Two\"},\n"
			"{\"id\":\"x3\",\"contractType\":\"BreadthPartner\",\"customerId\":\"c3\","
			"\"defaultDomainName\":\"three.example\",\"displayName\":\"Three\"}]}"),
		IMPORT_OK);
	CHECK_SAID("said", &run, "");
	CHECK_CUSTOMER("reseller", &run, C1, "One, exporter/indirect-provider/");
	CHECK_CUSTOMER("syndication", &run, C2, "Two, exporter/indirect-provider/");
	CHECK_CUSTOMER("breadth", &run, "c3", "Three,");
	CHECK_CUSTOMER("contract", &run, "x1", "-");
	check_address("one", "x@one.example", C1);
	check_address("three", "x@three.example", "c3");
}

/* ---- documentation's own examples ---- */

/* What a file holds: the elements of its list, or itself. Read as leniently as it needs. */
static json_t *load_rows(const char *path)
{
	char text[65536];
	FILE *stream = fopen(path, "rb");
	size_t len = stream ? fread(text, 1, sizeof(text) - 1, stream) : 0;
	size_t start = len > 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	assert_non_null(stream);
	fclose(stream);
	text[len] = '\0';
	for (char *comma = strchr(text, ','); comma; comma = strchr(comma + 1, ',')) {
		char next = comma[1 + strspn(comma + 1, " \r\n\t")];
		if (next == ']' || next == '}')
			*comma = ' ';
	}
	json_t *json = json_loads(text + start, 0, NULL);
	CHECK(path, json);
	json_t *items = json_object_get(json, "items");
	json_t *rows = items ? json_incref(items) : json_pack("[O]", json);
	json_decref(json);
	return rows;
}

static const char *text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* By what the documentation says of each kind of row. */
static void check_sample_row(const char *path, json_t *row)
{
	json_t *profile = json_object_get(row, "companyProfile");
	const char *partner = *text_of(row, "supportTenantId") ? text_of(row, "supportTenantId")
							       : text_of(row, "id");
	char expected[512], id[64] = {0};

	if (json_object_get(row, "relationshipType") || json_object_get(row, "supportTenantId")) {
		for (size_t i = 0; partner[i]; i++)
			id[i] = csp_ascii_lower(partner[i]);
		CHECK_PARTNER(path, &run, id, text_of(row, "name"));
	} else if (profile && !json_is_null(profile)) {
		const char *reseller = text_of(row, "associatedPartnerId");
		snprintf(expected, sizeof(expected), "%s, exporter/indirect-provider/%s%s%s",
			 text_of(profile, "companyName"), *reseller ? " " : "", reseller,
			 *reseller ? "/indirect-reseller/" : "");
		CHECK_CUSTOMER(path, &run, text_of(row, "id"), expected);
		const char *domain = text_of(profile, "domain");
		snprintf(expected, sizeof(expected), "x@%s", domain);
		for (size_t i = 0; expected[i]; i++)
			expected[i] = csp_ascii_lower(expected[i]);
		if (strchr(domain, '.'))
			check_address(path, expected, text_of(row, "id"));
	} else if (json_object_get(row, "RelationshipToPartner")) {
		CHECK_CUSTOMER(path, &run, C1, ",");
	} else {
		const char *source = text_of(row, "sourcePartnerTenantId");
		const char *target = text_of(row, "targetPartnerTenantId");
		struct buf out;
		csp_buf_init(&out, 65536);
		ask_customer(&out, &run, text_of(row, "customerTenantId"));
		CHECK(path, *source && strstr(csp_buf_cstr(&out), source));
		CHECK(path, *target && strstr(csp_buf_cstr(&out), target));
		csp_buf_dispose(&out);
	}
}

static void the_examples_of_the_documentation_are_read(void **state)
{
	glob_t found;

	(void)state;
	run.settings.customer = SPAN_LIT(C1);
	run.settings.products = NULL;
	if (glob(CSP_SOURCE_DIR "/../shared/samples/*.json", 0, NULL, &found) != 0)
		skip();
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		json_t *rows = load_rows(path);
		FILE *stream = fopen(path, "rb");
		run.name = path;
		assert_non_null(stream);
		CHECK(path, import_stream(&run, stream) == IMPORT_OK);
		fclose(stream);
		CHECK(path, run.counts.refused == 0);
		CHECK(path, run.counts.rows == json_array_size(rows));
		CHECK(path, run.done > 0);
		for (size_t k = 0; k < json_array_size(rows); k++)
			check_sample_row(path, json_array_get(rows, k));
		json_decref(rows);
	}
	globfree(&found);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(a_list_of_customers_makes_the_exporter_their_partner),
		TEST(one_customer_brings_its_domains_and_its_reseller),
		TEST(the_relationship_says_who_is_partner_of_record),
		TEST(a_row_that_cannot_be_meant_so_is_refused),
		TEST(what_names_no_partner_needs_the_exporter),
		TEST(a_document_that_names_nobody_is_of_the_customer_in_the_files_name),
		TEST(a_customer_that_was_removed_keeps_no_partner),
		TEST(rows_of_one_customer_are_joined),
		TEST(relationships_give_partners_with_their_numbers),
		TEST(who_supports_is_a_partner_and_no_partner_of_record),
		TEST(a_subscription_names_its_partners_and_products),
		TEST(the_names_of_a_subscription_are_tried_one_after_another),
		TEST(a_subscription_is_of_the_customer_in_its_link),
		TEST(a_transfer_is_two_partners_that_overlap),
		TEST(contracts_of_resale_name_the_exporter),
		TEST(the_examples_of_the_documentation_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
