#include "conf_files.h"

#include "classify.h"

/* The packs as they are shipped, on subjects written for this test. */
static const char *const pack_files[] = {
	"categories/en.conf",     "categories/fr.conf",        "packs/products.conf",
	"packs/identifiers.conf", "packs/senders.conf",        "packs/tags.conf",
	"packs/direct-mail.conf", "packs/shared-domains.conf",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct fixture {
	struct conf_files files;
	struct conf *conf;
	struct classifier *classifier;
	struct classify_scratch *scratch;
	struct arena arena;
};

static void copy_pack(struct conf_files *files, size_t number, char *list, size_t size)
{
	static char bytes[1 << 20];
	char path[1024], name[32];

	snprintf(path, sizeof(path), "%s/conf/%s", CSP_SOURCE_DIR, pack_files[number]);
	snprintf(name, sizeof(name), "%zu.conf", number);
	FILE *stream = fopen(path, "r");
	assert_non_null(stream);
	size_t len = fread(bytes, 1, sizeof(bytes), stream);
	assert_true(len > 0 && len < sizeof(bytes));
	fclose(stream);
	conf_files_put_bytes(files, name, bytes, len);
	snprintf(list + strlen(list), size - strlen(list), "%s\"%s\"", number ? ", " : "", name);
}

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char list[512] = "", main_file[1024];
	struct classifier_error error;

	assert_non_null(fixture);
	conf_files_make(&fixture->files);
	for (size_t i = 0; i < COUNT(pack_files); i++)
		copy_pack(&fixture->files, i, list, sizeof(list));
	snprintf(main_file, sizeof(main_file),
		 "classification = { packs = [ %s ]; };\n"
		 "rules = ( { name = \"all\"; disposition = \"pass\"; } );\n",
		 list);
	conf_files_put(&fixture->files, "main.conf", main_file);
	fixture->conf = conf_files_read_right(&fixture->files);
	const struct classify_settings settings = {
		.categories = &fixture->conf->categories,
		.text_fields = fixture->conf->text_fields,
		.tag_sources = &fixture->conf->tag_sources,
	};
	assert_true(
		csp_classifier_new(&fixture->classifier, &error, &fixture->conf->pack, &settings));
	assert_true(csp_classify_scratch_new(&fixture->scratch, fixture->classifier));
	csp_arena_init(&fixture->arena, 1 << 20);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;

	csp_arena_dispose(&fixture->arena);
	csp_classify_scratch_free(fixture->scratch);
	csp_classifier_free(fixture->classifier);
	csp_conf_free(fixture->conf);
	conf_files_remove(&fixture->files);
	free(fixture);
	return 0;
}

static struct classification classify(struct fixture *fixture, const char *from,
				      const char *subject)
{
	static const struct vendor vendor = {0};
	const struct sender sender = {.known = true, .kind = SENDER_OTHER, .proof = PROOF_UNKNOWN};
	struct message message;
	struct authors authors;
	struct classification found;

	csp_arena_reset(&fixture->arena);
	csp_message_init(&message, &fixture->arena,
			 (struct message_limits){
				 .header_bytes = 65536, .header_fields = 100, .recipients = 1});
	assert_true(csp_message_add_field(&message, SPAN_LIT("From"), csp_span_from(from)));
	assert_true(csp_message_add_field(&message, SPAN_LIT("Subject"), csp_span_from(subject)));
	assert_true(csp_authors_collect(&authors, &message, &vendor));
	csp_classify(&found, fixture->classifier, fixture->scratch, &message, &authors, &sender);
	assert_true(found.known);
	return found;
}

static void check_category(struct fixture *fixture, const char *name, const char *const *subjects,
			   size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct classification found = classify(fixture, "a@b.example", subjects[i]);
		struct span category = fixture->conf->categories.names[found.category];
		if (!csp_span_equal(category, csp_span_from(name)))
			fail_msg("\"%s\" is %.*s (%.*s), not %s", subjects[i], SPAN_ARG(category),
				 SPAN_ARG(found.evidence_count ? found.evidence[0].match
							       : SPAN_LIT("nothing")),
				 name);
	}
}

static void subscription_mail_is_known(void **state)
{
	static const char *const subjects[] = {
		"Your September invoice from Northwind is attached",
		"INVOICE 2026/0815",
		"We could not process your payment",
		"Reminder: your account is past due",
		"Your subscription renews on 3 March",
		"Business Premium licenses were added to your account",
		"Upcoming price change for Teams Phone",
		"Only five days left in your trial",
		"Thank you for your order 88-1204",
		"Your plan has been downgraded",
		"Microsoft 365 Business Standard expires on 1 May",
		"Problem with your payment method",
		"Budget threshold reached for Fabrikam",
		"Renew now to avoid service interruption",
		"Your cancellation is confirmed",
		"Credit note CN204511",
		"PO123456 has been received: order confirmation",
		"Votre facture du mois d'octobre est disponible",
		"Renouvellement de vos licences Business Basic",
		("VOTRE ABONNEMENT ARRIVE \xc3\x80 \xc3\x89"
		 "CH\xc3\x89"
		 "ANCE"),
		("\xc3\x89"
		 "chec du pr\xc3\xa9l\xc3\xa8vement"),
		"Hausse des tarifs au 1er avril",
		"Confirmation de votre commande 4711",
		"Suspension de votre compte pour impay\xc3\xa9",
		"Fin de votre essai gratuit dans 3 jours",
		"Renouvelez avant vendredi pour \xc3\xa9viter toute interruption",
	};

	check_category(*state, "subscription", subjects, COUNT(subjects));
}

