// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "pkg/engine/diff.h"
#include "pkg/engine/select.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

struct diff_opts {
	char *format;
	bool latest;
};

#define DIFF_FORMAT OPT_STR(0, "format", struct diff_opts, format, "json", \
			    "as JSON: lists \"changed\", \"added\" and \"deleted\"")

static const struct opt diff_rows[] = {
	DIFF_FORMAT,
	OPT_FLAG('l', "latest", struct diff_opts, latest, "the newest container instead of a name"),
	OPT_END
};

static const struct opt image_diff_rows[] = { DIFF_FORMAT, OPT_END };

/* File names are bytes; JSON is UTF-8: what isn't is shown escaped. */
static json_t *name_json(const char *path)
{
	auto_str struct str s = STR_INIT(1 << 20);
	json_t *j = json_string(path);

	if (j)
		return j;
	str_add_escaped(&s, path);
	return json_string(str_cstr(&s));
}

static void print_json(char *const *list)
{
	static const struct { char kind; const char *name; } kinds[] = {
		{ 'C', "changed" }, { 'A', "added" }, { 'D', "deleted" },
	};
	auto_json json_t *all = json_object();
	auto_free char *text = NULL;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		json_t *names = json_array();

		strv_each(it, list)
			if (**it == kinds[i].kind)
				json_array_append_new(names, name_json(*it + 1));
		if (json_array_size(names))
			json_object_set(all, kinds[i].name, names);
		json_decref(names);
	}
	text = jsonf_text(all, 5);
	app_printf("%s\n", text);
}

static void print_lines(char *const *list)
{
	bool terminal = isatty(1);

	strv_each(it, list) {
		auto_str struct str s = STR_INIT(1 << 20);

		/* Names that a container chose must not drive the terminal. */
		if (terminal)
			str_add_escaped(&s, *it + 1);
		app_printf("%c %s\n", **it, terminal ? str_cstr(&s) : *it + 1);
	}
}

static int run(struct app *app, int argc, char **argv, enum diff_what what, struct fail *f)
{
	struct diff_opts o = { 0 };
	auto_strv char **list = NULL;
	auto_free char *newest = NULL;
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, !o.latest, !o.latest, f);
	if (r == 0 && o.latest)
		r = select_one(&app->engine, true, NULL, &newest, f);
	if (r == 0 && o.format && strcmp(o.format, "json"))
		r = refuse(f, EINVAL, "only supported value for '--format' is 'json'");
	if (r == 0)
		r = engine_diff(&app->engine, newest ? newest : argv[first], what, &list, f);
	if (r == 0 && o.format)
		print_json(list);
	else if (r == 0)
		print_lines(list);
	opt_done(diff_rows, &o);
	return r;
}

static int diff_run(struct app *app, int argc, char **argv, struct fail *f)
{
	return run(app, argc, argv, DIFF_ANY, f);
}

static int container_diff_run(struct app *app, int argc, char **argv, struct fail *f)
{
	return run(app, argc, argv, DIFF_CONTAINER, f);
}

static int image_diff_run(struct app *app, int argc, char **argv, struct fail *f)
{
	return run(app, argc, argv, DIFF_IMAGE, f);
}

const struct command diff_command = {
	.name = "diff", .args = "[options] CONTAINER|IMAGE", .summary = "Show what a container changed in its image's files",
	.details = "A: added, C: changed, D: deleted. Of an image: what its topmost layer changed. What the engine "
		   "puts into every container (/etc/hosts, /proc ...) is left out.",
	.examples = "  rbox diff web\n  rbox diff --format json web",
	.needs = NEED_STORE, .opts = diff_rows, .run = diff_run,
};

const struct command container_diff_command = {
	.name = "diff", .args = "[options] CONTAINER", .summary = "Show what a container changed in its image's files",
	.needs = NEED_STORE, .opts = diff_rows, .run = container_diff_run,
};

const struct command image_diff_command = {
	.name = "diff", .args = "[options] IMAGE", .summary = "Show what an image's topmost layer changed",
	.needs = NEED_STORE, .opts = image_diff_rows, .run = image_diff_run,
};
