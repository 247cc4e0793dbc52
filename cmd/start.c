// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/attach.h"
#include "pkg/engine/restart.h"
#include "pkg/util/fd.h"
#include "runtime/monitor/keys.h"

struct start_args {
	struct select_opts select;
	bool attach, interactive;
	char *detach_keys;
	enum tri sig_proxy;
	int status;	/* of the attached one */
};

static const struct opt start_rows[] = {
	OPT_FLAG(0, "all", struct start_args, select.all, "start every container that is not running"),
	OPT_FLAG('a', "attach", struct start_args, attach, "attach to its output and pass its exit status on"),
	OPT_STR(0, "detach-keys", struct start_args, detach_keys, "KEYS", "what detaches (default ctrl-p,ctrl-q)"),
	EACH_FILTER('f', struct start_args),
	OPT_FLAG('i', "interactive", struct start_args, interactive, "attach our stdin too"),
	EACH_LATEST(struct start_args),
	OPT_TRI(0, "sig-proxy", struct start_args, sig_proxy, "pass signals on to the process (true with --attach)"),
	OPT_END
};

static bool is_stopped(const struct container *c)
{
	return !container_is_running(c);
}

static int converse(int sock, const struct container *c, struct start_args *o, struct fail *f)
{
	struct attach_opts a = {
		.want_stdin = o->interactive && c->config.process.interactive,
		.tty = c->config.process.tty,
		.sig_proxy = !c->config.process.tty && o->sig_proxy != TRI_FALSE,
		.detach_keys = o->detach_keys ? o->detach_keys : "ctrl-p,ctrl-q",
	};
	struct attach_result result = { 0 };
	int r = attach_run(sock, &a, &result, f);

	o->status = result.detached ? 0 : result.exit_code;
	return r;
}

/* --attach to one that runs is attach (podman-start(1)). */
static int join_running(struct app *app, const struct container *c, const char *shown, struct start_args *o,
			struct fail *f)
{
	struct attach_opts a = {
		.want_stdin = o->interactive,
		.sig_proxy = !c->config.process.tty && o->sig_proxy != TRI_FALSE,
		.detach_keys = o->detach_keys ? o->detach_keys : "ctrl-p,ctrl-q",
	};
	struct attach_result result = { 0 };
	int r;

	if (!o->attach && !o->interactive) {
		app_printf("%s\n", shown);
		return 0;
	}
	r = engine_attach(&app->engine, c->id, &a, &result, f);
	o->status = result.detached ? 0 : result.exit_code;
	return r;
}

static int start_one(struct app *app, struct container *c, const char *shown, void *opts, struct fail *f)
{
	struct start_args *o = opts;
	bool attach = o->attach || o->interactive;
	auto_fd int sock = -EBADF;

	if (container_is_running(c))
		return join_running(app, c, shown, o, f);
	sock = engine_start_again(&app->engine, c, attach, f);
	if (sock < 0) {
		/* 126 and 127 are for those who asked for the command's own status. */
		if (!attach)
			f->status = 0;
		return fail_in(f, sock, "unable to start container %s", c->id);
	}
	if (attach)
		return converse(sock, c, o, f);
	sock = -EBADF;
	app_printf("%s\n", shown);
	return 0;
}

static int check(const struct start_args *o, int operands, struct fail *f)
{
	struct keys keys;

	if (o->sig_proxy == TRI_TRUE && !o->attach && !o->interactive)
		return refuse(f, EINVAL, "you cannot use sig-proxy without --attach: invalid argument");
	if ((o->attach || o->interactive) && operands > 1)
		return refuse(f, EINVAL, "you cannot start and attach multiple containers at once");
	if (o->select.all && operands)
		return refuse(f, EINVAL, "either start all containers or the container(s) provided in the arguments");
	if (!operands && !o->select.all && !o->select.latest && !o->select.filters)
		return refuse(f, EINVAL, "start requires at least one argument");
	if ((o->attach || o->interactive) && (o->select.all || (o->select.filters && !operands)))
		return refuse(f, EINVAL, "--attach and --interactive are for one container");
	/* Not when it runs already. */
	if (o->detach_keys && keys_parse(o->detach_keys, &keys, f) < 0)
		return -f->code;
	return 0;
}

static int start_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct start_args o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	r = check(&o, argc - first, f);
	if (r == 0)
		r = each_container(app, &(struct each){ .select = o.select, .rule.filter_names = true,
							.wanted = is_stopped,
							.fn = start_one, .opts = &o },
				   argv + first, f);
	opt_done(start_rows, &o);
	return r ? r : o.status;
}

const struct command start_command = {
	.name = "start", .args = "[options] CONTAINER [CONTAINER...]", .summary = "Start containers",
	.details = "One that runs already is no failure; with --attach it is attached to.",
	.examples = "  rbox start web\n  rbox start -a -i box\n  rbox start --all\n  rbox start --filter label=app=shop",
	.needs = NEED_STORE | NEED_SEALED, .opts = start_rows, .run = start_run,
};
