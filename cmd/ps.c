// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/engine/ps.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/template.h"

struct ps_args {
	struct ps_opts ps;
	bool quiet, noheading, latest;
	char *format;
};

static const struct opt ps_rows[] = {
	OPT_FLAG('a', "all", struct ps_args, ps.all, "all containers, not just the running ones"),
	OPT_LIST('f', "filter", struct ps_args, ps.filters, "KEY=VALUE", "only those for which this holds"),
	OPT_STR(0, "format", struct ps_args, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_INT('n', "last", struct ps_args, ps.last, "N", "the newest N containers, running or not"),
	OPT_FLAG('l', "latest", struct ps_args, latest, "the newest container, running or not"),
	OPT_FLAG(0, "no-trunc", struct ps_args, ps.no_trunc, "print ids and commands whole"),
	OPT_FLAG(0, "notruncate", struct ps_args, ps.no_trunc, NULL),
	OPT_FLAG(0, "noheading", struct ps_args, noheading, "leave the heading out"),
	OPT_FLAG('q', "quiet", struct ps_args, quiet, "print only ids"),
	OPT_END
};

static const struct format_header headers[] = {
	{ "ID", "CONTAINER ID" }, { "Created", "CREATED" }, { "RunningFor", "CREATED" },
	{ "CreatedAt", "CREATED AT" }, { "Names", "NAMES" }, { "ImageID", "IMAGE ID" },
	{ "ExitCode", "EXIT CODE" }, { NULL, NULL },
};

/* For podman's JSON: Command is the list, Names too, and the words of templates are left out. */
static void to_json_rows(json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		json_object_set_new(row, "CreatedAt", json_incref(json_object_get(row, "RunningFor")));
		json_object_set(row, "Command", json_object_get(row, "CommandArgs"));
		json_object_del(row, "CommandArgs");
		json_object_del(row, "RunningFor");
		json_object_del(row, "ID");
	}
}

/* For templates: one string for names, ports and networks, human times, as podman's reporter has them. */
static void to_template_rows(json_t *rows, bool no_trunc)
{
	static const char *const lists[] = { "Names", "Networks", "Mounts" };
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
			auto_str struct str s = STR_INIT(1 << 20);
			json_t *list = json_object_get(row, lists[k]), *item;
			size_t n;

			json_array_foreach(list, n, item)
				str_addf(&s, "%s%s", n ? "," : "", json_string_value(item));
			if (list)
				json_object_set_new(row, lists[k], json_string(str_cstr(&s)));
		}
		json_object_set_new(row, "Ports", json_string(""));
		json_object_set_new(row, "Size", json_string(""));
		if (!no_trunc)
			json_object_set_new(row, "ImageID", json_sprintf("%.12s", json_string_value(
					    json_object_get(row, "ImageID"))));
		json_object_set_new(row, "Created", json_incref(json_object_get(row, "RunningFor")));
		json_object_del(row, "CommandArgs");
	}
}

static int ps_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct ps_args o = { 0 };
	struct format_table table = {
		.format = "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.Created}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}",
		.headers = headers,
	};
	auto_str struct str out = STR_INIT(64 << 20);
	auto_json json_t *rows = NULL;
	int first = app_parse(app, &o, argc, argv, f), r;
	bool is_json;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 0, 0, f) < 0)
		return -f->code;
	if (o.latest)
		o.ps.last = 1;
	is_json = o.format && !strcmp(o.format, "json");
	o.ps.full = o.format != NULL;
	table.noheading = o.noheading;
	r = engine_ps(&app->engine, &o.ps, &rows, f);
	if (r == 0) {
		if (is_json) {
			to_json_rows(rows);
		} else {
			to_template_rows(rows, o.ps.no_trunc);
			app_defuse(rows);
		}
		r = format_rows(o.quiet && !o.format ? "{{.ID}}" : o.format, rows, &table, &out, f);
	}
	if (r == 0)
		app_print(str_cstr(&out));
	opt_done(ps_rows, &o);
	return r;
}

const struct command ps_command = {
	.name = "ps", .args = "[options]", .summary = "List containers",
	.examples = "  rbox ps -a --filter status=exited\n  rbox ps --format '{{.ID}} {{.Names}} {{.Status}}'",
	.needs = NEED_STORE, .opts = ps_rows, .run = ps_run,
	.aliases = (const char *const[]){ "ls", "list", NULL },
};
