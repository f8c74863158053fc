#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "session.h"

static char folder[64];
static struct filter filter;
static struct session *session;

static void ignore(void *context, const struct conf_error *error)
{
	(void)context;
	print_error("%s:%u: %s\n", error->file, error->line, error->text);
}

static void write_file(char *path, size_t size, const char *name, const char *text)
{
	snprintf(path, size, "%s/%s", folder, name);
	FILE *stream = fopen(path, "w");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
	assert_int_equal(chmod(path, 0644), 0);
}

static const char conf_text[] =
	"mode = \"enforce\";\n"
	"limits = { header_bytes = 4096; header_fields = 10; recipients = 3; };\n"
	"classification = { packs = \"pack.conf\"; remove_untrusted_tags = true; };\n"
	"rules = ( { name = \"all\"; disposition = \"pass\"; } );\n";
static const char pack_text[] = "tags = ( { header = \"X-Tag\"; values = ( { value = \"x\"; "
				"category = \"other\"; } ); } );\n";

static int setup(void **state)
{
	struct snapshot *snapshot = NULL;
	char path[96];
	char pack[96];

	(void)state;
	strcpy(folder, "/tmp/csp-session-XXXXXX");
	assert_non_null(mkdtemp(folder));
	write_file(pack, sizeof(pack), "pack.conf", pack_text);
	write_file(path, sizeof(path), "csp-milter.conf", conf_text);
	assert_int_equal(csp_snapshot_new(&snapshot, path, ignore, NULL), CONF_OK);
	unlink(path);
	unlink(pack);
	assert_true(csp_filter_init(&filter));
	filter.slot = csp_snapshot_slot_new(snapshot);
	session = csp_session_new(&filter);
	assert_non_null(session);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	csp_session_free(session);
	csp_snapshot_slot_free(filter.slot);
	assert_int_equal(atomic_load(&filter.running), 0);
	return rmdir(folder);
}

static const struct envelope envelope = {.reverse_path = "<a@b.example>",
					 .listener = "outside",
					 .login = "someone",
					 .cert_subject = NULL};

static void assert_span(struct span text, const char *expected)
{
	assert_true(csp_span_equal(text, csp_span_from(expected)));
}

static void an_address_is_taken_from_ip_sockets_alone(void **state)
{
	static const struct {
		const char *text;
		int family;
		const char *expected;
	} cases[] = {
		{"192.0.2.1", AF_INET, "192.0.2.1"},
		{"2001:db8::1", AF_INET6, "2001:db8::1"},
		{"::ffff:192.0.2.1", AF_INET6, "192.0.2.1"},
	};
	struct sockaddr_un local = {.sun_family = AF_UNIX};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sockaddr_in ipv4 = {.sin_family = AF_INET};
		struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
		char text[NETADDR_TEXT_SIZE];
		bool is_ipv4 = cases[i].family == AF_INET;
		assert_int_equal(
			inet_pton(cases[i].family, cases[i].text,
				  is_ipv4 ? (void *)&ipv4.sin_addr : (void *)&ipv6.sin6_addr),
			1);
		csp_session_connect(session, is_ipv4 ? (const struct sockaddr *)&ipv4
						     : (const struct sockaddr *)&ipv6);
		assert_span(csp_netaddr_format(text, &session->address), cases[i].expected);
	}
	csp_session_connect(session, (const struct sockaddr *)&local);
	assert_int_equal(session->address.family, NETADDR_NONE);
	csp_session_connect(session, NULL);
	assert_int_equal(session->address.family, NETADDR_NONE);
}

static void a_message_holds_what_was_said(void **state)
{
	(void)state;
	csp_session_helo(session, "client.example");
	csp_session_begin(session, &envelope);
	csp_session_add_recipient(session, "<c@d.example>");
	csp_session_add_field(session, "Subject", " hello");
	csp_session_set_queue_id(session, NULL);
	csp_session_set_queue_id(session, "4X1");
	csp_session_set_queue_id(session, "other");
	assert_int_equal(atomic_load(&filter.running), 1);
	assert_span(session->message.client.helo, "client.example");
	assert_span(session->message.client.login, "someone");
	assert_span(session->message.client.cert_subject, "");
	assert_span(session->message.reverse_path, "<a@b.example>");
	assert_span(session->message.forward_paths[0], "<c@d.example>");
	assert_span(session->message.fields[0].body, " hello");
	assert_span(session->message.queue_id, "4X1");
}

