// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "cmd/resource_rows.h"
#include "pkg/engine/container.h"
#include "pkg/engine/resource.h"

struct update_args {
	struct resource_group resources;
};

static const struct opt update_rows[] = {
	OPT_GROUP(struct update_args, resources, resource_rows),
	OPT_END
};

static int update(struct app *app, const struct resource_group *g, const char *name, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	int r = container_open(&app->engine, name, &c, f);

	/* What bounds nothing is taken; all else needs a cgroup, and says which. */
	if (r == 0)
		r = resource_check(g, f);
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
		r = update(app, &o.resources, argv[first], f);
	opt_done(update_rows, &o);
	return r;
}

const struct command update_command = {
	.name = "update", .args = "[options] CONTAINER", .summary = "Change the limits of a container",
	.examples = "  rbox update --memory 512m --cpus 1.5 web",
	.needs = NEED_STORE, .opts = update_rows, .run = update_run,
};
