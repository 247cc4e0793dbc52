// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "pkg/engine/logs.h"
#include "pkg/engine/select.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

struct cmd_logs_opts {
	bool follow, timestamps, names, color, latest;
	char *tail, *since, *until;
};

static const struct opt logs_rows[] = {
	OPT_FLAG(0, "color", struct cmd_logs_opts, color, "each container's lines in a color of their own"),
	OPT_FLAG('f', "follow", struct cmd_logs_opts, follow, "go on until the container has ended"),
	OPT_FLAG('l', "latest", struct cmd_logs_opts, latest, "the newest container instead of a name"),
	OPT_FLAG('n', "names", struct cmd_logs_opts, names, "the container's name before each line"),
	OPT_STR(0, "since", struct cmd_logs_opts, since, "TIME", "from this time on, or a span as 10m ago"),
	OPT_STR(0, "tail", struct cmd_logs_opts, tail, "N", "the last N lines; all or -1: every line"),
	OPT_FLAG('t', "timestamps", struct cmd_logs_opts, timestamps, "the time before each line"),
	OPT_STR(0, "until", struct cmd_logs_opts, until, "TIME", "up to this time, or a span as 10m from now"),
	OPT_END
};

enum { OUT_FULL = 128 * 1024 };

/* Our stdout and stderr, which all containers' lines share: gathered here, a write costs more than a line. */
struct outs {
	struct str s[2];
	int last;		/* 0 or 1: where the last line went */
};

/* Where the lines of one container go. */
struct printer {
	const struct cmd_logs_opts *o;
	const struct logs *l;
	struct outs *outs;
	bool show_id;
	int color;		/* of CSI m */
	bool inside[3];		/* by stream: a piece of a line is out, without its end */
};

static int write_failed(int err, struct fail *f)
{
	int r = fail(f, err, "write the log");

	/* `logs | head`: said by nobody. */
	if (err == EPIPE)
		f->status = 128 + SIGPIPE;
	return r;
}

static int flush(struct outs *o, struct fail *f)
{
	int r = o->s[o->last].len ? io_write_full(o->last + 1, o->s[o->last].s, o->s[o->last].len) : 0;

	str_clear(&o->s[o->last]);
	return r < 0 ? write_failed(-r, f) : 0;
}

/* The time of the line where we are: that of the log may be another zone's, and UTC in json-file. */
static void add_stamp(struct str *s, const struct logs_line *line)
{
	char text[TIME_TEXT_MAX], local[TIME_TEXT_MAX];
	int64_t t;

	snprintf(text, sizeof(text), "%.*s", (int)line->stamp_len, line->stamp);
	str_add(s, time_parse(text, 0, &t) < 0 ? text : time_format(t, local));
	str_addc(s, ' ');
}

static void add_head(struct printer *p, struct str *s, const struct logs_line *line)
{
	if (p->o->color)
		str_addf(s, "\033[%dm", p->color);
	if (p->o->names)
		str_addf(s, "%s ", logs_name(p->l));
	else if (p->show_id)
		str_addf(s, "%.12s ", logs_id(p->l));
	if (p->o->timestamps)
		add_stamp(s, line);
}

static int print_line(void *ctx, const struct logs_line *line, struct fail *f)
{
	struct printer *p = ctx;
	struct outs *o = p->outs;
	int i = line->stream == 2;
	struct str *s = &o->s[i];

	/* In the order of the log, when both end in one terminal. */
	if (o->last != i && flush(o, f) < 0)
		return -f->code;
	o->last = i;
	if (!p->inside[line->stream] && (p->o->color || p->o->names || p->show_id || p->o->timestamps))
		add_head(p, s, line);
	p->inside[line->stream] = line->partial;
	/* As the container wrote it, byte for byte: a program may want to read it. */
	str_addn(s, line->text, line->len);
	if (!line->partial)
		str_add(s, p->o->color ? "\033[0m\n" : "\n");
	return s->len >= OUT_FULL ? flush(o, f) : 0;
}

