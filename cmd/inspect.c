// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/engine/inspect.h"
#include "pkg/engine/select.h"
#include "pkg/engine/volumes.h"
#include "pkg/oci/ref.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/template.h"

struct inspect_opts {
	char *format, *type;
	bool size, latest;
};

static const struct opt inspect_rows[] = {
	OPT_STR('f', "format", struct inspect_opts, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_FLAG('l', "latest", struct inspect_opts, latest, "the container made last"),
	OPT_FLAG('s', "size", struct inspect_opts, size, "count what containers take on disk"),
	OPT_STR('t', "type", struct inspect_opts, type, "TYPE", "container, image, volume or all (default all)"),
	OPT_END
};

static const struct opt container_rows[] = {
	OPT_STR('f', "format", struct inspect_opts, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_FLAG('l', "latest", struct inspect_opts, latest, "the container made last"),
	OPT_FLAG('s', "size", struct inspect_opts, size, "count what they take on disk"),
	OPT_END
};

static const struct opt image_rows[] = {
	OPT_STR('f', "format", struct inspect_opts, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_END
};

/* What --type may say. Those without a function: there is never one of them. */
struct kind {
	const char *name;
	int (*inspect)(struct app *app, const struct inspect_opts *o, const char *name, json_t **ret, struct fail *f);
};

static int one_container(struct app *app, const struct inspect_opts *o, const char *name, json_t **ret,
			 struct fail *f)
{
	return inspect_container(&app->engine, name, o->size, ret, f);
}

static int one_image(struct app *app, const struct inspect_opts *o, const char *name, json_t **ret, struct fail *f)
{
	(void)o;
	return inspect_image(&app->engine, name, ret, f);
}

static int one_volume(struct app *app, const struct inspect_opts *o, const char *name, json_t **ret, struct fail *f)
{
	(void)o;
	return engine_volume_inspect(&app->engine, name, ret, f);
}

static const struct kind kinds[] = {
	{ "container", one_container }, { "image", one_image }, { "volume", one_volume }, { "network", NULL },
	{ "pod", NULL }, { NULL, NULL },
};

static const struct kind *find_kind(const char *type)
{
	const struct kind *k = kinds;

	while (k->name && strcmp(k->name, type))
		k++;
	return k->name ? k : NULL;
}

static int check_type(const struct inspect_opts *o, int n, struct fail *f)
{
	bool all = !strcmp(o->type, "all");

	if (!all && !find_kind(o->type))
		return refuse(f, EINVAL, "invalid type \"%.40s\": must be \"image\", \"container\", \"pod\", "
			      "\"network\", \"volume\", or \"all\"", o->type);
	if (o->size && !all && strcmp(o->type, "container"))
		return refuse(f, EINVAL, "size is not supported for type \"%s\"", o->type);
	if (o->latest && !all && strcmp(o->type, "container"))
		return refuse(f, EINVAL, "latest is not supported for type \"%s\"", o->type);
	if (o->latest && n)
		return refuse(f, EINVAL, "--latest and arguments cannot be used together");
	if (!o->latest && !n)
		return refuse(f, EINVAL, "no names or ids specified");
	return 0;
}

/* "Web" is no image's name, and thus may be none's: not an error in the name of one. */
static bool can_be_image(const char *name)
{
	auto_ref struct ref ref = { 0 };
	struct fail ignored = { 0 };

	return ref_parse(name, &ref, &ignored) == 0;
}

/* Of the kind asked for; of any, the first that has one of that name. */
static int inspect_any(struct app *app, const struct inspect_opts *o, const char *name, json_t **ret, struct fail *f)
{
	const struct kind *only = find_kind(o->type);
	int r = -ENOENT;

	if (only && only->inspect)
		return only->inspect(app, o, name, ret, f);
	for (const struct kind *k = kinds; !only && r == -ENOENT && k->name; k++) {
		fail_clear(f);
		if (k->inspect && (strcmp(k->name, "image") || can_be_image(name)))
			r = k->inspect(app, o, name, ret, f);
	}
	if (r != -ENOENT)
		return r;
	fail_clear(f);
	if (only)
		return refuse(f, ENOENT, "no such %s \"%.200s\"", only->name, name);
	return refuse(f, ENOENT, "no such object: \"%.200s\"", name);
}

/* What containers, images and volumes don't show when it is empty (or not asked for). */
static json_t *omitted_members(void)
{
	json_t *o = engine_volume_omitted();

	json_object_update_new(o, json_pack("{s:n, s:i, s:[], s:[], s:[], s:n}", "SizeRw", "SizeRootFs", 0,
					    "SecondaryIPAddresses", "SecondaryIPv6Addresses",
					    "AdditionalMacAddresses", "HealthCheck"));
	return o;
}

static int print_objects(json_t *objects, const char *format, struct fail *f)
{
	auto_str struct str out = STR_INIT(64 << 20);
	auto_json json_t *omitted = omitted_members();
	int r;

	if (format && *format && strcmp(format, "json"))
		app_defuse(objects);
	/* A bare "json" means the array that stands there without a format. */
	r = format_rows(format && *format ? format : "json", objects,
			&(struct format_table){ .omitted = omitted }, &out, f);

	if (r == 0 || out.len)
		app_print(str_cstr(&out));
	return r;
}

static int inspect_all(struct app *app, const struct inspect_opts *o, char *const *names, struct fail *f)
{
	auto_json json_t *objects = json_array();
	int r = 0, worst = 0;

	strv_each(it, names) {
		json_t *one = NULL;

		if (inspect_any(app, o, *it, &one, f) < 0) {
			worst = FAIL_EXIT_ENGINE;
			app_report(app, f);
			continue;
		}
		json_array_append_new(objects, one);
	}
	if (json_array_size(objects) || !o->format)
		r = print_objects(objects, o->format, f);
	return r < 0 ? r : worst;
}

static int inspect_typed(struct app *app, int argc, char **argv, const char *type, struct fail *f)
{
	struct inspect_opts o = { 0 };
	auto_strv char **names = NULL;
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	for (int i = first; i < argc; i++)
		strv_add(&names, argv[i]);
	if (type || !o.type)
		mem_replace(&o.type, mem_strdup(type ? type : "all"));
	r = check_type(&o, argc - first, f);
	if (r == 0 && o.latest) {
		auto_free char *id = NULL;

		mem_replace(&o.type, mem_strdup("container"));
		r = select_one(&app->engine, true, NULL, &id, f);
		if (r == 0)
			strv_add(&names, id);
	}
	if (r == 0)
		r = inspect_all(app, &o, names, f);
	opt_done(inspect_rows, &o);
	return r;
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

#define INSPECT(run_, rows_, args_, summary_) \
	{ .name = "inspect", .args = args_, .summary = summary_, .needs = NEED_STORE, .opts = rows_, .run = run_ }

const struct command inspect_command = {
	.name = "inspect", .args = "[options] NAME|ID [NAME|ID...]", .summary = "Show all about containers and images",
	.details = "One JSON array of all that is named, a container before an image of the same name. What isn't\n"
		   "there is told of at the end, with exit status 125; the rest is printed all the same.",
	.examples = "  rbox inspect web\n  rbox inspect -f '{{.State.Status}} {{.State.ExitCode}}' web\n"
		    "  rbox inspect --size -f '{{.SizeRw}}' web",
	.needs = NEED_STORE, .opts = inspect_rows, .run = inspect_run,
};
const struct command container_inspect_command = INSPECT(inspect_run_container, container_rows,
							 "[options] CONTAINER [CONTAINER...]",
							 "Show all about containers");
const struct command image_inspect_command = INSPECT(inspect_run_image, image_rows, "[options] IMAGE [IMAGE...]",
						     "Show all about images");
