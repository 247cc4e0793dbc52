// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "cmd/run_rows.h"
#include "pkg/engine/create.h"

static int create_run(struct app *app, int argc, char **argv, struct fail *f)
{
	auto_config struct container_config c = { 0 };
	struct run_opts o;
	int r = run_opts_parse(app, argc, argv, &o, f);

	if (r == 0) {
		struct fetch_ctx ctx = { app, o.quiet };
		struct fetcher fetcher = { run_fetch, &ctx };

		r = engine_create(&app->engine, &o, &fetcher, &c, f);
	}
	run_opts_done(&o);
	if (r < 0)
		return r;
	app_printf("%s\n", c.id);
	return 0;
}

const struct command create_command = {
	.name = "create", .args = "[options] IMAGE [COMMAND [ARG...]]",
	.summary = "Create a container without starting it",
	.needs = NEED_STORE, .opts = create_rows, .run = create_run,
};
