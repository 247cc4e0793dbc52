// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "pkg/engine/rename.h"

static int rename_run(struct app *app, int argc, char **argv, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	int first = app_parse(app, NULL, argc, argv, f), r;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 2, 2, f);
	if (r == 0)
		r = container_open(&app->engine, argv[first], &c, f);
	return r < 0 ? r : engine_rename(&app->engine, &c, argv[first + 1], f);
}

const struct command rename_command = {
	.name = "rename", .args = "CONTAINER NAME", .summary = "Give a container another name",
	.details = "In any state. What runs in it goes on and is told nothing; its host name stays.",
	.examples = "  rbox rename web web-old",
	.needs = NEED_STORE, .run = rename_run,
};
