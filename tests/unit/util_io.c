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

static void whole_reads_and_copies(void **state)
{
	auto_fd int a = fd_memfd("a", 0), b = fd_memfd("b", 0);
	auto_str struct str s = STR_INIT(300000), small = STR_INIT(10);
	auto_free char *big = mem_alloc(300000);
	int p[2];

	(void)state;
	memset(big, 'x', 300000);
	assert_int_equal(io_write_full(a, big, 300000), 0);
	assert_int_equal(lseek(a, 0, SEEK_SET), 0);
	assert_int_equal(io_copy(a, b, UINT64_MAX), 0);
	assert_int_equal(lseek(b, 0, SEEK_SET), 0);
	assert_int_equal(io_read_all(b, &s), 0);
	assert_int_equal(s.len, 300000);
	assert_int_equal(lseek(b, 0, SEEK_SET), 0);
	assert_int_equal(io_read_all(b, &small), -EFBIG);
	/* A part, and through a pipe, which copy_file_range refuses. */
	assert_int_equal(fd_pipe(p), 0);
	assert_int_equal(lseek(a, 0, SEEK_SET), 0);
	assert_int_equal(io_copy(a, p[1], 5), 0);
	fd_close(p[1]);
	assert_int_equal(io_read_full(p[0], big, 100), 5);
	fd_close(p[0]);
	assert_int_equal(io_read(-1, big, 1), -EBADF);
}

static void files_of_proc_are_copied(void **state)
{
	auto_fd int from = fd_open(AT_FDCWD, "/proc/self/status", O_RDONLY, 0), to = fd_memfd("t", 0);

	(void)state;
	assert_int_equal(io_copy(from, to, UINT64_MAX), 0);
	assert_true(lseek(to, 0, SEEK_END) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_reads_and_copies),
		cmocka_unit_test(files_of_proc_are_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