static void incidents_are_known(void **state)
{
	static const char *const subjects[] = {
		"EX987654 - Mail is not flowing",
		"Outage in West Europe",
		"We are investigating degraded performance of search",
		"[Resolved] Sign-in errors in two regions",
		"Post-incident review of the 4 May event",
		"Billing portal is unavailable",
		"Payment gateway outage",
		"Azure tracking id NA0F-BJG",
		"Panne du service de messagerie",
		"Incident en cours sur la t\xc3\xa9l\xc3\xa9phonie",
		"Service r\xc3\xa9tabli : connexion \xc3\xa0 distance",
		"Panne du syst\xc3\xa8me de facturation",
	};

	check_category(*state, "incident", subjects, COUNT(subjects));
}

static void operational_notices_are_known(void **state)
{
	static const char *const subjects[] = {
		"Scheduled maintenance on Saturday night",
		"Billing system maintenance on Sunday",
		"Certificate renewal for mail.contoso.example",
		"Your password expires in 5 days",
		"MC1122334: a setting changes its default",
		"Old API versions will be retired",
		"Security advisory for administrators",
		"Backup job finished with warnings",
		"Verification code 123456",
		"Action required: upgrade resources in your subscription before June",
		("Maintenance planifi\xc3\xa9"
		 "e dimanche"),
		"Maintenance du portail de facturation",
		"Renouvellement du certificat SSL",
		"Expiration de votre mot de passe",
		"Fin de prise en charge d'une ancienne version",
	};

	check_category(*state, "operational", subjects, COUNT(subjects));
}

static void what_only_looks_like_it_is_neither(void **state)
{
	static const char *const subjects[] = {
		"Lunch by the river at noon?",
		"Please confirm your subscription to the mailing list",
		"Your newsletter subscription",
		"Read receipt: minutes of the board",
		"past-me and year-end party",
		"Minutes of meeting 2026-03",
		"PO123456",
		"CN204511",
		"year-end",
		"R\xc3\xa9union de lundi",
		"Merci de confirmer votre abonnement \xc3\xa0 notre newsletter",
		"Votre permis de conduire",
	};

	check_category(*state, "other", subjects, COUNT(subjects));
}

static void forms_that_coincide_are_no_identifiers(void **state)
{
	static const char *const subjects[] = {"azure PO123456",    "azure past-due",
					       "azure CN204511",    "azure year-end",
					       "IN123456 SO123456", "CR204511"};

	for (size_t i = 0; i < COUNT(subjects); i++) {
		struct classification found = classify(*state, "a@b.example", subjects[i]);
		for (size_t j = 0; j < found.evidence_count; j++)
			assert_int_not_equal(found.evidence[j].kind, EVIDENCE_IDENTIFIER);
	}
}

