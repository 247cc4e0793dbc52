// SPDX-License-Identifier: Apache-2.0
/* Detach keys: how they are written, and what passes through. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include "pkg/util/mem.h"
#include "runtime/monitor/keys.h"

#define WRONG(keys, bad)                                                                         \
	{ keys, NULL, "detach keys '" keys "': '" bad                                            \
		      "' is neither one character nor ctrl- and one of a-z @ [ \\ ] ^ _" }

static void test_parse(void **state)
{
	static const struct { const char *text, *keys, *msg; } rows[] = {
		{ "ctrl-p,ctrl-q", "\x10\x11", NULL },
		{ "ctrl-a,x", "\x01x", NULL },
		{ "", "", NULL },
		{ "q", "q", NULL },
		{ "ctrl-@", "\0", NULL },
		{ "ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", "\x1b\x1c\x1d\x1e\x1f", NULL },
		WRONG("ctrl-P", "ctrl-P"), WRONG("ctrl-", "ctrl-"), WRONG("ctrl-pp", "ctrl-pp"),
		WRONG("a,,b", ""), WRONG("a,", ""), WRONG("ab", "ab"), WRONG("ctrl-1", "ctrl-1"),
		{ "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", NULL,
		  "detach keys 'a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a': more than 16" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct keys k;
		struct fail f = { 0 };
		int r = keys_parse(rows[i].text, &k, &f);

		if (rows[i].msg) {
			assert_int_equal(r, -EINVAL);
			assert_string_equal(f.msg, rows[i].msg);
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(k.n, strcmp(rows[i].text, "ctrl-@") ? strlen(rows[i].keys) : 1);
		assert_memory_equal(k.v, rows[i].keys, k.n);
	}
}

static void test_feed(void **state)
{
	static const struct { const char *keys, *in, *out; bool detach; } rows[] = {
		{ "ctrl-p,ctrl-q", "hello", "hello", false },
		{ "ctrl-p,ctrl-q", "a\x10\x11zz", "a", true },
		{ "ctrl-p,ctrl-q", "\x10x", "\x10x", false },
		{ "ctrl-p,ctrl-q", "\x10\x10\x11", "\x10", true },
		{ "ctrl-p,ctrl-q", "\x11\x10", "\x11", false },
		{ "ctrl-p,ctrl-p,q", "\x10\x10\x10q", "\x10", true },
		{ "a,b,a,c", "ababac", "ab", true },
		{ "a,b,a,c", "abad", "abad", false },
		{ "", "\x10\x11", "\x10\x11", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* At once, and key by key. */
		for (int single = 0; single < 2; single++) {
			struct keys k;
			struct fail f = { 0 };
			char out[64 + KEYS_MAX];
			size_t n = strlen(rows[i].in), got = 0;
			bool detach = false;

			assert_int_equal(keys_parse(rows[i].keys, &k, &f), 0);
			for (size_t at = 0; at < n && !detach; at += single ? 1 : n) {
				size_t more;

				detach = keys_feed(&k, rows[i].in + at, single ? 1 : n, out + got, &more);
				got += more;
			}
			assert_int_equal(detach, rows[i].detach);
			assert_int_equal(got, strlen(rows[i].out));
			assert_memory_equal(out, rows[i].out, got);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_feed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
