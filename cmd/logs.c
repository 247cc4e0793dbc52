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
	OPT_FLAG('n', "names", struct cmd_logs_opts, names, "of several containers: the name before each line, not the id"),
	OPT_STR(0, "since", struct cmd_logs_opts, since, "TIME", "from this time on, or a span as 10m ago"),
	OPT_STR(0, "tail", struct cmd_logs_opts, tail, "N", "the last N lines; all or -1: every line"),
	OPT_FLAG('t', "timestamps", struct cmd_logs_opts, timestamps, "the time before each line"),
	OPT_STR(0, "until", struct cmd_logs_opts, until, "TIME", "up to this time, or a span as 10m from now"),
	OPT_END
};

enum { OUT_FULL = 128 * 1024, TURN = 4096 };

/* Our stdout and stderr, which all containers' lines share: gathered here, a write costs more than a line. */
struct outs {
	struct str s[2];
	int last;		/* 0 or 1: where the last line went */
	struct printer *open[2];	/* whose piece of a line is out there, without its end */
};

/* Where the lines of one container go. */
struct printer {
	const struct cmd_logs_opts *o;
	struct logs *l;		/* NULL: it is over */
	struct outs *outs;
	bool show_id;
	int color;		/* of CSI m */
	bool inside[3];		/* by stream: a piece of a line is out, without its end */
	/* With several containers: the line that comes next, when its turn has come. */
	bool held, idle;
	struct logs_line line;
	struct str text;	/* of the line, and its stamp behind it */
	int64_t time;
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
	/* One container's lines need no telling whose they are: its name, too, stands where the id would. */
	if (p->show_id && p->o->names)
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
	/* Another container's prompt, or the end of its log: our line is one of its own. */
	if (o->open[i] && o->open[i] != p) {
		str_add(s, p->o->color ? "\033[0m\n" : "\n");
		o->open[i]->inside[line->stream] = false;
	}
	o->open[i] = line->partial ? p : NULL;
	if (!p->inside[line->stream] && (p->o->color || p->show_id || p->o->timestamps))
		add_head(p, s, line);
	p->inside[line->stream] = line->partial;
	/* As the container wrote it, byte for byte: a program may want to read it. */
	str_addn(s, line->text, line->len);
	if (!line->partial)
		str_add(s, p->o->color ? "\033[0m\n" : "\n");
	return s->len >= OUT_FULL ? flush(o, f) : 0;
}

static int parse_opts(const struct cmd_logs_opts *o, struct logs_opts *ret, struct fail *f)
{
	int64_t now = time_now();

	*ret = (struct logs_opts){ .follow = o->follow, .tail = -1 };
	if (o->tail && !str_eq(o->tail, "all") && str_to_i64(o->tail, &ret->tail) < 0)
		return refuse(f, EINVAL, "--tail '%.80s' is not a number of lines", o->tail);
	/* Empty is as not given: a script's --since "$SINCE". */
	if (o->since && *o->since && time_parse(o->since, now, &ret->since) < 0)
		return refuse(f, EINVAL, "--since '%.80s' is neither a time nor a span", o->since);
	if (o->until && *o->until && time_parse_until(o->until, now, &ret->until) < 0)
		return refuse(f, EINVAL, "--until '%.80s' is neither a time nor a span", o->until);
	/* 0 stands for no end; nothing happened at either. */
	if (o->until && *o->until && !ret->until)
		ret->until = 1;
	return 0;
}

static void end_log(struct printer *p)
{
	if (logs_has_lost(p->l))
		app_warn("%s: lines were rotated away before they could be read", logs_name(p->l));
	logs_free(p->l);
	p->l = NULL;
}

/* A line that is to wait for the older ones of other containers. */
static int hold_line(void *ctx, const struct logs_line *line, struct fail *f)
{
	struct printer *p = ctx;
	const char *stamp;

	str_clear(&p->text);
	str_addn(&p->text, line->text, line->len);
	str_addn(&p->text, line->stamp, line->stamp_len);
	if (str_failed(&p->text))
		return refuse(f, EMSGSIZE, "a line of the log of %s is too long", logs_name(p->l));
	p->line = *line;
	p->line.text = str_cstr(&p->text);
	p->line.stamp = stamp = p->line.text + line->len;
	/* One without a time goes where it stands: behind the one before. */
	if (time_parse(stamp, 0, &p->time) < 0 && p->time == 0)
		p->time = INT64_MIN;
	p->held = true;
	return LOGS_STOP;
}

