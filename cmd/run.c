// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "cmd/run_rows.h"
#include "pkg/engine/bind.h"
#include "pkg/engine/create.h"
#include "pkg/engine/images.h"
#include "pkg/engine/remove.h"
#include "pkg/engine/start.h"
#include "pkg/util/fd.h"
#include "pkg/util/str.h"
#include "runtime/monitor/attach.h"
#include "runtime/monitor/keys.h"

static int check(const struct run_opts *o, struct fail *f)
{
	struct keys keys;

	if (o->detach && o->attach)
		return refuse(f, EINVAL, "--attach and --detach can't be used together");
	/* Attaching comes too late to find that out: the container would run by then. */
	if (o->detach_keys && keys_parse(o->detach_keys, &keys, f) < 0)
		return -f->code;
	/* As podman: jobs without a terminal use lines that were written at one. */
	if (!o->detach && o->process.tty && o->process.interactive && !isatty(0))
		app_warn("The input device is not a TTY. The --tty and --interactive flags might not work properly");
	return 0;
}

static int converse(int sock, const struct run_opts *o, struct fail *f)
{
	bool all = !o->attach;
	struct attach_opts a = {
		.want_stdin = o->process.interactive && (all || strv_has(o->attach, "stdin")),
		.tty = o->process.tty,
		.sig_proxy = !o->process.tty && o->sig_proxy != TRI_FALSE,
		.detach_keys = o->detach_keys ? o->detach_keys : "ctrl-p,ctrl-q",
		.no_stdout = !all && !strv_has(o->attach, "stdout"),
		.no_stderr = !all && !strv_has(o->attach, "stderr"),
	};
	struct attach_result result = { 0 };
	int r = attach_run(sock, &a, &result, f);

	if (r < 0)
		return r;
	return result.detached ? 0 : result.exit_code;
}

/* What was created and could not be started is not left behind with --rm. */
static void undo(struct app *app, const struct container_config *c)
{
	auto_container struct container ctr = CONTAINER_INIT;
	struct fail ignored = { 0 };

	if (c->life.rm && container_open_id(&app->engine, c->id, &ctr, &ignored) == 0)
		(void)!engine_remove(&app->engine, &ctr, true, 0, &ignored);
}

static void say_nothing(const char *line)
{
	(void)line;
}

/* --rmi; with --detach the monitor does it. The container's exit status is what counts. */
static void remove_image(struct app *app, const char *image)
{
	struct fail f = { 0 };

	if (engine_rmi(&app->engine, image, false, say_nothing, &f) < 0)
		app_warn("--rmi: the image stays: %s", f.msg);
}

static int create_and_start(struct app *app, const struct run_opts *o, struct userns_begun *userns,
			    const struct userns_plan *plan, struct fail *f)
{
	auto_config struct container_config c = { 0 };
	struct start_opts start = { .attach = !o->detach, .userns = userns, .plan = plan };
	struct fetch_ctx ctx = { app, o->quiet };
	struct fetcher fetcher = { run_fetch, &ctx };
	auto_fd int sock = -EBADF, bound = -EBADF;
	struct keepfds keep;
	int r = keepfd_parse(o->preserve_fds, o->preserve_fd, &keep, f);

	if (r < 0)
		return r;
	start.keep = &keep;
	if (o->rmi && o->detach)
		start.rmi = o->image;

	/* Before a pull: our caller may end meanwhile, and somebody else be our parent then. */
	if (o->life.bind_to) {
		bound = bind_open(o->life.bind_to, f);
		if (bound < 0)
			return bound;
	}
	start.bind_fd = bound;
	r = engine_create(&app->engine, o, &fetcher, &c, f);
	if (r < 0)
		return r;
	sock = engine_start(&app->engine, &c, &start, f);
	engine_unclaim(&app->engine);
	if (sock < 0) {
		undo(app, &c);
		return sock;
	}
	if (o->detach) {
		sock = -EBADF;
		app_printf("%s\n", c.id);
		return 0;
	}
	/* As podman: who attaches to no output can't tell the container from it. */
	if (o->attach && !strv_has(o->attach, "stdout") && !strv_has(o->attach, "stderr")) {
		app_printf("%s\n", c.id);
		fflush(stdout);
	}
	r = converse(sock, o, f);
	if (o->rmi)
		remove_image(app, o->image);
	return r;
}

static int run_run(struct app *app, int argc, char **argv, struct fail *f)
{
	struct userns_begun userns = { .holder_fd = -EBADF, .ns_fd = -EBADF };
	struct userns_plan plan;
	struct run_opts o;
	int r = run_opts_parse(app, argc, argv, &o, f);

	o.starts = true;
	if (r == 0)
		r = check(&o, f);
	if (r == 0)
		r = engine_userns_begin(&app->engine, &plan, &userns, f);
	if (r == 0) {
		r = create_and_start(app, &o, &userns, &plan, f);
		userns_begun_done(&userns);
	}
	run_opts_done(&o);
	return r;
}

const struct command run_command = {
	.name = "run", .args = "[options] IMAGE [COMMAND [ARG...]]",
	.summary = "Run a command in a new container",
	.details = "Makes a container from IMAGE, which is pulled when it isn't here, and starts it: COMMAND in it, or what "
		   "the image says. Its output comes here and rbox ends with its exit status, unless --detach prints the "
		   "container's id and returns at once. The options stand before IMAGE: what follows it is the container's.\n\n"
		   "Root in the container is you outside; its other users are your subordinate ids. It has a network of its "
		   "own (slirp4netns), processes, /dev and /proc of its own, and of your files those that --volume and "
		   "--mount name. It stays when it has ended, for logs, start and rm, unless --rm is given.",
	.examples = "  rbox run --rm -it alpine sh\n  rbox run -d --name web -v ./site:/srv:ro httpd",
	.needs = NEED_STORE | NEED_SEALED, .opts = run_rows, .run = run_run,
};
