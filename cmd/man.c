// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/*
 * The man pages, from the same rows as --help. Hidden: `make` calls it for contrib/man; without an
 * operand it lists the pages there are, with one it prints that page.
 */
static void text(const char *s)
{
	bool line_start = true;

	for (; *s; s++) {
		/* A '.' or ''' at the start of a line would be a request; '-' is meant as it is. */
		if (line_start && (*s == '.' || *s == '\''))
			app_print("\\&");
		line_start = *s == '\n';
		if (*s == '\\')
			app_print("\\e");
		else if (*s == '-')
			app_print("\\-");
		else
			app_printf("%c", *s);
	}
}

static int option(const struct opt *o, void *ctx)
{
	(void)ctx;
	if (o->kind == OPT_K_TITLE) {
		app_print(".SS ");
		text(o->arg);
		app_print("\n");
	}
	if (!o->help)
		return 0;
	app_print(".TP\n");
	if (o->letter)
		app_printf("\\fB\\-%c\\fR, ", o->letter);
	app_print("\\fB\\-\\-");
	text(o->name);
	app_print("\\fR");
	if (o->kind != OPT_K_FLAG && o->kind != OPT_K_TRI) {
		app_print("=\\fI");
		text(o->arg ? o->arg : "value");
		app_print("\\fR");
	}
	app_print("\n");
	text(o->help);
	app_print("\n");
	return 0;
}

static void page(const struct command *c, const char *name)
{
	auto_free char *upper = mem_strdup(name);

	for (char *p = upper; *p; p++)
		*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
	app_printf(".TH %s 1 \"\" \"rbox " RBOX_VERSION "\" \"rbox\"\n.SH NAME\n", upper);
	text(name);
	app_print(" \\- ");
	text(c->summary);
	app_print("\n.SH SYNOPSIS\n.B rbox ");
	text(strchr(name, '-') + 1);
	app_print("\n");
	text(c->args ? c->args : "COMMAND");
	app_print("\n");
	if (c->details) {
		app_print(".SH DESCRIPTION\n");
		text(c->details);
		app_print("\n");
	}
	if (c->opts) {
		app_print(".SH OPTIONS\n");
		(void)opt_each(c->opts, option, NULL);
	}
	if (c->examples) {
		app_print(".SH EXAMPLES\n.nf\n");
		text(c->examples);
		app_print("\n.fi\n");
	}
	app_print(".SH EXIT STATUS\n0 on success; 125 when rbox itself failed, 126 and 127 when a command could not\n"
		  "be invoked or was not found, else the command's own status, 128+n for signal n.\n"
		  ".SH SEE ALSO\n.BR rbox (1)\n");
}

static void overview(const struct command *const *table)
{
	app_print(".TH RBOX 1 \"\" \"rbox " RBOX_VERSION "\" \"rbox\"\n.SH NAME\n"
		  "rbox \\- run containers without a daemon and without root\n.SH SYNOPSIS\n.B rbox\nCOMMAND "
		  "[options] ...\n.SH DESCRIPTION\nThe command line is podman's.\n.SH COMMANDS\n");
	for (; *table; table++) {
		if (!*(*table)->summary)
			continue;
		app_print(".TP\n\\fB");
		text((*table)->name);
		app_print("\\fR\n");
		text((*table)->summary);
		app_print("\n");
	}
	app_print(".SH FILES\n.TP\n~/.local/share/rbox\nimages and containers ($XDG_DATA_HOME/rbox)\n"
		  ".TP\n$XDG_RUNTIME_DIR/rbox\nsockets of running containers\n");
}

static bool walk(const struct command *const *table, const char *prefix, const char *wanted)
{
	for (; *table; table++) {
		auto_free char *name = mem_printf("%s-%s", prefix, (*table)->name);

		if (!wanted && !(*table)->subs && *(*table)->summary)
			app_printf("%s\n", name);
		if (wanted && !(*table)->subs && !strcmp(name, wanted)) {
			page(*table, name);
			return true;
		}
		if ((*table)->subs && walk((*table)->subs, name, wanted))
			return true;
	}
	return false;
}

static int man_run(struct app *app, int argc, char **argv, struct fail *f)
{
	int first = app_parse(app, NULL, argc, argv, f);

	if (first < 0)
		return first;
	if (first == argc) {
		app_print("rbox\n");
		(void)walk(command_table, "rbox", NULL);
		return 0;
	}
	if (!strcmp(argv[first], "rbox"))
		overview(command_table);
	else if (!walk(command_table, "rbox", argv[first]))
		return refuse(f, ENOENT, "no page '%.60s'", argv[first]);
	return 0;
}

const struct command man_command = {
	.name = "__man", .args = "[PAGE]", .summary = "", .needs = NEED_NOTHING, .run = man_run,
};
