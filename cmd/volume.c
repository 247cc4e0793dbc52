// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/each.h"
#include "cmd/confirm.h"
#include "pkg/engine/volumes.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/template.h"
#include "pkg/util/time.h"
#include "storage/volume.h"

/* --- create --- */

static const struct opt create_rows_[] = {
	OPT_STR('d', "driver", struct volume_opts, driver, "DRIVER", "what keeps it: local (default)"),
	OPT_FLAG(0, "ignore", struct volume_opts, ignore, "a name that is taken is no failure"),
	OPT_LIST('l', "label", struct volume_opts, labels, "KEY=VALUE", "label"),
	OPT_LIST('o', "opt", struct volume_opts, options, "KEY=VALUE", NULL),
	OPT_END
};

static int create_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct volume_opts o = { 0 };
	auto_free char *name = NULL;
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 0, 1, f) < 0)
		return -f->code;
	r = engine_volume_create(&app->engine, &o, argv[first], &name, f);
	opt_done(create_rows_, &o);
	if (r == 0)
		app_printf("%s\n", name);
	return r;
}

/* --- ls --- */

struct ls_args {
	char **filters, *format;
	bool noheading, quiet;
};

static const struct opt ls_rows[] = {
	OPT_LIST('f', "filter", struct ls_args, filters, "KEY=VALUE",
		 "only those for which this holds: anonymous, dangling, driver, label, name, opt, since, until"),
	OPT_STR(0, "format", struct ls_args, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_FLAG('n', "noheading", struct ls_args, noheading, "leave the heading out"),
	OPT_FLAG('q', "quiet", struct ls_args, quiet, "print only names"),
	OPT_END
};

/* In templates times are Go's, as podman prints them. */
static void go_times(json_t *rows)
{
	char go[TIME_GO_MAX];
	int64_t t;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (time_parse(json_string_value(json_object_get(row, "CreatedAt")), 0, &t) == 0)
			json_object_set_new(row, "CreatedAt", json_string(time_format_go(t, go)));
}

static int print_rows(json_t *rows, const char *format, struct format_table table, struct fail *f)
{
	auto_str struct str out = STR_INIT(64 << 20);
	auto_json json_t *omitted = engine_volume_omitted();
	int r;

	table.omitted = omitted;
	if (!format || strcmp(format, "json")) {
		go_times(rows);
		app_defuse(rows);
	}
	r = format_rows(format, rows, &table, &out, f);
	if (r == 0 || out.len)
		app_print(str_cstr(&out));
	return r;
}

static int ls_run(struct app *app, int argc, char **argv, struct fail *f)
{
	static const struct format_header headers[] = { { "Name", "VOLUME NAME" }, { NULL, NULL } };
	struct ls_args o = { 0 };
	auto_json json_t *rows = NULL;
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 0, 0, f) < 0)
		return -f->code;
	r = engine_volumes(&app->engine, o.filters, &rows, f);
	if (r == 0)
		r = print_rows(rows, o.quiet && !o.format ? "{{.Name}}" : o.format,
			       (struct format_table){ .format = "table {{.Driver}}\t{{.Name}}", .headers = headers,
						      .noheading = o.noheading }, f);
	opt_done(ls_rows, &o);
	return r;
}

/* --- inspect --- */

struct inspect_args {
	char *format;
	bool all;
};

static const struct opt inspect_rows[] = {
	OPT_FLAG('a', "all", struct inspect_args, all, "every volume"),
	OPT_STR('f', "format", struct inspect_args, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_END
};

static int inspect_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct inspect_args o = { 0 };
	auto_json json_t *found = NULL;
	int first = app_parse(app, &o, argc, argv, f), r = 0, worst = 0;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, o.all ? 0 : 1, o.all ? 0 : -1, f) < 0)
		return -f->code;
	if (o.all)
		r = engine_volumes(&app->engine, NULL, &found, f);
	else
		found = json_array();
	for (int i = first; i < argc; i++) {
		json_t *one = NULL;

		if (engine_volume_inspect(&app->engine, argv[i], &one, f) < 0) {
			worst = FAIL_EXIT_ENGINE;
			app_report(app, f);
			continue;
		}
		json_array_append_new(found, one);
	}
	if (r == 0 && (json_array_size(found) || !o.format))
		r = print_rows(found, o.format && *o.format ? o.format : "json", (struct format_table){ 0 }, f);
	opt_done(inspect_rows, &o);
	return r < 0 ? r : worst;
}

/* --- rm --- */

struct rm_args {
	bool all, force;
	int time;
};

