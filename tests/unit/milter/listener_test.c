#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "listener.h"

static void names_of_sockets_are_taken_apart(void **state)
{
	static const struct {
		const char *name;
		int family;
		const char *path, *port, *host;
	} cases[] = {
		{"unix:/run/a.sock", AF_UNIX, "/run/a.sock", "", ""},
		{"local:/run/a.sock", AF_UNIX, "/run/a.sock", "", ""},
		{"inet:8895@127.0.0.1", AF_INET, "", "8895", "127.0.0.1"},
		{"inet:1@localhost", AF_INET, "", "1", "localhost"},
		{"inet6:65535@::1", AF_INET6, "", "65535", "::1"},
		{"inet6:25@::", AF_INET6, "", "25", "::"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct listener listener;
		assert_true(csp_listener_parse(&listener, cases[i].name));
		assert_int_equal(listener.family, cases[i].family);
		assert_int_equal(listener.tcp, cases[i].family != AF_UNIX);
		assert_string_equal(listener.path, cases[i].path);
		assert_string_equal(listener.port, cases[i].port);
		assert_string_equal(listener.host, cases[i].host);
		assert_string_equal(listener.error, "");
	}
}

static void wrong_names_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *name;
		const char *reason;
	} cases[] = {
		{"", "none of unix:"},
		{"/run/a.sock", "none of unix:"},
		{"8895@127.0.0.1", "none of unix:"},
		{"INET:8895@127.0.0.1", "none of unix:"},
		{"unix:", "no absolute path"},
		{"unix:run/a.sock", "no absolute path"},
		{"inet:8895", "port@0.0.0.0"},
		{"inet:8895@", "port@0.0.0.0"},
		{"inet6:8895", "port@::"},
		{"inet:127.0.0.1:8895", "names no host"},
		{"inet:@127.0.0.1", "no port"},
		{"inet:0@127.0.0.1", "no port"},
		{"inet:65536@127.0.0.1", "no port"},
		{"inet:99999999999999999999@127.0.0.1", "no port"},
		{"inet:-1@127.0.0.1", "no port"},
		{"inet:smtp@127.0.0.1", "no port"},
		{"inet: 8895@127.0.0.1", "no port"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct listener listener;
		assert_false(csp_listener_parse(&listener, cases[i].name));
		assert_non_null(strstr(listener.error, cases[i].reason));
	}
}

static void names_that_are_too_long_are_refused(void **state)
{
	char name[2000];
	struct listener listener;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memcpy(name, "unix:/", strlen("unix:/"));
	assert_false(csp_listener_parse(&listener, name));
	name[500] = '\0';
	assert_false(csp_listener_parse(&listener, name));
	assert_non_null(strstr(listener.error, "longer than the 107 bytes"));
	name[strlen("unix:") + 107] = '\0';
	assert_true(csp_listener_parse(&listener, name));
	memcpy(name, "inet:1@", strlen("inet:1@"));
	memset(name + strlen("inet:1@"), 'h', 400);
	name[400] = '\0';
	assert_false(csp_listener_parse(&listener, name));
	assert_non_null(strstr(listener.error, "host"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_sockets_are_taken_apart),
		cmocka_unit_test(wrong_names_are_refused_with_a_reason),
		cmocka_unit_test(names_that_are_too_long_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
