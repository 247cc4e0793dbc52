// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/remove.h"

struct rm_opts {
	bool all, force, ignore, volumes;
	int time;
	char **cidfiles;
};

static const struct opt rm_rows[] = {
	OPT_FLAG('a', "all", struct rm_opts, all, "remove every container"),
	OPT_FLAG('f', "force", struct rm_opts, force, "stop running ones first; a missing one is no failure"),
	OPT_FLAG('i', "ignore", struct rm_opts, ignore, "a container that is missing is no failure"),
	OPT_LIST(0, "cidfile", struct rm_opts, cidfiles, "FILE", "read a container's id from there"),
	OPT_INT('t', "time", struct rm_opts, time, "SECONDS", "with --force: wait this long before SIGKILL"),
	OPT_FLAG('v', "volumes", struct rm_opts, volumes, "remove its anonymous volumes too"),
	OPT_END
};

static int rm_one(struct app *app, struct container *c, const char *typed, void *opts, struct fail *f)
{
	const struct rm_opts *o = opts;
	int r = engine_remove(&app->engine, c, o->force, o->time, f);

	if (r == 0)
		app_printf("%s\n", typed);
	return r;
}

static int rm_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct rm_opts o = { .time = LIFE_TIMEOUT_UNSET };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = each_container(app, &(struct each){ .all = o.all, .ignore = o.ignore || o.force, .fn = rm_one,
						.opts = &o, .cidfiles = o.cidfiles },
			   argv + first, argc - first, f);
	opt_done(rm_rows, &o);
	return r == FAIL_EXIT_ENGINE ? 1 : r;
}

const struct command rm_command = {
	.name = "rm", .args = "[options] CONTAINER [CONTAINER...]", .summary = "Remove containers",
	.needs = NEED_STORE, .opts = rm_rows, .run = rm_run,
	.aliases = (const char *const[]){ "remove", NULL },
};
