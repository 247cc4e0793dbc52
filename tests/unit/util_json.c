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

struct point {
	char *name;
	int64_t x;
	uint32_t u;
	bool on;
	char **list, **map;
	struct u32v ports;
};

static const struct field fields[] = {
	FIELD_STR("name", struct point, name),
	FIELD_I64("x", struct point, x),
	FIELD_U32("u", struct point, u),
	FIELD_BOOL("on", struct point, on),
	FIELD_STRV("list", struct point, list),
	FIELD_MAP("map", struct point, map),
	FIELD_U32V("ports", struct point, ports),
	FIELD_END
};

static void round_trip(void **state)
{
	static const char text[] = "{\"name\":\"n\",\"x\":-9223372036854775808,\"u\":4294967295,"
				   "\"on\":true,\"list\":[\"a\",\"\"],\"map\":{\"k\":\"v=w\"},"
				   "\"ports\":[80]}";
	struct point p = { 0 };
	struct fail f = { 0 };
	auto_json json_t *j = jsonf_parse(text, strlen(text), 0, "t", &f), *back = NULL;
	auto_free char *out = NULL;

	(void)state;
	assert_int_equal(jsonf_read(fields, &p, j, &f), 0);
	back = jsonf_write(fields, &p);
	out = jsonf_text(back, 0);
	assert_string_equal(out, text);
	/* Read again into the same struct: nothing leaks. */
	assert_int_equal(jsonf_read(fields, &p, j, &f), 0);
	jsonf_done(fields, &p);
}

static void refusals(void **state)
{
	static const struct {
		const char *in;
		const char *msg;
	} rows[] = {
		{ "[]", "an object is wanted, not an array" },
		{ "{\"x\":\"1\"}", "x: a whole number is wanted, not a string" },
		{ "{\"u\":-1}", "u: -1 is out of range" },
		{ "{\"list\":[\"a\",1]}", "list[1]: element: a string is wanted, not a number" },
		{ "{\"map\":{\"k\":[]}}", "map: k: a string is wanted, not an array" },
		{ "{\"ports\":[1,4294967296]}", "ports[1]: not a 32-bit number" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct point p = { 0 };
		struct fail f = { 0 };
		auto_json json_t *j = jsonf_parse(rows[i].in, strlen(rows[i].in), 0, "t", &f);

		assert_true(jsonf_read(fields, &p, j, &f) < 0);
		assert_string_equal(f.msg, rows[i].msg);
		jsonf_done(fields, &p);
	}
}

/* inspect shows an image's label on a terminal, where U+009B begins a command as ESC [ does. */
static void controls_are_escaped(void **state)
{
	auto_json json_t *j = json_pack("{s:s}", "a", "x\x1b\xc2\x9b\x7f\xc3\xa4");
	auto_free char *text = jsonf_text(j, 0);
	auto_json json_t *back = json_loads(text, 0, NULL);

	(void)state;
	assert_string_equal(text, "{\"a\":\"x\\u001B\\u009B\\u007F\xc3\xa4\"}");
	assert_true(json_equal(j, back));
}

static void hostile_text(void **state)
{
	auto_str struct str deep = STR_INIT(1000);
	struct fail f = { 0 };

	(void)state;
	for (int i = 0; i < 65; i++)
		str_addc(&deep, '[');
	assert_null(jsonf_parse(str_cstr(&deep), deep.len, 0, "t", &f));
	assert_string_equal(f.msg, "t: nested more than 64 levels deep");
	fail_clear(&f);
	assert_null(jsonf_parse("{\"a\":1,\"a\":2}", 13, 0, "t", &f));
	fail_clear(&f);
	assert_null(jsonf_parse("{}", 2, 1, "t", &f));
	assert_string_equal(f.msg, "t: 2 bytes are more than is allowed");
	fail_clear(&f);
	assert_null(jsonf_parse("{}x", 3, 0, "t", &f));
}

static void bytes_that_are_no_utf8_are_kept_visible(void **state)
{
	char *list[] = { (char *)"ok", (char *)"a\xff", NULL }, *map[] = { (char *)"k\xfe=v\xfd", NULL };
	struct point p = { .name = (char *)"\xff", .list = list, .map = map };
	auto_json json_t *j = jsonf_write(fields, &p);
	auto_free char *out = jsonf_text(j, 0);

	(void)state;
	assert_string_equal(out, "{\"name\":\"\\\\xff\",\"list\":[\"ok\",\"a\\\\xff\"],"
				 "\"map\":{\"k\\\\xfe\":\"v\\\\xfd\"}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(refusals),
		cmocka_unit_test(hostile_text),
		cmocka_unit_test(controls_are_escaped),
		cmocka_unit_test(bytes_that_are_no_utf8_are_kept_visible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
