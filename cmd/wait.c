// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>

#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/wait.h"
#include "pkg/util/str.h"
#include "pkg/util/time.h"

struct wait_opts {
	struct select_opts select;
	char **conditions;
	char *interval;
};

static const struct opt wait_rows[] = {
	OPT_CSV(0, "condition", struct wait_opts, conditions, "STATE",
		"wait for this state (exited; created, running, paused, ...)"),
	OPT_FLAG(0, "ignore", struct wait_opts, select.ignore, "a container that doesn't exist gives -1"),
	/* The end is announced to us: nothing is asked for in intervals. */
	OPT_STR('i', "interval", struct wait_opts, interval, "TIME", NULL),
	EACH_LATEST(struct wait_opts),
	OPT_END
};

static int wait_one(struct app *app, const struct selected *s, unsigned mask, const struct wait_opts *o,
		    struct fail *f)
{
	int code = -1, r = s->missing ? 0 : engine_wait(&app->engine, s->id, mask, &code, f);

	/* It was there a moment ago. */
	if (r == -ENOENT && o->select.ignore) {
		fail_clear(f);
		r = 0;
	}
	if (r < 0)
		return r;
	app_printf("%d\n", code);
	/* Who reads along sees each end when it comes. */
	(void)fflush(stdout);
	return 0;
}

static int wait_each(struct app *app, const struct wait_opts *o, char *const *names, struct fail *f)
{
	const struct select_rule rule = { .some_left_out = o->select.ignore };
	auto_selection struct selection s = { NULL, 0 };
	unsigned mask;
	int worst = 0, r = wait_conditions(o->conditions, &mask, f);

	if (r == 0)
		r = engine_select(&app->engine, &o->select, &rule, names, &s, f);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s.n; i++) {
		r = wait_one(app, &s.v[i], mask, o, f);
		if (r < 0) {
			worst = fail_status(f);
			app_report(app, f);
		}
	}
	return worst;
}

/* A span, or milliseconds; checked for those who would hear of a slip from podman. */
static int check_interval(const char *text, struct fail *f)
{
	int64_t v;

	if (!text || time_parse_span(text, &v) == 0 || str_to_i64(text, &v) == 0)
		return 0;
	return refuse(f, EINVAL, "invalid duration \"%.60s\" for --interval", text);
}

static int wait_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct wait_opts o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = check_interval(o.interval, f);
	if (r == 0 && first >= argc && !o.select.latest)
		r = refuse(f, EINVAL, "\"rbox wait\" requires a name, id, or the \"--latest\" flag");
	if (r == 0)
		r = wait_each(app, &o, argv + first, f);
	opt_done(wait_rows, &o);
	return r;
}

const struct command wait_command = {
	.name = "wait", .args = "[options] CONTAINER [CONTAINER...]",
	.summary = "Wait for containers to end, and print their exit status",
	.details = "One line each, in the order given; -1 when what was waited for is not an end.",
	.examples = "  rbox wait web\n  rbox wait --condition running web",
	.needs = NEED_STORE, .opts = wait_rows, .run = wait_run,
};
