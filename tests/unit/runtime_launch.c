// SPDX-License-Identifier: Apache-2.0
/* Launches, end to end: what a process in a container sees, and what is said when there is none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "tests/lib/box.h"
#include "tests/lib/user.h"

static int setup(void **state)
{
	struct box *b = mem_alloc(sizeof(*b));

	*state = b;
	return box_make(b, 2);
}

static int teardown(void **state)
{
	struct box *b = *state;

	box_done(b);
	mem_free_ptr(state);
	return 0;
}

static void expect(struct box *b, const char *script, const char *want)
{
	auto_str struct str text = STR_INIT(65536);
	struct fail f = { 0 };
	int r;

	box_args(b, script);
	r = box_run(b, &text, &f);
	assert_string_equal(f.msg, "");
	assert_string_equal(str_cstr(&text), want);
	assert_int_equal(r, 0);
}

static void test_identity(void **state)
{
	expect(*state, "id; hostname; pwd; echo $$; cat /proc/1/comm; umask; echo $HOME",
	       "uid=0(root) gid=0(root)\nbox\n/\n1\nsh\n0022\n/root\n");
}

int main(int argc, char **argv)
{
	struct fail f = { 0 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
	};

	(void)argc;
	if (user_drop(argv) < 0)
		return 1;
	if (box_enter(&f) < 0) {
		print_error("%s (%s)\n", f.msg, f.hint);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
