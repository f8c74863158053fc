#include "conf_files.h"

#define RULES "rules = ( { name = \"all\"; disposition = \"pass\"; } );\n"
#define REST  "classification = { packs = [ ]; };\n" RULES

struct bad {
	const char *text;
	const char *error; /* beginning of the one line that is expected */
};

static void expect_errors(struct conf_files *files, const struct bad *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		conf_files_put(files, "main.conf", cases[i].text);
		conf_files_expect_error(files, cases[i].error);
	}
}

#define EXPECT_ERRORS(state, cases) expect_errors(*(state), cases, sizeof(cases) / sizeof(*(cases)))

static void test_every_setting_has_the_value_of_the_sample_as_its_default(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(files, "main.conf", REST);
	struct conf *conf = conf_files_read_right(files);
	assert_int_equal(conf->mode, MODE_MONITOR);
	assert_string_equal(conf->milter.socket, "unix:/run/csp-milter/csp-milter.sock");
	assert_int_equal(conf->milter.socket_mode, 0660);
	assert_string_equal(conf->milter.socket_group, "");
	assert_string_equal(conf->milter.user, "");
	assert_int_equal(conf->milter.timeout, 330);
	assert_int_equal(conf->milter.drain, 30);
	assert_string_equal(conf->milter.control_socket, "/run/csp-milter/control.sock");
	assert_string_equal(conf->directory, "/var/lib/csp-milter/directory");
	assert_true(csp_span_equal(conf->address_separators, SPAN_LIT("+")));
	assert_string_equal(conf->journal.path, "/var/log/csp-milter/decisions.jsonl");
	assert_int_equal(conf->journal.timeout, 10);
	assert_string_equal(conf->syslog_facility, "mail");
	assert_int_equal(conf->limits.header_bytes, 1048576);
	assert_int_equal(conf->limits.header_fields, 10000);
	assert_int_equal(conf->limits.recipients, 50000);
	assert_int_equal(conf->limits.mailboxes, 100);
	assert_int_equal(conf->limits.encoded_words, 10000);
	assert_int_equal(conf->directory_max_age, 0);
	assert_int_equal(conf->on_directory_failure, FAILURE_TEMPFAIL);
	assert_int_equal(conf->on_old_directory, FAILURE_USE);
	assert_int_equal(conf->on_journal_failure, FAILURE_TEMPFAIL);
	assert_int_equal(conf->on_resource_failure, FAILURE_TEMPFAIL);
	assert_int_equal(conf->vendor.domains.count, 4);
	assert_false(csp_proofs_exist(&conf->vendor.proofs));
	assert_false(csp_proofs_exist(&conf->tag_sources));
	assert_int_equal(conf->vendor.proofs.dkim_domains.count, 0);
	assert_int_equal(conf->authentication.authserv_ids.count, 0);
	assert_false(csp_proofs_exist(&conf->authentication.hops));
	assert_int_equal(conf->authentication.partners, 0);
	assert_int_equal(conf->authentication.vendor, 0);
	assert_false(conf->authentication.below_received);
	assert_int_equal(conf->removed_fields.count, 1);
	assert_int_equal(conf->policy.own_domains.count, 0);
	assert_int_equal(conf->categories.count, 4);
	assert_int_equal(conf->categories.subscription, 0);
	assert_int_equal(conf->categories.incident, 1);
	assert_int_equal(conf->categories.other, 3);
	assert_int_equal(conf->text_fields.count, 2);
	assert_true(csp_span_equal(conf->flag_header, SPAN_LIT("X-CSP-Policy")));
	assert_true(csp_span_equal(conf->plan.fault_reply.code, SPAN_LIT("451")));
	assert_true(csp_span_equal(conf->plan.fault_reply.enhanced, SPAN_LIT("4.3.0")));
	assert_int_equal(conf->plan.help_url.len, 0);
	csp_conf_free(conf);
}

#define TAG(name)                                                                                  \
	"{ header = \"" name "\"; values = ( { value = \"x\"; category = \"other\"; } ); }"

