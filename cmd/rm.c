// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/remove.h"
#include "pkg/engine/requires.h"
#include "pkg/engine/stop.h"
#include "pkg/engine/volumes.h"
#include "pkg/util/str.h"

struct rm_opts {
	struct select_opts select;
	bool force, volumes, depend;
	int time;
};

static const struct opt rm_rows[] = {
	OPT_FLAG('a', "all", struct rm_opts, select.all, "remove every container"),
	EACH_CIDFILE(struct rm_opts),
	OPT_FLAG(0, "depend", struct rm_opts, depend, "remove the containers that depend on it too"),
	EACH_FILTER(0, struct rm_opts),
	OPT_FLAG('f', "force", struct rm_opts, force, "stop running ones first; a missing one is no failure"),
	EACH_IGNORE(struct rm_opts),
	EACH_LATEST(struct rm_opts),
	EACH_TIME(struct rm_opts, "with --force: wait this long before SIGKILL"),
	OPT_FLAG('v', "volumes", struct rm_opts, volumes, "remove its anonymous volumes too"),
	OPT_END
};

static void rm_ask(struct app *app, struct container *c, void *opts)
{
	const struct rm_opts *o = opts;
	struct fail ignored = { 0 };

	(void)app;
	if (o->force)
		(void)!stop_begin(c, each_time(o->time), &ignored);
}

static int rm_dependents(struct app *app, const struct container *c, const struct rm_opts *o, struct fail *f)
{
	auto_strv char **ids = requires_dependents(&app->engine, c->dir_fd);
	int r = 0;

	for (char **it = ids; r == 0 && it && *it; it++) {
		auto_container struct container d = CONTAINER_INIT;

		r = o->force ? container_open_wreck(&app->engine, *it, &d, f) :
			       container_open_id(&app->engine, *it, &d, f);
		if (r == 0)
			r = rm_dependents(app, &d, o, f);
		d.with_volumes = o->volumes;
		if (r == 0)
			r = engine_remove(&app->engine, &d, o->force, each_time(o->time), f);
		if (r == 0)
			app_printf("%s\n", d.id);
	}
	return r;
}

static int rm_one(struct app *app, struct container *c, const char *shown, void *opts, struct fail *f)
{
	const struct rm_opts *o = opts;
	int r = o->depend || o->select.all ? rm_dependents(app, c, o, f) : 0;

	c->with_volumes = o->volumes;
	if (r == 0)
		r = engine_remove(&app->engine, c, o->force, each_time(o->time), f);
	if (r == 0)
		app_printf("%s\n", shown);
	return r;
}

static int rm_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct rm_opts o = { .time = EACH_TIME_UNSET };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	o.select.ignore |= o.force;
	if (o.time != EACH_TIME_UNSET && !o.force)
		r = refuse(f, EINVAL, "--force option must be specified to use the --time option");
	else
		r = each_time_check(o.time, f);
	if (r == 0)
		r = each_container(app, &(struct each){ .select = o.select, .rule.some_left_out = !o.select.ignore,
							.begin = rm_ask, .fn = rm_one, .opts = &o,
							.wrecks = o.force },
				   argv + first, f);
	opt_done(rm_rows, &o);
	return r;
}

const struct command rm_command = {
	.name = "rm", .args = "[options] CONTAINER [CONTAINER...]", .summary = "Remove containers",
	.details = "Exit status 1: one of them doesn't exist; 2: one of them runs; 125: any other failure.",
	.examples = "  rbox rm web\n  rbox rm -f -t 2 web db\n  rbox rm --filter status=exited\n  rbox rm -f -a",
	.needs = NEED_STORE, .opts = rm_rows, .run = rm_run,
	.aliases = (const char *const[]){ "remove", NULL },
};
