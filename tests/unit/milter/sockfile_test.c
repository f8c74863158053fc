#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sockfile.h"

static char folder[64];
static char path[80];

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/csp-sockfile-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a.sock", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static int bind_socket(int backlog)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(csp_sockfile_address(&address, path), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	if (backlog >= 0)
		assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void a_free_place_is_free(void **state)
{
	(void)state;
	assert_int_equal(csp_sockfile_clear(path, geteuid()), 0);
}

static void a_stale_socket_is_removed(void **state)
{
	(void)state;
	close(bind_socket(5));
	assert_int_equal(csp_sockfile_clear(path, geteuid()), 0);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_live_socket_stays(void **state)
{
	(void)state;
	int fd = bind_socket(5);
	assert_int_equal(csp_sockfile_clear(path, geteuid()), EADDRINUSE);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
}

static void a_live_socket_with_a_full_backlog_stays(void **state)
{
	struct sockaddr_un address;
	int clients[8];
	int fd = bind_socket(0);

	(void)state;
	assert_int_equal(csp_sockfile_address(&address, path), 0);
	for (int i = 0; i < 8; i++) {
		clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(clients[i], (const struct sockaddr *)&address, sizeof(address));
	}
	assert_int_equal(csp_sockfile_clear(path, geteuid()), EADDRINUSE);
	assert_int_equal(access(path, F_OK), 0);
	for (int i = 0; i < 8; i++)
		close(clients[i]);
	close(fd);
}

static void what_is_no_socket_stays(void **state)
{
	(void)state;
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(csp_sockfile_clear(path, geteuid()), EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	assert_int_equal(symlink("/nonexistent", path), 0);
	assert_int_equal(csp_sockfile_clear(path, geteuid()), ELOOP);
}

static void a_socket_of_another_user_stays(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	close(bind_socket(5));
	assert_int_equal(chown(path, 4711, 4711), 0);
	assert_int_equal(csp_sockfile_clear(path, 4712), EPERM);
	assert_int_equal(csp_sockfile_clear(path, 4711), 0);
}

static void a_missing_folder_and_a_long_path_are_told(void **state)
{
	struct sockaddr_un address;
	char name[200];

	(void)state;
	assert_int_equal(csp_sockfile_clear("/nonexistent/a.sock", 0), ENOENT);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(csp_sockfile_address(&address, name), ENAMETOOLONG);
}

static void only_the_adopted_socket_is_removed(void **state)
{
	struct sockfile file;

	(void)state;
	int fd = bind_socket(5);
	assert_int_equal(csp_sockfile_adopt(&file, path), 0);
	/* It stays open: its inode's number cannot be used again meanwhile. */
	assert_int_equal(unlink(path), 0);
	int next = bind_socket(5);
	csp_sockfile_remove(&file);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(csp_sockfile_adopt(&file, path), 0);
	csp_sockfile_remove(&file);
	assert_int_equal(access(path, F_OK), -1);
	csp_sockfile_remove(&file);
	close(fd);
	close(next);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_free_place_is_free),
		TEST(a_stale_socket_is_removed),
		TEST(a_live_socket_stays),
		TEST(a_live_socket_with_a_full_backlog_stays),
		TEST(what_is_no_socket_stays),
		TEST(a_socket_of_another_user_stays),
		TEST(a_missing_folder_and_a_long_path_are_told),
		TEST(only_the_adopted_socket_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