static void test_every_setting_can_be_set(void **state)
{
	struct conf_files *files = *state;

	conf_files_put(files, "a.conf", "tags = ( " TAG("X-Tag") " );\n");
	conf_files_put(files, "b.conf", "tags = ( " TAG("x-tag") ", " TAG("X-Other") " );\n");
	conf_files_put(
		files, "main.conf",
		"\xEF\xBB\xBF" /* as editors of one system begin a file */
		"mode = \"enforce\";\r\n"
		"own_domains = [ \"Example.COM\", \".b\xC3\xBC"
		"cher.example.\", ];\n"
		"vendor = { domains = \"vendor.example\"; bounce_domains = ( \".b.example\", );\n"
		"  proofs = { logins = [ \"svc\" ]; networks = [ \"192.0.2.0/24\", \"2001:db8::1\" "
		"];"
		" listeners = \"smtps\"; cert_subjects = \"/CN=x\"; dkim_domains = "
		"\"Signs.Example\"; }; };\n"
		"authentication_results = { authserv_ids = [ \"MX.Example.\", \"b\xC3\xBC"
		"cher.example\" ];\n"
		"  trusted_hops = { networks = \"192.0.2.10\"; listeners = \"hop\"; };\n"
		"  below_received = true; partners = [ \"spf\", \"dkim\" ]; vendor = \"dkim\"; };\n"
		"milter = { socket = \"inet6:8895@::1\"; socket_mode = \"600\"; socket_group = "
		"\"postfix\";\n"
		"  user = \"csp-milter\"; timeout = 0x10; drain = 0; control_socket = \"/c\"; };\n"
		"directory = { path = \"/d\"; address_separators = \"\"; max_age = 87600; };\n"
		"journal = { path = \"/j\"; timeout = 300; };\n"
		"syslog_facility = \"local7\";\n"
		"limits = { header_bytes = 4096; header_fields = 10L; recipients = 1000000;"
		" mailboxes = 1000; encoded_words = 10; };\n"
		"failure = { directory = \"accept\"; old_directory = \"flag-and-pass\"; journal = "
		"\"flag-and-pass\"; resources = "
		"\"accept\";\n"
		"  reply = \"450 4.2.0 \" \"wait\"; };\n"
		"flag_header = \"X-Ours\"; help_url = \"https://example.com/csp\";\n"
		"classification = { categories = [ \"ads\", \"incident\", \"subscription\" ];\n"
		"  text_fields = \"Subject\"; packs = [ \"a.conf\", \"b.conf\" ]; "
		"tag_sources = { logins = \"tagger\"; }; remove_untrusted_tags = true; "
		"};\n" RULES);
	struct conf *conf = conf_files_read_right(files);
	assert_int_equal(conf->mode, MODE_ENFORCE);
	assert_int_equal(conf->policy.own_domains.count, 2);
	assert_true(csp_span_equal(conf->policy.own_domains.items[0], SPAN_LIT("example.com")));
	assert_true(csp_span_equal(conf->policy.own_domains.items[1],
				   SPAN_LIT(".xn--bcher-kva.example")));
	assert_int_equal(conf->vendor.domains.count, 1);
	assert_int_equal(conf->vendor.bounce_domains.count, 1);
	assert_int_equal(conf->vendor.proofs.logins.count, 1);
	assert_int_equal(conf->vendor.proofs.network_count, 2);
	assert_int_equal(conf->vendor.proofs.networks[0].prefix, 24);
	assert_int_equal(conf->vendor.proofs.networks[1].prefix, 128);
	assert_int_equal(conf->vendor.proofs.listeners.count, 1);
	assert_int_equal(conf->vendor.proofs.cert_subjects.count, 1);
	assert_int_equal(conf->vendor.proofs.dkim_domains.count, 1);
	assert_true(csp_span_equal(conf->vendor.proofs.dkim_domains.items[0],
				   SPAN_LIT("signs.example")));
	assert_int_equal(conf->authentication.authserv_ids.count, 2);
	assert_true(
		csp_span_equal(conf->authentication.authserv_ids.items[0], SPAN_LIT("mx.example")));
	assert_true(csp_span_equal(conf->authentication.authserv_ids.items[1],
				   SPAN_LIT("xn--bcher-kva.example")));
	assert_int_equal(conf->authentication.hops.network_count, 1);
	assert_int_equal(conf->authentication.hops.listeners.count, 1);
	assert_int_equal(conf->authentication.partners, AUTH_DKIM | AUTH_SPF);
	assert_int_equal(conf->authentication.vendor, AUTH_DKIM);
	assert_true(conf->authentication.below_received);
	assert_string_equal(conf->milter.socket, "inet6:8895@::1");
	assert_int_equal(conf->milter.socket_mode, 0600);
	assert_string_equal(conf->milter.socket_group, "postfix");
	assert_string_equal(conf->milter.user, "csp-milter");
	assert_int_equal(conf->milter.timeout, 16);
	assert_int_equal(conf->milter.drain, 0);
	assert_string_equal(conf->milter.control_socket, "/c");
	assert_string_equal(conf->directory, "/d");
	assert_int_equal(conf->address_separators.len, 0);
	assert_string_equal(conf->journal.path, "/j");
	assert_int_equal(conf->journal.timeout, 300);
	assert_string_equal(conf->syslog_facility, "local7");
	assert_int_equal(conf->limits.header_bytes, 4096);
	assert_int_equal(conf->limits.header_fields, 10);
	assert_int_equal(conf->limits.recipients, 1000000);
	assert_int_equal(conf->limits.mailboxes, 1000);
	assert_int_equal(conf->limits.encoded_words, 10);
	assert_int_equal(conf->directory_max_age, 87600);
	assert_int_equal(conf->on_directory_failure, FAILURE_ACCEPT);
	assert_int_equal(conf->on_old_directory, FAILURE_FLAG_AND_PASS);
	assert_int_equal(conf->on_journal_failure, FAILURE_FLAG_AND_PASS);
	assert_int_equal(conf->on_resource_failure, FAILURE_ACCEPT);
	assert_true(csp_span_equal(conf->plan.fault_reply.text, SPAN_LIT("wait")));
	assert_true(csp_span_equal(conf->flag_header, SPAN_LIT("X-Ours")));
	assert_true(csp_span_equal(conf->plan.help_url, SPAN_LIT("https://example.com/csp")));
	assert_int_equal(conf->categories.count, 4);
	assert_int_equal(conf->categories.subscription, 2);
	assert_int_equal(conf->categories.incident, 1);
	assert_int_equal(conf->categories.other, 3);
	assert_int_equal(conf->text_fields.count, 1);
	assert_int_equal(conf->tag_sources.logins.count, 1);
	assert_int_equal(conf->removed_fields.count, 3);
	assert_true(csp_span_equal(conf->removed_fields.items[0], SPAN_LIT("X-Ours")));
	assert_true(csp_span_equal(conf->removed_fields.items[1], SPAN_LIT("x-other")));
	assert_true(csp_span_equal(conf->removed_fields.items[2], SPAN_LIT("x-tag")));
	csp_conf_free(conf);
}

