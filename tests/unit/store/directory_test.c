#include "directory_files.h"

#include "claims.h"
#include "directory_view.h"

static struct directory_files files;

static int make(void **state)
{
	(void)state;
	directory_files_make(&files);
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	directory_files_read_end(&files);
	directory_files_remove(&files);
	return 0;
}

static void the_exact_address_wins_then_the_longest_domain(void **state)
{
	static const struct {
		const char *address, *customers;
	} cases[] = {
		{"ceo@contoso.example", "by-address"},
		{"bob@contoso.example", "by-domain"},
		{"ceo@mail.example", "by-address"},
		{"bob@mail.example", "-"},
		{"bob@a.contoso.example", "-"}, /* it does not count its sub-domains */
		{"bob@big.example", "big"},
		{"bob@a.big.example", "big"},
		{"bob@a.b.c.big.example", "big"},
		{"bob@own.big.example", "small"},
		{"bob@a.own.big.example", "big"}, /* the longest that counts them */
		{"bob@notbig.example", "-"},
		{"bob@example", "-"},
		{"bob@lab.big.example", "excluded -"},
		{"bob@a.lab.big.example", "excluded -"},
		{"bob@mine.lab.big.example", "small"},
		{"vip@lab.big.example", "by-address"},
		{"bob@[192.0.2.1]", "-"},
		{"bob@", "-"},
		{"", "-"},
	};
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(put_address(write, "by-address", "ceo@contoso.example"));
	OK(put_address(write, "by-address", "ceo@mail.example"));
	OK(put_address(write, "by-address", "vip@lab.big.example"));
	OK(put_customer(write, "by-domain", "contoso.example", ""));
	OK(put_customer(write, "big", ".big.example", ""));
	OK(put_customer(write, "small", "own.big.example", ""));
	OK(put_customer(write, "small", "mine.lab.big.example", ""));
	OK(edit_put_exclusion(write, SPAN_LIT("lab.big.example")));
	OK(edit_commit(write));
	directory_files_read(&files);
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_CUSTOMERS(&files, cases[i].address, cases[i].customers);
}

static void an_exclusion_wins_over_a_customer_of_the_same_domain(void **state)
{
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(put_customer(write, "a", "mail.example", ""));
	OK(edit_put_exclusion(write, SPAN_LIT("mail.example")));
	OK(put_partner(write, "p", "mail.example", "", ""));
	OK(edit_commit(write));
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "bob@mail.example", "excluded -");
	CHECK_PARTNERS(&files, "mail.example", true, "-");
}

static void a_partners_own_domain_is_no_customers_but_exact_addresses_there_are(void **state)
{
	static const struct {
		const char *address, *customers;
	} cases[] = {
		{"bob@both.example", "-"},
		{"boss@both.example", "by-address"},
		{"bob@a.both.example", "both"}, /* the partner's entry does not count sub-domains */
		{"bob@wide.example", "-"},
		{"bob@a.wide.example", "-"},
		{"boss@a.wide.example", "by-address"},
		{"bob@own.wide.example", "own"}, /* the longest domain wins */
		{"bob@p.big.example", "-"},      /* its parent is not asked */
		{"bob@a.p.big.example", "big"},
		{"bob@bounce.example",
		 "sends-through"}, /* bounces come from there, nobody writes */
	};
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(put_customer(write, "both", ".both.example", ""));
	OK(put_partner(write, "p1", "both.example", "bounce.example", ""));
	OK(put_address(write, "by-address", "boss@both.example"));
	OK(put_address(write, "by-address", "boss@a.wide.example"));
	OK(put_customer(write, "wide", ".wide.example", ""));
	OK(put_customer(write, "own", "own.wide.example", ""));
	OK(put_partner(write, "p2", ".wide.example", "", ""));
	OK(put_customer(write, "big", ".big.example", ""));
	OK(put_partner(write, "p3", "p.big.example", "", ""));
	OK(put_customer(write, "sends-through", "bounce.example", ""));
	OK(edit_commit(write));
	directory_files_read(&files);
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_CUSTOMERS(&files, cases[i].address, cases[i].customers);
	CHECK_PARTNERS(&files, "both.example", false, "p1");
	CHECK_PARTNERS(&files, "a.wide.example", false, "p2");
	CHECK_PARTNERS(&files, "bounce.example", true, "p1");
}