static void a_reset_forgets_everything_but_the_connection(void **state)
{
	(void)state;
	csp_session_helo(session, "client.example");
	csp_session_begin(session, &envelope);
	csp_session_add_recipient(session, "<c@d.example>");
	csp_session_add_field(session, "X-CSP-Policy", "forged");
	csp_session_reset(session);
	csp_session_reset(session);
	assert_int_equal(atomic_load(&filter.running), 0);
	assert_false(session->open);
	assert_null(session->snapshot);
	assert_int_equal(session->message.counted_count, 0);
	assert_int_equal(session->message.forward_path_count, 0);
	assert_int_equal(session->arena.used, 0);
	assert_string_equal(session->helo, "client.example");
}

static void a_new_mail_forgets_the_message_before_it(void **state)
{
	const struct envelope second = {.reverse_path = "<>"};

	(void)state;
	csp_session_begin(session, &envelope);
	csp_session_add_recipient(session, "<c@d.example>");
	csp_session_begin(session, &second);
	assert_int_equal(atomic_load(&filter.running), 1);
	assert_span(session->message.reverse_path, "<>");
	assert_span(session->message.client.login, "");
	assert_int_equal(session->message.forward_path_count, 0);
}

static void what_comes_without_a_mail_is_dropped(void **state)
{
	(void)state;
	csp_session_add_recipient(session, "<c@d.example>");
	csp_session_add_field(session, "X-CSP-Policy", "forged");
	csp_session_set_queue_id(session, "4X1");
	assert_false(session->open);
	assert_int_equal(session->message.counted_count, 0);
	assert_int_equal(session->arena.used, 0);
}

static void our_header_is_counted_in_any_spelling_and_behind_every_limit(void **state)
{
	static const char *const ours[] = {"X-CSP-Policy", "x-csp-policy", "X-CSP-POLICY ",
					   "X-CSP-Policy\t"};
	static const char *const others[] = {"X-CSP-Policy-2", "CSP-Policy", "", "X-CSP-Polic"};

	(void)state;
	csp_session_begin(session, &envelope);
	for (int i = 0; i < 50; i++)
		csp_session_add_field(session, "X-Filler", "filler");
	assert_true(session->message.marks & MARK_TRUNCATED);
	for (size_t i = 0; i < 4; i++) {
		csp_session_add_field(session, ours[i], "forged");
		csp_session_add_field(session, others[i], "not forged");
	}
	assert_int_equal(session->message.counted[0].count, 4);
	assert_false(session->short_of_memory);
}

static void limits_are_no_shortage_and_short_memory_is_remembered(void **state)
{
	char *body = malloc(100000);

	(void)state;
	assert_non_null(body);
	memset(body, 'x', 99999);
	body[99999] = '\0';
	csp_session_begin(session, &envelope);
	csp_session_add_field(session, "X-Big", body);
	for (int i = 0; i < 100; i++)
		csp_session_add_recipient(session, "<c@d.example>");
	assert_false(session->short_of_memory);
	assert_int_equal(session->message.forward_path_count, 3);
	csp_session_begin(session, &envelope);
	session->arena.max = session->arena.used;
	csp_session_add_recipient(session, "<c@d.example>");
	assert_true(session->short_of_memory);
	csp_session_add_field(session, "X-CSP-Policy", "forged");
	csp_session_add_field(session, "X-TAG", "x");
	assert_int_equal(session->message.counted[0].count, 1);
	assert_int_equal(session->message.counted[1].count, 1);
	assert_int_equal(session->message.field_count, 0);
	csp_session_begin(session, &envelope);
	assert_false(session->short_of_memory);
	free(body);
}

static void a_long_greeting_is_cut(void **state)
{
	char helo[2000];

	(void)state;
	memset(helo, 'h', sizeof(helo) - 1);
	helo[sizeof(helo) - 1] = '\0';
	csp_session_helo(session, helo);
	assert_int_equal(strlen(session->helo), MAILBOX_DOMAIN_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_address_is_taken_from_ip_sockets_alone),
		TEST(a_message_holds_what_was_said),
		TEST(a_reset_forgets_everything_but_the_connection),
		TEST(a_new_mail_forgets_the_message_before_it),
		TEST(what_comes_without_a_mail_is_dropped),
		TEST(our_header_is_counted_in_any_spelling_and_behind_every_limit),
		TEST(limits_are_no_shortage_and_short_memory_is_remembered),
		TEST(a_long_greeting_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
