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

static void additions_stop_at_the_ceiling(void **state)
{
	auto_str struct str s = STR_INIT(5);

	(void)state;
	assert_string_equal(str_cstr(&s), "");
	str_add(&s, "abc");
	str_addf(&s, "%d", 45);
	assert_false(str_failed(&s));
	str_addc(&s, 'x');
	str_add(&s, "");
	assert_true(str_failed(&s));
	assert_string_equal(str_cstr(&s), "abc45");
	str_clear(&s);
	str_add(&s, "z");
	assert_false(str_failed(&s));
	assert_string_equal(str_cstr(&s), "z");
}

static void numbers(void **state)
{
	uint64_t u = 0;
	int64_t i = 0;

	(void)state;
	assert_int_equal(str_to_u64("18446744073709551615", 10, &u), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(str_to_u64("18446744073709551616", 10, &u), -ERANGE);
	assert_int_equal(str_to_u64("0x1f", 0, &u), 0);
	assert_int_equal(u, 31);
	assert_int_equal(str_to_u64("-1", 10, &u), -EINVAL);
	assert_int_equal(str_to_u64(" 1", 10, &u), -EINVAL);
	assert_int_equal(str_to_u64("1 ", 10, &u), -EINVAL);
	assert_int_equal(str_to_u64("", 10, &u), -EINVAL);
	assert_int_equal(str_to_i64("-9223372036854775808", &i), 0);
	assert_true(i == INT64_MIN);
	assert_int_equal(str_to_i64("9223372036854775808", &i), -ERANGE);
	assert_int_equal(str_to_i64("--1", &i), -EINVAL);
}

static void bytes(void **state)
{
	static const struct {
		const char *in;
		uint64_t bytes;
		int error;
	} rows[] = {
		{ "512", 512, 0 },	{ "1b", 1, 0 },		   { "64m", 64 << 20, 0 },
		{ "1G", 1 << 30, 0 },	{ "2kb", 2048, 0 },	   { "2KiB", 2048, 0 },
		{ "1x", 0, -EINVAL },	{ "m", 0, -EINVAL },	   { "1bb", 0, -EINVAL },
		{ "-1m", 0, -EINVAL },	{ "99999999t", 0, -ERANGE }, { "1mx", 0, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t v = 0;

		assert_int_equal(str_to_bytes(rows[i].in, &v), rows[i].error);
		assert_true(v == rows[i].bytes);
	}
}

static void sizes(void **state)
{
	static const struct {
		const char *in;
		uint64_t bytes;
		int error;
	} rows[] = {
		{ "512", 512, 0 },	    { "1b", 1, 0 },		{ "64m", 64000000, 0 },
		{ "3.011m", 3011000, 0 },   { "1.5GB", 1500000000, 0 }, { "0.25k", 250, 0 },
		{ ".5k", 500, 0 },	    { "1.9999k", 1999, 0 },	{ "0.5", 0, 0 },
		{ "1.", 0, -EINVAL },	    { ".", 0, -EINVAL },	{ "", 0, -EINVAL },
		{ "k", 0, -EINVAL },	    { "1kib", 0, -EINVAL },	{ "1bb", 0, -EINVAL },
		{ "-1m", 0, -EINVAL },	    { "99999999p", 0, -ERANGE }, { "1mx", 0, -EINVAL },
		{ "18446744073709551615", UINT64_MAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t v = 0;

		assert_int_equal(str_to_size(rows[i].in, &v), rows[i].error);
		assert_true(v == rows[i].bytes);
	}
}

static void escapes(void **state)
{
	static const char *const rows[][2] = {
		{ "plain", "plain" },	       { "a\x1b[m\n", "a\\x1b[m\\x0a" },
		{ "\xc3\xa9", "\xc3\xa9" },    { "\xc2\x9b", "\\xc2\\x9b" },
		{ "\xff\xc3", "\\xff\\xc3" },  { "\xc0\xaf", "\\xc0\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		/* right-to-left override */
		{ "a\xe2\x80\xae", "a\\xe2\\x80\\xae" },
	};
	uint32_t c = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_str struct str s = STR_INIT(100);

		str_add_escaped(&s, rows[i][0]);
		assert_string_equal(str_cstr(&s), rows[i][1]);
	}
	assert_int_equal(str_utf8("\xf0\x9f\x98\x80", 4, &c), 4);
	assert_int_equal(c, 0x1f600);
	assert_int_equal(str_utf8("\xf0\x9f\x98", 3, &c), 0);
	assert_int_equal(str_utf8("", 0, &c), 0);
}

static void lists(void **state)
{
	auto_strv char **v = strv_split("a,,b", ",", false), **w = strv_split(",a,", ",", true);
	auto_strv char **env = NULL;
	auto_free char *joined = strv_join(v, "-"), *big = mem_alloc(3 << 20);

	(void)state;
	assert_string_equal(joined, "a--b");
	assert_int_equal(strv_len(w), 1);
	strv_env_set(&env, "A=1");
	strv_env_set(&env, "AB=2");
	strv_env_set(&env, "A=3");
	assert_int_equal(strv_len(env), 2);
	assert_string_equal(strv_env_get(env, "A"), "3");
	assert_null(strv_env_get(env, "B"));
	strv_env_unset(env, "A");
	assert_null(strv_env_get(env, "A"));
	assert_string_equal(strv_env_get(env, "AB"), "2");
	/* A label of an image may be as long as its manifest allows. */
	memset(big, 'x', (3 << 20) - 1);
	strv_addf(&env, "L=%s", big);
	assert_int_equal(strlen(env[1]), (3 << 20) + 1);
}

/* The map of a sparse file in a hostile layer: a megabyte of numbers, which took minutes to split. */
static void many_words(void **state)
{
	enum { WORDS = 500000 };
	auto_free char *text = mem_alloc(2 * WORDS + 1);
	auto_strv char **v = NULL, **copy = NULL;

	(void)state;
	for (size_t i = 0; i < WORDS; i++)
		memcpy(text + 2 * i, "0,", 2);
	alarm(20);
	v = strv_split(text, ",", true);
	copy = strv_dup(v);
	alarm(0);
	assert_int_equal(strv_len(v), WORDS);
	assert_int_equal(strv_len(copy), WORDS);
	assert_string_equal(copy[WORDS - 1], "0");
}

/* However many parts there are, the list ends where it should, and one more can be put behind it. */
static void splits_of_any_length(void **state)
{
	auto_str struct str s = STR_INIT(1 << 20);
	auto_strv char **more = strv_split("and more", " ", true);

	(void)state;
	assert_null(strv_split("", ",", true));
	for (size_t n = 1; n < 70; n++) {
		auto_strv char **v = NULL;

		str_addf(&s, "%s%zu", n > 1 ? "," : "", n);
		v = strv_split(str_cstr(&s), ",", true);
		assert_int_equal(strv_len(v), n);
		strv_add(&v, "more");
		strv_add_all(&v, more);
		assert_int_equal(strv_len(v), n + 3);
		assert_string_equal(v[0], "1");
		assert_string_equal(v[n + 2], "more");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_of_any_length),
		cmocka_unit_test(additions_stop_at_the_ceiling),
		cmocka_unit_test(numbers),
		cmocka_unit_test(bytes),
		cmocka_unit_test(sizes), cmocka_unit_test(escapes),
		cmocka_unit_test(lists),
		cmocka_unit_test(many_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
