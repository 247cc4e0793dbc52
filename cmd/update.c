// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "cmd/resource_rows.h"
#include "pkg/engine/container.h"
#include "pkg/engine/policy.h"
#include "pkg/engine/update.h"

struct update_args {
	char *restart;
	struct resource_group resources;
};

static const struct opt update_rows[] = {
	OPT_STR(0, "restart", struct update_args, restart, "POLICY",
		"from its next end on: no, on-failure[:N], always, unless-stopped"),
	OPT_GROUP(struct update_args, resources, resource_rows),
	OPT_END
};

static int update(struct app *app, const struct update_args *o, const char *name, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	int r = container_open(&app->engine, name, &c, f);

	if (r == 0 && o->restart)
		r = policy_check(&c, o->restart, f);
	if (r == 0)
		r = engine_update(&c, &o->resources, f);
	if (r == 0 && o->restart)
		r = policy_set(&app->engine, &c, o->restart, f);
	if (r == 0)
		app_printf("%s\n", c.id);
	return r;
}

static int update_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct update_args o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 1, 1, f);
	if (r == 0)
		r = update(app, &o, argv[first], f);
	opt_done(update_rows, &o);
	return r;
}

const struct command update_command = {
	.name = "update", .args = "[options] CONTAINER", .summary = "Change the limits and the restart policy of a container",
	.examples = "  rbox update --memory 512m --cpus 1.5 web\n  rbox update --restart on-failure:3 web",
	.needs = NEED_STORE, .opts = update_rows, .run = update_run,
};
