// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "pkg/engine/exec.h"
#include "pkg/engine/select.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "runtime/monitor/keys.h"

struct exec_args {
	struct exec_opts exec;
	bool latest;
	char *cidfile;
};

static const struct opt exec_rows[] = {
	OPT_STR(0, "cidfile", struct exec_args, cidfile, "FILE", "the container's id stands there"),
	OPT_FLAG('d', "detach", struct exec_args, exec.detach, "run in the background and print the session's id"),
	OPT_STR(0, "detach-keys", struct exec_args, exec.detach_keys, "KEYS",
		"what detaches (default ctrl-p,ctrl-q); empty: nothing"),
	OPT_LIST('e', "env", struct exec_args, exec.env, "NAME[=VALUE]", "environment variable"),
	OPT_LIST(0, "env-file", struct exec_args, exec.env_file, "FILE", "environment variables, a line each"),
	OPT_FLAG('i', "interactive", struct exec_args, exec.interactive, "pass stdin on"),
	OPT_FLAG('l', "latest", struct exec_args, latest, "in the container made last"),
	OPT_FLAG(0, "no-session", struct exec_args, exec.no_session, "don't show it in inspect's ExecIDs"),
	OPT_CSV(0, "preserve-fd", struct exec_args, exec.preserve_fd, "FD",
		"pass this descriptor on, by its number"),
	OPT_UINT(0, "preserve-fds", struct exec_args, exec.preserve_fds, "N",
		 "pass N descriptors on, from number 3 on"),
	OPT_FLAG(0, "privileged", struct exec_args, exec.privileged, "all capabilities, no seccomp filter"),
	OPT_FLAG('t', "tty", struct exec_args, exec.tty, "give the process a terminal"),
	OPT_STR('u', "user", struct exec_args, exec.user, "USER[:GROUP]", "run as this user"),
	OPT_STR('w', "workdir", struct exec_args, exec.workdir, "DIR", "working folder inside"),
	OPT_END
};

static int read_cidfile(const char *path, char **ret, struct fail *f)
{
	auto_str struct str s = STR_INIT(256);
	int r = file_read_linked(AT_FDCWD, path, &s);

	if (r < 0)
		return fail(f, -r, "read the container id file '%s'", path);
	*ret = mem_strndup(str_cstr(&s), strcspn(str_cstr(&s), "\n"));
	return 0;
}

/* Which container, unless the first operand says it. */
static int find_container(struct app *app, const struct exec_args *o, char **ret, struct fail *f)
{
	if (o->cidfile && o->latest)
		return refuse(f, EINVAL, "--cidfile and --latest cannot be used together");
	if (o->cidfile)
		return read_cidfile(o->cidfile, ret, f);
	return o->latest ? select_one(&app->engine, true, NULL, ret, f) : 0;
}

static int exec_in(struct app *app, const struct exec_args *o, const char *name, char *const *words, struct fail *f)
{
	char session[CTR_ID_LEN + 1] = "";
	auto_strv char **args = NULL;
	struct keys keys;
	int r;

	if (!name || !*words) {
		(void)refuse(f, EINVAL, name ? "must provide a non-empty command to start an exec session" :
			     "exec requires the name or ID of a container or the --latest flag");
		fail_hint(f, "rbox %s %s", app->path, app->command->args);
		return -EINVAL;
	}
	if (o->exec.detach_keys && keys_parse(o->exec.detach_keys, &keys, f) < 0)
		return -f->code;
	if (o->exec.tty && o->exec.interactive && !o->exec.detach && !isatty(0))
		app_warn("The input device is not a TTY. The --tty and --interactive flags might not work properly");
	args = strv_dup(words);
	r = engine_exec(&app->engine, name, &o->exec, args, session, f);
	/* What never ran has no status of its own to give: podman's 125, for a missing command too. */
	if (r < 0 && o->exec.detach && (f->status == FAIL_EXIT_NOEXEC || f->status == FAIL_EXIT_NOTFOUND))
		f->status = 0;
	if (r == 0 && o->exec.detach)
		app_printf("%s\n", session);
	return r;
}

static int exec_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct exec_args o = { 0 };
	auto_free char *name = NULL;
	int first = app_parse_early(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = find_container(app, &o, &name, f);
	if (r == 0 && !name && first < argc)
		name = mem_strdup(argv[first++]);
	if (r == 0)
		r = exec_in(app, &o, name, argv + first, f);
	opt_done(exec_rows, &o);
	return r;
}

const struct command exec_command = {
	.name = "exec", .args = "[options] CONTAINER COMMAND [ARG...]",
	.summary = "Run a command in a running container",
	.details = "With the rights, limits and filters that the container's own process has. Its exit status is ours;\n"
		   "125: it couldn't be tried, 126: it can't be executed, 127: there is no such command, 255: the\n"
		   "container doesn't run. It ends when we end, unless it was detached.",
	.examples = "  rbox exec -it web sh\n  rbox exec -u nobody -w /tmp -e A=1 web env\n"
		    "  rbox exec -d web sh -c 'sleep 60; reload'",
	.needs = NEED_STORE | NEED_SEALED, .opts = exec_rows, .run = exec_run,
};