/* As podman reads it: a span is one from now on, and one with a minus lies before. */
static int parse_until(const char *s, int64_t now, int64_t *ret)
{
	int64_t span;

	if (time_parse_span(s, &span) == 0)
		return __builtin_add_overflow(now, span, ret) ? -ERANGE : 0;
	return time_parse(s, now, ret);
}

static int parse_opts(const struct cmd_logs_opts *o, struct logs_opts *ret, struct fail *f)
{
	int64_t now = time_now();

	*ret = (struct logs_opts){ .follow = o->follow, .tail = -1 };
	if (o->tail && !str_eq(o->tail, "all") && str_to_i64(o->tail, &ret->tail) < 0)
		return refuse(f, EINVAL, "--tail '%.80s' is not a number of lines", o->tail);
	if (o->since && time_parse(o->since, now, &ret->since) < 0)
		return refuse(f, EINVAL, "--since '%.80s' is neither a time nor a span", o->since);
	if (o->until && parse_until(o->until, now, &ret->until) < 0)
		return refuse(f, EINVAL, "--until '%.80s' is neither a time nor a span", o->until);
	return 0;
}

/* One after the other as long as they have lines; with --follow all are watched. */
static int copy_logs(struct logs **v, struct printer *p, size_t n, struct outs *outs, struct fail *f)
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
			if (logs_has_lost(v[i]))
				app_warn("%s: lines were rotated away before they could be read", logs_name(v[i]));
			/* This one is over: the others move up, in their order. */
			logs_free(v[i]);
			open--;
			memmove(v + i, v + i + 1, (open - i) * sizeof(*v));
			memmove(p + i, p + i + 1, (open - i) * sizeof(*p));
			v[open] = NULL;
		}
		r = flush(outs, f);
		if (r < 0)
			return r;
		if (open && !logs_wait(v, open))
			return write_failed(EPIPE, f);
	}
	return 0;
}

static int run_logs(struct app *app, const struct cmd_logs_opts *o, char **names, size_t n, struct fail *f)
{
	/* podman's colors, in its order. */
	static const int colors[] = { 37, 31, 33, 34, 35, 36, 32 };
	auto_free struct logs **v = mem_array(n, sizeof(struct logs *));
	auto_free struct printer *p = mem_array(n, sizeof(*p));
	struct outs outs = { .s = { STR_INIT(OUT_FULL + 2 * LOGS_LINE_MAX), STR_INIT(OUT_FULL + 2 * LOGS_LINE_MAX) } };
	struct logs_opts lo;
	int r = parse_opts(o, &lo, f);

	for (size_t i = 0; i < n && r == 0; i++) {
		r = logs_open(&app->engine, names[i], &lo, &v[i], f);
		p[i] = (struct printer){ .o = o, .l = v[i], .outs = &outs, .show_id = n > 1,
					 .color = colors[i % ARRAY_LEN(colors)] };
	}
	if (r == 0)
		r = copy_logs(v, p, n, &outs, f);
	if (r < 0 && r != -EPIPE) {
		struct fail ignored = { 0 };

		(void)!flush(&outs, &ignored);
	}
	for (size_t i = 0; i < n; i++)
		logs_free(v[i]);
	str_done(&outs.s[0]);
	str_done(&outs.s[1]);
	return r;
}

static int logs_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct cmd_logs_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;
	auto_free char *latest = NULL;

	if (first < 0)
		return first;
	if (o.latest && first < argc)
		r = refuse(f, EINVAL, "--latest takes no names");
	else
		r = app_need_args(app, argc - first, o.latest ? 0 : 1, -1, f);
	if (r == 0 && o.latest)
		r = select_one(&app->engine, true, NULL, &latest, f);
	if (r == 0)
		r = run_logs(app, &o, o.latest ? &latest : argv + first, o.latest ? 1 : (size_t)(argc - first), f);
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
