// SPDX-License-Identifier: Apache-2.0
/* Health: what results make of a container; how a check is read from a command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* our own is meant */

#include <string.h>

#include "pkg/engine/create_life.h"
#include "pkg/engine/health.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"
#include "runtime/monitor/health.h"

static const struct spec_process some;

/* One result a step: at AGE seconds, passed or not; what the machine says then. */
struct step {
	int age;
	bool passed;
	enum health_verdict verdict;
	enum health_status status;
	int streak;
};

static void walk(const struct health_plan *p, const struct step *steps, size_t n)
{
	struct health h;

	health_start(&h, p);
	assert_int_equal(h.status, HEALTH_STARTING);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(health_feed(&h, p, steps[i].passed, steps[i].age * TIME_SECOND),
				 steps[i].verdict);
		assert_int_equal(h.status, steps[i].status);
		assert_int_equal(h.streak, steps[i].streak);
	}
}

static void test_none(void **state)
{
	static const struct health_plan p = { .process = NULL };
	struct health h;

	(void)state;
	health_start(&h, &p);
	assert_int_equal(h.status, HEALTH_NONE);
}

static void test_retries(void **state)
{
	static const struct health_plan p = { .process = &some, .retries = 3 };
	static const struct step steps[] = {
		{ 0, false, HEALTH_GO_ON, HEALTH_STARTING, 1 },
		{ 1, false, HEALTH_GO_ON, HEALTH_STARTING, 2 },
		{ 2, true, HEALTH_GO_ON, HEALTH_HEALTHY, 0 },
		{ 3, false, HEALTH_GO_ON, HEALTH_HEALTHY, 1 },
		{ 4, false, HEALTH_GO_ON, HEALTH_HEALTHY, 2 },
		{ 5, false, HEALTH_TURNED, HEALTH_UNHEALTHY, 3 },
		/* Once is enough: it acts when it turns, not as long as it is. */
		{ 6, false, HEALTH_GO_ON, HEALTH_UNHEALTHY, 4 },
		{ 7, true, HEALTH_GO_ON, HEALTH_HEALTHY, 0 },
		{ 8, false, HEALTH_GO_ON, HEALTH_HEALTHY, 1 },
		{ 9, false, HEALTH_GO_ON, HEALTH_HEALTHY, 2 },
		{ 10, false, HEALTH_TURNED, HEALTH_UNHEALTHY, 3 },
	};

	(void)state;
	walk(&p, steps, ARRAY_LEN(steps));
}

static void test_start_period(void **state)
{
	static const struct health_plan p = { .process = &some, .retries = 1, .start_period = 10 * TIME_SECOND };
	static const struct step waits[] = {
		{ 0, false, HEALTH_GO_ON, HEALTH_STARTING, 0 },
		{ 9, false, HEALTH_GO_ON, HEALTH_STARTING, 0 },
		{ 10, false, HEALTH_TURNED, HEALTH_UNHEALTHY, 1 },
	};
	/* The first that passes ends the period. */
	static const struct step passes[] = {
		{ 1, false, HEALTH_GO_ON, HEALTH_STARTING, 0 },
		{ 2, true, HEALTH_GO_ON, HEALTH_HEALTHY, 0 },
		{ 3, false, HEALTH_TURNED, HEALTH_UNHEALTHY, 1 },
	};

	(void)state;
	walk(&p, waits, ARRAY_LEN(waits));
	walk(&p, passes, ARRAY_LEN(passes));
}

