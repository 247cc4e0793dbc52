// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/stop.h"
#include "pkg/util/sig.h"

struct kill_opts {
	struct select_opts select;
	char *signal;
	int number;
};

static const struct opt kill_rows[] = {
	OPT_FLAG('a', "all", struct kill_opts, select.all, "signal every running container"),
	EACH_CIDFILE(struct kill_opts),
	EACH_LATEST(struct kill_opts),
	OPT_STR('s', "signal", struct kill_opts, signal, "SIGNAL", "signal to send (default KILL)"),
	OPT_END
};

static int kill_one(struct app *app, struct container *c, const char *shown, void *opts, struct fail *f)
{
	const struct kill_opts *o = opts;
	int r = engine_kill(&app->engine, c, o->number, f);

	if (r == 0)
		app_printf("%s\n", shown);
	return r;
}

static int kill_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct kill_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = sig_parse(o.signal ? o.signal : "KILL", &o.number, f);
	if (r == 0)
		r = each_container(app, &(struct each){ .select = o.select, .wanted = container_is_running,
							.fn = kill_one, .opts = &o },
				   argv + first, f);
	opt_done(kill_rows, &o);
	return r;
}

const struct command kill_command = {
	.name = "kill", .args = "[options] CONTAINER [CONTAINER...]",
	.summary = "Send a signal to running containers",
	.details = "To the container's first process, at once and without waiting. Signals by name (TERM, SIGTERM) or\n"
		   "number.",
	.examples = "  rbox kill web\n  rbox kill -s HUP web\n  rbox kill -a -s TERM",
	.needs = NEED_STORE, .opts = kill_rows, .run = kill_run,
};
