// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/restart.h"

struct restart_args {
	struct select_opts select;
	int time;
};

static const struct opt restart_rows[] = {
	OPT_FLAG('a', "all", struct restart_args, select.all, "restart every container, whatever its state"),
	EACH_CIDFILE(struct restart_args),
	EACH_FILTER('f', struct restart_args),
	EACH_LATEST(struct restart_args),
	OPT_FLAG(0, "running", struct restart_args, select.running, "only those that run"),
	EACH_TIME(struct restart_args, "wait this long before SIGKILL (the container's own, or 10; -1: for ever)"),
	OPT_END
};

static int restart_one(struct app *app, struct container *c, const char *shown, void *opts, struct fail *f)
{
	const struct restart_args *o = opts;
	int r = engine_restart(&app->engine, c, each_time(o->time), f);

	if (r < 0) {
		f->status = 0;
		return r;
	}
	app_printf("%s\n", shown);
	return 0;
}

static int restart_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct restart_args o = { .time = EACH_TIME_UNSET };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = each_time_check(o.time, f);
	if (r == 0)
		r = each_container(app, &(struct each){ .select = o.select, .fn = restart_one, .opts = &o },
				   argv + first, f);
	opt_done(restart_rows, &o);
	return r;
}

const struct command restart_command = {
	.name = "restart", .args = "[options] CONTAINER [CONTAINER...]", .summary = "Stop and start containers",
	.details = "One that doesn't run is started. Its files stay, and its configuration.",
	.examples = "  rbox restart web\n  rbox restart -t 2 web db\n  rbox restart --running",
	.needs = NEED_STORE | NEED_SEALED, .opts = restart_rows, .run = restart_run,
};
