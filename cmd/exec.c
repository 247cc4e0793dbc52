// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "pkg/engine/exec.h"
#include "pkg/util/str.h"

static const struct opt exec_rows[] = {
	OPT_FLAG('d', "detach", struct exec_opts, detach, "run in the background"),
	OPT_STR(0, "detach-keys", struct exec_opts, detach_keys, "KEYS", "what detaches (default ctrl-p,ctrl-q)"),
	OPT_LIST('e', "env", struct exec_opts, env, "NAME[=VALUE]", "environment variable"),
	OPT_LIST(0, "env-file", struct exec_opts, env_file, "FILE", "environment variables, a line each"),
	OPT_FLAG('i', "interactive", struct exec_opts, interactive, "pass stdin on"),
	OPT_FLAG(0, "privileged", struct exec_opts, privileged, "all capabilities, no seccomp filter"),
	OPT_FLAG('t', "tty", struct exec_opts, tty, "give the process a terminal"),
	OPT_STR('u', "user", struct exec_opts, user, "USER[:GROUP]", "run as this user"),
	OPT_STR('w', "workdir", struct exec_opts, workdir, "DIR", "working folder inside"),
	OPT_END
};

static int exec_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct exec_opts o = { 0 };
	auto_strv char **args = NULL;
	int first = app_parse_early(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	if (app_need_args(app, argc - first, 2, -1, f) < 0)
		return -f->code;
	for (int i = first + 1; i < argc; i++)
		strv_add(&args, argv[i]);
	if (o.tty && o.interactive && !o.detach && !isatty(0))
		r = refuse(f, ENOTTY, "the input device is not a TTY: leave -t out, or give stdin a terminal");
	else
		r = engine_exec(&app->engine, argv[first], &o, args, f);
	opt_done(exec_rows, &o);
	return r;
}

const struct command exec_command = {
	.name = "exec", .args = "[options] CONTAINER COMMAND [ARG...]",
	.summary = "Run a command in a running container",
	.examples = "  rbox exec -it web sh",
	.needs = NEED_STORE | NEED_SEALED, .opts = exec_rows, .run = exec_run,
};
