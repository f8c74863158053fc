#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "control.h"

static char folder[64];
static char path[80];
static struct control control;

static bool write_status(void *context, struct json *json)
{
	csp_json_number_at(json, "calls", ++*(int *)context);
	return true;
}

static bool refuse_reload(void *context, struct json *json)
{
	(void)context;
	csp_json_key(json, "errors");
	csp_json_array(json);
	csp_json_text(json, SPAN_LIT("a \"b\""));
	csp_json_array_end(json);
	return false;
}

static int calls;

static int setup(void **state)
{
	(void)state;
	calls = 0;
	strcpy(folder, "/tmp/csp-control-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/control.sock", folder);
	control = (struct control){
		.fd = -1, .status = write_status, .reload = refuse_reload, .context = &calls};
	assert_int_equal(csp_control_open(&control, path), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	csp_control_close(&control, path);
	assert_int_equal(access(path, F_OK), -1);
	return rmdir(folder);
}

static int connect_client(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void ask(char answer[4096], const char *request, size_t len)
{
	int fd = connect_client();
	size_t got = 0;

	assert_int_equal(write(fd, request, len), (ssize_t)len);
	csp_control_serve(&control);
	for (ssize_t piece; (piece = read(fd, answer + got, 4095 - got)) > 0;)
		got += (size_t)piece;
	answer[got] = '\0';
	close(fd);
}

static void requests_are_answered_with_one_object(void **state)
{
	static const struct {
		const char *request;
		const char *answer;
	} cases[] = {
		{"status\n", "{\"schema\":\"csp-milter/control/1\",\"ok\":true,\"calls\":1}\n"},
		{"status\nreload\n",
		 "{\"schema\":\"csp-milter/control/1\",\"ok\":true,\"calls\":2}\n"},
		{"reload\n", "{\"schema\":\"csp-milter/control/1\",\"ok\":false,\"errors\":[\"a "
			     "\\\"b\\\"\"]}\n"},
		{"Status\n",
		 "{\"schema\":\"csp-milter/control/1\",\"ok\":false,\"errors\":[\"unknown "
		 "request; there are status and reload\"]}\n"},
		{"\n", "{\"schema\":\"csp-milter/control/1\",\"ok\":false,\"errors\":[\"unknown "
		       "request; there are status and reload\"]}\n"},
	};
	char answer[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(answer, cases[i].request, strlen(cases[i].request));
		assert_string_equal(answer, cases[i].answer);
	}
}

static void a_request_without_an_end_is_dropped_in_time(void **state)
{
	char long_request[500];
	char answer[4096];

	(void)state;
	memset(long_request, 'x', sizeof(long_request));
	/* The reset of a socket with unread bytes is as good as its end. */
	ask(answer, long_request, sizeof(long_request));
	assert_string_equal(answer, "");
	time_t begun = time(NULL);
	ask(answer, "stat", 4);
	assert_string_equal(answer, "");
	assert_true(time(NULL) - begun <= 3);
	assert_int_equal(calls, 0);
}

static void a_client_that_is_gone_does_no_harm(void **state)
{
	(void)state;
	close(connect_client());
	csp_control_serve(&control);
	int fd = connect_client();
	assert_int_equal(write(fd, "status\n", 7), 7);
	close(fd);
	csp_control_serve(&control);
	/* Nobody is waiting any more. */
	csp_control_serve(&control);
	assert_int_equal(calls, 1);
}

static void a_second_one_finds_it_in_use(void **state)
{
	struct control second;
	struct stat status;

	(void)state;
	assert_int_equal(csp_control_open(&second, path), EADDRINUSE);
	assert_int_equal(second.fd, -1);
	csp_control_close(&second, path);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(requests_are_answered_with_one_object),
		TEST(a_request_without_an_end_is_dropped_in_time),
		TEST(a_client_that_is_gone_does_no_harm),
		TEST(a_second_one_finds_it_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