static void what_answered_is_named(void **state)
{
	struct customers customers;
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(put_customer(write, "a", ".big.example", ""));
	OK(put_address(write, "b", "ceo@mail.example"));
	OK(put_partner(write, "p", "p.big.example", "", ""));
	OK(edit_commit(write));
	directory_files_read(&files);
	assert_int_equal(csp_directory_find_customers(&customers, files.read, &files.arena,
						      SPAN_LIT("x@a.big.example"),
						      SPAN_LIT("a.big.example")),
			 FOUND);
	CHECK_SPAN("domain", customers.key, SPAN_LIT("big.example"));
	assert_int_equal(csp_directory_find_customers(&customers, files.read, &files.arena,
						      SPAN_LIT("ceo@mail.example"),
						      SPAN_LIT("mail.example")),
			 FOUND);
	CHECK_SPAN("address", customers.key, SPAN_LIT("ceo@mail.example"));
	assert_int_equal(csp_directory_find_customers(&customers, files.read, &files.arena,
						      SPAN_LIT("x@else.example"),
						      SPAN_LIT("else.example")),
			 NOT_FOUND);
	CHECK_SPAN("nothing", customers.key, SPAN_LIT(""));
	assert_int_equal(csp_directory_find_customers(&customers, files.read, &files.arena,
						      SPAN_LIT("x@p.big.example"),
						      SPAN_LIT("p.big.example")),
			 NOT_FOUND);
	CHECK_SPAN("a partner's", customers.key, SPAN_LIT("p.big.example"));
	assert_false(customers.excluded);
}

static void the_longest_domain_and_address_are_found(void **state)
{
	char domain[256], address[511], too_long[513];
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	for (size_t i = 0; i < 255; i++)
		domain[i] = i % 64 == 63 ? '.' : 'd';
	domain[255] = '\0';
	memset(address, 'l', sizeof(address));
	memcpy(address + 254, "@", 1);
	memcpy(address + 255, domain, 256);
	memset(too_long, 'x', sizeof(too_long));
	too_long[512] = '\0';
	OK(put_customer(write, "a", domain, ""));
	OK(put_address(write, "b", address));
	REFUSED(put_address(write, "c", too_long));
	assert_string_not_equal(edit_words()->refused, "");
	OK(edit_commit(write));
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, domain, "a");
	CHECK_CUSTOMERS(&files, address, "b");
	CHECK_CUSTOMERS(&files, too_long, "-");
}

static void a_domain_of_two_customers_gives_both(void **state)
{
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(put_customer(write, "b", "shared.example", ""));
	OK(put_customer(write, "a", "shared.example", ""));
	OK(put_customer(write, "a", "alone.example", ""));
	OK(edit_commit(write));
	assert_string_equal(edit_words()->warned, "shared.example belongs to another customer too");
	assert_int_equal(edit_words()->counts.shared_domains, 1);
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@shared.example", "a b");
}

static void sources_add_up_and_each_replaces_its_own(void **state)
{
	const struct customer *customer;
	struct edit *write = directory_files_begin(&files, "one");

	(void)state;
	OK(put_customer(write, "a", "one.example", "p1"));
	OK(edit_commit(write));
	write = directory_files_begin(&files, "two");
	OK(put_customer(write, "a", "two.example", "p2"));
	OK(edit_commit(write));
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@one.example", "a");
	CHECK_CUSTOMERS(&files, "x@two.example", "a");
	assert_int_equal(csp_directory_customer(&customer, files.read, &files.arena, SPAN_LIT("a")),
			 FOUND);
	assert_int_equal(customer->relation_count, 2);
	CHECK_SPAN("first source", customer->relations[0].partner, SPAN_LIT("p1"));
	CHECK_SPAN("second source", customer->relations[1].partner, SPAN_LIT("p2"));
	directory_files_read_end(&files);

	write = directory_files_begin(&files, "one");
	OK(put_customer(write, "a", "new.example", ""));
	OK(edit_commit(write));
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@one.example", "-");
	CHECK_CUSTOMERS(&files, "x@new.example", "a");
	CHECK_CUSTOMERS(&files, "x@two.example", "a");
	assert_int_equal(csp_directory_customer(&customer, files.read, &files.arena, SPAN_LIT("a")),
			 FOUND);
	assert_int_equal(customer->relation_count, 1);
	CHECK_SPAN("what is left", customer->relations[0].partner, SPAN_LIT("p2"));
}

