// SPDX-License-Identifier: Apache-2.0
/* Restart policies: their words, when they act, and the pauses; no clock but the one passed in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include <errno.h>

#include "pkg/util/mem.h"
#include "pkg/util/time.h"
#include "runtime/monitor/restart.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		enum restart_kind kind;
		int max;
	} rows[] = {
		{ NULL, RESTART_NO, 0 }, { "", RESTART_NO, 0 }, { "no", RESTART_NO, 0 },
		{ "always", RESTART_ALWAYS, 0 }, { "unless-stopped", RESTART_UNLESS_STOPPED, 0 },
		{ "on-failure", RESTART_ON_FAILURE, 0 }, { "on-failure:0", RESTART_ON_FAILURE, 0 },
		{ "on-failure:5", RESTART_ON_FAILURE, 5 }, { "on-failure:2147483647", RESTART_ON_FAILURE, 2147483647 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct restart_policy p;
		struct fail f = { 0 };

		assert_int_equal(restart_parse(rows[i].text, &p, &f), 0);
		assert_int_equal(p.kind, rows[i].kind);
		assert_int_equal(p.max, rows[i].max);
	}
}

static void test_refused(void **state)
{
	static const struct { const char *text, *msg; } rows[] = {
		{ "foo", "\"foo\" is not a valid restart policy: invalid argument" },
		{ "NO", "\"NO\" is not a valid restart policy: invalid argument" },
		{ " no", "\" no\" is not a valid restart policy: invalid argument" },
		{ "always:1", "restart policy retries can only be specified with on-failure restart policy" },
		{ ":1", "restart policy retries can only be specified with on-failure restart policy" },
		{ "on-failure:1:2", "invalid restart policy: may specify retries at most once" },
		{ "on-failure:", "parsing restart policy retry count: \"\" is not a number" },
		{ "on-failure:1x", "parsing restart policy retry count: \"1x\" is not a number" },
		{ "on-failure:2147483648", "parsing restart policy retry count: \"2147483648\" is not a number" },
		{ "on-failure:-1", "must specify restart policy retry count as a number greater than 0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct restart_policy p;
		struct fail f = { 0 };

		assert_int_equal(restart_parse(rows[i].text, &p, &f), -EINVAL);
		assert_string_equal(f.msg, rows[i].msg);
	}
}

static void test_wanted(void **state)
{
	static const struct {
		struct restart_policy p;
		struct restart_case c;
		bool wanted;
	} rows[] = {
		{ { RESTART_NO, 0 }, { .exit_code = 1 }, false },
		{ { RESTART_NO, 0 }, { .exit_code = 1, .wanted = true }, true },
		{ { RESTART_NO, 0 }, { .wanted = true, .stopped = true }, false },
		{ { RESTART_ON_FAILURE, 0 }, { .exit_code = 0 }, false },
		{ { RESTART_ON_FAILURE, 0 }, { .exit_code = 1, .restarts = 1000 }, true },
		{ { RESTART_ON_FAILURE, 3 }, { .exit_code = 137, .restarts = 2 }, true },
		{ { RESTART_ON_FAILURE, 3 }, { .exit_code = 137, .restarts = 3 }, false },
		{ { RESTART_ON_FAILURE, 3 }, { .exit_code = 137, .restarts = 3, .wanted = true }, true },
		{ { RESTART_ALWAYS, 0 }, { .exit_code = 0, .restarts = 1000 }, true },
		{ { RESTART_ALWAYS, 0 }, { .exit_code = 1, .stopped = true }, false },
		{ { RESTART_UNLESS_STOPPED, 0 }, { .exit_code = 0 }, true },
		{ { RESTART_UNLESS_STOPPED, 0 }, { .exit_code = 0, .stopped = true }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(restart_wanted(&rows[i].p, &rows[i].c), rows[i].wanted);
}

static void test_pauses(void **state)
{
	static const int64_t ms[] = { 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000 };
	int64_t pause = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ms); i++) {
		pause = restart_pause(pause, TIME_SECOND);
		assert_true(pause == ms[i] * (TIME_SECOND / 1000));
	}
	/* Just under ten seconds is still a failure; ten are none. */
	assert_true(restart_pause(pause, 10 * TIME_SECOND - 1) == 60 * TIME_SECOND);
	assert_true(restart_pause(pause, 10 * TIME_SECOND) == TIME_SECOND / 10);
	assert_true(restart_pause(0, 3600 * TIME_SECOND) == TIME_SECOND / 10);
}

static void test_boot(void **state)
{
	(void)state;
	for (int kind = RESTART_NO; kind <= RESTART_UNLESS_STOPPED; kind++) {
		struct restart_policy p = { (enum restart_kind)kind, 0 };

		assert_int_equal(restart_at_boot(&p, false), kind >= RESTART_ALWAYS);
		assert_int_equal(restart_at_boot(&p, true), kind == RESTART_ALWAYS);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_refused), cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_pauses), cmocka_unit_test(test_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
