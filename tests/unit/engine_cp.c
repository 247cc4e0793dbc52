// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pkg/engine/cp.h"
#include "pkg/util/mem.h"

#include <cmocka.h>

static void parse(void **state)
{
	static const struct {
		const char *text, *container, *path;
	} rows[] = {
		{ "web:/etc/passwd", "web", "/etc/passwd" },
		{ "web:rel", "web", "rel" },
		{ "web:", "web", "" },
		{ ":/x", "", "/x" },
		{ "web:/a:b", "web", "/a:b" },
		{ "/a:b", NULL, "/a:b" },
		{ "./a:b", NULL, "./a:b" },
		{ "../a:b", NULL, "../a:b" },
		{ ".", NULL, "." },
		{ "-", NULL, "-" },
		{ "file", NULL, "file" },
		{ "", NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cp_end e;

		cp_parse(rows[i].text, &e);
		if (rows[i].container)
			assert_string_equal(e.container, rows[i].container);
		else
			assert_null(e.container);
		assert_string_equal(e.path, rows[i].path);
		cp_end_done(&e);
	}
}

static void check(void **state)
{
	static const struct {
		const char *from, *to, *why;	/* NULL: fine */
	} rows[] = {
		{ "web:/a", "/b", NULL },
		{ "/a", "web:/b", NULL },
		{ "a:/a", "b:/b", NULL },
		{ "-", "web:/b", NULL },
		{ "/a", "/b", "you must specify at least one container, as NAME:PATH" },
		{ "-", "-", "you must specify at least one container, as NAME:PATH" },
		{ "web:", "/b", "you must specify paths" },
		{ "web:/a", "", "you must specify paths" },
		{ ":/a", "/b", "a container's name is missing before the ':'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fail f = { 0 };
		struct cp_end src, dst;
		int r;

		cp_parse(rows[i].from, &src);
		cp_parse(rows[i].to, &dst);
		r = cp_check(rows[i].from, &src, rows[i].to, &dst, &f);
		if (rows[i].why) {
			auto_free char *want = mem_printf("invalid arguments \"%s\", \"%s\": %s", rows[i].from,
							  rows[i].to, rows[i].why);

			assert_true(r < 0);
			assert_string_equal(f.msg, want);
		} else {
			assert_int_equal(r, 0);
		}
		cp_end_done(&src);
		cp_end_done(&dst);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(parse), cmocka_unit_test(check) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