static void two_sources_of_one_domain_give_the_customer_once(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct edit *write = directory_files_begin(&files, i ? "one" : "two");
		OK(put_customer(write, "a", i ? ".big.example" : "big.example", "p"));
		OK(edit_commit(write));
	}
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@big.example", "a");
	CHECK_CUSTOMERS(&files, "x@sub.big.example", "a");
}

static void a_party_put_twice_in_one_transaction_adds_up(void **state)
{
	struct directory_stats stats;
	const struct customer *customer;
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(put_customer(write, "a", "one.example", "p"));
	OK(put_customer(write, "a", "two.example", "p"));
	OK(put_customer(write, "a", ".two.example", "q"));
	OK(put_customer(write, "a", "two.example", "p"));
	OK(edit_commit(write));
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@one.example", "a");
	CHECK_CUSTOMERS(&files, "x@two.example", "a");
	CHECK_CUSTOMERS(&files, "x@sub.two.example", "a");
	assert_int_equal(csp_directory_customer(&customer, files.read, &files.arena, SPAN_LIT("a")),
			 FOUND);
	assert_int_equal(customer->relation_count, 2);
	OK(csp_directory_stats(&stats, files.read, &files.arena));
	assert_int_equal(stats.sources[0].customers, 1);
	assert_int_equal(stats.customers, 1);
	assert_int_equal(stats.domains, 2);
}

static void a_domain_said_twice_counts_its_subdomains_if_either_says_so(void **state)
{
	static const struct directory_name names[] = {{{"big.example", 11}, false},
						      {{"big.example", 11}, true}};
	struct customer_entry entry = {
		.customer = {.id = SPAN_LIT("a"), .name = SPAN_LIT(""), .cloud = SPAN_LIT("")},
		.domains = names,
		.domain_count = COUNT(names),
	};
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(edit_put_customer(write, &entry));
	entry.customer.id = SPAN_LIT("b");
	entry.domains = names + 1;
	entry.domain_count = 1;
	OK(edit_put_customer(write, &entry));
	OK(edit_put_customer(write, &entry));
	entry.domains = names;
	OK(edit_put_customer(write, &entry));
	OK(edit_commit(write));
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@sub.big.example", "a b");
}

static void the_same_import_again_changes_nothing_but_the_state(void **state)
{
	struct directory_stats stats;

	(void)state;
	for (unsigned i = 1; i <= 3; i++) {
		struct edit *write = directory_files_begin(&files, "s");
		OK(put_customer(write, "a", "one.example", "p"));
		OK(put_partner(write, "p", "p.example", "b.example", "123"));
		OK(edit_put_exclusion(write, SPAN_LIT("x.example")));
		OK(edit_commit(write));
		directory_files_read(&files);
		OK(csp_directory_stats(&stats, files.read, &files.arena));
		assert_int_equal(stats.state, i);
		assert_int_equal(stats.customers, 1);
		assert_int_equal(stats.partners, 1);
		assert_int_equal(stats.domains, 4);
		assert_int_equal(stats.exclusions, 1);
		assert_int_equal(stats.source_count, 1);
		assert_int_equal(stats.sources[0].customers, 1);
		assert_int_equal(stats.sources[0].partners, 1);
		CHECK_CUSTOMERS(&files, "x@one.example", "a");
		directory_files_read_end(&files);
	}
}

