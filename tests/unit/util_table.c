// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "pkg/util/table.h"

#include <cmocka.h>

static const struct {
	const char *in;
	const char *out;
} rows[] = {
	{ "", "" },
	/* podman volume ls */
	{ "DRIVER\tVOLUME NAME\nlocal\tvol1\n", "DRIVER      VOLUME NAME\nlocal       vol1\n" },
	{ "VOLUME NAME\tDRIVER\nvol2longername\tlocal\n",
	  "VOLUME NAME     DRIVER\nvol2longername  local\n" },
	/* podman ps, no container */
	{ "CONTAINER ID\tIMAGE\tCOMMAND\tCREATED\tSTATUS\tPORTS\tNAMES\n",
	  "CONTAINER ID  IMAGE       COMMAND     CREATED     STATUS      PORTS       NAMES\n" },
	/* the last cell widens nothing, an empty one keeps its place */
	{ "a\ta very long last cell\nb\t\tc\n", "a           a very long last cell\nb                       c\n" },
	/* characters, not bytes */
	{ "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\tx\nab\ty\n",
	  "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9    x\nab          y\n" },
	/* an escape sequence and a broken character are shown, and as wide as they look */
	{ "\x1b[1m\tx\n\xff\ty\n", "\\x1b[1m     x\n\\xff        y\n" },
	{ "no newline", "no newline\n" },
	{ "a\n\nb\n", "a\n\nb\n" },
};

static void aligns_as_podman(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_str struct str out = STR_INIT(10000);
		auto_table struct table t = { 0 };

		table_text(&t, rows[i].in);
		table_render(&t, &out);
		assert_string_equal(str_cstr(&out), rows[i].out);
	}
}

static void cells_one_by_one(void **state)
{
	const char *const names[] = { "A", NULL, "C" };
	auto_str struct str out = STR_INIT(10000);
	auto_table struct table t = { 0 };

	(void)state;
	table_row(&t, names, 3);
	table_cell(&t, "tab\tand\nline");
	table_cellf(&t, "%d", 42);
	table_end(&t);
	table_render(&t, &out);
	assert_string_equal(str_cstr(&out), "A                               C\n"
					    "tab\\x09and\\x0aline  42\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligns_as_podman),
		cmocka_unit_test(cells_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
