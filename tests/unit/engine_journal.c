// SPDX-License-Identifier: Apache-2.0
/* An entry of the journal as journalctl exports it: text, binary, cut anywhere, hostile. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/engine/journal.h"
#include "pkg/util/mem.h"

#define HEAD "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1748332714663942\n__MONOTONIC_TIMESTAMP=7\n_BOOT_ID=f00d\n"
#define TEXT(s) s, sizeof(s) - 1

/* A copy of just that size: a read behind it is seen by ASan. */
static ssize_t parse(const char *s, size_t n, struct journal_entry *e, char **ret)
{
	*ret = mem_alloc(n ? n : 1);
	memcpy(*ret, s, n);
	return journal_parse(*ret, n, e);
}

static void test_entry(void **state)
{
	static const struct { const char *in; size_t n; const char *text; size_t len; bool err, partial; } rows[] = {
		{ TEXT(HEAD "MESSAGE=hi there\nPRIORITY=6\n\n"), TEXT("hi there"), false, false },
		{ TEXT(HEAD "PRIORITY=3\nMESSAGE=\n\n"), TEXT(""), true, false },
		{ TEXT(HEAD "MESSAGE=a=b\nCONTAINER_PARTIAL_MESSAGE=true\n\n"), TEXT("a=b"), false, true },
		{ TEXT(HEAD "MESSAGE\n\5\0\0\0\0\0\0\0\0\n\n=\xff\nPRIORITY=3\n\n"), TEXT("\0\n\n=\xff"), true, false },
		{ TEXT(HEAD "MESSAGE\n\0\0\0\0\0\0\0\0\n\n"), TEXT(""), false, false },
		{ TEXT(HEAD "MESSAGES=no\n\n"), NULL, 0, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct journal_entry e;

		/* However little of it has come: none yet. */
		for (size_t n = 0; n < rows[i].n; n++) {
			auto_free char *copy = NULL;

			assert_int_equal(parse(rows[i].in, n, &e, &copy), 0);
		}
		auto_free char *copy = NULL;

		assert_int_equal(parse(rows[i].in, rows[i].n, &e, &copy), rows[i].n);
		assert_int_equal(e.time, INT64_C(1748332714663942000));
		assert_int_equal(e.cursor_len, 7);
		assert_memory_equal(e.cursor, "s=1;i=2", 7);
		assert_int_equal(e.text != NULL, rows[i].text != NULL);
		assert_int_equal(e.len, rows[i].len);
		if (e.text)
			assert_memory_equal(e.text, rows[i].text, e.len);
		assert_int_equal(e.err, rows[i].err);
		assert_int_equal(e.partial, rows[i].partial);
	}
}

static void test_bad(void **state)
{
	struct journal_entry e;
	auto_free char *a = NULL, *b = NULL;

	(void)state;
	assert_int_equal(parse(TEXT("MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff" "x\n\n"), &e, &a), -EBADMSG);
	assert_int_equal(parse(TEXT("MESSAGE\n\1\0\0\0\0\0\0\0" "xy\n\n"), &e, &b), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