static void a_relation_passes_through_as_it_was_put(void **state)
{
	static const struct span products[] = {{"microsoft-365", 13}, {"azure", 5}};
	static const struct relation relations[] = {
		{{"p1", 2}, ROLE_INDIRECT_PROVIDER, {products, 2}, 1767225600, 1798761600},
		{{"p2", 2}, ROLE_INDIRECT_RESELLER, {products, 1}, INT64_MIN, -1},
		{{"p3", 2}, ROLE_DIRECT_BILL, {NULL, 0}, 0, INT64_MAX},
	};
	struct customer_entry entry = {
		.customer = {.id = SPAN_LIT("a"),
			     .name = SPAN_LIT("N\xc3\xa4me"),
			     .cloud = SPAN_LIT("us-gov"),
			     .relations = relations,
			     .relation_count = COUNT(relations),
			     .direct_products = {products, 2}},
	};
	const struct customer *customer;
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(edit_put_customer(write, &entry));
	OK(edit_commit(write));
	directory_files_read(&files);
	assert_int_equal(csp_directory_customer(&customer, files.read, &files.arena, SPAN_LIT("a")),
			 FOUND);
	CHECK_SPAN("name", customer->name, SPAN_LIT("N\xc3\xa4me"));
	CHECK_SPAN("cloud", customer->cloud, SPAN_LIT("us-gov"));
	assert_int_equal(customer->direct_products.count, 2);
	CHECK_SPAN("direct", customer->direct_products.items[1], SPAN_LIT("azure"));
	assert_int_equal(customer->relation_count, COUNT(relations));
	for (size_t i = 0; i < COUNT(relations); i++) {
		const struct relation *relation = &customer->relations[i];
		CHECK_SPAN("partner", relation->partner, relations[i].partner);
		assert_int_equal(relation->role, relations[i].role);
		assert_true(relation->from == relations[i].from);
		assert_true(relation->until == relations[i].until);
		assert_int_equal(relation->products.count, relations[i].products.count);
		for (size_t k = 0; k < relation->products.count; k++)
			CHECK_SPAN("product", relation->products.items[k], products[k]);
	}
}

static void an_ended_customer_keeps_what_others_say(void **state)
{
	struct relation relation = {.partner = SPAN_LIT("p1"), .until = INT64_MAX};
	struct customer_entry entry = {
		.customer = {.id = SPAN_LIT("a"),
			     .name = SPAN_LIT(""),
			     .cloud = SPAN_LIT(""),
			     .relations = &relation,
			     .relation_count = 1},
		.ended = true,
	};
	const struct customer *customer;
	struct edit *write = directory_files_begin(&files, "one");

	(void)state;
	OK(put_customer(write, "a", "one.example", "p1"));
	OK(edit_commit(write));
	write = directory_files_begin(&files, "two");
	OK(put_customer(write, "a", "two.example", "p2"));
	OK(edit_commit(write));
	write = directory_files_begin(&files, "one");
	OK(edit_put_customer(write, &entry));
	OK(edit_commit(write));
	directory_files_read(&files);
	assert_int_equal(csp_directory_customer(&customer, files.read, &files.arena, SPAN_LIT("a")),
			 FOUND);
	assert_int_equal(customer->relation_count, 1);
	CHECK_SPAN("what is left", customer->relations[0].partner, SPAN_LIT("p2"));
}

static void check_partner_of(const char *customer_id, const char *partner)
{
	const struct customer *customer;

	assert_int_equal(csp_directory_customer(&customer, files.read, &files.arena,
						csp_span_from(customer_id)),
			 FOUND);
	CHECK_SPAN(customer_id, customer->relations[0].partner, csp_span_from(partner));
}

static void an_alias_of_one_partner_becomes_its_id(void **state)
{
	const struct partner *partner;
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(put_customer(write, "by-alias", "", "4847383"));
	OK(put_customer(write, "by-shared-alias", "", "777"));
	OK(put_customer(write, "by-stolen-id", "", "p1"));
	OK(put_customer(write, "by-unknown", "", "nobody"));
	OK(put_partner(write, "p1", "", "", "4847383"));
	OK(put_partner(write, "p2", "", "", "777"));
	OK(put_partner(write, "p3", "", "", "777"));
	OK(put_partner(write, "p4", "", "", "p1"));
	OK(edit_commit(write));
	assert_string_equal(edit_words()->warned, "777 belongs to another partner too");
	directory_files_read(&files);
	check_partner_of("by-alias", "p1");
	check_partner_of("by-shared-alias", "777");
	check_partner_of("by-stolen-id", "p1");
	check_partner_of("by-unknown", "nobody");
	assert_int_equal(
		csp_directory_partner(&partner, files.read, &files.arena, SPAN_LIT("4847383")),
		FOUND);
	CHECK_SPAN("by alias", partner->id, SPAN_LIT("p1"));
	assert_int_equal(csp_directory_partner(&partner, files.read, &files.arena, SPAN_LIT("777")),
			 NOT_FOUND);
	assert_int_equal(csp_directory_partner(&partner, files.read, &files.arena, SPAN_LIT("")),
			 NOT_FOUND);
}

