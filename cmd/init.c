// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/restart.h"

struct init_args {
	struct select_opts select;
};

static const struct opt init_rows[] = {
	OPT_FLAG('a', "all", struct init_args, select.all, "every container that doesn't run"),
	EACH_LATEST(struct init_args),
	OPT_END
};

static bool is_startable(const struct container *c)
{
	return c->state.status == STATUS_CONFIGURED || c->state.status == STATUS_STOPPED;
}

static int init_one(struct app *app, struct container *c, const char *shown, void *opts, struct fail *f)
{
	int r = engine_init(&app->engine, c, f);

	(void)opts;
	if (r < 0) {
		f->status = 0;
		return r;
	}
	app_printf("%s\n", shown);
	return 0;
}

static int init_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct init_args o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = each_container(app, &(struct each){ .select = o.select, .wanted = is_startable, .fn = init_one, .opts = &o },
			   argv + first, f);
	opt_done(init_rows, &o);
	return r;
}

const struct command init_command = {
	.name = "init", .args = "[options] CONTAINER [CONTAINER...]",
	.summary = "Prepare containers without starting them",
	.details = "Makes its file system, namespaces and network; its command waits for start. Until then it is\n"
		   "\"initialized\", and stop and rm end it.",
	.examples = "  rbox init web\n  rbox start -a web",
	.needs = NEED_STORE | NEED_SEALED, .opts = init_rows, .run = init_run,
};
