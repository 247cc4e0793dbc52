// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>

#include "cmd/commands.h"
#include "pkg/engine/wait.h"
#include "pkg/util/str.h"

struct wait_opts {
	char **conditions;
	char *interval;
	bool ignore;
};

static const struct opt wait_rows[] = {
	OPT_CSV(0, "condition", struct wait_opts, conditions, "STATE",
		"wait for this state (exited; created, running, paused, ...)"),
	OPT_FLAG(0, "ignore", struct wait_opts, ignore, "a container that doesn't exist gives -1"),
	/* The end is announced to us: nothing is asked for in intervals. */
	OPT_STR('i', "interval", struct wait_opts, interval, "TIME", NULL),
	OPT_END
};

static int wait_each(struct app *app, const struct wait_opts *o, char **names, int n, struct fail *f)
{
	unsigned mask;
	int r = wait_conditions(o->conditions, &mask, f);

	if (r < 0)
		return r;
	for (int i = 0; i < n; i++) {
		int code = -1;

		r = engine_wait(&app->engine, names[i], mask, &code, f);
		if (r == -ENOENT && o->ignore) {
			fail_clear(f);
			code = -1;
		} else if (r < 0) {
			return r;
		}
		app_printf("%d\n", code);
		/* Who reads along sees each end when it comes. */
		(void)fflush(stdout);
	}
	return 0;
}

static int wait_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct wait_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 1, -1, f);
	if (r == 0)
		r = wait_each(app, &o, argv + first, argc - first, f);
	opt_done(wait_rows, &o);
	return r;
}

const struct command wait_command = {
	.name = "wait", .args = "[options] CONTAINER [CONTAINER...]",
	.summary = "Wait for containers to end, and print their exit status",
	.details = "One line each, in the order given; -1 when what was waited for is not an end.",
	.examples = "  rbox wait web\n  rbox wait --condition running web",
	.needs = NEED_STORE, .opts = wait_rows, .run = wait_run,
};
