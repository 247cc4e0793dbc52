// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "cmd/confirm.h"
#include "pkg/engine/prune.h"

struct prune_args {
	bool force;
	char **filters;
};

static const struct opt prune_rows[] = {
	OPT_LIST(0, "filter", struct prune_args, filters, "KEY=VALUE", "of those only: until=TIME, label=..., label!=..."),
	OPT_FLAG('f', "force", struct prune_args, force, "ask nothing"),
	OPT_END
};

struct told {
	struct app *app;
	int status;
};

static void pruned(void *ctx, const char *id)
{
	(void)ctx;
	app_printf("%s\n", id);
}

static void not_pruned(void *ctx, struct fail *f)
{
	struct told *t = ctx;

	t->status = fail_status(f);
	app_report(t->app, f);
}

static int prune_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct told t = { .app = app };
	const struct prune_told told = { .done = pruned, .trouble = not_pruned, .ctx = &t };
	struct prune_args o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 0, 0, f);
	if (r == 0)
		r = o.force ? 1 : confirm("WARNING! This will remove all non running containers.", f);
	if (r > 0)
		r = engine_prune(&app->engine, o.filters, &told, f);
	opt_done(prune_rows, &o);
	return r < 0 ? r : t.status;
}

const struct command container_prune_command = {
	.name = "prune", .args = "[options]", .summary = "Remove all containers that don't run",
	.examples = "  rbox container prune\n  rbox container prune -f --filter until=24h",
	.needs = NEED_STORE, .opts = prune_rows, .run = prune_run,
};
