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
#include <sys/resource.h>
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

static int open_bed(char name[32])
{
	memcpy(name, "/tmp/rbox-file-XXXXXX", 22);
	assert_non_null(mkdtemp(name));
	return fd_open(AT_FDCWD, name, O_RDONLY | O_DIRECTORY, 0);
}

static void replaced_and_read(void **state)
{
	char name[32];
	auto_fd int dir = open_bed(name);
	auto_str struct str s = STR_INIT(10), small = STR_INIT(3);
	mode_t old = umask(077);
	struct stat st;

	(void)state;
	assert_int_equal(file_replace(dir, "f", "one", 3, 0644, 0), 0);
	assert_int_equal(file_replace(dir, "f", "two!", 4, 0640, FILE_SYNC), 0);
	umask(old);
	assert_int_equal(fstatat(dir, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(file_read(dir, "f", &s), 0);
	assert_string_equal(str_cstr(&s), "two!");
	assert_int_equal(file_read(dir, "f", &small), -EFBIG);
	assert_int_equal(symlinkat("f", dir, "l"), 0);
	assert_int_equal(file_read(dir, "l", &s), -ELOOP);
	str_clear(&s);
	assert_int_equal(file_read_linked(dir, "l", &s), 0);
	assert_string_equal(str_cstr(&s), "two!");
	assert_int_equal(file_read(dir, ".", &s), -EISDIR);
	/* masked: an empty file */
	str_clear(&s);
	assert_int_equal(file_read_linked(dir, "/dev/null", &s), 0);
	assert_int_equal(s.len, 0);
	assert_int_equal(file_read(dir, "/dev/null", &s), -EINVAL);
	assert_int_equal(file_read_linked(dir, "/dev/zero", &s), -EINVAL);
	assert_int_equal(file_read(dir, "none", &s), -ENOENT);
	assert_int_equal(file_remove_tree(AT_FDCWD, name), 0);
	assert_int_equal(file_remove_tree(AT_FDCWD, name), 0);
}

static void locks(void **state)
{
	char name[32];
	auto_fd int dir = open_bed(name), lock = -EBADF, shared = -EBADF;

	(void)state;
	assert_false(file_is_locked(dir, "lock"));
	lock = file_lock(dir, "lock", 0);
	assert_true(lock >= 0);
	assert_true(file_is_locked(dir, "lock"));
	assert_int_equal(file_lock(dir, "lock", LOCK_SHARED), -EWOULDBLOCK);
	lock = fd_close(lock);
	shared = file_lock(dir, "lock", LOCK_SHARED | LOCK_WAIT);
	assert_true(shared >= 0);
	assert_false(file_is_locked(dir, "lock"));
	assert_int_equal(file_remove_tree(AT_FDCWD, name), 0);
}

/* Without a descriptor nobody knows: a lock that counted as free would have a running container removed. */
static void a_lock_that_cannot_be_asked_for_counts_as_held(void **state)
{
	struct rlimit old, none;
	char name[32];
	auto_fd int dir = open_bed(name), lock = file_lock(dir, "lock", 0);

	(void)state;
	lock = fd_close(lock);
	assert_false(file_is_locked(dir, "lock"));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ 0, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_true(file_is_locked(dir, "lock"));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(file_remove_tree(AT_FDCWD, name), 0);
}

/* Deeper than we may open descriptors, as a container may have left it. */
static void deep_and_closed_trees_go(void **state)
{
	char name[32];
	auto_fd int dir = open_bed(name), at = fd_dup(dir);

	(void)state;
	for (int i = 0; i < 2000; i++) {
		int next;

		assert_int_equal(mkdirat(at, "d", 0700), 0);
		next = fd_open(at, "d", O_RDONLY | O_DIRECTORY, 0);
		assert_true(next >= 0);
		fd_close(at);
		at = next;
	}
	assert_int_equal(symlinkat("/etc", at, "link"), 0);
	assert_int_equal(mkdirat(dir, "closed", 0700), 0);
	assert_int_equal(mkdirat(dir, "closed/sub", 0700), 0);
	assert_int_equal(fchmodat(dir, "closed/sub", 0, 0), 0);
	assert_int_equal(fchmodat(dir, "closed", 0, 0), 0);
	assert_int_equal(file_remove_tree(AT_FDCWD, name), 0);
	assert_int_equal(access(name, F_OK), -1);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
}

static void another_mount_is_refused(void **state)
{
	auto_fd int top = fd_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);

	(void)state;
	/* /proc/self/task can't be removed anyway; what matters is that nobody tries. */
	assert_int_equal(file_remove_tree(top, "proc") < 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaced_and_read),
		cmocka_unit_test(locks),
		cmocka_unit_test(a_lock_that_cannot_be_asked_for_counts_as_held),
		cmocka_unit_test(deep_and_closed_trees_go),
		cmocka_unit_test(another_mount_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