static void test_an_unknown_name_is_an_error_with_its_line_and_a_guess(void **state)
{
	static const struct bad cases[] = {
		{REST "\nmod = \"enforce\";\n",
		 "main.conf:4: unknown setting 'mod': did you mean 'mode'?"},
		{REST "Mode = \"enforce\";\n",
		 "main.conf:3: unknown setting 'Mode': did you mean 'mode'?"},
		{REST "milter = {\n sokcet = \"unix:/s\"; };\n",
		 "main.conf:4: milter: unknown setting 'sokcet': did you mean 'socket'?"},
		{REST "drain = 4;\n",
		 "main.conf:3: unknown setting 'drain': it stands in 'milter = { … }'"},
		{REST "zzzzzzzzzz = 4;\n", "main.conf:3: unknown setting 'zzzzzzzzzz'\n"},
		{REST "vendor = { proofs = {\n\n login = \"x\"; }; };\n",
		 "main.conf:5: vendor.proofs: unknown setting 'login': did you mean 'logins'?"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_a_value_of_the_wrong_type_is_an_error(void **state)
{
	static const struct bad cases[] = {
		{"mode = 1;\n" REST,
		 "main.conf:1: mode: a text in quotes is needed, this is a number"},
		{"mode = [ \"enforce\" ];\n" REST,
		 "main.conf:1: mode: a text in quotes is needed, this is a list [ … ]"},
		{"milter = \"x\";\n" REST,
		 "main.conf:1: milter: a group { … } is needed, this is a text"},
		{"milter = { timeout = \"330\"; };\n" REST,
		 "main.conf:1: milter.timeout: a whole number without quotes is needed, this is a "
		 "text"},
		{"milter = { timeout = 3.5; };\n" REST,
		 "main.conf:1: milter.timeout: a whole number without quotes is needed, this is a "
		 "number with a fraction"},
		{"milter = { socket_mode = 0660; };\n" REST,
		 "main.conf:1: milter.socket_mode: a text in quotes is needed, this is a number"},
		{"own_domains = true;\n" REST, "main.conf:1: own_domains: a text in quotes or a "
					       "list of them is needed, this is true or false"},
		{"own_domains = (\"a.example\",\n 5);\n" REST,
		 "main.conf:2: own_domains: a text in quotes is needed, this is a number"},
		{"own_domains = [ 5 ];\n" REST,
		 "main.conf:1: own_domains: a text in quotes is needed, this is a number"},
		{"rules = { };\nclassification = { packs = []; };",
		 "main.conf:1: rules: a list of groups ( { … }, { … } ) is needed, this is a group "
		 "{ … }"},
		{"rules = ( 5 );\nclassification = { packs = []; };",
		 "main.conf:1: rules: a group { … } is needed, this is a number"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_a_number_out_of_range_is_an_error_even_past_32_bits(void **state)
{
	static const struct bad cases[] = {
		{"milter = { timeout = 9; };\n" REST,
		 "main.conf:1: milter.timeout: 9 is out of range: 10 to 7210"},
		{"milter = { timeout = 7211; };\n" REST,
		 "main.conf:1: milter.timeout: 7211 is out of range: 10 to 7210"},
		{"milter = { drain = -1; };\n" REST,
		 "main.conf:1: milter.drain: -1 is out of range: 0 to 3600"},
		{"milter = { timeout = 4294967306; };\n" REST,
		 "main.conf:1: milter.timeout: 4294967306 is out of range"},
		{"milter = { timeout = -4294967266; };\n" REST,
		 "main.conf:1: milter.timeout: -4294967266 is out of range"},
		{"milter = { timeout = 0x10000001e; };\n" REST,
		 "main.conf:1: milter.timeout: 4294967326 is out of range"},
		{"milter = { timeout = 4294967306L; };\n" REST,
		 "main.conf:1: milter.timeout: 4294967306 is out of range"},
		{"milter = { drain =\n 18446744073709551646; };\n" REST,
		 "main.conf:2: a number of 20 digits is larger than any setting takes"},
		{"milter = { drain =\n 18446744073709551646LL; };\n" REST,
		 "main.conf:2: a number of 20 digits is larger than any setting takes"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_a_text_that_does_not_fit_its_setting_is_an_error(void **state)
{
	static const struct bad cases[] = {
		{"mixed_recipients = { action = \"split\"; };\n" REST,
		 "main.conf:1: mixed_recipients: action = \"split\" needs 'notify'"},
		{"mixed_recipients = { action = \"hold\"; notify = \"a@b.example\"; };\n" REST,
		 "main.conf:1: mixed_recipients: 'notify' is for action = \"split\" alone"},
		{"mixed_recipients = { action = \"split\"; notify = \"nobody\"; };\n" REST,
		 "main.conf:1: mixed_recipients.notify: 'nobody' is no address"},
		{"mixed_recipients = { action = \"drop\"; };\n" REST,
		 "main.conf:1: mixed_recipients.action: 'drop' is unknown: one of reject, split, "
		 "hold"},
		{"outbound = { clients = { networks = [ \"0.0.0.0/0\" ]; }; };\n" REST,
		 "main.conf:1: outbound.clients.networks: '0.0.0.0/0' is the whole Internet"},
		{"mode = \"\";\n" REST, "main.conf:1: mode: the text is empty"},
		{"mode = \"enforced\";\n" REST,
		 "main.conf:1: mode: 'enforced' is unknown: did you mean 'enforce'?"},
		{"mode = \"off\";\n" REST,
		 "main.conf:1: mode: 'off' is unknown: one of monitor, enforce"},
		{"failure = { journal = \"reject\"; };\n" REST,
		 "main.conf:1: failure.journal: 'reject' is unknown: "},
		{"failure = { old_directory = \"reject\"; };\n" REST,
		 "main.conf:1: failure.old_directory: 'reject' is unknown: one of tempfail, "
		 "flag-and-pass, accept, use"},
		{"failure = { directory = \"use\"; };\n" REST,
		 "main.conf:1: failure.directory: 'use' is unknown: one of tempfail"},
		{"journal = { path = \"\"; };\n" REST,
		 "main.conf:1: journal.path: the text is empty"},
		{"journal = { path = \"x/y\"; };\n" REST,
		 "main.conf:1: journal.path: 'x/y' is no absolute path"},
		{"directory = { path = \"/a\\nb\"; };\n" REST,
		 "main.conf:1: directory.path: the text holds a control character"},
		{"directory = { path = \"/\\xff\"; };\n" REST,
		 "main.conf:1: directory.path: the text is not UTF-8"},
		{"directory = { address_separators = \"@\"; };\n" REST,
		 "main.conf:1: directory.address_separators: '@' holds a character"},
		{"syslog_facility = \"mial\";\n" REST,
		 "main.conf:1: syslog_facility: 'mial' is no syslog facility"},
		{"flag_header = \"Subject\";\n" REST,
		 "main.conf:1: flag_header: 'Subject' does not begin with 'X-'"},
		{"flag_header = \"X-\";\n" REST, "main.conf:1: flag_header: 'X-' does not begin"},
		{"flag_header = \"X-a:b\";\n" REST,
		 "main.conf:1: flag_header: 'X-a:b' is no name of a header field"},
		{"help_url = \"example.com\";\n" REST,
		 "main.conf:1: help_url: 'example.com' is no URL"},
		{"help_url = \"https://a b\";\n" REST,
		 "main.conf:1: help_url: 'https://a b' holds a space"},
		{"failure = { reply = \"550 5.7.1 no\"; };\n" REST, "main.conf:1: failure.reply: "},
		{"milter = { user = \"a b\"; };\n" REST,
		 "main.conf:1: milter.user: 'a b' is no name"},
		{"milter = { socket_mode = \"0668\"; };\n" REST,
		 "main.conf:1: milter.socket_mode: '0668' is no mode: octal digits"},
		{"milter = { socket_mode = \"0770\"; };\n" REST,
		 "main.conf:1: milter.socket_mode: '0770' is no mode of a socket"},
		{"milter = { socket_mode = \"6\"; };\n" REST,
		 "main.conf:1: milter.socket_mode: the text has 1 bytes: 3 to 4 are allowed"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_authentication_results_are_configured_whole_or_not_at_all(void **state)
{
#define AR(members) "authentication_results = {\n" members " };\n" REST
#define IDS         "authserv_ids = \"mx.example\"; "
#define HOPS        "trusted_hops = { networks = \"192.0.2.1\"; }; "
	static const struct bad cases[] = {
		{AR(IDS "partners = \"dkim\";"),
		 "main.conf:1: authentication_results: 'trusted_hops' must say"},
		{AR(HOPS "partners = \"dkim\";"),
		 "main.conf:1: authentication_results: 'authserv_ids' must say"},
		{AR(IDS HOPS),
		 "main.conf:1: authentication_results: 'partners' or 'vendor' must say"},
		{AR("partners = \"spf\";"),
		 "main.conf:1: authentication_results: 'authserv_ids' must say"},
		{AR(IDS HOPS "vendor = \"dkim\";"), "main.conf:1: authentication_results: 'dkim' "
						    "in 'vendor' needs vendor.proofs.dkim_domains"},
		{AR(IDS HOPS "vendor = \"spf\";") "vendor = { proofs = { dkim_domains = "
						  "\"a.example\"; }; };\n",
		 "main.conf:1: authentication_results: vendor.proofs.dkim_domains prove nothing "
		 "without 'dkim' in 'vendor'"},
		{AR(IDS HOPS "partners = \"dmarc\";"),
		 "main.conf:2: authentication_results.partners: 'dmarc' is unknown: one of dkim, "
		 "spf"},
		{AR("authserv_ids = \"mx.example 1\"; " HOPS "partners = \"spf\";"),
		 "main.conf:2: authentication_results.authserv_ids: 'mx.example 1' is no domain "
		 "name"},
		{AR("authserv_ids = \".example\"; " HOPS "partners = \"spf\";"),
		 "main.conf:2: authentication_results.authserv_ids: '.example' begins with a "
		 "dot"},
		{AR(IDS "trusted_hops = { networks = \"0.0.0.0/0\"; }; partners = \"spf\";"),
		 "main.conf:2: authentication_results.trusted_hops.networks: '0.0.0.0/0' is the "
		 "whole Internet"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_a_socket_names_the_host_it_listens_on(void **state)
{
	static const struct bad cases[] = {
		{"milter = { socket = \"inet:8895\"; };\n" REST,
		 "main.conf:1: milter.socket: 'inet:8895' would listen on every address of this "
		 "machine: name the host"},
		{"milter = { socket = \"inet6:8895\"; };\n" REST,
		 "main.conf:1: milter.socket: 'inet6:8895' would listen on every address"},
		{"milter = { socket = \"inet:8895@\"; };\n" REST,
		 "main.conf:1: milter.socket: 'inet:8895@' would listen on every address"},
		{"milter = { socket = \"inet:localhost:8895\"; };\n" REST,
		 "main.conf:1: milter.socket: 'inet:localhost:8895' is no socket"},
		{"milter = { socket = \"inet:0@localhost\"; };\n" REST,
		 "main.conf:1: milter.socket: 'inet:0@localhost' has no port"},
		{"milter = { socket = \"inet:65536@localhost\"; };\n" REST,
		 "main.conf:1: milter.socket: 'inet:65536@localhost' has no port"},
		{"milter = { socket = \"inet:1@::1\"; };\n" REST,
		 "main.conf:1: milter.socket: 'inet:1@::1' has an address of the other family"},
		{"milter = { socket = \"inet6:1@127.0.0.1\"; };\n" REST,
		 "main.conf:1: milter.socket: 'inet6:1@127.0.0.1' has an address of the other "
		 "family"},
		{"milter = { socket = \"inet:1@a b\"; };\n" REST,
		 "main.conf:1: milter.socket: 'inet:1@a b' has no host name"},
		{"milter = { socket = \"/run/x\"; };\n" REST,
		 "main.conf:1: milter.socket: '/run/x' is no socket: 'unix:/path'"},
		{"milter = { socket = \"unix:run/x\"; };\n" REST,
		 "main.conf:1: milter.socket: 'run/x' is no absolute path"},
		{"milter = { control_socket = \"/"
		 "0123456789012345678901234567890123456789012345678901234567890123456789"
		 "0123456789012345678901234567890123456\"; };\n" REST,
		 "main.conf:1: milter.control_socket: '/01234"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_a_domain_pattern_is_a_domain_or_its_sub_domains(void **state)
{
	static const struct bad cases[] = {
		{"own_domains = [ \"*.example.com\" ];\n" REST,
		 "main.conf:1: own_domains: '*.example.com' is no domain: sub-domains are written "
		 "with a leading dot"},
		{"own_domains = [ \"me@example.com\" ];\n" REST,
		 "main.conf:1: own_domains: 'me@example.com' is an address"},
		{"own_domains = [\n\"a.example\",\n\"b..example\"\n];\n" REST,
		 "main.conf:3: own_domains: 'b..example' is no domain name"},
		{"own_domains = \"https://example.com\";\n" REST,
		 "main.conf:1: own_domains: 'https://example.com' is no domain"},
		{"vendor = { domains = [ \".com\" ]; };\n" REST,
		 "main.conf:1: vendor.domains: '.com' would take in every domain"},
		{"vendor = { domains = [ \".\" ]; };\n" REST,
		 "main.conf:1: vendor.domains: '.' is no domain"},
		{"vendor = { domains = [ \"\" ]; };\n" REST,
		 "main.conf:1: vendor.domains: the text is empty"},
		{"vendor = { domains = [ \"[192.0.2.1]\" ]; };\n" REST,
		 "main.conf:1: vendor.domains: '[192.0.2.1]' is no domain name"},
		{"own_domains = [ \"a.example\",\n\"A.example\" ];\n" REST,
		 "main.conf:2: own_domains: 'a.example' stands twice"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_clouds_with_a_single_partner_are_named(void **state)
{
	static const struct bad cases[] = {
		{"directory = { single_partner_clouds = [ \"us-gov\",\n\"us_gov\" ]; };\n" REST,
		 "main.conf:2: directory.single_partner_clouds: 'us_gov' is unknown: did you mean "
		 "'us-gov'?"},
		{"directory = { single_partner_clouds = [ \"azure\" ]; };\n" REST,
		 "main.conf:1: directory.single_partner_clouds: 'azure' is unknown: one of "
		 "commercial, us-gov, china"},
		{"directory = { single_partner_clouds = [ \"china\", \"china\" ]; };\n" REST,
		 "main.conf:1: directory.single_partner_clouds: 'china' stands twice"},
	};
	struct conf_files *files = *state;

	conf_files_put(files, "main.conf", REST);
	struct conf *conf = conf_files_read_right(files);
	assert_int_equal(conf->single_partner_clouds.count, 1);
	assert_true(csp_span_equal(conf->single_partner_clouds.items[0], SPAN_LIT("us-gov")));
	csp_conf_free(conf);

	conf_files_put(files, "main.conf",
		       "directory = { single_partner_clouds = [ \"china\", \"commercial\", "
		       "\"us-gov\" ]; };\n" REST);
	conf = conf_files_read_right(files);
	assert_int_equal(conf->single_partner_clouds.count, 3);
	assert_true(csp_span_equal(conf->single_partner_clouds.items[1], SPAN_LIT("commercial")));
	csp_conf_free(conf);

	conf_files_put(files, "main.conf", "directory = { single_partner_clouds = [ ]; };\n" REST);
	conf = conf_files_read_right(files);
	assert_int_equal(conf->single_partner_clouds.count, 0);
	csp_conf_free(conf);

	EXPECT_ERRORS(state, cases);
}

static void test_a_network_has_no_host_bits(void **state)
{
	static const struct bad cases[] = {
		{"vendor = { proofs = { networks = \"192.0.2.1/24\"; }; };\n" REST,
		 "main.conf:1: vendor.proofs.networks: '192.0.2.1/24' has bits behind its prefix: "
		 "did you mean '192.0.2.0/24'?"},
		{"vendor = { proofs = { networks = \"2001:db8::1/32\"; }; };\n" REST,
		 "main.conf:1: vendor.proofs.networks: '2001:db8::1/32' has bits behind its "
		 "prefix: did you mean '2001:db8::/32'?"},
		{"vendor = { proofs = { networks = \"192.0.2.0/33\"; }; };\n" REST,
		 "main.conf:1: vendor.proofs.networks: '192.0.2.0/33' has no prefix length of 1 to "
		 "32"},
		{"vendor = { proofs = { networks = \"192.0.2.0/\"; }; };\n" REST,
		 "main.conf:1: vendor.proofs.networks: '192.0.2.0/' has no prefix length"},
		{"vendor = { proofs = { networks = \"192.0.2\"; }; };\n" REST,
		 "main.conf:1: vendor.proofs.networks: '192.0.2' is no network"},
		{"vendor = { proofs = { networks = \"mx.example\"; }; };\n" REST,
		 "main.conf:1: vendor.proofs.networks: 'mx.example' is no network"},
		{"classification = { packs = []; tag_sources = { networks = [ \"0.0.0.0/0\" ]; }; "
		 "};\n" RULES,
		 "main.conf:1: classification.tag_sources.networks: '0.0.0.0/0' is the whole "
		 "Internet"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_categories_hold_the_two_that_the_rules_of_evidence_know(void **state)
{
	static const struct bad cases[] = {
		{"classification = { categories = [ \"subscription\", \"x\" ]; packs = []; "
		 "};\n" RULES,
		 "main.conf:1: classification.categories: 'incident' must be one of them"},
		{"classification = { categories = [ \"incident\", \"x\" ]; packs = []; };\n" RULES,
		 "main.conf:1: classification.categories: 'subscription' must be one of them"},
		{"classification = { categories = [ \"subscription\", \"incident\", \"other\" ]; "
		 "packs = []; };\n" RULES,
		 "main.conf:1: classification.categories: 'other' is there by itself"},
		{"classification = { categories = [ \"subscription\", \"incident\", \"My Own\" ]; "
		 "packs = []; };\n" RULES,
		 "main.conf:1: classification.categories: 'My Own' is no name"},
		{"classification = { categories = [ \"subscription\", \"incident\", \"incident\" "
		 "]; packs = []; };\n" RULES,
		 "main.conf:1: classification.categories: 'incident' stands twice"},
		{"classification = { text_fields = [ ]; packs = []; };\n" RULES,
		 "main.conf:1: classification.text_fields: the list is empty"},
		{"classification = { text_fields = [ \"Subject:\" ]; packs = []; };\n" RULES,
		 "main.conf:1: classification.text_fields: 'Subject:' is no name of a header "
		 "field"},
	};
	EXPECT_ERRORS(state, cases);
}

static void test_fifteen_categories_are_the_most(void **state)
{
	struct conf_files *files = *state;
	char text[2048];

	for (unsigned count = 15; count <= 16; count++) {
		size_t used = (size_t)snprintf(text, sizeof(text),
					       "classification = { packs = []; categories = [ "
					       "\"subscription\", \"incident\"");
		for (unsigned i = 2; i < count; i++)
			used += (size_t)snprintf(text + used, sizeof(text) - used, ", \"c%u\"", i);
		snprintf(text + used, sizeof(text) - used, " ]; };\n" RULES);
		conf_files_put(files, "main.conf", text);
		if (count == 15) {
			struct conf *conf = conf_files_read_right(files);
			assert_int_equal(conf->categories.count, 16);
			assert_int_equal(conf->categories.other, 15);
			csp_conf_free(conf);
		}
	}
	struct conf *conf;
	assert_int_equal(conf_files_read(files, &conf), CONF_WRONG);
	assert_non_null(strstr(files->errors,
			       "main.conf:1: classification.categories: 16 entries: at most 15"));

	conf_files_put(
		files, "main.conf",
		"classification = { packs = []; categories = [ \"subscription\" ]; };\n" RULES);
	assert_int_equal(conf_files_read(files, &conf), CONF_WRONG);
	assert_non_null(strstr(files->errors,
			       "main.conf:1: classification.categories: 1 entries: at least 2"));
}

static void test_all_errors_are_reported_in_the_order_of_their_lines(void **state)
{
	struct conf_files *files = *state;
	struct conf *conf;

	conf_files_put(files, "main.conf",
		       "rules = ( { name = \"x\"; disposition = \"pas\"; } );\n"
		       "milter = { drain = 1000000;\n timeout = \"x\"; };\n"
		       "mode = 5;\n"
		       "@include \"second.conf\"\n"
		       "nonsense = 1;\n"
		       "classification = { packs = [ ]; };\n");
	conf_files_put(files, "second.conf", "\njournal = { path = \"j\"; };\n");
	assert_int_equal(conf_files_read(files, &conf), CONF_WRONG);
	assert_string_equal(
		files->errors,
		"main.conf:1: rules.x.disposition: 'pas' is unknown: did you mean 'pass'?\n"
		"main.conf:2: milter.drain: 1000000 is out of range: 0 to 3600\n"
		"main.conf:3: milter.timeout: a whole number without quotes is needed, this is a "
		"text\n"
		"main.conf:4: mode: a text in quotes is needed, this is a number\n"
		"main.conf:6: unknown setting 'nonsense'\n"
		"second.conf:2: journal.path: 'j' is no absolute path: it must begin with '/'\n");
}

static void test_the_digest_changes_with_every_byte_of_every_file(void **state)
{
	struct conf_files *files = *state;
	char first[17];

	conf_files_put(files, "main.conf", "@include \"second.conf\"\n");
	conf_files_put(files, "second.conf", REST);
	struct conf *conf = conf_files_read_right(files);
	assert_int_equal(strlen(conf->digest), 16);
	assert_int_equal(strspn(conf->digest, "0123456789abcdef"), 16);
	strcpy(first, conf->digest);
	csp_conf_free(conf);

	conf = conf_files_read_right(files);
	assert_string_equal(conf->digest, first);
	csp_conf_free(conf);

	conf_files_put(files, "second.conf", REST "#");
	conf = conf_files_read_right(files);
	assert_string_not_equal(conf->digest, first);
	csp_conf_free(conf);
}

static void test_the_shipped_configuration_is_right(void **state)
{
	struct conf_files *files = *state;
	struct conf *conf;

	conf_files_copy(files, CSP_SOURCE_DIR "/conf", ".");
	conf_files_copy(files, CSP_SOURCE_DIR "/conf/categories", "categories");
	conf_files_copy(files, CSP_SOURCE_DIR "/conf/packs", "packs");
	snprintf(files->path, sizeof(files->path), "%s/csp-milter.conf", files->folder);
	if (conf_files_read(files, &conf) != CONF_OK)
		fail_msg("%s", files->errors);
	assert_int_equal(conf->policy.rule_count, 10);
	assert_int_equal(conf->mode, MODE_MONITOR);
	csp_conf_free(conf);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, conf_files_setup, conf_files_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_every_setting_has_the_value_of_the_sample_as_its_default),
		TEST(test_every_setting_can_be_set),
		TEST(test_an_unknown_name_is_an_error_with_its_line_and_a_guess),
		TEST(test_a_value_of_the_wrong_type_is_an_error),
		TEST(test_a_number_out_of_range_is_an_error_even_past_32_bits),
		TEST(test_a_text_that_does_not_fit_its_setting_is_an_error),
		TEST(test_authentication_results_are_configured_whole_or_not_at_all),
		TEST(test_a_socket_names_the_host_it_listens_on),
		TEST(test_a_domain_pattern_is_a_domain_or_its_sub_domains),
		TEST(test_clouds_with_a_single_partner_are_named),
		TEST(test_a_network_has_no_host_bits),
		TEST(test_categories_hold_the_two_that_the_rules_of_evidence_know),
		TEST(test_fifteen_categories_are_the_most),
		TEST(test_all_errors_are_reported_in_the_order_of_their_lines),
		TEST(test_the_digest_changes_with_every_byte_of_every_file),
		TEST(test_the_shipped_configuration_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
