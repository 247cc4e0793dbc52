// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "pkg/util/mem.h"
#include "pkg/util/near.h"
#include "pkg/util/str.h"

#include <cmocka.h>

static void nearest(void **state)
{
	static const struct { const char *typed, *meant; } cases[] = {
		{ "rnu", "run" }, { "strat", "start" }, { "stat", "start" }, { "iamges", "images" },
		{ "vresion", "version" }, { "restrat", "restart" }, { "compleiotn", "completion" },
		{ "pos", "ps" }, { "run", "run" },
		/* the beginning of one */
		{ "vol", "volume" }, { "comp", "completion" },
		/* two letters of four are too many: these were guessed as pause, port ... */
		{ "push", NULL }, { "sort", "port" }, { "pod", NULL }, { "kube", NULL }, { "zz", NULL },
		{ "login", NULL }, { "save", NULL }, { "network", NULL }, { "", NULL },
	};

	auto_strv char **words = strv_split("run pause pull ps rm rmi rename restart port start images version volume "
					    "completion", " ", true);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = near_word(cases[i].typed, words);

		if (cases[i].meant)
			assert_string_equal(got ? got : "(nothing)", cases[i].meant);
		else
			assert_null(got);
	}
}

static void distances(void **state)
{
	(void)state;
	assert_int_equal(near_distance("abc", "abc"), 0);
	assert_int_equal(near_distance("abc", "acb"), 1);
	assert_int_equal(near_distance("push", "pause"), 2);
	assert_int_equal(near_distance("", "ps"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nearest), cmocka_unit_test(distances) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
