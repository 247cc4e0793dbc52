// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

#include <cmocka.h>

static void descriptors_travel(void **state)
{
	int pair[2], p[2], got[2];
	char buf[8] = "";
	size_t n;

	(void)state;
	assert_int_equal(fd_socketpair(SOCK_SEQPACKET, pair), 0);
	assert_int_equal(fd_pipe(p), 0);
	assert_int_equal(fd_send(pair[0], "hi", 2, p, 2), 0);
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), got, 2, &n), 2);
	assert_int_equal(n, 2);
	assert_true(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(io_write_full(got[1], "x", 1), 0);
	assert_int_equal(io_read(p[0], buf, 1), 1);
	fd_close(got[0]);
	fd_close(got[1]);
	/* more than wanted */
	assert_int_equal(fd_send(pair[0], "hi", 2, p, 2), 0);
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), got, 1, &n), -EMFILE);
	assert_int_equal(n, 0);
	/* longer than wanted */
	assert_int_equal(fd_send(pair[0], "hello", 5, p, 1), 0);
	assert_int_equal(fd_recv(pair[1], buf, 2, got, 1, &n), -EMSGSIZE);
	assert_int_equal(n, 0);
	assert_int_equal(fd_send(pair[0], "x", 1, p, FD_SEND_MAX + 1), -EINVAL);
	fd_close(pair[0]);
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), got, 1, &n), 0);
	fd_close(pair[1]);
	fd_close(p[0]);
	fd_close(p[1]);
}

static void small_things(void **state)
{
	int fd = fd_open(AT_FDCWD, "/dev/null", O_RDONLY, 0), moved;
	char path[FD_PATH_MAX];

	(void)state;
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(access(fd_path(fd, path), F_OK), 0);
	assert_int_equal(fd_set_cloexec(fd, 0), 0);
	assert_false(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	moved = fd_take(&fd);
	assert_int_equal(fd, -EBADF);
	errno = 42;
	assert_int_equal(fd_close(moved), -EBADF);
	assert_int_equal(errno, 42);
	assert_int_equal(fd_open(AT_FDCWD, "/none", O_RDONLY, 0), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_travel),
		cmocka_unit_test(small_things),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
