// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>

#include "cmd/commands.h"
#include "pkg/engine/health.h"

static int healthcheck_run(struct app *app, int argc, char **argv, struct fail *f)
{
	int first = app_parse(app, NULL, argc, argv, f), r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 1, 1, f) < 0)
		return -f->code;
	r = engine_health_run(&app->engine, argv[first], f);
	/* podman's words, for what this check said: retries and start period are about the container. */
	if (r > 0)
		app_printf("%s\n", r == 1 ? "unhealthy" : "starting");
	return r > 0 ? 1 : r;
}

static const struct command healthcheck_run_command = {
	.name = "run", .args = "CONTAINER", .summary = "Run a container's health check now",
	.details = "Exits 0 when it passed and 1 when it failed; the result counts as any other of its checks.",
	.examples = "  rbox healthcheck run web",
	.needs = NEED_STORE, .run = healthcheck_run,
};

static const struct command *const healthcheck_commands[] = { &healthcheck_run_command, NULL };

const struct command healthcheck_command = {
	.name = "healthcheck", .summary = "Run health checks", .subs = healthcheck_commands,
};
