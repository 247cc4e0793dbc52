// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/images.h"
#include "pkg/engine/prune.h"
#include "pkg/engine/remove.h"
#include "pkg/util/mem.h"

struct cleanup_args {
	struct select_opts select;
	bool rm, rmi;
	char *exec;
};

static const struct opt cleanup_rows[] = {
	OPT_FLAG('a', "all", struct cleanup_args, select.all, "clean up after every container"),
	OPT_STR(0, "exec", struct cleanup_args, exec, "ID", NULL),
	EACH_LATEST(struct cleanup_args),
	OPT_FLAG(0, "rm", struct cleanup_args, rm, "remove the container then"),
	OPT_FLAG(0, "rmi", struct cleanup_args, rmi, "remove the container and its image then"),
	OPT_END
};

static void told(const char *line)
{
	(void)line;
}

static int cleanup_one(struct app *app, struct container *c, const char *shown, void *opts, struct fail *f)
{
	const struct cleanup_args *o = opts;
	auto_free char *image = mem_strdup(c->config.image_id);
	int r = engine_cleanup(&app->engine, c, f);

	if (r == 0 && (o->rm || o->rmi))
		r = engine_remove(&app->engine, c, false, LIFE_TIMEOUT_UNSET, f);
	if (r == 0 && o->rmi && image)
		r = engine_rmi(&app->engine, image, false, told, f);
	if (r < 0) {
		f->status = 0;
		return r;
	}
	app_printf("%s\n", shown);
	return 0;
}

static int cleanup_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct cleanup_args o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	if (o.exec)
		r = refuse(f, ENOTSUP, "--exec: exec sessions are cleaned up as they end, by who started them");
	else
		r = each_container(app, &(struct each){ .select = o.select, .fn = cleanup_one, .opts = &o },
				   argv + first, f);
	opt_done(cleanup_rows, &o);
	return r;
}

const struct command container_cleanup_command = {
	.name = "cleanup", .args = "[options] CONTAINER [CONTAINER...]",
	.summary = "Wait until nothing of ended containers is left to clear up",
	.details = "Mounts and networks of a container end with it: there is nothing to clean up but what --rm and --rmi\n"
		   "remove. For scripts that call it.",
	.examples = "  rbox container cleanup web\n  rbox container cleanup --rm web",
	.needs = NEED_STORE, .opts = cleanup_rows, .run = cleanup_run,
};
