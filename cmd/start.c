// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cmd/commands.h"
#include "cmd/each.h"
#include "pkg/engine/start.h"
#include "pkg/util/fd.h"
#include "runtime/monitor/attach.h"

struct start_args {
	bool all, attach, interactive;
	char *detach_keys;
	enum tri sig_proxy;
	int status;	/* of the attached one */
};

static const struct opt start_rows[] = {
	OPT_FLAG(0, "all", struct start_args, all, "start every container that is not running"),
	OPT_FLAG('a', "attach", struct start_args, attach, "attach to its output and pass its exit status on"),
	OPT_STR(0, "detach-keys", struct start_args, detach_keys, "KEYS", "what detaches (default ctrl-p,ctrl-q)"),
	OPT_FLAG('i', "interactive", struct start_args, interactive, "attach our stdin too"),
	OPT_TRI(0, "sig-proxy", struct start_args, sig_proxy, "pass signals on to the process"),
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

static int start_one(struct app *app, struct container *c, const char *typed, void *opts,
		     struct fail *f)
{
	struct start_args *o = opts;
	bool attach = o->attach || o->interactive;
	struct userns_begun userns = { .holder_fd = -EBADF, .ns_fd = -EBADF };
	struct userns_plan plan;
	auto_fd int sock = -EBADF;
	int r;

	if (container_is_running(c) && !attach) {
		app_printf("%s\n", typed);
		return 0;
	}
	if (container_is_running(c))
		return refuse(f, EBUSY, "container %.12s is already running: rbox attach %s", c->id, typed);
	r = engine_userns_begin(&app->engine, &plan, &userns, f);
	if (r < 0)
		return r;
	sock = engine_start(&app->engine, &c->config,
			    &(struct start_opts){ .attach = attach, .userns = &userns, .plan = &plan }, f);
	userns_begun_done(&userns);
	if (sock < 0)
		return fail_in(f, sock, "unable to start container %s", c->id);
	if (attach)
		return converse(sock, c, o, f);
	sock = -EBADF;
	app_printf("%s\n", typed);
	return 0;
}

static int start_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct start_args o = { 0 };
	int first = app_parse(app, &o, argc, argv, f), r;

	if (first < 0)
		return first;
	if ((o.attach || o.interactive) && argc - first > 1)
		return refuse(f, EINVAL, "you cannot start and attach multiple containers at once");
	r = each_container(app, &(struct each){ .all = o.all, .wanted = is_stopped, .fn = start_one, .opts = &o },
			   argv + first, argc - first, f);
	opt_done(start_rows, &o);
	return r ? r : o.status;
}

const struct command start_command = {
	.name = "start", .args = "[options] CONTAINER [CONTAINER...]", .summary = "Start containers",
	.needs = NEED_STORE | NEED_SEALED, .opts = start_rows, .run = start_run,
};
