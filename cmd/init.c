// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cmd/commands.h"
#include "cmd/each.h"

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
	(void)app;
	(void)opts;
	if (!is_startable(c))
		return refuse(f, EINVAL, "container %s has already been created in runtime: container state improper",
			      c->id);
	(void)refuse(f, ENOTSUP, "container %s can't be prepared without being started: rbox keeps no container that "
		     "waits for its start", c->id);
	fail_hint(f, "rbox start %s", shown);
	return -ENOTSUP;
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
	.details = "Not there yet: says so for every container that could be prepared.",
	.needs = NEED_STORE, .opts = init_rows, .run = init_run,
};
