#include "conf_files.h"

#include <stdio.h>

#include "roster.h"

#define RULES                                                                                      \
	"classification = { packs = [ ]; }; rules = ( { name = \"all\"; disposition = \"pass\"; "  \
	"} );\n"

static bool holds(const struct conf *conf, size_t list, const char *key, const char *domain)
{
	return csp_roster_holds(&conf->policy.rosters[list], csp_span_from(key),
				csp_span_from(domain));
}

static void test_a_list_holds_addresses_domains_and_what_is_below_them(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(
		files, "two.list",
		"\xEF\xBB\xBF# comment\r\n\r\n  Carl+x@C.Example  # since May\r\n#d.example\n"
		"b\xC3\xBC"
		"cher.example\n"
		"last#one@e.example");
	conf_files_put(files, "main.conf",
		       "address_lists = (\n"
		       "  { name = \"one\"; addresses = [ \"Anna@A.example\", \".b.example\", "
		       "\"z.example\" ]; },\n"
		       "  { name = \"two\"; files = \"two.list\"; },\n"
		       "  { name = \"none\"; addresses = [ ]; } );\n" RULES);
	struct conf *conf = conf_files_read_right(files);
	assert_int_equal(conf->policy.roster_count, 3);
	assert_true(holds(conf, 0, "anna@a.example", "a.example"));
	assert_false(holds(conf, 0, "bert@a.example", "a.example"));
	assert_true(holds(conf, 0, "x@y.b.example", "y.b.example"));
	assert_false(holds(conf, 0, "x@b.example", "b.example"));
	assert_true(holds(conf, 0, "x@z.example", "z.example"));
	assert_false(holds(conf, 0, "x@y.z.example", "y.z.example"));
	assert_true(holds(conf, 1, "carl@c.example", "c.example"));
	assert_false(holds(conf, 1, "x@d.example", "d.example"));
	assert_true(holds(conf, 1, "x@xn--bcher-kva.example", "xn--bcher-kva.example"));
	assert_true(holds(conf, 1, "last#one@e.example", "e.example"));
	assert_false(holds(conf, 2, "x@z.example", "z.example"));
	csp_conf_free(conf);
}

struct bad {
	const char *list; /* its settings, in line 1 */
	const char *error;
};

static void test_a_rule_may_name_addresses_itself(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(
		files, "main.conf",
		"address_lists = ( { name = \"one\"; addresses = [ \"a.example\" ]; } );\n"
		"classification = { packs = [ ]; }; rules = ( { name = \"r\"; disposition = "
		"\"pass\";\n"
		"author = [ \"anna@a.example\", \".b.example\" ]; author_list = \"one\";\n"
		"recipient = \"x@c.example\"; except = { recipient = \"y@c.example\"; }; } );\n");
	struct conf *conf = conf_files_read_right(files);
	const struct rule *rule = &conf->policy.rules[0];
	assert_int_equal(conf->policy.roster_count, 5);
	assert_int_equal(rule->match.author_lists, 1 | 2 | 4);
	assert_int_equal(rule->match.recipient_lists, 8);
	assert_int_equal(rule->except.recipient_lists, 16);
	assert_true(holds(conf, 2, "x@y.b.example", "y.b.example"));
	csp_conf_free(conf);
	conf_files_put(files, "main.conf",
		       "classification = { packs = [ ]; }; rules = ( { name = \"r\"; disposition = "
		       "\"pass\";\n"
		       "author = \"@a.example\"; } );\n");
	conf_files_expect_error(files, "main.conf:2: rules.r.author: '@a.example' is no entry");
}

static void test_what_is_wrong_in_a_list_is_named_with_its_line(void **state)
{
	static const struct bad cases[] = {
		{"name = \"l\";", "main.conf:1: address_lists.l: 'addresses' or 'files' must say"},
		{"addresses = \"a@b.example\";", "main.conf:1: address_lists: 'name' is missing"},
		{"name = \"l\"; addresses = \"a b\";",
		 "main.conf:1: address_lists.l.addresses: 'a b' is no entry of a list"},
		{"name = \"l\"; addresses = \"@b.example\";",
		 "main.conf:1: address_lists.l.addresses: '@b.example' is no entry of a list"},
		{"name = \"l\"; files = \"bad.list\";", "bad.list:3: 'a@' is no entry of a list"},
		{"name = \"l\"; addresses = \".\";",
		 "main.conf:1: address_lists.l.addresses: '.' is no entry of a list"},
	};
	struct conf_files *files = *state;

	conf_files_put(files, "bad.list", "a@b.example\n\na@\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[512];
		snprintf(text, sizeof(text), "address_lists = ( { %s } );\n" RULES, cases[i].list);
		conf_files_put(files, "main.conf", text);
		conf_files_expect_error(files, cases[i].error);
	}
}

static void test_a_name_stands_once_and_is_guessed_where_it_is_wrong(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(files, "main.conf",
		       "address_lists = ( { name = \"l\"; addresses = [ ]; },\n"
		       "{ name = \"l\"; addresses = [ ]; } );\n" RULES);
	conf_files_expect_error(files, "main.conf:2: address_lists.l: a list 'l' stands already");
	conf_files_put(files, "main.conf",
		       "address_lists = ( { name = \"board\"; addresses = [ ]; } );\n"
		       "classification = { packs = [ ]; }; rules = ( { name = \"r\"; "
		       "recipient_list = \"bord\"; disposition = "
		       "\"pass\"; } );\n");
	conf_files_expect_error(files, "main.conf:2: rules.r.recipient_list: address_lists has no "
				       "list 'bord': did you mean 'board'?");
}

static void test_there_may_be_63_lists(void **state)
{
	struct conf_files *files = *state;
	char text[8192] = "address_lists = (\n";
	size_t len = strlen(text);

	for (unsigned i = 0; i < 64; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"{ name = \"l%u\"; addresses = [ ]; }%s\n", i,
					i < 63 ? "," : " );");
	snprintf(text + len, sizeof(text) - len, RULES);
	conf_files_put(files, "main.conf", text);
	conf_files_expect_error(files, "main.conf:65: address_lists.l63: there may be 63 lists");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_files_setup, conf_files_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_list_holds_addresses_domains_and_what_is_below_them),
		TEST(test_a_rule_may_name_addresses_itself),
		TEST(test_what_is_wrong_in_a_list_is_named_with_its_line),
		TEST(test_a_name_stands_once_and_is_guessed_where_it_is_wrong),
		TEST(test_there_may_be_63_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
