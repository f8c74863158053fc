#include "../check.h"

#include "netaddr.h"

struct address_case {
	const char *text;
	const char *canonical; /* NULL: no address */
};

static const struct address_case address_cases[] = {
	{"192.0.2.1", "192.0.2.1"},
	{"0.0.0.0", "0.0.0.0"},
	{"255.255.255.255", "255.255.255.255"},
	{"192.0.2", NULL},
	{"192.0.2.1.1", NULL},
	{"192.0.2.256", NULL},
	{"192.0.2.01", NULL},
	{"192.0.2.", NULL},
	{".192.0.2.1", NULL},
	{"192.0.2.1 ", NULL},
	{"192.0.2.+1", NULL},
	{"192.0.2.0x1", NULL},
	{"3221225985", NULL},
	{"", NULL},
	{"localhost", NULL},
	{"::", "::"},
	{"::1", "::1"},
	{"1::", "1::"},
	{"2001:DB8::1", "2001:db8::1"},
	{"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
	{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
	{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
	{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
	{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
	{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
	{"1:0:0:4:5:6:0:0", "1::4:5:6:0:0"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"::ffff:192.0.2.1", "192.0.2.1"},
	{"::FFFF:c000:201", "192.0.2.1"},
	{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
	{"1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"},
	{":", NULL},
	{":::", NULL},
	{"1:2:3:4:5:6:7", NULL},
	{"1:2:3:4:5:6:7:8:9", NULL},
	{"1:2:3:4:5:6:7:8::", NULL},
	{"1::2:3:4:5:6:7:8", NULL},
	{"1::2::3", NULL},
	{":1::2", NULL},
	{"1::2:", NULL},
	{"12345::", NULL},
	{"g::", NULL},
	{"fe80::1%eth0", NULL},
	{"[::1]", NULL},
	{"192.0.2.1::", NULL},
	{"1:2:3:4:5:6:7:192.0.2.1", NULL},
	{"::192.0.2.1:1", NULL},
	{"::192.0.2.999", NULL},
	{"1::/64", NULL},
};

static void an_address_has_one_canonical_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(address_cases); i++) {
		const struct address_case *c = &address_cases[i];
		struct netaddr address;
		char text[NETADDR_TEXT_SIZE];
		bool parsed = csp_netaddr_parse(&address, csp_span_from(c->text));

		CHECK(c->text, parsed == (c->canonical != NULL));
		CHECK_SPAN(c->text, csp_netaddr_format(text, &address),
			   csp_span_from(c->canonical));
	}
}

static void formatting_and_parsing_are_each_others_inverse(void **state)
{
	(void)state;
	uint32_t seed = 1;

	for (int i = 0; i < 20000; i++) {
		uint8_t bytes[16];
		for (size_t j = 0; j < sizeof(bytes); j++) {
			seed = seed * 1664525 + 1013904223;
			bytes[j] = seed >> 30 ? 0 : (uint8_t)(seed >> 16);
		}
		char text[NETADDR_TEXT_SIZE];
		struct netaddr back;
		struct netaddr address =
			csp_netaddr_from_bytes(i % 2 ? NETADDR_IPV4 : NETADDR_IPV6, bytes);
		assert_true(csp_netaddr_parse(&back, csp_netaddr_format(text, &address)));
		assert_memory_equal(&back, &address, sizeof(back));
	}
}

static void the_longest_address_fits_its_text(void **state)
{
	(void)state;
	char text[NETADDR_TEXT_SIZE];
	uint8_t bytes[16];
	struct netaddr none = {.family = NETADDR_NONE};

	memset(bytes, 0xff, sizeof(bytes));
	struct netaddr address = csp_netaddr_from_bytes(NETADDR_IPV6, bytes);
	assert_int_equal(csp_netaddr_format(text, &address).len, 39);
	assert_int_equal(csp_netaddr_format(text, &none).len, 0);
	none = csp_netaddr_from_bytes(NETADDR_NONE, NULL);
	assert_int_equal(none.family, NETADDR_NONE);
}

struct network_case {
	const char *network;
	const char *address;
	bool holds;
};

static const struct network_case network_cases[] = {
	{"192.0.2.0/24", "192.0.2.0", true},
	{"192.0.2.0/24", "192.0.2.255", true},
	{"192.0.2.0/24", "192.0.3.0", false},
	{"192.0.2.128/25", "192.0.2.127", false},
	{"192.0.2.128/25", "192.0.2.128", true},
	{"192.0.2.1", "192.0.2.1", true},
	{"192.0.2.1", "192.0.2.2", false},
	{"192.0.2.1/32", "192.0.2.0", false},
	{"0.0.0.0/0", "255.255.255.255", true},
	{"0.0.0.0/0", "::1", false},
	{"::/0", "192.0.2.1", false},
	{"::/0", "2001:db8::1", true},
	{"2001:db8::/33", "2001:db8:7fff::1", true},
	{"2001:db8::/33", "2001:db8:8000::1", false},
	{"2001:db8::1", "2001:db8::1", true},
	{"::ffff:192.0.2.0/120", "192.0.2.77", true},
	{"192.0.2.0/24", "::ffff:192.0.2.77", true},
	{"::ffff:192.0.2.0/120", "192.0.3.77", false},
};

static void a_network_holds_the_addresses_of_its_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(network_cases); i++) {
		const struct network_case *c = &network_cases[i];
		struct network network;
		struct netaddr address;

		CHECK(c->network, csp_network_parse(&network, csp_span_from(c->network)));
		CHECK(c->address, csp_netaddr_parse(&address, csp_span_from(c->address)));
		CHECK(c->network, csp_network_holds(&network, &address) == c->holds);
	}
}

static void what_is_no_network_is_refused(void **state)
{
	(void)state;
	static const char *const others[] = {
		"",
		"/",
		"/24",
		"192.0.2.0/",
		"192.0.2.0/33",
		"192.0.2.0/024",
		"192.0.2.1/24",
		"192.0.2.0/-1",
		"192.0.2.0/24/1",
		"192.0.2.0 /24",
		"2001:db8::/129",
		"2001:db8::1/64",
		"192.0.2/24",
		"::ffff:0.0.0.0/95",
		"::ffff:0:0/80",
		"192.0.2.0/2x",
	};
	struct network network;

	for (size_t i = 0; i < COUNT(others); i++)
		CHECK(others[i], !csp_network_parse(&network, csp_span_from(others[i])));
}

static void nothing_holds_an_address_that_is_not_known(void **state)
{
	(void)state;
	struct netaddr unknown = {.family = NETADDR_NONE};
	struct network everything;
	struct network nothing = {.prefix = 0};

	assert_true(csp_network_parse(&everything, SPAN_LIT("0.0.0.0/0")));
	assert_false(csp_network_holds(&everything, &unknown));
	assert_false(csp_network_holds(&nothing, &unknown));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_one_canonical_form),
		cmocka_unit_test(formatting_and_parsing_are_each_others_inverse),
		cmocka_unit_test(the_longest_address_fits_its_text),
		cmocka_unit_test(a_network_holds_the_addresses_of_its_prefix),
		cmocka_unit_test(what_is_no_network_is_refused),
		cmocka_unit_test(nothing_holds_an_address_that_is_not_known),
	};

	return cmocka_run_group_tests_name("netaddr", tests, NULL, NULL);
}
