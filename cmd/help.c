// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/app.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/template.h"

static const char *arg_of(const struct opt *o)
{
	static const char *const words[] = {
		[OPT_K_FLAG] = "", [OPT_K_TRI] = "", [OPT_K_STR] = "string", [OPT_K_LIST] = "strings",
		[OPT_K_CSV] = "strings", [OPT_K_INT] = "int", [OPT_K_UINT] = "uint",
	};

	return o->arg ? o->arg : words[o->kind];
}

static char *left_of(const struct opt *o)
{
	const char *arg = arg_of(o);

	if (o->letter)
		return mem_printf("  -%c, --%s%s%s", o->letter, o->name, *arg ? " " : "", arg);
	return mem_printf("      --%s%s%s", o->name, *arg ? " " : "", arg);
}

static int widest(const struct opt *o, void *ctx)
{
	auto_free char *left = o->help ? left_of(o) : NULL;
	size_t *max = ctx;

	if (left && strlen(left) > *max)
		*max = strlen(left);
	return 0;
}

static int print_row(const struct opt *o, void *ctx)
{
	auto_free char *left = o->help ? left_of(o) : NULL;
	const size_t *max = ctx;

	if (o->kind == OPT_K_TITLE)
		app_printf("\n%s:\n", o->arg);
	if (left)
		app_printf("%-*s   %s\n", (int)*max, left, o->help);
	return 0;
}

void app_help(const struct command *c, const char *path)
{
	size_t max = 0;

	app_printf("%s\n\n", c->summary);
	if (c->details)
		app_printf("%s\n\n", c->details);
	app_printf("Usage:\n  rbox %s %s\n", path, c->args ? c->args : "");
	if (c->examples)
		app_printf("\nExamples:\n%s\n", c->examples);
	(void)opt_each(c->opts, widest, &max);
	if (!max)
		return;
	if (c->opts->kind != OPT_K_TITLE)
		app_print("\nOptions:\n");
	(void)opt_each(c->opts, print_row, &max);
}

static void defuse(json_t *j)
{
	const char *key;
	json_t *v;
	size_t i;
	void *next;

	json_array_foreach(j, i, v)
		defuse(v);
	json_object_foreach_safe(j, next, key, v)
	{
		auto_str struct str s = STR_INIT(4 << 20);

		defuse(v);
		if (!json_is_string(v))
			continue;
		str_add_escaped(&s, json_string_value(v));
		if (strcmp(str_cstr(&s), json_string_value(v)))
			json_object_set_new(j, key, json_string(str_cstr(&s)));
	}
	json_array_foreach(j, i, v)
	{
		auto_str struct str s = STR_INIT(4 << 20);

		if (!json_is_string(v))
			continue;
		str_add_escaped(&s, json_string_value(v));
		json_array_set_new(j, i, json_string(str_cstr(&s)));
	}
}

void app_defuse(json_t *rows)
{
	if (isatty(STDOUT_FILENO))
		defuse(rows);
}

int app_print_object(const json_t *object, const char *format, struct fail *f)
{
	auto_template struct template *t = NULL;
	auto_str struct str out = STR_INIT(4 << 20);
	int r = 0;

	if (!strcmp(format, "json")) {
		template_add_json(&out, object, 2, false);
	} else {
		r = template_parse("--format", format, &t, f);
		if (r == 0)
			r = template_render(t, object, &(struct template_env){ 0 }, &out, f);
	}
	if (r == 0)
		app_printf("%s\n", str_cstr(&out));
	return r;
}
