// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include <errno.h>
#include <unistd.h>

#include "pkg/util/mem.h"
#include "pkg/util/user.h"

static void finds_the_line_of_a_uid(void **state)
{
	static const struct {
		const char *text;
		const char *who, *name, *home;	/* NULL: nobody */
	} rows[] = {
		{ "root:x:0:0:root:/root:/bin/sh\n", "0", "root", "/root" },
		{ "root:x:0:0:root:/root:/bin/sh\nu:x:1000:100::/home/u:/bin/sh", "1000", "u", "/home/u" },
		{ "a:x:10:0::/a:\nb:x:100:0::/b:\nc:x:1:0::/c:\n", "1", "c", "/c" },
		{ "a:x:10:0::/a:\nb:x:10:0::/b:\n", "10", "a", "/a" },
		{ "a:x:10:0::/a\n", "10", "a", "/a" },
		{ "a:x:4294967294:0::/a:\n", "4294967294", "a", "/a" },
		{ "", "0", NULL, NULL },
		{ "\n\n", "0", NULL, NULL },
		{ "a:x:10:0:\n:/a:\n", "10", NULL, NULL },
		{ "a:x:10", "10", NULL, NULL },
		{ ":x:10:0::/a:\n", "10", NULL, NULL },
		{ "a:x:0010:0::/a:\n", "10", NULL, NULL },
		{ "a:x::0::/a:\n", "0", NULL, NULL },
		{ "10:x:11:0::/a:\n", "10", NULL, NULL },
		{ "a:x:10:0::/a:\nbob:x:11:7:Bob,Room 1:/b:\n", "bob", "bob", "/b" },
		{ "a:x:10:0::/a:\nbob:x:11\n", "bob", NULL, NULL },
		{ "bobby:x:11:0::/b:\n", "bob", NULL, NULL },
		{ "bob:x:many:0::/b:\n", "bob", NULL, NULL },
		{ "a:x:10:0::/a:\n", "", NULL, NULL },
		{ "+::::::\nz:x:7:7::/z:/bin/sh\n", "7", "z", "/z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_user struct user u = { 0 };
		int r = user_parse(rows[i].text, rows[i].who, &u);

		assert_int_equal(r, rows[i].name ? 0 : -ENOENT);
		if (!rows[i].name)
			continue;
		assert_string_equal(u.name, rows[i].name);
		assert_string_equal(u.home, rows[i].home);
	}
}

/* Once by the file, and once by what nsswitch.conf names, which knows that uid no more. */
static void asks_this_machine(void **state)
{
	auto_user struct user root = { 0 }, nobody = { 0 };

	(void)state;
	assert_int_equal(user_lookup(0, &root), 0);
	assert_string_equal(root.name, "root");
	assert_int_equal(user_lookup(3999999999U, &nobody), -ENOENT);
	assert_null(nobody.name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_line_of_a_uid),
		cmocka_unit_test(asks_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
