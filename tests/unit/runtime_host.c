// SPDX-License-Identifier: Apache-2.0
/* What doctor says of the store's file system, with file systems that this machine doesn't have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>

#include "pkg/util/fd.h"
#include "runtime/host_check.h"

#include <cmocka.h>

/* Instead of libc's: what the tests want the store to lie on. */
static long type_now;

int fstatfs(int fd, struct statfs *ret)
{
	(void)fd;
	memset(ret, 0, sizeof(*ret));
	ret->f_type = type_now;
	return 0;
}

static const struct host_check *row(const struct host_report *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->v[i].name, name))
			return &r->v[i];
	fail_msg("no row '%s'", name);
	return NULL;
}

static void remote_is_refused(void **state)
{
	static const struct { long type; const char *name; enum host_status want; } rows[] = {
		{ 0x6969, "nfs", HOST_FAIL }, { 0xff534d42, "cifs", HOST_FAIL }, { 0x01021997, "9p", HOST_FAIL },
		{ 0x0bd00bd0, "lustre", HOST_FAIL }, { 0xef53, "ext4", HOST_OK }, { 0x01021994, "tmpfs", HOST_WARN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_fd int dir = fd_open(AT_FDCWD, "/tmp", O_RDONLY | O_DIRECTORY, 0);
		struct host_place place = { .store_fd = dir, .store_path = "/home/me/.local/share/rbox" };
		struct host_report r = { 0 };
		const struct host_check *c;

		type_now = rows[i].type;
		host_check_store(&place, &r);
		c = row(&r, "store");
		assert_non_null(strstr(c->found, rows[i].name));
		assert_int_equal(c->status, rows[i].want);
		if (rows[i].want == HOST_FAIL) {
			assert_string_equal(c->why,
					    "a network file system knows no subordinate ids and can't carry overlay");
			assert_non_null(strstr(c->fix, "XDG_DATA_HOME"));
		}
		host_report_done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remote_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
