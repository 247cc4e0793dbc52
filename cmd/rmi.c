// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>

#include "cmd/commands.h"
#include "pkg/engine/images.h"
#include "pkg/util/json.h"

struct rmi_opts {
	bool all, force, ignore, no_prune;
};

static const struct opt rmi_rows[] = {
	OPT_FLAG('a', "all", struct rmi_opts, all, "remove every image"),
	OPT_FLAG('f', "force", struct rmi_opts, force, "also with several names or containers that use it; a missing one is no failure"),
	OPT_FLAG('i', "ignore", struct rmi_opts, ignore, "an image that is missing is no failure"),
	OPT_FLAG(0, "no-prune", struct rmi_opts, no_prune, NULL),
	OPT_END
};

static void say(const char *line)
{
	app_printf("%s\n", line);
}

static int remove_one(struct app *app, const char *typed, const struct rmi_opts *o, int worst, struct fail *f)
{
	int r = engine_rmi(&app->engine, typed, o->force, say, f);
	int status;

	/* Forced is ignoring, too, as in podman. */
	if (r == 0 || (r == -ENOENT && (o->ignore || o->force))) {
		fail_clear(f);
		return worst;
	}
	status = fail_status(f);
	app_report(app, f);
	/* Engine errors outweigh "in use", which outweighs "missing". */
	return status > worst ? status : worst;
}

static int remove_all(struct app *app, const struct rmi_opts *o, struct fail *f)
{
	struct images_opts all = { .all = true };
	struct rmi_opts forced = *o;
	auto_json json_t *rows = NULL;
	json_t *row;
	size_t i;
	int worst = 0, r = engine_images(&app->engine, &all, &rows, f);

	if (r < 0)
		return r;
	forced.ignore = true;
	json_array_foreach(rows, i, row)
	{
		/* An id with two tags stands in two rows, each with both names; --all means both. */
		json_t *names = json_object_get(row, "Names"), *name;
		size_t k;

		json_array_foreach(names, k, name)
			worst = remove_one(app, json_string_value(name), &forced, worst, f);
		if (!json_array_size(names))
			worst = remove_one(app, json_string_value(json_object_get(row, "Id")), &forced, worst, f);
	}
	return worst;
}

static int rmi_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct rmi_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), worst = 0;

	if (first < 0)
		return first;
	if (!o.all && first == argc)
		return refuse(f, EINVAL, "image name or ID must be specified");
	if (o.all && first < argc)
		return refuse(f, EINVAL, "when using the --all switch, you may not pass any images names or IDs");
	if (o.all)
		worst = remove_all(app, &o, f);
	for (int i = first; i < argc; i++)
		worst = remove_one(app, argv[i], &o, worst, f);
	return worst;
}

/* The same command by two names: `rmi`, and `image rm`. */
#define RMI_REST                                                                                     \
	.args = "[options] IMAGE [IMAGE...]", .summary = "Remove images", .needs = NEED_STORE,       \
	.opts = rmi_rows, .run = rmi_run

const struct command rmi_command = { .name = "rmi", RMI_REST };
const struct command image_rm_command = {
	.name = "rm", .aliases = (const char *const[]){ "remove", NULL }, RMI_REST
};
