// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/engine/secret.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/template.h"
#include "pkg/util/time.h"

/* --- create --- */

static const struct opt create_rows_[] = {
	OPT_STR('d', "driver", struct secret_opts, driver, "DRIVER", "what keeps it: file (default)"),
	OPT_CSV(0, "driver-opts", struct secret_opts, driver_opts, "KEY=VALUE", NULL),
	OPT_FLAG(0, "env", struct secret_opts, env, "the second operand is the name of an environment variable"),
	OPT_FLAG(0, "ignore", struct secret_opts, ignore, "a name that is taken is no failure"),
	OPT_LIST('l', "label", struct secret_opts, labels, "KEY=VALUE", "label"),
	OPT_FLAG(0, "replace", struct secret_opts, replace, "take the place of a secret of that name"),
	OPT_END
};

static int create_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct secret_opts o = { 0 };
	char id[SECRET_ID_LEN + 1];
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 2, 2, f) < 0)
		return -f->code;
	r = engine_secret_create(&app->engine, &o, argv[first], argv[first + 1], id, f);
	opt_done(create_rows_, &o);
	if (r == 0)
		app_printf("%s\n", id);
	return r;
}

/* --- ls --- */

struct ls_args {
	char **filters, *format;
	bool noheading, quiet;
};

static const struct opt ls_rows[] = {
	OPT_LIST('f', "filter", struct ls_args, filters, "KEY=VALUE", "only those whose name=REGEX or id=PREFIX"),
	OPT_STR(0, "format", struct ls_args, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_FLAG('n', "noheading", struct ls_args, noheading, "leave the heading out"),
	OPT_FLAG('q', "quiet", struct ls_args, quiet, "print only ids"),
	OPT_END
};

static int ls_print(json_t *rows, const struct ls_args *o, struct fail *f)
{
	static const struct format_header headers[] = {
		{ "CreatedAt", "CREATED" }, { "UpdatedAt", "UPDATED" }, { NULL, NULL },
	};
	const struct format_table table = {
		.format = "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.CreatedAt}}\t{{.UpdatedAt}}",
		.headers = headers, .noheading = o->noheading,
	};
	auto_str struct str out = STR_INIT(64 << 20);
	int r;

	if (!o->format || strcmp(o->format, "json"))
		app_defuse(rows);
	r = format_rows(o->quiet && !o->format ? "{{.ID}}" : o->format, rows, &table, &out, f);
	if (r == 0)
		app_print(str_cstr(&out));
	return r;
}

static int ls_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct ls_args o = { 0 };
	auto_json json_t *rows = NULL;
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 0, 0, f) < 0)
		return -f->code;
	r = engine_secrets(&app->engine, o.filters, &rows, f);
	if (r == 0)
		r = ls_print(rows, &o, f);
	opt_done(ls_rows, &o);
	return r;
}

/* --- inspect --- */

struct inspect_args {
	char *format;
	bool pretty, show;
};