/* The next line of each that has one. */
static int hold_lines(struct printer *p, size_t n, struct fail *f)
{
	for (size_t i = 0; i < n; i++) {
		int r;

		if (!p[i].l || p[i].held || p[i].idle)
			continue;
		r = logs_read(p[i].l, hold_line, &p[i], f);
		if (r < 0)
			return r;
		p[i].idle = r == 1;
		if (r == 0)
			end_log(&p[i]);
	}
	return 0;
}

/* The oldest line is the next; but the pieces of a line stay together as long as they come. */
static struct printer *find_next(struct printer *p, size_t n, struct printer *before)
{
	struct printer *next = NULL;

	if (before && before->held)
		return before;
	for (size_t i = 0; i < n; i++)
		if (p[i].held && (!next || p[i].time < next->time))
			next = &p[i];
	return next;
}

/* All that is there, by time. A container that writes without end doesn't keep the others out. */
static int merge_logs(struct printer *p, size_t n, struct fail *f)
{
	struct printer *next = NULL;

	for (int turn = 0;; turn++) {
		int r = hold_lines(p, n, f);

		if (r < 0)
			return r;
		next = find_next(p, n, next && next->outs->open[next->outs->last] == next ? next : NULL);
		if (!next)
			return 0;
		next->held = false;
		r = print_line(next, &next->line, f);
		if (r < 0)
			return r;
		for (size_t i = 0; i < n && turn % TURN == TURN - 1; i++)
			p[i].idle = false;
	}
}

static int read_one(struct printer *p, struct fail *f)
{
	int r = logs_read(p->l, print_line, p, f);

	if (r == 0)
		end_log(p);
	return r < 0 ? r : 0;
}

/* All that is there, and with --follow what is to come, until every log is over. */
static int copy_logs(struct printer *p, size_t n, struct outs *outs, struct fail *f)
{
	auto_free struct logs **open = mem_array(n, sizeof(struct logs *));

	for (;;) {
		size_t n_open = 0;
		int r = n == 1 ? read_one(p, f) : merge_logs(p, n, f);

		if (r == 0)
			r = flush(outs, f);
		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++) {
			p[i].idle = false;
			if (p[i].l)
				open[n_open++] = p[i].l;
		}
		if (!n_open)
			return 0;
		if (!logs_wait(open, n_open))
			return write_failed(EPIPE, f);
	}
}

static int run_logs(struct app *app, const struct cmd_logs_opts *o, char **names, size_t n, struct fail *f)
{
	/* podman's colors, in its order. */
	static const int colors[] = { 37, 31, 33, 34, 35, 36, 32 };
	auto_free struct printer *p = mem_array(n, sizeof(*p));
	struct outs outs = { .s = { STR_INIT(OUT_FULL + 2 * LOGS_LINE_MAX), STR_INIT(OUT_FULL + 2 * LOGS_LINE_MAX) } };
	struct logs_opts lo;
	int r = parse_opts(o, &lo, f);

	for (size_t i = 0; i < n && r == 0; i++) {
		p[i] = (struct printer){ .o = o, .outs = &outs, .show_id = n > 1,
					 .color = colors[i % ARRAY_LEN(colors)],
					 .text = STR_INIT(2 * LOGS_LINE_MAX) };
		r = logs_open(&app->engine, names[i], &lo, &p[i].l, f);
	}
	if (r == 0)
		r = copy_logs(p, n, &outs, f);
	if (r < 0 && r != -EPIPE) {
		struct fail ignored = { 0 };

		(void)!flush(&outs, &ignored);
	}
	for (size_t i = 0; i < n; i++) {
		logs_free(p[i].l);
		str_done(&p[i].text);
	}
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
		   "several containers the lines come in the order of their times, each with the container's id.",
	.examples = "  rbox logs -f web\n  rbox logs --tail 20 -t web\n  rbox logs --since 10m web",
	.needs = NEED_STORE, .opts = logs_rows, .run = logs_run,
};
