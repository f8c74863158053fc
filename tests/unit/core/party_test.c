#include "../check.h"
#include "party.h"

static const struct span logins[] = {{"mailer", 6}, {"", 0}};
static const struct span listeners[] = {{"partners", 8}};
static const struct span subjects[] = {{"/CN=relay", 9}};

static struct proofs some_proofs(struct network *network)
{
	assert_true(csp_network_parse(network, SPAN_LIT("192.0.2.0/24")));
	return (struct proofs){
		.logins = {logins, COUNT(logins)},
		.networks = network,
		.network_count = 1,
		.listeners = {listeners, COUNT(listeners)},
		.cert_subjects = {subjects, COUNT(subjects)},
	};
}

static void one_fact_that_is_listed_proves(void **state)
{
	static const struct {
		const char *login, *listener, *subject, *address;
		bool holds;
	} cases[] = {
		{"", "", "", "", false},
		{"mailer", "", "", "", true},
		{"Mailer", "", "", "", false},
		{"mailer2", "", "", "", false},
		{"", "partners", "", "", true},
		{"partners", "", "", "", false},
		{"", "", "/CN=relay", "", true},
		{"", "", "/CN=relay/O=x", "", false},
		{"", "", "", "192.0.2.77", true},
		{"", "", "", "192.0.3.1", false},
		{"", "", "", "::ffff:192.0.2.1", true},
		{"wrong", "wrong", "wrong", "192.0.2.1", true},
	};
	struct network network;
	const struct proofs proofs = some_proofs(&network);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct client client = {
			.login = csp_span_from(cases[i].login),
			.listener = csp_span_from(cases[i].listener),
			.cert_subject = csp_span_from(cases[i].subject),
		};
		if (*cases[i].address) {
			struct netaddr address;
			assert_true(csp_netaddr_parse(&address, csp_span_from(cases[i].address)));
			client.address = csp_netaddr_from_bytes(address.family, address.bytes);
		}
		if (csp_proofs_hold(&proofs, &client) != cases[i].holds)
			fail_msg("case %zu", i);
	}
}

static void proofs_exist_when_one_is_configured(void **state)
{
	const struct proofs none = {0};
	struct network network;
	struct proofs each[] = {none, none, none, none};
	const struct proofs all = some_proofs(&network);

	(void)state;
	assert_false(csp_proofs_exist(&none));
	each[0].logins = all.logins;
	each[1].networks = all.networks;
	each[1].network_count = 1;
	each[2].listeners = all.listeners;
	each[3].cert_subjects = all.cert_subjects;
	for (size_t i = 0; i < COUNT(each); i++)
		assert_true(csp_proofs_exist(&each[i]));
}

static void a_relation_is_valid_from_its_first_second_to_before_its_last(void **state)
{
	const struct relation relation = {.from = 100, .until = 200};
	const struct relation open = {.from = INT64_MIN, .until = INT64_MAX};
	const struct customer customer = {.relations = &relation, .relation_count = 1};

	(void)state;
	assert_false(csp_relation_is_valid(&relation, 99));
	assert_true(csp_relation_is_valid(&relation, 100));
	assert_true(csp_relation_is_valid(&relation, 199));
	assert_false(csp_relation_is_valid(&relation, 200));
	assert_true(csp_relation_is_valid(&open, 0));
	assert_true(csp_customer_is_csp(&customer, 150));
	assert_false(csp_customer_is_csp(&customer, 200));
}

static void a_relation_without_products_covers_all(void **state)
{
	static const struct span a = {"a", 1}, b = {"b", 1}, ab[] = {{"a", 1}, {"b", 1}};
	const struct relation all = {.role = ROLE_DIRECT_BILL};
	const struct relation only_a = {.products = {&a, 1}};

	(void)state;
	assert_true(csp_relation_covers(&all, (struct spans){ab, 2}));
	assert_true(csp_relation_covers(&only_a, (struct spans){&a, 1}));
	assert_true(csp_relation_covers(&only_a, (struct spans){0}));
	assert_false(csp_relation_covers(&only_a, (struct spans){&b, 1}));
	assert_false(csp_relation_covers(&only_a, (struct spans){ab, 2}));
}

static void among_sorted_patterns_a_domain_is_found_as_one_by_one(void **state)
{
	struct span patterns[] = {
		SPAN_INIT("mail.example"), SPAN_INIT(".example"),     SPAN_INIT("a.b.test"),
		SPAN_INIT(".b.test"),      SPAN_INIT("z.test"),       SPAN_INIT("test"),
		SPAN_INIT(".cloud.test"),  SPAN_INIT("0.first.test"),
	};
	static const char *const domains[] = {
		"mail.example",
		"example",
		"x.example",
		"x.y.example",
		"a.b.test",
		"b.test",
		"c.b.test",
		"z.test",
		"y.z.test",
		"test",
		"",
		".",
		"cloud.test",
		"t.cloud.test",
		"acloud.test",
		"0.first.test",
		"first.test",
		"a..example",
	};
	const struct spans list = {patterns, COUNT(patterns)};

	(void)state;
	csp_spans_sort(patterns, COUNT(patterns));
	for (size_t i = 0; i < COUNT(domains); i++) {
		struct span domain = csp_span_from(domains[i]);
		if (csp_spans_hold_domain(list, domain) !=
		    csp_spans_hold_domain_sorted(list, domain))
			fail_msg("%s", domains[i]);
	}
	assert_false(csp_spans_hold_domain_sorted((struct spans){0}, SPAN_LIT("mail.example")));
}

static void roles_are_found_by_the_names_they_have(void **state)
{
	static const enum partner_role roles[] = {ROLE_DIRECT_BILL, ROLE_INDIRECT_PROVIDER,
						  ROLE_INDIRECT_RESELLER};
	enum partner_role found;

	(void)state;
	for (size_t i = 0; i < COUNT(roles); i++) {
		assert_true(csp_role_find(&found, csp_span_from(csp_role_name(roles[i]))));
		assert_int_equal(found, roles[i]);
	}
	assert_false(csp_role_find(&found, SPAN_LIT("Direct-bill")));
	assert_false(csp_role_find(&found, SPAN_LIT("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_fact_that_is_listed_proves),
		cmocka_unit_test(proofs_exist_when_one_is_configured),
		cmocka_unit_test(a_relation_is_valid_from_its_first_second_to_before_its_last),
		cmocka_unit_test(a_relation_without_products_covers_all),
		cmocka_unit_test(among_sorted_patterns_a_domain_is_found_as_one_by_one),
		cmocka_unit_test(roles_are_found_by_the_names_they_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
