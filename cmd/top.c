// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cmd/commands.h"
#include "pkg/engine/select.h"
#include "pkg/engine/top.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

struct top_args {
	bool latest;
};

static const struct opt top_rows[] = {
	OPT_FLAG('l', "latest", struct top_args, latest, "the newest container instead of a name"),
	OPT_END
};

static int show(struct app *app, struct container *c, char *const *words, struct fail *f)
{
	auto_str struct str out = STR_INIT(64 << 20);
	auto_table struct table t = { 0 };
	int r = engine_top(&app->engine, c, words, &t, f);

	if (r == 0)
		table_render(&t, &out);
	if (r == 1)
		r = top_ps(&app->engine, c, words, &out, f);
	if (r == 0)
		app_print(str_cstr(&out));
	return r;
}

static int top_run(struct app *app, int argc, char **argv, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	auto_free char *id = NULL;
	struct top_args o = { 0 };
	int first = app_parse_early(app, &o, argc, argv, f), r;
	char **words;

	if (first < 0)
		return first;
	if (!o.latest && first >= argc)
		return refuse(f, EINVAL, "you must provide the name or id of a running container");
	words = argv + first + !o.latest;
	/* "-- aux": what follows is ps's, as everything behind the name is. */
	if (*words && str_eq(*words, "--"))
		words++;
	r = select_one(&app->engine, o.latest, o.latest ? NULL : argv[first], &id, f);
	if (r == 0)
		r = container_open(&app->engine, id, &c, f);
	if (r < 0)
		return fail_in(f, r, "unable to look up requested container");
	return show(app, &c, words, f);
}

const struct command top_command = {
	.name = "top", .args = "[options] CONTAINER [COLUMN...|ps ARGUMENT...]",
	.summary = "Show the processes of a container",
	.details = "Columns: args capamb capbnd capeff capinh capprm comm etime group groups hgroup hgroups hpid huser label\n"
		   "nice pcpu pgid pid ppid rgroup rss ruser seccomp state stime time tty user vsz, or ps's short forms\n"
		   "(%p %a ...). They are read from outside: the container needs no ps. Any other word makes it run\n"
		   "the container's own ps with what stands behind the name.",
	.examples = "  rbox top web\n  rbox top web hpid huser pid user args\n  rbox top web -- -ef",
	.needs = NEED_STORE | NEED_SEALED, .opts = top_rows, .run = top_run,
};