static const struct opt inspect_rows[] = {
	OPT_STR('f', "format", struct inspect_args, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_FLAG(0, "pretty", struct inspect_args, pretty, "print for people"),
	OPT_FLAG(0, "showsecret", struct inspect_args, show, "show what is in it, too"),
	OPT_END
};

/* In templates times are Go's, as podman prints them. */
static void go_times(json_t *o)
{
	static const char *const keys[] = { "CreatedAt", "UpdatedAt" };
	char go[TIME_GO_MAX];
	int64_t t;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (time_parse(json_string_value(json_object_get(o, keys[i])), 0, &t) == 0)
			json_object_set_new(o, keys[i], json_string(time_format_go(t, go)));
}

static const char *text_at(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void print_pretty(json_t *o)
{
	const json_t *spec = json_object_get(o, "Spec");
	json_t *value;
	const char *key;

	go_times(o);
	app_printf("ID:              %s\nName:              %s\n", text_at(o, "ID"), text_at(spec, "Name"));
	app_print("Labels:\n");
	json_object_foreach(json_object_get(spec, "Labels"), key, value)
		app_printf(" - %s=%s\n", key, json_string_value(value));
	app_printf("Driver:            %s\nCreated at:        %s\nUpdated at:        %s\n",
		   text_at(json_object_get(spec, "Driver"), "Name"), text_at(o, "CreatedAt"), text_at(o, "UpdatedAt"));
	if (json_object_get(o, "SecretData"))
		app_printf("Secret:            %s\n", text_at(o, "SecretData"));
}

static int print_found(json_t *found, const struct inspect_args *o, struct fail *f)
{
	json_t *one;
	size_t i;

	if (!o->pretty && (!o->format || !strcmp(o->format, "json"))) {
		auto_str struct str out = STR_INIT(64 << 20);

		template_add_json(&out, found, 4, false);
		app_printf("%s\n", str_cstr(&out));
		return 0;
	}
	app_defuse(found);
	json_array_foreach(found, i, one)
	{
		int r = 0;

		if (o->pretty) {
			print_pretty(one);
		} else {
			go_times(one);
			r = app_print_object(one, o->format, f);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int inspect_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct inspect_args o = { 0 };
	auto_json json_t *found = json_array();
	int first = app_parse(app, &o, argc, argv, f), status = 0, r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 1, -1, f) < 0)
		return -f->code;
	if (o.pretty && o.format)
		return refuse(f, EINVAL, "--pretty and --format can't be used together");
	for (int i = first; i < argc; i++) {
		json_t *one;

		if (engine_secret_inspect(&app->engine, argv[i], o.show, &one, f) < 0) {
			(void)fail_in(f, -f->code, "inspecting secret");
			app_report(app, f);
			status = FAIL_EXIT_ENGINE;
		} else {
			json_array_append_new(found, one);
		}
	}
	r = print_found(found, &o, f);
	opt_done(inspect_rows, &o);
	return r ? r : status;
}

/* --- rm, exists --- */

struct rm_args {
	bool all, ignore;
};

static const struct opt rm_rows[] = {
	OPT_FLAG('a', "all", struct rm_args, all, "remove every secret"),
	OPT_FLAG('i', "ignore", struct rm_args, ignore, "a secret that is missing is no failure"),
	OPT_END
};

static int rm_one(struct app *app, const char *name, bool ignore, struct fail *f)
{
	char id[SECRET_ID_LEN + 1];
	int r = secret_remove(&app->engine.store, name, id, f);

	if (r == 0) {
		app_printf("%s\n", id);
	} else if (r == -ENOENT && ignore) {
		fail_clear(f);
		r = 0;
	} else {
		app_report(app, f);
	}
	return r < 0 ? FAIL_EXIT_ENGINE : 0;
}

static int rm_run(struct app *app, int argc, char **argv, struct fail *f)
{
	auto_secret_list struct secret_list all = { 0 };
	struct rm_args o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), status = 0, r = 0;

	if (first < 0)
		return first;
	if (o.all && first < argc)
		return refuse(f, EINVAL, "`rbox secret rm --all` takes no names");
	if (!o.all && first == argc)
		return refuse(f, EINVAL, "`rbox secret rm` requires one argument, or the --all flag");
	if (o.all)
		r = secret_list(&app->engine.store, &all, f);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		status |= rm_one(app, all.v[i].id, true, f);
	for (int i = first; r == 0 && i < argc; i++)
		status |= rm_one(app, argv[i], o.ignore, f);
	return r < 0 ? r : status;
}

static int exists_run(struct app *app, int argc, char **argv, struct fail *f)
{
	auto_secret struct secret s = { 0 };
	int first = app_parse(app, NULL, argc, argv, f), r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 1, 1, f) < 0)
		return -f->code;
	r = secret_find(&app->engine.store, argv[first], &s, f);
	if (r == -ENOENT) {
		fail_clear(f);
		return 1;
	}
	return r;
}

static const struct command create_command_ = {
	.name = "create", .args = "[options] NAME FILE|-", .summary = "Keep a secret: a password, a key, a certificate",
	.details = "A container gets it by `rbox run --secret NAME`, as the file /run/secrets/NAME or as a variable.\n"
		   "It lies unencrypted in a file that only you can read.",
	.examples = "  pass show db | rbox secret create db -\n  rbox run --secret db,type=env,target=PASSWORD app",
	.needs = NEED_STORE, .opts = create_rows_, .run = create_run,
};

static const struct command ls_command = {
	.name = "ls", .args = "[options]", .summary = "List secrets",
	.needs = NEED_STORE, .opts = ls_rows, .run = ls_run, .aliases = (const char *const[]){ "list", NULL },
};

static const struct command secret_inspect_command = {
	.name = "inspect", .args = "[options] SECRET [SECRET...]", .summary = "Show what is known of secrets",
	.needs = NEED_STORE, .opts = inspect_rows, .run = inspect_run,
};

static const struct command secret_rm_command = {
	.name = "rm", .args = "[options] SECRET [SECRET...]", .summary = "Remove secrets",
	.needs = NEED_STORE, .opts = rm_rows, .run = rm_run, .aliases = (const char *const[]){ "remove", NULL },
};

static const struct command secret_exists_command = {
	.name = "exists", .args = "SECRET", .summary = "Exit 0 when the secret is here, 1 when it is not",
	.needs = NEED_STORE, .run = exists_run,
};

static const struct command *const secret_commands[] = {
	&create_command_, &ls_command, &secret_inspect_command, &secret_rm_command, &secret_exists_command, NULL
};

const struct command secret_command = {
	.name = "secret", .summary = "Make, list and remove secrets", .subs = secret_commands,
};
