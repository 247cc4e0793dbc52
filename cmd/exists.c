// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cmd/commands.h"
#include "pkg/engine/container.h"
#include "storage/image.h"

static int exists_image(struct app *app, int argc, char **argv, struct fail *f)
{
	int first = app_parse(app, NULL, argc, argv, f), r;
	struct digest id;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 1, 1, f) < 0)
		return -f->code;
	r = image_find(&app->engine.store, argv[first], &id, NULL, f);
	return r == -ENOENT ? 1 : r;
}

struct exists_args {
	bool external;
};

/* Containers of other programs in our store: there are none. */
static const struct opt container_exists_rows[] = {
	OPT_FLAG(0, "external", struct exists_args, external, "also those of other programs (rbox's store has none)"),
	OPT_END
};

static int exists_container(struct app *app, int argc, char **argv, struct fail *f)
{
	struct exists_args o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;
	char id[CTR_ID_LEN + 1];

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 1, 1, f) < 0)
		return -f->code;
	r = container_find(&app->engine, argv[first], id, f);
	return r == -ENOENT ? 1 : r;
}

const struct command image_exists_command = {
	.name = "exists", .args = "IMAGE", .summary = "Exit 0 when the image is here, 1 when it is not",
	.needs = NEED_STORE, .run = exists_image,
};

const struct command container_exists_command = {
	.name = "exists", .args = "CONTAINER", .summary = "Exit 0 when the container is here, 1 when it is not",
	.needs = NEED_STORE, .opts = container_exists_rows, .run = exists_container,
};