static void every_relation_has_the_id_of_its_partner(void **state)
{
	static const char *const ids[] = {"p1", "p1", "p2", "p1", "nobody", "nobody"};
	static const struct span azure[] = {{"azure", 5}}, office[] = {{"microsoft-365", 13}};
	static const struct relation relations[] = {
		{{"123", 3}, ROLE_DIRECT_BILL, {azure, 1}, INT64_MIN, INT64_MAX},
		{{"123", 3}, ROLE_DIRECT_BILL, {office, 1}, INT64_MIN, INT64_MAX},
		{{"456", 3}, ROLE_DIRECT_BILL, {azure, 1}, INT64_MIN, INT64_MAX},
		{{"123", 3}, ROLE_INDIRECT_PROVIDER, {azure, 1}, INT64_MIN, INT64_MAX},
		{{"nobody", 6}, ROLE_DIRECT_BILL, {azure, 1}, INT64_MIN, INT64_MAX},
		{{"nobody", 6}, ROLE_DIRECT_BILL, {office, 1}, INT64_MIN, INT64_MAX},
	};
	const struct customer_entry entry = {
		.customer = {.id = SPAN_LIT("a"),
			     .name = SPAN_LIT(""),
			     .cloud = SPAN_LIT(""),
			     .relations = relations,
			     .relation_count = COUNT(relations)},
	};
	const struct customer *customer;
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(put_partner(write, "p1", "", "", "123"));
	OK(put_partner(write, "p2", "", "", "456"));
	OK(edit_put_customer(write, &entry));
	OK(edit_commit(write));
	directory_files_read(&files);
	assert_int_equal(csp_directory_customer(&customer, files.read, &files.arena, SPAN_LIT("a")),
			 FOUND);
	assert_int_equal(customer->relation_count, COUNT(ids));
	for (size_t i = 0; i < COUNT(ids); i++) {
		CHECK_SPAN("partner", customer->relations[i].partner, csp_span_from(ids[i]));
		assert_int_equal(customer->relations[i].role, relations[i].role);
		CHECK_SPAN("product", customer->relations[i].products.items[0],
			   relations[i].products.items[0]);
	}
}

static void a_partner_is_found_by_its_domains_and_by_bounces_only_in_a_reverse_path(void **state)
{
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(put_partner(write, "p1", "one.example", "bounce.example", ""));
	OK(put_partner(write, "p2", ".two.example", "", ""));
	OK(put_partner(write, "p3", "one.example", "", ""));
	OK(put_customer(write, "c", "deep.two.example", ""));
	OK(edit_commit(write));
	directory_files_read(&files);
	CHECK_PARTNERS(&files, "one.example", false, "p1 p3");
	CHECK_PARTNERS(&files, "bounce.example", false, "-");
	CHECK_PARTNERS(&files, "bounce.example", true, "p1");
	CHECK_PARTNERS(&files, "a.bounce.example", true, "-");
	CHECK_PARTNERS(&files, "a.one.example", true, "-");
	CHECK_PARTNERS(&files, "a.two.example", false, "p2");
	CHECK_PARTNERS(&files, "deep.two.example", false, "p2");
	CHECK_PARTNERS(&files, "", false, "-");
	CHECK_CUSTOMERS(&files, "x@one.example", "-");
	CHECK_CUSTOMERS(&files, "x@two.example", "-");
}

