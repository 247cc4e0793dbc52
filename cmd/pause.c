// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/pause.h"

struct pause_args {
	struct select_opts select;
};

static const struct opt pause_rows[] = {
	OPT_FLAG('a', "all", struct pause_args, select.all, "pause every running container"),
	EACH_CIDFILE(struct pause_args),
	EACH_FILTER('f', struct pause_args),
	EACH_LATEST(struct pause_args),
	OPT_END
};

static const struct opt unpause_rows[] = {
	OPT_FLAG('a', "all", struct pause_args, select.all, "unpause every paused container"),
	EACH_CIDFILE(struct pause_args),
	EACH_FILTER('f', struct pause_args),
	EACH_LATEST(struct pause_args),
	OPT_END
};

static bool is_running(const struct container *c)
{
	return c->state.status == STATUS_RUNNING;
}

static bool is_paused(const struct container *c)
{
	return c->state.status == STATUS_PAUSED;
}

static int pause_one(struct app *app, struct container *c, const char *shown, void *opts, struct fail *f)
{
	int r = engine_pause(&app->engine, c, f);

	(void)opts;
	if (r == 0)
		app_printf("%s\n", shown);
	return r;
}

static int unpause_one(struct app *app, struct container *c, const char *shown, void *opts, struct fail *f)
{
	int r = engine_unpause(&app->engine, c, f);

	(void)opts;
	if (r == 0)
		app_printf("%s\n", shown);
	return r;
}

static int run(struct app *app, int argc, char **argv, struct each *e, const struct opt *rows, struct fail *f)
{
	struct pause_args o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	e->select = o.select;
	r = each_container(app, e, argv + first, f);
	opt_done(rows, &o);
	return r;
}

static int pause_run(struct app *app, int argc, char **argv, struct fail *f)
{
	return run(app, argc, argv, &(struct each){ .wanted = is_running, .fn = pause_one }, pause_rows, f);
}

static int unpause_run(struct app *app, int argc, char **argv, struct fail *f)
{
	return run(app, argc, argv, &(struct each){ .wanted = is_paused, .fn = unpause_one }, unpause_rows, f);
}

const struct command pause_command = {
	.name = "pause", .args = "[options] CONTAINER [CONTAINER...]",
	.summary = "Freeze the processes of containers",
	.examples = "  rbox pause web\n  rbox pause -a",
	.needs = NEED_STORE, .opts = pause_rows, .run = pause_run,
};

const struct command unpause_command = {
	.name = "unpause", .args = "[options] CONTAINER [CONTAINER...]",
	.summary = "Let the processes of paused containers go on",
	.examples = "  rbox unpause web\n  rbox unpause -a",
	.needs = NEED_STORE, .opts = unpause_rows, .run = unpause_run,
};