static const struct opt rm_rows_[] = {
	OPT_FLAG('a', "all", struct rm_args, all, "every volume"),
	OPT_FLAG('f', "force", struct rm_args, force, "with the containers that use it; a missing one is no failure"),
	OPT_INT('t', "time", struct rm_args, time, "SECONDS", "with --force: wait this long before SIGKILL"),
	OPT_END
};

static int rm_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct rm_args o = { .time = EACH_TIME_UNSET };
	auto_strv char **names = NULL;
	int first = app_parse(app, &o, argc, argv, f), worst = 0, r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, o.all ? 0 : 1, o.all ? 0 : -1, f) < 0)
		return -f->code;
	r = each_time_check(o.time, f);
	if (r == 0 && o.all)
		r = volume_list(&app->engine.store, &names, f);
	if (r < 0)
		return r;
	for (int i = first; i < argc; i++)
		strv_add(&names, argv[i]);
	strv_each(it, names) {
		auto_free char *name = NULL;

		r = engine_volume_remove(&app->engine, *it, o.force, each_time(o.time), &name, f);
		if (r == -ENOENT && o.force) {
			fail_clear(f);
		} else if (r < 0) {
			worst = fail_status(f);
			app_report(app, f);
		} else {
			app_printf("%s\n", name);
		}
	}
	return worst;
}

/* --- prune --- */

struct prune_args {
	bool force;
	char **filters;
};

static const struct opt prune_rows[] = {
	OPT_LIST(0, "filter", struct prune_args, filters, "KEY=VALUE", "only those for which this holds: label, until ..."),
	OPT_FLAG('f', "force", struct prune_args, force, "don't ask"),
	OPT_END
};

static int ask(struct app *app, char *const *filters, struct fail *f)
{
	auto_strv char **names = NULL;
	auto_free char *list = NULL, *warning = NULL;
	int r = engine_volume_prune(&app->engine, filters, true, &names, f);

	if (r < 0)
		return r;
	if (!names) {
		app_print("No dangling volumes found\n");
		return 0;
	}
	list = strv_join(names, "\n");
	warning = mem_printf("WARNING! This will remove all volumes not used by at least one container. The following "
			     "volumes will be removed:\n%s", list);
	return confirm(warning, f);
}

static int prune_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct prune_args o = { 0 };
	auto_strv char **names = NULL;
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 0, 0, f) < 0)
		return -f->code;
	r = o.force ? 1 : ask(app, o.filters, f);
	if (r > 0)
		r = engine_volume_prune(&app->engine, o.filters, false, &names, f);
	strv_each(it, names)
		app_printf("%s\n", *it);
	opt_done(prune_rows, &o);
	return r;
}

/* --- exists --- */

static int exists_run(struct app *app, int argc, char **argv, struct fail *f)
{
	auto_free char *name = NULL;
	int first = app_parse(app, NULL, argc, argv, f), r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 1, 1, f) < 0)
		return -f->code;
	r = volume_find(&app->engine.store, argv[first], &name, f);
	return r == -ENOENT ? 1 : r;
}

static const struct command create_ = {
	.name = "create", .args = "[options] [NAME]", .summary = "Make a volume",
	.needs = NEED_STORE, .opts = create_rows_, .run = create_run,
};
static const struct command ls_ = {
	.name = "ls", .args = "[options]", .summary = "List volumes", .needs = NEED_STORE, .opts = ls_rows, .run = ls_run,
	.aliases = (const char *const[]){ "list", NULL },
};
static const struct command inspect_ = {
	.name = "inspect", .args = "[options] VOLUME [VOLUME...]", .summary = "Show all about volumes",
	.needs = NEED_STORE, .opts = inspect_rows, .run = inspect_run,
};
static const struct command rm_ = {
	.name = "rm", .args = "[options] VOLUME [VOLUME...]", .summary = "Remove volumes",
	.details = "Exit status 1: one of them doesn't exist; 2: a container uses one of them; 125: any other failure.",
	.needs = NEED_STORE, .opts = rm_rows_, .run = rm_run, .aliases = (const char *const[]){ "remove", NULL },
};
static const struct command prune_ = {
	.name = "prune", .args = "[options]", .summary = "Remove the volumes that no container uses",
	.needs = NEED_STORE, .opts = prune_rows, .run = prune_run,
};
static const struct command exists_ = {
	.name = "exists", .args = "VOLUME", .summary = "Exit 0 when the volume is here, 1 when it is not",
	.needs = NEED_STORE, .run = exists_run,
};

static const struct command *const volume_commands[] = { &create_, &ls_, &inspect_, &rm_, &prune_, &exists_, NULL };

const struct command volume_command = {
	.name = "volume", .summary = "Volumes: folders that outlive containers", .subs = volume_commands,
};
