// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/stop.h"

struct stop_opts {
	struct select_opts select;
	int time;
};

static const struct opt stop_rows[] = {
	OPT_FLAG('a', "all", struct stop_opts, select.all, "stop every running container"),
	EACH_CIDFILE(struct stop_opts),
	EACH_FILTER('f', struct stop_opts),
	EACH_IGNORE(struct stop_opts),
	EACH_LATEST(struct stop_opts),
	EACH_TIME(struct stop_opts, "wait this long before SIGKILL (the container's own, or 10; -1: for ever)"),
	OPT_END
};

static void stop_ask(struct app *app, struct container *c, void *opts)
{
	const struct stop_opts *o = opts;
	struct fail ignored = { 0 };

	(void)app;
	if (stop_refuse_paused(c, &ignored) == 0)
		(void)!stop_begin(c, each_time(o->time), &ignored);
}

static int stop_one(struct app *app, struct container *c, const char *shown, void *opts, struct fail *f)
{
	const struct stop_opts *o = opts;
	int r = stop_refuse_paused(c, f);

	if (r < 0 && o->select.all) {
		/* Meant were those that can be stopped, as podman has it. */
		fail_clear(f);
		return 0;
	}
	if (r == 0)
		r = engine_stop(&app->engine, c, each_time(o->time), f);
	if (r == 0)
		app_printf("%s\n", shown);
	return r;
}

static int stop_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct stop_opts o = { .time = EACH_TIME_UNSET };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = each_time_check(o.time, f);
	if (r == 0)
		r = each_container(app, &(struct each){ .select = o.select, .begin = stop_ask, .fn = stop_one,
							.opts = &o }, argv + first, f);
	opt_done(stop_rows, &o);
	return r;
}

const struct command stop_command = {
	.name = "stop", .args = "[options] CONTAINER [CONTAINER...]", .summary = "Stop running containers",
	.details = "The container's stop signal first, SIGKILL when that didn't end it in time. Several are stopped\n"
		   "side by side. One that doesn't run is no failure; one that was stopped is not started again by\n"
		   "its restart policy.",
	.examples = "  rbox stop web\n  rbox stop -t 2 web db\n  rbox stop -a\n"
		    "  rbox stop --filter label=app=shop",
	.needs = NEED_STORE, .opts = stop_rows, .run = stop_run,
};
