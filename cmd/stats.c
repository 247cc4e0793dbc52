// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/stats.h"
#include "pkg/util/json.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/template.h"

struct stats_args {
	struct select_opts select;
	bool no_stream, no_reset, no_trunc;
	int interval;
	char *format;
};

static const struct opt stats_rows[] = {
	OPT_FLAG('a', "all", struct stats_args, select.all, "those that don't run, too"),
	OPT_STR(0, "format", struct stats_args, format, "TEMPLATE", "print by a Go template, or json"),
	OPT_INT('i', "interval", struct stats_args, interval, "SECONDS", "from one look to the next (default 5)"),
	EACH_LATEST(struct stats_args),
	OPT_FLAG(0, "no-reset", struct stats_args, no_reset, "leave what was printed on the screen"),
	OPT_FLAG(0, "no-stream", struct stats_args, no_stream, "look once"),
	OPT_FLAG(0, "no-trunc", struct stats_args, no_trunc, "print ids whole"),
	OPT_END
};

static const struct format_header headers[] = {
	{ "ID", "ID" }, { "Name", "NAME" }, { "CPUPerc", "CPU %" }, { "MemUsage", "MEM USAGE / LIMIT" },
	{ "MemUsageBytes", "MEM USAGE / LIMIT" }, { "MemPerc", "MEM %" }, { "NetIO", "NET IO" },
	{ "BlockIO", "BLOCK IO" }, { "PIDS", "PIDS" }, { "UpTime", "CPU TIME" }, { "AVGCPU", "AVG CPU %" },
	{ NULL, NULL },
};

static const struct sample *same(const struct samples *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].id, id))
			return &s->v[i];
	return NULL;
}

static int print(const struct stats_args *o, const struct samples *now, const struct samples *before,
		 struct fail *f)
{
	static const struct format_table table = {
		.format = "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}"
			  "\t{{.PIDS}}\t{{.UpTime}}\t{{.AVGCPU}}",
		.headers = headers,
	};
	bool is_json = str_eq(o->format, "json");
	auto_str struct str out = STR_INIT(16 << 20);
	auto_json json_t *rows = json_array();
	int r = 0;

	for (size_t i = 0; i < now->n; i++) {
		const struct sample *s = &now->v[i], *b = same(before, s->id);

		json_array_append_new(rows, is_json ? stats_json(s, b) : stats_row(s, b, o->no_trunc));
	}
	if (is_json) {
		template_add_json(&out, rows, 1, false);
		str_addc(&out, '\n');
	} else {
		r = format_rows(o->format, rows, &table, &out, f);
	}
	if (r < 0)
		return r;
	if (!o->no_reset && !o->no_stream && isatty(STDOUT_FILENO))
		app_print("\033[2J\033[H");
	app_print(str_cstr(&out));
	return fflush(stdout) ? fail(f, errno, "write the numbers") : 0;
}

/* All that run by default, found anew at each look; names are looked up once. */
static int look(struct app *app, const struct stats_args *o, char *const *names, struct samples *ret, struct fail *f)
{
	struct select_opts select = o->select;
	auto_selection struct selection s = { NULL, 0 };
	int r;

	if (!*names && !select.latest && !select.all)
		select.running = true;
	r = engine_select(&app->engine, &select, &(struct select_rule){ 0 }, names, &s, f);
	return r < 0 ? r : engine_stats(&app->engine, &s, select.all, ret, f);
}

static int stream(struct app *app, const struct stats_args *o, char *const *names, struct fail *f)
{
	struct samples before = { NULL, 0 }, now = { NULL, 0 };
	int r;

	for (;;) {
		r = look(app, o, names, &now, f);
		if (r == 0)
			r = print(o, &now, &before, f);
		samples_done(&before);
		before = now;
		now = (struct samples){ NULL, 0 };
		if (r < 0 || o->no_stream)
			break;
		/* Ends early when nobody reads any more. */
		if (poll(&(struct pollfd){ .fd = STDOUT_FILENO }, 1, o->interval * 1000) > 0)
			break;
	}
	samples_done(&before);
	return r;
}

static int stats_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct stats_args o = { .interval = 5 };
	int first = app_parse(app, &o, argc, argv, f), r = 0;

	if (first < 0)
		return first;
	if (o.interval < 1 || o.interval > 1000000)
		r = refuse(f, EINVAL, "invalid interval, must be a positive number of seconds greater zero");
	if (r == 0)
		r = stream(app, &o, argv + first, f);
	opt_done(stats_rows, &o);
	return r;
}

const struct command stats_command = {
	.name = "stats", .args = "[options] [CONTAINER...]", .summary = "Show what running containers use",
	.details = "CPU, memory, network and disk of all running containers, or of those named: what the container's\n"
		   "cgroup has counted, memory without the page cache. For a container without a cgroup of its own the\n"
		   "numbers are the sum over its processes: memory is their proportional share, the limit is the\n"
		   "machine's, and what an ended process used counts when another one in the container waited for it.",
	.examples = "  rbox stats --no-stream\n  rbox stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}}' web",
	.needs = NEED_STORE, .opts = stats_rows, .run = stats_run,
};