static void products_are_told_apart(void **state)
{
	static const struct {
		const char *subject, *product;
	} cases[] = {
		{"Office 365 invoice", "microsoft-365"},
		{"Office 2021 invoice", "office-perpetual"},
		{"Microsoft 365 Copilot seats", "microsoft-365-copilot"},
		{"Microsoft 365 Family renewal", "microsoft-365-consumer"},
		{"Azure DevOps invoice", "azure-devops"},
		{"Windows 11", "windows-client"},
		{"Windows 365", "windows-365"},
		{"Dynamics 365 Business Central", "dynamics-365"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct classification found = classify(*state, "a@b.example", cases[i].subject);
		if (found.products.count != 1 ||
		    !csp_span_equal(found.products.items[0], csp_span_from(cases[i].product)))
			fail_msg("%s: %zu products, first %.*s", cases[i].subject,
				 found.products.count,
				 SPAN_ARG(found.products.count ? found.products.items[0]
							       : SPAN_LIT("")));
	}
}

static void documented_direct_mail_is_on_its_list(void **state)
{
	static const struct {
		const char *from, *subject;
		size_t lists;
	} cases[] = {
		{"microsoft-noreply@microsoft.com",
		 "Your granular delegated admin relationship expires in 30 days", 1},
		{"Microsoft <microsoft-noreply@microsoft.com>", "Transfer accepted", 1},
		{"microsoft-noreply@microsoft.com",
		 "Please accept the Microsoft Customer Agreement", 1},
		{"someone@microsoft.com", "Transfer accepted", 0},
		{"microsoft-noreply@microsoft.com", "Your invoice", 0},
		{"microsoft-noreply@microsoft.com, x@evil.example", "Transfer accepted", 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct classification found = classify(*state, cases[i].from, cases[i].subject);
		if (found.lists.count != cases[i].lists)
			fail_msg("%s: %s", cases[i].from, cases[i].subject);
	}
}

static void domains_that_many_share_are_listed(void **state)
{
	static const struct {
		const char *domain;
		bool is_public, is_tenant;
	} cases[] = {
		{"gmail.com", true, false},
		{"outlook.com", true, false},
		{"hotmail.co.uk", true, false},
		{"yahoo.co.jp", true, false},
		{"web.de", true, false},
		{"orange.fr", true, false},
		{"mail.ru", true, false},
		{"qq.com", true, false},
		{"uol.com.br", true, false},
		{"onmicrosoft.com", true, false},
		{"contoso.onmicrosoft.com", false, true},
		{"contoso.mail.onmicrosoft.com", false, true},
		{"contoso.onmicrosoft.us", false, true},
		{"contoso.partner.onmschina.cn", false, true},
		{"contoso.com", false, false},
		{"microsoft.com", false, false},
		{"notgmail.com", false, false},
		{"contoso.gmail.com", false, false},
		{"contosoonmicrosoft.com", false, false},
	};
	struct fixture *fixture = *state;
	const struct pack *pack = &fixture->conf->pack;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span domain = csp_span_from(cases[i].domain);
		if (csp_spans_hold_domain(pack->public_domains, domain) != cases[i].is_public ||
		    csp_spans_hold_domain(pack->tenant_domains, domain) != cases[i].is_tenant)
			fail_msg("%s", cases[i].domain);
	}
}

static void tags_are_read_as_their_systems_write_them(void **state)
{
	static const struct {
		const char *header, *category;
	} cases[] = {
		{"X-PM-Tag: invoice\n", "subscription"},
		{"X-PM-Message-Stream: incidents\n", "incident"},
		{"X-PM-Metadata-category: billing\n", "subscription"},
		{"X-Metadata-Category: Operational\n", "operational"},
		{"X-Mailgun-Tag: news\nX-Mailgun-Tag: renewal\n", "subscription"},
		{"X-Mailin-Tag: incident\n", "incident"},
		{"X-MC-Tags: welcome,billing\n", "subscription"},
		{"X-SES-MESSAGE-TAGS: team=a, category=incident\n", "incident"},
		{"X-SES-MESSAGE-TAGS: team=incident\n", "other"},
		{"X-SES-CONFIGURATION-SET: billing\n", "subscription"},
		{"X-SMTPAPI: {\"category\": [\"billing\",\n \"monthly\"], \"send_at\": "
		 "1409348513}\n",
		 "subscription"},
		{"X-SMTPAPI: {\"unique_args\": {\"category\": \"billing\"}}\n", "other"},
		{"X-MSYS-API: {\"campaign_id\": \"incident\", \"options\": "
		 "{\"open_tracking\":false}}\n",
		 "incident"},
		{"Keywords: \"a, b\", csp-subscription\n", "subscription"},
	};
	static const struct span logins[] = {SPAN_INIT("tagger")};
	static const struct vendor vendor = {0};
	const struct sender sender = {.known = true, .kind = SENDER_OTHER, .proof = PROOF_UNKNOWN};
	struct fixture *fixture = *state;

	fixture->conf->tag_sources = (struct proofs){.logins = {logins, 1}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span text = csp_span_from(cases[i].header);
		struct classification found;
		struct message message;
		struct authors authors;
		csp_arena_reset(&fixture->arena);
		csp_message_init(&message, &fixture->arena,
				 (struct message_limits){.header_bytes = 65536,
							 .header_fields = 100,
							 .recipients = 1,
							 .mailboxes = 100,
							 .encoded_words = 10000});
		message.client.login = logins[0];
		assert_true(csp_message_add_header_section(&message, &text));
		assert_true(csp_authors_collect(&authors, &message, &vendor));
		csp_classify(&found, fixture->classifier, fixture->scratch, &message, &authors,
			     &sender);
		assert_true(found.known);
		struct span category = fixture->conf->categories.names[found.category];
		if (!csp_span_equal(category, csp_span_from(cases[i].category)))
			fail_msg("%s is %.*s", cases[i].header, SPAN_ARG(category));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subscription_mail_is_known),
		cmocka_unit_test(incidents_are_known),
		cmocka_unit_test(operational_notices_are_known),
		cmocka_unit_test(what_only_looks_like_it_is_neither),
		cmocka_unit_test(forms_that_coincide_are_no_identifiers),
		cmocka_unit_test(products_are_told_apart),
		cmocka_unit_test(documented_direct_mail_is_on_its_list),
		cmocka_unit_test(domains_that_many_share_are_listed),
		cmocka_unit_test(tags_are_read_as_their_systems_write_them),
	};

	return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
