// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/engine/images.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/template.h"
#include "pkg/util/time.h"

struct images_args {
	struct images_opts images;
	bool quiet, noheading;
	char *format, *sort;
};

static const struct opt images_rows[] = {
	OPT_FLAG('a', "all", struct images_args, images.all, "all images"),
	OPT_FLAG(0, "digests", struct images_args, images.digests, "show the manifests' digests"),
	OPT_LIST('f', "filter", struct images_args, images.filters, "KEY=VALUE", "only those for which this holds"),
	OPT_STR(0, "format", struct images_args, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_FLAG(0, "no-trunc", struct images_args, images.no_trunc, "print ids whole"),
	OPT_FLAG(0, "notruncate", struct images_args, images.no_trunc, NULL),
	OPT_FLAG('n', "noheading", struct images_args, noheading, "leave the heading out"),
	OPT_FLAG('q', "quiet", struct images_args, quiet, "print only ids"),
	OPT_STR(0, "sort", struct images_args, sort, "BY", "created (default), id, repository, size or tag"),
	OPT_END
};

static const struct format_header headers[] = {
	{ "ID", "IMAGE ID" }, { "Created", "CREATED" }, { "CreatedSince", "CREATED" }, { "CreatedAt", "CREATED AT" },
	{ NULL, NULL },
};

/* podman's template function: "one, other". */
static json_t *joined(const json_t *list)
{
	auto_str struct str s = STR_INIT(1 << 20);
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		str_addf(&s, "%s%s", i ? ", " : "", json_string_value(one));
	return json_string(str_cstr(&s));
}

static void to_template_rows(json_t *rows)
{
	char go[TIME_GO_MAX];
	int64_t created;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		json_object_set(row, "Size", json_object_get(row, "HumanSize"));
		json_object_set(row, "Created", json_object_get(row, "CreatedSince"));
		json_object_set_new(row, "History", joined(json_object_get(row, "History")));
		json_object_set(row, "RepoTags", json_object_get(row, "Names"));
		if (time_parse(json_string_value(json_object_get(row, "CreatedAt")), 0, &created) == 0)
			json_object_set_new(row, "CreatedAt", json_string(time_format_go(created, go)));
		json_object_set(row, "CreatedTime", json_object_get(row, "CreatedAt"));
		json_object_del(row, "HumanSize");
	}
}

static void to_json_rows(json_t *rows)
{
	static const char *const extra[] = { "ID", "HumanSize", "CreatedSince", "CreatedTime" };
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		for (size_t k = 0; k < ARRAY_LEN(extra); k++)
			json_object_del(row, extra[k]);
}

static int compare(const void *a, const void *b, void *key)
{
	json_t *x = json_object_get(*(json_t *const *)a, key), *y = json_object_get(*(json_t *const *)b, key);

	if (json_is_integer(x))
		return json_integer_value(x) < json_integer_value(y) ? -1 : json_integer_value(x) > json_integer_value(y);
	return strcmp(json_string_value(x), json_string_value(y));
}

/* As podman: upwards, but for created, which the rows come by: the newest first. */
static int sort_rows(json_t *rows, const char *by, struct fail *f)
{
	static const char *const fields[][2] = {
		{ "created", NULL }, { "id", "Id" }, { "repository", "Repository" }, { "size", "Size" }, { "tag", "Tag" },
	};
	size_t n = json_array_size(rows), k = 0;
	auto_json json_t *held = json_copy(rows);
	json_t **v;

	while (k < ARRAY_LEN(fields) && strcmp(fields[k][0], by))
		k++;
	if (k == ARRAY_LEN(fields))
		return refuse(f, EINVAL, "\"%.60s\" is not a valid field for sorting. Choose from: created, id, repository, "
			      "size, tag", by);
	if (!fields[k][1] || !n)
		return 0;
	v = mem_array(n, sizeof(json_t *));
	for (size_t i = 0; i < n; i++)
		v[i] = json_array_get(held, i);
	qsort_r(v, n, sizeof(json_t *), compare, (void *)fields[k][1]);
	for (size_t i = 0; i < n; i++)
		json_array_set(rows, i, v[i]);
	free(v);
	return 0;
}

/* An image with two names is one id. */
static void print_ids(json_t *rows)
{
	auto_strv char **seen = NULL;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *id = json_string_value(json_object_get(row, "ID"));

		if (strv_has(seen, id))
			continue;
		strv_add(&seen, id);
		app_printf("%s\n", id);
	}
}

static int print_rows(json_t *rows, const struct images_args *o, struct fail *f)
{
	struct format_table table = {
		.format = o->images.digests ?
			  "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.Created}}\t{{.Size}}" :
			  "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.Created}}\t{{.Size}}",
		.headers = headers,
		.noheading = o->noheading,
	};
	auto_str struct str out = STR_INIT(64 << 20);
	int r;

	if (o->format && !strcmp(o->format, "json")) {
		to_json_rows(rows);
	} else {
		to_template_rows(rows);
		app_defuse(rows);
	}
	r = format_rows(o->format, rows, &table, &out, f);
	if (r == 0)
		app_print(str_cstr(&out));
	return r;
}

static int images_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct images_args o = { 0 };
	auto_json json_t *rows = NULL;
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 0, 1, f) < 0)
		return -f->code;
	o.images.name = first < argc ? argv[first] : NULL;
	r = engine_images(&app->engine, &o.images, &rows, f);
	if (r == 0 && o.sort)
		r = sort_rows(rows, o.sort, f);
	if (r == 0 && o.quiet && !o.format)
		print_ids(rows);
	else if (r == 0)
		r = print_rows(rows, &o, f);
	opt_done(images_rows, &o);
	return r;
}

/* The same command by two names: `images`, and `image ls`. */
#define IMAGES_REST                                                              \
	.args = "[options] [NAME]", .summary = "List images", .needs = NEED_STORE, \
	.opts = images_rows, .run = images_run

const struct command images_command = { .name = "images", IMAGES_REST };
const struct command image_ls_command = {
	.name = "ls", .aliases = (const char *const[]){ "list", NULL }, IMAGES_REST
};
