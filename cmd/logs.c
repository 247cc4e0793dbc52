// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "pkg/engine/logs.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

struct cmd_logs_opts {
	bool follow, timestamps, names, color;
	char *tail, *since, *until;
};

static const struct opt logs_rows[] = {
	OPT_FLAG(0, "color", struct cmd_logs_opts, color, NULL),
	OPT_FLAG('f', "follow", struct cmd_logs_opts, follow, "go on until the container has ended"),
	OPT_FLAG('n', "names", struct cmd_logs_opts, names, "the container's name before each line"),
	OPT_STR(0, "since", struct cmd_logs_opts, since, "TIME", "from this time on, or a span as 10m ago"),
	OPT_STR(0, "tail", struct cmd_logs_opts, tail, "N", "the last N lines; all or -1: every line"),
	OPT_FLAG('t', "timestamps", struct cmd_logs_opts, timestamps, "the time before each line"),
	OPT_STR(0, "until", struct cmd_logs_opts, until, "TIME", "up to this time, or a span as 10m ago"),
	OPT_END
};

/* Where the lines of one container go. */
struct printer {
	const struct cmd_logs_opts *o;
	const struct logs *l;
	bool show_id;
	bool inside[3];		/* by stream: a piece of a line is out, without its end */
	int last;		/* the stream of the last line */
};

static int print_line(void *ctx, const struct logs_line *line, struct fail *f)
{
	struct printer *p = ctx;
	FILE *to = line->stream == 2 ? stderr : stdout;

	/* In the order of the log, when both end in one terminal. */
	if (p->last && p->last != line->stream)
		(void)fflush(p->last == 2 ? stderr : stdout);
	p->last = line->stream;
	if (!p->inside[line->stream]) {
		if (p->o->names)
			fprintf(to, "%s ", logs_name(p->l));
		else if (p->show_id)
			fprintf(to, "%.12s ", logs_id(p->l));
		if (p->o->timestamps)
			fprintf(to, "%.*s ", (int)line->stamp_len, line->stamp);
	}
	p->inside[line->stream] = line->partial;
	/* As the container wrote it, byte for byte: a program may want to read it. */
	fwrite(line->text, 1, line->len, to);
	if (!line->partial)
		fputc('\n', to);
	return ferror(to) ? fail(f, errno, "write the log") : 0;
}

static int parse_opts(const struct cmd_logs_opts *o, struct logs_opts *ret, struct fail *f)
{
	int64_t now = time_now();

	*ret = (struct logs_opts){ .follow = o->follow, .tail = -1 };
	if (o->tail && !str_eq(o->tail, "all") && str_to_i64(o->tail, &ret->tail) < 0)
		return refuse(f, EINVAL, "--tail '%.80s' is not a number of lines", o->tail);
	if (o->since && time_parse(o->since, now, &ret->since) < 0)
		return refuse(f, EINVAL, "--since '%.80s' is neither a time nor a span", o->since);
	if (o->until && time_parse(o->until, now, &ret->until) < 0)
		return refuse(f, EINVAL, "--until '%.80s' is neither a time nor a span", o->until);
	return 0;
}

static int flush(struct fail *f)
{
	return fflush(stdout) || fflush(stderr) ? fail(f, errno, "write the log") : 0;
}

/* One after the other as long as they have lines; with --follow all are watched. */
static int copy_logs(struct logs **v, struct printer *p, size_t n, struct fail *f)
{
	size_t open = n;
	int r;

	while (open) {
		for (size_t i = 0; i < open;) {
			r = logs_read(v[i], print_line, &p[i], f);
			if (r < 0)
				return r;
			if (r > 0) {
				i++;
				continue;
			}
			/* This one is over: the others move up, in their order. */
			logs_free(v[i]);
			open--;
			memmove(v + i, v + i + 1, (open - i) * sizeof(*v));
			memmove(p + i, p + i + 1, (open - i) * sizeof(*p));
			v[open] = NULL;
		}
		r = flush(f);
		if (r < 0)
			return r;
		if (open)
			logs_wait(v, open);
	}
	return 0;
}

static int run_logs(struct app *app, const struct cmd_logs_opts *o, char **names, size_t n, struct fail *f)
{
	auto_free struct logs **v = mem_array(n, sizeof(struct logs *));
	auto_free struct printer *p = mem_array(n, sizeof(*p));
	struct logs_opts lo;
	int r = parse_opts(o, &lo, f);

	for (size_t i = 0; i < n && r == 0; i++) {
		r = logs_open(&app->engine, names[i], &lo, &v[i], f);
		p[i] = (struct printer){ .o = o, .l = v[i], .show_id = n > 1 };
	}
	if (r == 0)
		r = copy_logs(v, p, n, f);
	for (size_t i = 0; i < n; i++)
		logs_free(v[i]);
	return r;
}

static int logs_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct cmd_logs_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = app_need_args(app, argc - first, 1, -1, f);
	/* A line is one write there, too. */
	(void)setvbuf(stderr, NULL, _IOLBF, 0);
	if (r == 0)
		r = run_logs(app, &o, argv + first, (size_t)(argc - first), f);
	opt_done(logs_rows, &o);
	return r;
}

const struct command logs_command = {
	.name = "logs", .args = "[options] CONTAINER [CONTAINER...]",
	.summary = "Show what containers have written",
	.details = "What a container wrote to its stdout goes to stdout, its stderr to stderr, unchanged. With\n"
		   "several containers each line begins with the container's id.",
	.examples = "  rbox logs -f web\n  rbox logs --tail 20 -t web\n  rbox logs --since 10m web",
	.needs = NEED_STORE, .opts = logs_rows, .run = logs_run,
};