static void a_partners_proofs_pass_through_and_add_up(void **state)
{
	static const struct span logins[] = {{"fab", 3}}, listeners[] = {{"tls", 3}},
				 subjects[] = {{"/CN=fab", 7}};
	struct network networks[2];
	const struct partner *partner;
	char text[NETADDR_TEXT_SIZE];

	(void)state;
	assert_true(csp_network_parse(&networks[0], SPAN_LIT("192.0.2.0/24")));
	assert_true(csp_network_parse(&networks[1], SPAN_LIT("2001:db8::/32")));
	for (size_t i = 0; i < 2; i++) {
		struct partner_entry entry = {
			.partner = {.id = SPAN_LIT("p"),
				    .name = i ? SPAN_LIT("Second") : SPAN_LIT(""),
				    .contact = SPAN_LIT("csp@p.example"),
				    .proofs = {.logins = {logins, 1},
					       .networks = &networks[i],
					       .network_count = 1,
					       .listeners = {listeners, i},
					       .cert_subjects = {subjects, 1},
					       .dkim_domains = {logins, i}}},
		};
		struct edit *write = directory_files_begin(&files, i ? "b" : "a");
		OK(edit_put_partner(write, &entry));
		OK(edit_commit(write));
	}
	directory_files_read(&files);
	assert_int_equal(csp_directory_partner(&partner, files.read, &files.arena, SPAN_LIT("p")),
			 FOUND);
	CHECK_SPAN("name", partner->name, SPAN_LIT("Second"));
	CHECK_SPAN("contact", partner->contact, SPAN_LIT("csp@p.example"));
	assert_int_equal(partner->proofs.logins.count, 1);
	CHECK_SPAN("login", partner->proofs.logins.items[0], SPAN_LIT("fab"));
	assert_int_equal(partner->proofs.listeners.count, 1);
	assert_int_equal(partner->proofs.cert_subjects.count, 1);
	assert_int_equal(partner->proofs.dkim_domains.count, 1);
	assert_int_equal(partner->proofs.network_count, 2);
	CHECK_SPAN("IPv4", csp_netaddr_format(text, &partner->proofs.networks[0].address),
		   SPAN_LIT("192.0.2.0"));
	assert_int_equal(partner->proofs.networks[0].prefix, 24);
	CHECK_SPAN("IPv6", csp_netaddr_format(text, &partner->proofs.networks[1].address),
		   SPAN_LIT("2001:db8::"));
	assert_int_equal(partner->proofs.networks[1].prefix, 32);
}

static void an_entry_over_a_limit_is_refused_and_the_rest_goes_on(void **state)
{
	char id[80];
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	memset(id, 'i', 65);
	id[65] = '\0';
	REFUSED(put_customer(write, id, "long.example", ""));
	REFUSED(put_customer(write, "", "empty.example", ""));
	REFUSED(put_customer(write, "a", "partner.example", id));
	REFUSED(put_partner(write, id, "", "", ""));
	OK(put_customer(write, "after", "after.example", ""));
	OK(edit_commit(write));
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@after.example", "after");
	CHECK_CUSTOMERS(&files, "x@long.example", "-");
	CHECK_CUSTOMERS(&files, "x@partner.example", "-");
}

static void of_a_name_that_too_many_claim_the_last_do_not_count(void **state)
{
	char id[80];
	struct edit *write = directory_files_begin(&files, "s");
	struct customers customers;

	(void)state;
	for (unsigned i = 0; i < CLAIMS_MAX + 2; i++) {
		snprintf(id, sizeof(id), "many-%02u", i);
		OK(put_customer(write, id, "crowded.example", ""));
	}
	OK(edit_commit(write));
	assert_string_equal(edit_words()->warned,
			    "crowded.example belongs to another customer too");
	directory_files_read(&files);
	assert_int_equal(csp_directory_find_customers(&customers, files.read, &files.arena,
						      SPAN_LIT(""), SPAN_LIT("crowded.example")),
			 FOUND);
	assert_int_equal(customers.count, CLAIMS_MAX);
	CHECK_SPAN("the last", customers.items[CLAIMS_MAX - 1].id, SPAN_LIT("many-63"));
	directory_files_read_end(&files);
}

