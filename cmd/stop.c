// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/stop.h"

struct stop_opts {
	bool all, ignore;
	int time;
	char **cidfiles;
};

static const struct opt stop_rows[] = {
	OPT_FLAG('a', "all", struct stop_opts, all, "stop every running container"),
	OPT_FLAG('i', "ignore", struct stop_opts, ignore, "a container that is missing is no failure"),
	OPT_LIST(0, "cidfile", struct stop_opts, cidfiles, "FILE", "read a container's id from there"),
	OPT_INT('t', "time", struct stop_opts, time, "SECONDS", "wait this long before SIGKILL (default 10)"),
	OPT_INT(0, "timeout", struct stop_opts, time, "SECONDS", NULL),
	OPT_END
};

static int stop_one(struct app *app, struct container *c, const char *typed, void *opts, struct fail *f)
{
	struct stop_opts *o = opts;
	int r = engine_stop(&app->engine, c, o->time, f);

	if (r == 0)
		app_printf("%s\n", typed);
	return r;
}

static int stop_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct stop_opts o = { .time = LIFE_TIMEOUT_UNSET };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = each_container(app, &(struct each){ .all = o.all, .ignore = o.ignore, .wanted = container_is_running,
						.fn = stop_one, .opts = &o, .cidfiles = o.cidfiles },
			   argv + first, argc - first, f);
	opt_done(stop_rows, &o);
	return r;
}

const struct command stop_command = {
	.name = "stop", .args = "[options] CONTAINER [CONTAINER...]", .summary = "Stop running containers",
	.needs = NEED_STORE, .opts = stop_rows, .run = stop_run,
};
