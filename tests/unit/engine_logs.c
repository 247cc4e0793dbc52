// SPDX-License-Identifier: Apache-2.0
/* Reading a log: lines and what is none, and where the last N begin. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/engine/logs.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"

#define STAMP "2025-05-27T09:58:34.663942371+02:00"

static void test_parse(void **state)
{
	static const struct { const char *line, *text; int stream; bool partial; } rows[] = {
		{ STAMP " stdout F text", "text", 1, false },
		{ STAMP " stderr P text", "text", 2, true },
		{ STAMP " stdout F ", "", 1, false },
		{ "2025-05-27T09:58:34Z stdout F a b ", "a b ", 1, false },
		{ STAMP " stdout F", NULL, 0, false },
		{ STAMP " stdout X text", NULL, 0, false },
		{ STAMP " stdlog F text", NULL, 0, false },
		{ STAMP, NULL, 0, false },
		{ "", NULL, 0, false },
		{ "no log at all, though it has blanks", NULL, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct logs_line l;
		/* A copy of just that size: a read behind it is seen by ASan. */
		size_t n = strlen(rows[i].line);
		auto_free char *line = mem_alloc(n ? n : 1);

		memcpy(line, rows[i].line, n);
		assert_int_equal(logs_parse(line, n, &l), rows[i].text != NULL);
		if (!rows[i].text)
			continue;
		assert_int_equal(l.stream, rows[i].stream);
		assert_int_equal(l.partial, rows[i].partial);
		assert_int_equal(l.len, strlen(rows[i].text));
		assert_memory_equal(l.text, rows[i].text, l.len);
		assert_int_equal(l.stamp_len, strcspn(rows[i].line, " "));
	}
}

/* The same by counting from the front. */
static off_t naive_tail(const char *s, size_t n, int64_t want)
{
	int64_t whole = 0, seen = 0;
	size_t at = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (at = 0; at < n;) {
			const char *end = memchr(s + at, '\n', n - at);
			size_t len = (size_t)(end - s) - at;

			if (pass && whole - seen <= want)
				return (off_t)at;
			if (s[at + 43] == 'F' || at + len + 1 == n) {
				if (pass)
					seen++;
				else
					whole++;
			}
			at += len + 1;
		}
	}
	return (off_t)at;
}

static void test_tail(void **state)
{
	auto_str struct str s = STR_INIT(64 << 20);
	auto_fd int fd = fd_memfd("log", 0);

	(void)state;
	srand(7);
	for (int i = 0; i < 400; i++) {
		static const int lengths[] = { 0, 1, 40, 5000, 16384 };
		int n = rand() % (lengths[rand() % 5] + 1);

		str_addf(&s, STAMP " std%s %c ", rand() % 2 ? "out" : "err", rand() % 4 && i < 399 ? 'F' : 'P');
		for (int k = 0; k < n; k++)
			str_addc(&s, 'x');
		str_addc(&s, '\n');
	}
	assert_int_equal(io_write_full(fd, s.s, s.len), 0);
	for (int64_t want = 0; want < 350; want++) {
		int64_t left = want;
		off_t got = logs_tail(fd, (off_t)s.len, true, &left), expected = naive_tail(s.s, s.len, want);

		assert_int_equal(got, expected);
		if (got > 0)
			assert_int_equal(left, 0);
		else
			assert_true(left < want);
	}
}

static void test_tail_small(void **state)
{
	static const struct { const char *text; int64_t want; off_t at; int64_t left; bool older; } rows[] = {
		{ "", 5, 0, 5 },
		{ STAMP " stdout F a\n", 5, 0, 4 },
		{ STAMP " stdout F a\n", 1, 0, 0 },
		{ STAMP " stdout F a\n", 0, 47, 0 },
		{ STAMP " stdout F a\n" STAMP " stdout F b\n", 1, 47, 0 },
		{ STAMP " stdout P a\n" STAMP " stdout F b\n", 1, 0, 0 },
		{ STAMP " stdout F a\n" STAMP " stdout P b\n", 1, 47, 0 },
		{ STAMP " stdout F a\n" STAMP " stdout P b\n", 2, 0, 0 },
		{ STAMP " stdout F a\n" STAMP " stdout P b\n" STAMP " stdout P c\n", 1, 47, 0 },
		{ STAMP " stdout P a\n", 3, 0, 2 },
		/* Its line is counted where it ends, in the file after it. */
		{ STAMP " stdout F a\n" STAMP " stdout P b\n", 1, 0, 0, .older = true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_fd int fd = fd_memfd("log", 0);
		int64_t left = rows[i].want;

		assert_int_equal(io_write_full(fd, rows[i].text, strlen(rows[i].text)), 0);
		assert_int_equal(logs_tail(fd, (off_t)strlen(rows[i].text), !rows[i].older, &left), rows[i].at);
		assert_int_equal(left, rows[i].left);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_tail_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