static void test_startup(void **state)
{
	static const struct health_plan p = { .process = &some, .retries = 1, .startup = &some,
					      .startup_retries = 3, .startup_successes = 2 };
	static const struct step steps[] = {
		{ 0, false, HEALTH_GO_ON, HEALTH_STARTING, 0 },
		{ 1, false, HEALTH_GO_ON, HEALTH_STARTING, 0 },
		{ 2, true, HEALTH_GO_ON, HEALTH_STARTING, 0 },
		{ 3, false, HEALTH_GO_ON, HEALTH_STARTING, 0 },
		{ 4, true, HEALTH_GO_ON, HEALTH_STARTING, 0 },
		{ 5, true, HEALTH_AT_ONCE, HEALTH_STARTING, 0 },
		/* From here on it is the regular check's turn. */
		{ 6, false, HEALTH_TURNED, HEALTH_UNHEALTHY, 1 },
		{ 7, true, HEALTH_GO_ON, HEALTH_HEALTHY, 0 },
	};
	static const struct step gives_up[] = {
		{ 0, false, HEALTH_GO_ON, HEALTH_STARTING, 0 },
		{ 1, false, HEALTH_GO_ON, HEALTH_STARTING, 0 },
		{ 2, false, HEALTH_GAVE_UP, HEALTH_STARTING, 0 },
	};

	(void)state;
	walk(&p, steps, ARRAY_LEN(steps));
	walk(&p, gives_up, ARRAY_LEN(gives_up));
}

static void test_startup_patient(void **state)
{
	/* 0 successes are as one, 0 retries are without end. */
	static const struct health_plan p = { .process = &some, .retries = 1, .startup = &some };
	struct health h;

	(void)state;
	health_start(&h, &p);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(health_feed(&h, &p, false, i * TIME_SECOND), HEALTH_GO_ON);
	assert_int_equal(health_feed(&h, &p, true, 1000 * TIME_SECOND), HEALTH_AT_ONCE);
}

static void test_commands(void **state)
{
	/* What was typed; the check as inspect shows it; what runs (NULL: nothing). */
	static const struct { const char *text, *test, *args; } rows[] = {
		{ "curl -f http://localhost || exit 1", "CMD-SHELL|curl -f http://localhost || exit 1",
		  "/bin/sh|-c|curl -f http://localhost || exit 1" },
		{ "true", "CMD-SHELL|true", "/bin/sh|-c|true" },
		{ "[\"true\"]", "CMD-SHELL|true", "/bin/sh|-c|true" },
		{ "[\"true\", \"x y\"]", "CMD|true|x y", "true|x y" },
		{ "[\"CMD\", \"true\", \"x y\"]", "CMD|true|x y", "true|x y" },
		{ "[\"CMD-SHELL\", \"true x\"]", "CMD-SHELL|true x", "/bin/sh|-c|true x" },
		{ "CMD true x", "CMD|true|x", "true|x" },
		{ "cmd true x", "CMD|true|x", "true|x" },
		{ "CMD-SHELL  true  x ", "CMD-SHELL|true  x ", "/bin/sh|-c|true  x " },
		{ "none", "NONE", NULL }, { "NONE", "NONE", NULL }, { "[\"none\"]", "NONE", NULL },
		{ "none of it", "CMD-SHELL|none of it", "/bin/sh|-c|none of it" },
		{ "[ -e /up ]", "CMD-SHELL|[ -e /up ]", "/bin/sh|-c|[ -e /up ]" },
		{ "[1, 2]", "CMD-SHELL|[1, 2]", "/bin/sh|-c|[1, 2]" },
		{ "", NULL, NULL }, { "  ", NULL, NULL }, { "[]", "CMD-SHELL|[]", "/bin/sh|-c|[]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct health_test t = { .test = health_test_parse(rows[i].text) };
		auto_free char *test = strv_join(t.test, "|");
		auto_strv char **args = NULL;
		auto_free char *joined = NULL;

		if (rows[i].test)
			assert_string_equal(test, rows[i].test);
		else
			assert_null(t.test);
		assert_int_equal(health_args(&t, &args), rows[i].args != NULL);
		joined = strv_join(args, "|");
		if (rows[i].args)
			assert_string_equal(joined, rows[i].args);
		strv_free(t.test);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none), cmocka_unit_test(test_retries), cmocka_unit_test(test_start_period),
		cmocka_unit_test(test_startup), cmocka_unit_test(test_startup_patient),
		cmocka_unit_test(test_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
