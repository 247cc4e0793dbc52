// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "cmd/global.h"
#include "cmd/names.h"
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

unsigned app_columns(int fd)
{
	struct winsize w = { 0 };

	return ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 80;
}

/* Lines that are easy to read, and what a narrow window can hold. */
static size_t line_width(void)
{
	unsigned width = app_columns(STDOUT_FILENO);

	return width < 40 ? 40 : width > 120 ? 120 : width;
}

/*
 * TEXT's words, from column AT on; further lines begin at INDENT. A single newline in TEXT is a space, two of
 * them are a paragraph.
 */
static void print_wrapped(const char *text, size_t at, size_t indent)
{
	size_t width = line_width(), begin = indent > at ? indent : at;

	app_printf("%*s", (int)(begin - at), "");
	for (at = begin; *text;) {
		size_t gap = strspn(text, " \n"), len = strcspn(text + gap, " \n");
		bool paragraph = gap > 1 && text[0] == '\n' && text[1] == '\n';

		if (paragraph || (at > begin && at + 1 + len > width)) {
			app_printf("%s\n%*s", paragraph ? "\n" : "", (int)indent, "");
			at = begin = indent;
		} else if (at > begin) {
			app_print(" ");
			at++;
		}
		app_printf("%.*s", (int)len, text + gap);
		at += len;
		text += gap + len;
	}
	app_print("\n");
}

/* Words of LEFT, then TEXT in its column; below LEFT when that is too long. */
static void print_row(const char *left, size_t column, const char *text)
{
	size_t len = strlen(left);

	app_print(left);
	if (len + 2 > column) {
		app_print("\n");
		len = 0;
	}
	print_wrapped(text, len, column);
}

struct rows {
	size_t column;
	bool any;
};

/* The column of the help texts: behind the longest option, but those that would leave too little room. */
static int widest(const struct opt *o, void *ctx)
{
	auto_free char *left = o->help ? left_of(o) : NULL;
	struct rows *rows = ctx;
	size_t most = line_width() / 5 * 2;

	if (!left)
		return 0;
	rows->any = true;
	if (strlen(left) + 3 > rows->column && strlen(left) + 3 <= most)
		rows->column = strlen(left) + 3;
	return 0;
}

static int print_option(const struct opt *o, void *ctx)
{
	auto_free char *left = o->help ? left_of(o) : NULL;
	const struct rows *rows = ctx;

	if (o->kind == OPT_K_TITLE)
		app_printf("\n%s:\n", o->arg);
	if (left)
		print_row(left, rows->column, o->help);
	return 0;
}

static void print_options(const struct opt *table)
{
	struct rows rows = { 0 };

	(void)opt_each(table, widest, &rows);
	if (!rows.any)
		return;
	if (table->kind != OPT_K_TITLE)
		app_print("\nOptions:\n");
	(void)opt_each(table, print_option, &rows);
}

/* "ls, list" */
static char *other_names(const struct command *c)
{
	char *all = NULL;

	for (const char *const *a = c->aliases; a && *a; a++)
		mem_replace(&all, all ? mem_printf("%s, %s", all, *a) : mem_strdup(*a));
	return all;
}

static void print_commands(const struct command *const *table, bool others)
{
	size_t column = 0;

	app_print("\nCommands:\n");
	for (const struct command *const *c = table; *c; c++)
		if (strlen((*c)->name) + 4 > column)
			column = strlen((*c)->name) + 4;
	for (; *table; table++) {
		auto_free char *names = others ? other_names(*table) : NULL;
		auto_free char *left = mem_printf("  %s", (*table)->name);
		auto_free char *text = mem_printf(names ? "%s (also: %s)" : "%s", (*table)->summary, names);

		if (*(*table)->summary)
			print_row(left, column, text);
	}
}

void app_help_overview(void)
{
	app_print("Run containers without a daemon and without root\n\nUsage:\n  rbox [options] COMMAND [options] ...\n");
	print_commands(command_table, false);
	print_options(global_rows);
	app_print("\n'rbox COMMAND --help' tells more, 'man rbox-COMMAND' too.\n");
}

void app_help(const struct command *c, const char *path)
{
	auto_free char *names = other_names(c);

	print_wrapped(c->summary, 0, 0);
	if (c->details) {
		app_print("\n");
		print_wrapped(c->details, 0, 0);
	}
	app_printf("\nUsage:\n  rbox %s ", path);
	print_wrapped(c->subs ? "COMMAND [options] ..." : c->args ? c->args : "", 8 + strlen(path), 4);
	if (names)
		app_printf("\nAliases:\n  %s, %s\n", c->name, names);
	if (c->examples)
		app_printf("\nExamples:\n%s\n", c->examples);
	if (c->subs) {
		print_commands(c->subs, true);
		app_printf("\n'rbox %s COMMAND --help' tells more.\n", path);
	}
	print_options(c->opts);
}

static int help_run(struct app *app, int argc, char **argv, struct fail *f)
{
	auto_free char *path = mem_strdup("");
	const struct command *c = NULL;
	int first = app_parse(app, NULL, argc, argv, f), r = 0;

	if (first < 0)
		return first;
	for (int i = first; i < argc && r == 0 && (!c || c->subs); i++)
		r = command_step(&c, &path, argv[i], f);
	if (r < 0)
		return r;
	if (c)
		app_help(c, path);
	else
		app_help_overview();
	return 0;
}

const struct command help_command = {
	.name = "help", .args = "[COMMAND]", .summary = "Tell about rbox or one of its commands",
	.examples = "  rbox help\n  rbox help run\n  rbox help container ls",
	.needs = NEED_NOTHING, .run = help_run,
};

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
