// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"
#include "pkg/engine/tag.h"

static int tag_run(struct app *app, int argc, char **argv, struct fail *f)
{
	int first = app_parse(app, NULL, argc, argv, f);

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 2, -1, f) < 0)
		return -f->code;
	/* argv ends with NULL, like every list of names. */
	return engine_tag(&app->engine, argv[first], argv + first + 1, f);
}

static int untag_run(struct app *app, int argc, char **argv, struct fail *f)
{
	int first = app_parse(app, NULL, argc, argv, f);

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 1, -1, f) < 0)
		return -f->code;
	return engine_untag(&app->engine, argv[first], argc - first > 1 ? argv + first + 1 : NULL, f);
}

const struct command tag_command = {
	.name = "tag", .args = "IMAGE NAME [NAME...]", .summary = "Give an image further names",
	.details = "A name without a registry becomes localhost/NAME, one without a tag NAME:latest. A name that "
		   "another image has moves over to this one.",
	.examples = "  rbox tag web registry.example/team/web:1.2\n  rbox tag 0e3bbc2 web:stable",
	.needs = NEED_STORE, .run = tag_run,
};

const struct command untag_command = {
	.name = "untag", .args = "IMAGE [NAME...]", .summary = "Take names away from an image",
	.details = "Without a NAME all of them. The image stays, and is found by its id.",
	.examples = "  rbox untag web registry.example/team/web:1.2",
	.needs = NEED_STORE, .run = untag_run,
};
