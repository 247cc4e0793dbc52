// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>

#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/why.h"
#include "pkg/util/json.h"
#include "pkg/util/str.h"

struct cmd_why_opts {
	struct select_opts select;
	char *format;
	bool further;		/* not the first one: a line between them */
};

static const struct opt why_rows[] = {
	EACH_LATEST(struct cmd_why_opts),
	OPT_STR(0, "format", struct cmd_why_opts, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_END
};

/* Lines of logs and names of files are strangers' text. */
static void print_line(const char *head, const char *source, const char *text)
{
	auto_str struct str s = STR_INIT(64 * 1024);

	str_add(&s, head);
	if (source) {
		str_add_escaped(&s, source);
		str_add(&s, ": ");
	}
	str_add_escaped(&s, text);
	app_printf("%s\n", str_cstr(&s));
}

static const char *member(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void print_why(const json_t *why)
{
	json_t *v;
	size_t i;

	print_line("", member(why, "Name"), member(why, "Verdict"));
	json_array_foreach(json_object_get(why, "Because"), i, v)
		print_line("because: ", member(v, "Source"), member(v, "Text"));
	json_array_foreach(json_object_get(why, "Fix"), i, v)
		print_line("fix: ", NULL, json_string_value(v));
}

static int why_one(struct app *app, struct container *c, const char *shown, void *opts, struct fail *f)
{
	struct cmd_why_opts *o = opts;
	auto_json json_t *why = NULL;
	int r = engine_why(&app->engine, c->id, &why, f);

	(void)shown;
	if (r < 0)
		return r;
	if (o->format && *o->format)
		return app_print_object(why, o->format, f);
	if (o->further)
		app_print("\n");
	o->further = true;
	print_why(why);
	return 0;
}

static int why_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct cmd_why_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = each_container(app, &(struct each){ .select = o.select, .fn = why_one, .opts = &o }, argv + first, f);
	opt_done(why_rows, &o);
	return r;
}

const struct command why_command = {
	.name = "why", .args = "[options] CONTAINER [CONTAINER...]", .summary = "Tell how a container ended, and how one knows",
	.details = "The first line is the verdict, each `because:` a file, a field or a line of the log that it\n"
		   "rests on, and `fix:` what may help. Nothing is changed. With --format json or a template, Cause\n"
		   "is one word: running, paused, never-started, start-failed, exited, signal, stopped, killed,\n"
		   "timeout, unhealthy, bound, seccomp, oom, monitor-lost or reboot. Exit status 0 when it was told,\n"
		   "however the container ended; 125 when there is no such container.",
	.examples = "  rbox why web\n  rbox why --latest\n  rbox why --format '{{.Cause}}' web",
	.needs = NEED_STORE, .opts = why_rows, .run = why_run,
};