static void an_exclusion_counts_however_many_claim_its_domain(void **state)
{
	char id[80];
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	for (unsigned i = 0; i < CLAIMS_MAX; i++) {
		snprintf(id, sizeof(id), "many-%02u", i);
		OK(put_customer(write, id, "crowded.example", ""));
	}
	OK(edit_put_exclusion(write, SPAN_LIT("crowded.example")));
	OK(edit_commit(write));
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@crowded.example", "excluded -");
}

static void a_party_with_too_many_names_is_refused(void **state)
{
	enum { MANY = 20000 };
	struct directory_name *names = calloc(MANY, sizeof(*names));
	char(*texts)[32] = calloc(MANY, sizeof(*texts));
	struct customer_entry entry = {
		.customer = {.id = SPAN_LIT("a"), .name = SPAN_LIT(""), .cloud = SPAN_LIT("")},
		.domains = names,
	};
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	assert_non_null(names);
	assert_non_null(texts);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(texts[i], sizeof(*texts), "host%zu.example", i);
		names[i].name = csp_span_from(texts[i]);
	}
	entry.domain_count = MANY / 2;
	OK(edit_put_customer(write, &entry));
	entry.domain_count = MANY;
	OK(edit_put_customer(write, &entry));
	OK(edit_commit(write));
	assert_string_equal(edit_words()->refused, "one party with too many facts or names");
	assert_int_equal(edit_words()->refused_line, 2);
	directory_files_read(&files);
	CHECK_CUSTOMERS(&files, "x@host9999.example", "a");
	CHECK_CUSTOMERS(&files, "x@host10000.example", "-");
	free(names);
	free(texts);
}

static void a_source_needs_a_name(void **state)
{
	static const char *const names[] = {
		"", "a b", "a\n", "\xc3\xa4",
		"12345678901234567890123456789012345678901234567890123456789012345"};
	struct edit *write = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		REFUSED(edit_begin(&write, files.directory, csp_span_from(names[i]), 0));
		assert_null(write);
	}
}

static void an_abort_leaves_no_trace(void **state)
{
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(put_customer(write, "a", "one.example", ""));
	OK(edit_commit(write));
	write = directory_files_begin(&files, "t");
	OK(put_customer(write, "b", "two.example", ""));
	edit_abort(write);
	directory_files_read(&files);
	assert_int_equal(csp_directory_state(files.read), 1);
	CHECK_CUSTOMERS(&files, "x@one.example", "a");
	CHECK_CUSTOMERS(&files, "x@two.example", "-");
}

static void a_reader_sees_one_state_while_another_is_written(void **state)
{
	struct edit *write = directory_files_begin(&files, "s");

	(void)state;
	OK(put_customer(write, "a", "one.example", ""));
	OK(edit_commit(write));
	directory_files_read(&files);
	write = directory_files_begin(&files, "s");
	OK(put_customer(write, "a", "two.example", ""));
	CHECK_CUSTOMERS(&files, "x@one.example", "a");
	OK(edit_commit(write));
	CHECK_CUSTOMERS(&files, "x@one.example", "a");
	CHECK_CUSTOMERS(&files, "x@two.example", "-");
	assert_int_equal(csp_directory_state(files.read), 1);
	directory_files_read_end(&files);
	directory_files_read(&files);
	assert_int_equal(csp_directory_state(files.read), 2);
	CHECK_CUSTOMERS(&files, "x@one.example", "-");
	CHECK_CUSTOMERS(&files, "x@two.example", "a");
}

