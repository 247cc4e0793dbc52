// SPDX-License-Identifier: Apache-2.0
/* TOML 1.0: what each construct becomes, and what is said of a wrong one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/util/mem.h"
#include "registry/toml.h"

#include <cmocka.h>
#undef fail /* our own is meant */

static void test_good(void **state)
{
	static const struct {
		const char *toml, *json;
	} rows[] = {
		{ "", "{}" },
		{ "# only a comment", "{}" },
		{ "\xef\xbb\xbf" "a = 1", "{\"a\":1}" },
		{ "a = 1\r\nb = 2\r\n", "{\"a\":1,\"b\":2}" },
		{ "a = true\nb = false # x", "{\"a\":true,\"b\":false}" },
		{ "a = +99\nb = -17\nc = 1_000\nd = 0xDEAD_beef\ne = 0o755\nf = 0b11\ng = 0\nh = -0",
		  "{\"a\":99,\"b\":-17,\"c\":1000,\"d\":3735928559,\"e\":493,\"f\":3,\"g\":0,\"h\":0}" },
		{ "a = 9223372036854775807\nb = -9223372036854775808",
		  "{\"a\":9223372036854775807,\"b\":-9223372036854775808}" },
		{ "a = 1.5\nb = -2e2\nc = 1_0.2_5\nd = 6.5E-1", "{\"a\":1.5,\"b\":-200.0,\"c\":10.25,\"d\":0.65}" },
		{ "a = inf\nb = -inf\nc = +nan", "{\"a\":\"inf\",\"b\":\"-inf\",\"c\":\"nan\"}" },
		{ "a = \"x\\ty\\u00e9\\U0001F600\\\"\\\\\"", "{\"a\":\"x\\ty\xc3\xa9\xf0\x9f\x98\x80\\\"\\\\\"}" },
		{ "a = 'C:\\x\"'", "{\"a\":\"C:\\\\x\\\"\"}" },
		{ "a = \"\"\"\nRoses\n  \\\n   are\"\"\"\"\n", "{\"a\":\"Roses\\n  are\\\"\"}" },
		{ "a = '''\nx\\\n'y'''''", "{\"a\":\"x\\\\\\n'y''\"}" },
		{ "a = \"\"\nb = ''\nc = \"\"\"\"\"\"", "{\"a\":\"\",\"b\":\"\",\"c\":\"\"}" },
		{ "a = [ 1, [2, 'x'], # c\n 3,\n]", "{\"a\":[1,[2,\"x\"],3]}" },
		{ "a = []", "{\"a\":[]}" },
		{ "a = { x = 1, y.z = 'q' }\nb = {}", "{\"a\":{\"x\":1,\"y\":{\"z\":\"q\"}},\"b\":{}}" },
		{ "a.b.c = 1\na.b.d = 2\na . e = 3", "{\"a\":{\"b\":{\"c\":1,\"d\":2},\"e\":3}}" },
		{ "\"x y\".'z' = 1\n1234 = 2\n\"\" = 3", "{\"x y\":{\"z\":1},\"1234\":2,\"\":3}" },
		{ "[a.b]\nx=1\n[a]\ny=2\n[ c . \"d e\" ]", "{\"a\":{\"b\":{\"x\":1},\"y\":2},\"c\":{\"d e\":{}}}" },
		{ "[[r]]\nn=1\n[[r.m]]\nk=1\n[[r.m]]\nk=2\n[[r]]\nn=2\n[r.t]\nq=1",
		  "{\"r\":[{\"n\":1,\"m\":[{\"k\":1},{\"k\":2}]},{\"n\":2,\"t\":{\"q\":1}}]}" },
		{ "[fruit]\napple.color=1\napple.taste.sweet=true\n[fruit.apple.texture]\nsmooth=true",
		  "{\"fruit\":{\"apple\":{\"color\":1,\"taste\":{\"sweet\":true},\"texture\":{\"smooth\":true}}}}" },
		{ "a = 1979-05-27T07:32:00Z\nb = 1979-05-27 07:32:00.5-07:00\nc = 1979-05-27\nd = 07:32:00\n"
		  "e = 2000-02-29",
		  "{\"a\":\"1979-05-27T07:32:00Z\",\"b\":\"1979-05-27 07:32:00.5-07:00\",\"c\":\"1979-05-27\","
		  "\"d\":\"07:32:00\",\"e\":\"2000-02-29\"}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fail f = { 0 };
		auto_json json_t *got = toml_parse(rows[i].toml, strlen(rows[i].toml), "t", &f);
		auto_json json_t *want = json_loads(rows[i].json, 0, NULL);

		assert_string_equal(f.msg, "");
		assert_non_null(got);
		assert_non_null(want);
		if (!json_equal(got, want)) {
			auto_free char *text = jsonf_text(got, 0);

			assert_string_equal(text, rows[i].json);
		}
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *toml, *msg;
	} rows[] = {
		{ "a", "t: line 1: '=' is wanted after a key" },
		{ "a =", "t: line 1: a value is wanted" },
		{ "\n\n= 1", "t: line 3: a key is wanted" },
		{ "a = 1 b = 2", "t: line 1: something stands where the line should end" },
		{ "a = foo", "t: line 1: 'foo' is no value (text stands in quotes)" },
		{ "a = 1\na = 2", "t: line 2: 'a' is defined twice" },
		{ "a = 1\na.b = 2", "t: line 2: 'a' is defined already" },
		{ "[a]\n[a]", "t: line 2: 'a' is defined twice" },
		{ "a = 1\n[a]", "t: line 2: 'a' is defined twice" },
		{ "a = 1\n[a.b]", "t: line 2: 'a' is a value already, not a table that can be added to" },
		{ "a = {}\n[a.b]", "t: line 2: 'a' is a value already, not a table that can be added to" },
		{ "a = {x=1}\na.y = 2", "t: line 2: 'a' is defined already" },
		{ "a = []\n[[a]]", "t: line 2: 'a' is defined already, and not as an array of tables" },
		{ "[a]\n[[a]]", "t: line 2: 'a' is defined already, and not as an array of tables" },
		{ "[[a]]\n[a]", "t: line 2: 'a' is defined twice" },
		{ "[fruit]\napple.color=1\n[fruit.apple]", "t: line 3: 'apple' is defined twice" },
		{ "[a.b.c]\nz=9\n[a]\nb.c.t=1", "t: line 4: 'b' is defined already" },
		{ "[a", "t: line 1: a table's header ends in ']'" },
		{ "[[a]", "t: line 1: a table's header ends in ']]'" },
		{ "[]", "t: line 1: a key is wanted" },
		{ "a = \"x", "t: line 1: a string has no closing quote" },
		{ "a = \"x\ny\"", "t: line 1: a string has no closing quote" },
		{ "a = \"\"\"x\n\ny", "t: line 3: a string has no closing quote" },
		{ "a = \"\\q\"", "t: line 1: an unknown escape in a string" },
		{ "a = \"\\ud800\"", "t: line 1: U+D800 can't stand in a string" },
		{ "a = \"\\u0000\"", "t: line 1: U+0000 can't stand in a string" },
		{ "a = \"\\u12\"", "t: line 1: 4 hex digits are wanted after '\\u'" },
		{ "a = \"\x01\"", "t: line 1: a control character in a string" },
		{ "# \x01", "t: line 1: a control character in a comment" },
		{ "\"\"\"a\"\"\" = 1", "t: line 1: a key is on one line" },
		{ "a = [1 2]", "t: line 1: ',' or ']' is wanted in an array" },
		{ "a = [1", "t: line 1: ',' or ']' is wanted in an array" },
		{ "a = {x=1,}", "t: line 1: a key is wanted" },
		{ "a = {x=1 y=2}", "t: line 1: ',' or '}' is wanted in an inline table" },
		{ "a = 012", "t: line 1: '012' is no value (text stands in quotes)" },
		{ "a = 1__0", "t: line 1: '1__0' is no value (text stands in quotes)" },
		{ "a = 1_", "t: line 1: '1_' is no value (text stands in quotes)" },
		{ "a = _1", "t: line 1: '_1' is no value (text stands in quotes)" },
		{ "a = 1.", "t: line 1: '1.' is no value (text stands in quotes)" },
		{ "a = .5", "t: line 1: '.5' is no value (text stands in quotes)" },
		{ "a = 0xg", "t: line 1: '0xg' is no value (text stands in quotes)" },
		{ "a = +0x1", "t: line 1: '+0x1' is no value (text stands in quotes)" },
		{ "a = 9223372036854775808", "t: line 1: a number is out of range" },
		{ "a = 1e999", "t: line 1: a number is out of range" },
		{ "a = 2023-02-29", "t: line 1: '2023-02-29' is no value (text stands in quotes)" },
		{ "a = 2023-13-01", "t: line 1: '2023-13-01' is no value (text stands in quotes)" },
		{ "a = 24:00:00", "t: line 1: '24:00:00' is no value (text stands in quotes)" },
		{ "a = 07:32", "t: line 1: '07:32' is no value (text stands in quotes)" },
		{ "a = '\xff'", "t: it is not UTF-8" },
		{ "a = '\xed\xa0\x80'", "t: it is not UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fail f = { 0 };

		assert_null(toml_parse(rows[i].toml, strlen(rows[i].toml), "t", &f));
		assert_string_equal(f.msg, rows[i].msg);
	}
}

static char *repeat(const char *head, const char *item, size_t n, const char *tail)
{
	struct str s = STR_INIT(4 << 20);

	str_add(&s, head);
	for (size_t i = 0; i < n; i++)
		str_add(&s, item);
	str_add(&s, tail);
	return str_take(&s);
}

static void test_limits(void **state)
{
	auto_free char *deep = repeat("a = ", "[", 33, "");
	auto_free char *fits = repeat("a = ", "[", 32, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	auto_free char *dots = repeat("", "a.", 40, "b = 1");
	auto_free char *tables = repeat("", "[[a]]\n", 5000, "");
	auto_free char *large = repeat("#", "x", TOML_MAX, "");
	const struct {
		const char *text, *msg;
	} rows[] = {
		{ deep, "t: line 1: nested more than 32 levels deep" },
		{ dots, "t: line 1: nested more than 32 levels deep" },
		{ tables, "t: line 4096: more than 4096 tables" },
		{ large, "t: 1048577 bytes are more than is allowed" },
	};
	struct fail f = { 0 };
	auto_json json_t *j = toml_parse(fits, strlen(fits), "t", &f);

	(void)state;
	assert_non_null(j);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fail_clear(&f);
		assert_null(toml_parse(rows[i].text, strlen(rows[i].text), "t", &f));
		assert_string_equal(f.msg, rows[i].msg);
	}
	fail_clear(&f);
	assert_null(toml_parse("a\0b", 3, "t", &f));
	assert_string_equal(f.msg, "t: it contains a NUL byte");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
