// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/engine/inspect.h"
#include "pkg/util/json.h"
#include "pkg/util/str.h"
#include "pkg/util/template.h"

struct inspect_opts {
	char *format, *type;
	bool size;
};

static const struct opt inspect_rows[] = {
	OPT_STR('f', "format", struct inspect_opts, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_STR('t', "type", struct inspect_opts, type, "TYPE", "container, image or all (default all)"),
	OPT_FLAG('s', "size", struct inspect_opts, size, NULL),
	OPT_END
};

static int inspect_any(struct app *app, const char *type, const char *name, json_t **ret, struct fail *f)
{
	int r;

	if (!strcmp(type, "image"))
		return inspect_image(&app->engine, name, ret, f);
	r = inspect_container(&app->engine, name, ret, f);
	if (r != -ENOENT || !strcmp(type, "container"))
		return r;
	fail_clear(f);
	r = inspect_image(&app->engine, name, ret, f);
	if (r == -ENOENT) {
		fail_clear(f);
		return refuse(f, ENOENT, "no such object: \"%s\"", name);
	}
	return r;
}

static int print_objects(json_t *objects, const char *format, struct fail *f)
{
	auto_str struct str out = STR_INIT(64 << 20);
	int r;

	if (format && *format && strcmp(format, "json"))
		app_defuse(objects);
	/* A bare "json" means the array that stands there without a format. */
	r = format_rows(format && *format ? format : "json", objects, &(struct format_table){ 0 }, &out, f);

	if (r == 0 || out.len)
		app_print(str_cstr(&out));
	return r;
}

static int inspect_typed(struct app *app, int argc, char **argv, const char *type, struct fail *f)
{
	struct inspect_opts o = { 0 };
	auto_json json_t *objects = json_array();
	int first = app_parse(app, &o, argc, argv, f), r = 0, worst = 0;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 1, -1, f) < 0)
		return -f->code;
	if (!type)
		type = o.type ? o.type : "all";
	if (strcmp(type, "all") && strcmp(type, "image") && strcmp(type, "container"))
		return refuse(f, EINVAL, "invalid type '%.40s': container, image or all", type);
	for (int i = first; i < argc; i++) {
		json_t *one = NULL;

		if (inspect_any(app, type, argv[i], &one, f) < 0) {
			worst = FAIL_EXIT_ENGINE;
			app_report(app, f);
			continue;
		}
		json_array_append_new(objects, one);
	}
	if (json_array_size(objects) || !o.format)
		r = print_objects(objects, o.format, f);
	opt_done(inspect_rows, &o);
	return r < 0 ? r : worst;
}

static int inspect_run(struct app *app, int argc, char **argv, struct fail *f)
{
	return inspect_typed(app, argc, argv, NULL, f);
}

static int inspect_run_container(struct app *app, int argc, char **argv, struct fail *f)
{
	return inspect_typed(app, argc, argv, "container", f);
}

static int inspect_run_image(struct app *app, int argc, char **argv, struct fail *f)
{
	return inspect_typed(app, argc, argv, "image", f);
}

#define INSPECT(run_, args_, summary_) \
	{ .name = "inspect", .args = args_, .summary = summary_, .needs = NEED_STORE, .opts = inspect_rows, .run = run_ }

const struct command inspect_command = INSPECT(inspect_run, "[options] NAME|ID [NAME|ID...]",
					       "Show all about containers and images");
const struct command container_inspect_command = INSPECT(inspect_run_container,
							 "[options] CONTAINER [CONTAINER...]",
							 "Show all about containers");
const struct command image_inspect_command = INSPECT(inspect_run_image, "[options] IMAGE [IMAGE...]",
						     "Show all about images");
