// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/xattr.h"

#include <cmocka.h>

/* A file with user.a=12345 and user.bb=123: 6 + 5 and 7 + 3 bytes. */
static int make_file(void **state)
{
	static const char template[] = "/var/tmp/util-xattr.XXXXXX";
	char path[sizeof(template)];
	int fd;

	memcpy(path, template, sizeof(template));
	fd = mkostemp(path, O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(xattr_set(fd, "user.a", "12345", 5), 0);
	assert_int_equal(xattr_set(fd, "user.bb", "123", 3), 0);
	*state = (void *)(intptr_t)fd;
	return 0;
}

static int close_file(void **state)
{
	fd_close((int)(intptr_t)*state);
	return 0;
}

static void all_are_read(void **state)
{
	auto_xattrs struct xattrs x = { .v = NULL };
	size_t sum = 0;

	assert_int_equal(xattrs_read((int)(intptr_t)*state, xattr_travels, XATTRS_MAX, &x), 0);
	assert_int_equal(x.n, 2);
	for (size_t i = 0; i < x.n; i++)
		sum += strlen(x.v[i].name) + x.v[i].len;
	assert_int_equal(sum, 21);
}

/* Its maker decides how many a file has: without a ceiling some hundred megabytes were kept of one file. */
static void together_they_have_a_ceiling(void **state)
{
	static const struct {
		size_t max;
		int want;
	} cases[] = { { 21, 0 }, { 20, -E2BIG }, { 11, -E2BIG }, { 5, -E2BIG }, { 0, -E2BIG } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_xattrs struct xattrs x = { .v = NULL };

		assert_int_equal(xattrs_read((int)(intptr_t)*state, xattr_travels, cases[i].max, &x), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_are_read, make_file, close_file),
		cmocka_unit_test_setup_teardown(together_they_have_a_ceiling, make_file, close_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