static void what_sources_say_is_told_apart(void **state)
{
	struct directory_statements statements;
	struct edit *write = directory_files_begin(&files, "one");

	(void)state;
	OK(put_customer(write, "a", ".one.example", "p1"));
	OK(edit_commit(write));
	write = directory_files_begin(&files, "two");
	OK(put_address(write, "a", "ceo@mail.example"));
	OK(put_partner(write, "p", "p.example", "b.example", "123"));
	OK(edit_commit(write));
	directory_files_read(&files);
	assert_int_equal(csp_directory_statements(&statements, files.read, &files.arena,
						  ENTRY_CUSTOMER, SPAN_LIT("a")),
			 FOUND);
	assert_int_equal(statements.count, 2);
	CHECK_SPAN("source", statements.items[0].source, SPAN_LIT("one"));
	const struct customer_entry *entry = &statements.items[0].entry.customer;
	CHECK_SPAN("id", entry->customer.id, SPAN_LIT("a"));
	assert_int_equal(entry->domain_count, 1);
	CHECK_SPAN("domain", entry->domains[0].name, SPAN_LIT("one.example"));
	assert_true(entry->domains[0].subdomains);
	CHECK_SPAN("source", statements.items[1].source, SPAN_LIT("two"));
	CHECK_SPAN("address", statements.items[1].entry.customer.addresses.items[0],
		   SPAN_LIT("ceo@mail.example"));
	assert_int_equal(csp_directory_statements(&statements, files.read, &files.arena,
						  ENTRY_PARTNER, SPAN_LIT("p")),
			 FOUND);
	CHECK_SPAN("alias", statements.items[0].entry.partner.aliases.items[0], SPAN_LIT("123"));
	CHECK_SPAN("bounce", statements.items[0].entry.partner.bounce_domains.items[0],
		   SPAN_LIT("b.example"));
	assert_int_equal(csp_directory_statements(&statements, files.read, &files.arena,
						  ENTRY_PARTNER, SPAN_LIT("a")),
			 NOT_FOUND);
}

static void short_memory_is_never_not_found(void **state)
{
	struct edit *write = directory_files_begin(&files, "s");
	bool could_not_tell = false, found_once = false;

	(void)state;
	OK(put_customer(write, "a", "one.example", "4847383"));
	OK(put_partner(write, "p", "p.example", "", "4847383"));
	OK(edit_commit(write));
	directory_files_read(&files);
	for (size_t max = 0; max < 2048; max += 16) {
		struct customers customers;
		struct partners partners;
		struct arena arena;
		csp_arena_init(&arena, max);
		enum found found = csp_directory_find_customers(&customers, files.read, &arena,
								SPAN_LIT("x@one.example"),
								SPAN_LIT("one.example"));
		assert_int_not_equal(found, NOT_FOUND);
		could_not_tell |= found == COULD_NOT_TELL;
		found_once |= found == FOUND;
		csp_arena_reset(&arena);
		found = csp_directory_find_partners(&partners, files.read, &arena,
						    SPAN_LIT("p.example"), false);
		assert_int_not_equal(found, NOT_FOUND);
		csp_arena_dispose(&arena);
	}
	assert_true(could_not_tell && found_once);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(the_exact_address_wins_then_the_longest_domain),
		TEST(an_exclusion_wins_over_a_customer_of_the_same_domain),
		TEST(a_partners_own_domain_is_no_customers_but_exact_addresses_there_are),
		TEST(what_answered_is_named),
		TEST(the_longest_domain_and_address_are_found),
		TEST(a_domain_of_two_customers_gives_both),
		TEST(sources_add_up_and_each_replaces_its_own),
		TEST(two_sources_of_one_domain_give_the_customer_once),
		TEST(a_party_put_twice_in_one_transaction_adds_up),
		TEST(a_domain_said_twice_counts_its_subdomains_if_either_says_so),
		TEST(the_same_import_again_changes_nothing_but_the_state),
		TEST(a_relation_passes_through_as_it_was_put),
		TEST(an_ended_customer_keeps_what_others_say),
		TEST(an_alias_of_one_partner_becomes_its_id),
		TEST(every_relation_has_the_id_of_its_partner),
		TEST(a_partner_is_found_by_its_domains_and_by_bounces_only_in_a_reverse_path),
		TEST(a_partners_proofs_pass_through_and_add_up),
		TEST(an_entry_over_a_limit_is_refused_and_the_rest_goes_on),
		TEST(of_a_name_that_too_many_claim_the_last_do_not_count),
		TEST(an_exclusion_counts_however_many_claim_its_domain),
		TEST(a_party_with_too_many_names_is_refused),
		TEST(a_source_needs_a_name),
		TEST(an_abort_leaves_no_trace),
		TEST(a_reader_sees_one_state_while_another_is_written),
		TEST(what_sources_say_is_told_apart),
		TEST(short_memory_is_never_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
