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

static void parses(void **state)
{
	static const struct {
		const char *in;
		int64_t t;
		int error;
	} rows[] = {
		{ "1970-01-01T00:00:01Z", INT64_C(1000000000), 0 },
		{ "1970-01-01T01:00:00.5+01:00", INT64_C(500000000), 0 },
		{ "1969-12-31T23:59:59Z", INT64_C(-1000000000), 0 },
		{ "2025-05-27T09:58:34.663942371+02:00", INT64_C(1748332714663942371), 0 },
		{ "10", INT64_C(10000000000), 0 },
		{ "1.000000001", INT64_C(1000000001), 0 },
		{ "1m", INT64_C(940000000000), 0 },
		/* what podman's users may write, by Go's ParseFloat and ParseDuration */
		{ "0", 0, 0 },
		{ "now", INT64_C(1000000000000), 0 },
		{ ".5", INT64_C(500000000), 0 },
		{ "-3", INT64_C(-3000000000), 0 },
		{ "1e3", INT64_C(1000000000000), 0 },
		{ "+1m", INT64_C(940000000000), 0 },
		{ "-1m", INT64_C(1060000000000), 0 },
		{ "99999999999999999", INT64_MAX, 0 },
		{ "1e", 0, -EINVAL },
		{ "+", 0, -EINVAL },
		{ "0x10", 0, -EINVAL },
		{ "nan", 0, -EINVAL },
		{ "9999-12-31T00:00:00Z", 0, -ERANGE },
		{ "2025-13-01", 0, -EINVAL },
		{ "yesterday", 0, -EINVAL },
		{ "", 0, -EINVAL },
		{ "1970-01-01T00:00:01Zx", 0, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t t = 0;
		int r = time_parse(rows[i].in, 1000 * TIME_SECOND, &t);

		if (r != rows[i].error || (!r && t != rows[i].t))
			print_error("%s: %d %lld\n", rows[i].in, r, (long long)t);
		assert_int_equal(r, rows[i].error);
		assert_true(r || t == rows[i].t);
	}
}

static void spans(void **state)
{
	static const struct {
		const char *in;
		int64_t t;
		int error;
	} rows[] = {
		{ "1h15m30.5s", INT64_C(4530500000000), 0 }, { "300ms", 300000000, 0 },
		{ "-1m", INT64_C(-60000000000), 0 },	     { "0", 0, 0 },
		{ "5", 0, -EINVAL },			     { "1e3s", 0, -EINVAL },
		{ "0x10s", 0, -EINVAL },		     { "s", 0, -EINVAL },
		{ "1y", 0, -EINVAL },			     { "9999999h", 0, -ERANGE },
		{ "1.2.3s", 0, -EINVAL },		     { "-", 0, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t t = 0;
		int r = time_parse_span(rows[i].in, &t);

		if (r != rows[i].error)
			print_error("%s: %d\n", rows[i].in, r);
		assert_int_equal(r, rows[i].error);
		assert_true(r || t == rows[i].t);
	}
}

static void prints(void **state)
{
	char buf[TIME_GO_MAX], text[TIME_TEXT_MAX];
	static const struct {
		int64_t seconds;
		const char *words;
	} human[] = { { 0, "Less than a second" }, { 1, "1 second" }, { 59, "59 seconds" },
		      { 60, "About a minute" }, { 3599, "59 minutes" }, { 3600, "About an hour" },
		      { 7200, "2 hours" }, { 86400 * 3, "3 days" }, { 86400 * 20, "2 weeks" },
		      { 86400 * 100, "3 months" }, { INT64_C(86400) * 800, "2 years" } };
	static const struct {
		uint64_t n;
		const char *words;
	} sizes[] = { { 0, "0 B" }, { 999, "999 B" }, { 1000, "1 kB" }, { 4860000, "4.86 MB" },
		      { 331000000, "331 MB" }, { 999999, "1 MB" } };

	(void)state;
	setenv("TZ", "UTC", 1);
	assert_string_equal(time_format_utc(1, text), "1970-01-01T00:00:00.000000001Z");
	assert_string_equal(time_format_utc(-1, text), "1969-12-31T23:59:59.999999999Z");
	assert_string_equal(time_format_go(0, buf), "0001-01-01 00:00:00 +0000 UTC");
	assert_string_equal(time_format_go(1500000000, buf), "1970-01-01 00:00:01.5 +0000 UTC");
	for (size_t i = 0; i < ARRAY_LEN(human); i++)
		assert_string_equal(time_human(human[i].seconds * TIME_SECOND, buf), human[i].words);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		assert_string_equal(size_human(sizes[i].n, buf), sizes[i].words);
}

static void prints_spans(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = { { 0, "0s" }, { 1, "1ns" }, { 1500, "1.5µs" }, { 999999999, "999.999999ms" },
		     { 50000000, "50ms" }, { INT64_C(1000000000), "1s" }, { INT64_C(2526185944), "2.526185944s" },
		     { INT64_C(60000000000), "1m0s" }, { INT64_C(90500000000), "1m30.5s" },
		     { INT64_C(3600000000000), "1h0m0s" }, { INT64_C(3732497061672), "1h2m12.497061672s" },
		     { INT64_C(-1500000000), "-1.5s" }, { INT64_MIN, "-2562047h47m16.854775808s" } };
	char buf[TIME_SPAN_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(time_format_span(rows[i].ns, buf), rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(spans),
		cmocka_unit_test(prints),
		cmocka_unit_test(prints_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
