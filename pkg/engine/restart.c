// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/restart.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/engine/event.h"
#include "pkg/engine/notify.h"
#include "pkg/engine/requires.h"
#include "pkg/engine/start.h"
#include "pkg/engine/stop.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "runtime/monitor/ask.h"

#define MARK "restart"

bool restart_is_marked(int dir_fd)
{
	return file_is_locked(dir_fd, MARK);
}

void restart_unmark(int dir_fd)
{
	(void)unlinkat(dir_fd, MARK, 0);
}

static int start_anew(struct engine *e, const struct container *c, struct start_opts o, struct fail *f)
{
	struct userns_begun userns = { .holder_fd = -EBADF, .ns_fd = -EBADF };
	struct userns_plan plan;
	int r = engine_userns_begin(e, &plan, &userns, f);

	if (r < 0)
		return r;
	o.userns = &userns;
	o.plan = &plan;
	r = engine_start(e, &c->config, &o, f);
	userns_begun_done(&userns);
	return r;
}

static int start_prepared(struct engine *e, const struct container *c, bool attach, struct fail *f)
{
	int sock, r = requires_start(e, &c->config, f);

	if (r < 0)
		return r;
	sock = ask_go(c->state.run_dir, c->id, attach, f);
	if (sock >= 0)
		notify_started(e, &c->config, c->state.monitor_pid);
	if (sock >= 0 && attach)
		event_container(&e->store, &c->config, "attach");
	return sock;
}

int engine_start_again(struct engine *e, struct container *c, bool attach, struct fail *f)
{
	return container_is_prepared(c) ? start_prepared(e, c, attach, f) :
	       start_anew(e, c, (struct start_opts){ .attach = attach }, f);
}

int engine_init(struct engine *e, struct container *c, struct fail *f)
{
	if (container_is_running(c) || container_is_prepared(c))
		return refuse(f, EINVAL, "container %s has already been created in runtime: container state improper",
			      c->id);
	return start_anew(e, c, (struct start_opts){ .prepare = true }, f);
}

/* One restart at a time: whoever had it before us has removed it by now, or is dead. */
static int mark(const struct container *c, struct fail *f)
{
	struct stat st;

	for (;;) {
		int fd = file_lock(c->dir_fd, MARK, LOCK_WAIT);

		if (fd < 0)
			return fail(f, -fd, "mark container %.12s (--rm) as one to be kept", c->id);
		if (fstat(fd, &st) < 0 || st.st_nlink)
			return fd;
		fd_close(fd);
	}
}

/*
 * Its folder in the runtime folder outlives its monitor while this is in there, and has the next command look
 * (sweep.c) when we don't come to start it. Without it, it is only found by `container prune`.
 */
static void leave_trace(const struct engine *e, const char *id, bool leave)
{
	auto_fd int run = fd_open(AT_FDCWD, e->run_dir, O_PATH | O_DIRECTORY, 0);
	auto_fd int dir = fd_open(run, id, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);

	if (leave) {
		fd_close(fd_open(dir, RESTART_TRACE, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600));
		return;
	}
	if (dir >= 0)
		(void)unlinkat(dir, RESTART_TRACE, 0);
	/* When it has ended since. */
	if (run >= 0)
		(void)unlinkat(run, id, AT_REMOVEDIR);
}

static int start_after(struct engine *e, struct container *c, struct fail *f)
{
	int r = engine_start_again(e, c, false, f);

	return r < 0 ? fail_in(f, r, "unable to start container %s", c->id) : 0;
}

static int restart_kept(struct engine *e, struct container *c, int timeout, struct fail *f)
{
	auto_fd int fd = mark(c, f);
	int r;

	if (fd < 0)
		return fd;
	leave_trace(e, c->id, true);
	r = engine_stop(e, c, timeout, f);
	/* The start takes the mark away: the next end is one for --rm again. */
	if (r == 0)
		r = start_after(e, c, f);
	restart_unmark(c->dir_fd);
	leave_trace(e, c->id, false);
	return r;
}

int engine_restart(struct engine *e, struct container *c, int timeout, struct fail *f)
{
	int r = 0;

	if (c->state.status == STATUS_PAUSED) {
		(void)refuse(f, EINVAL, "unable to restart a container in a paused or unknown state: container state "
			     "improper");
		fail_hint(f, "rbox unpause %s", c->config.name);
		return -EINVAL;
	}
	if (container_is_running(c) && c->config.life.rm) {
		r = restart_kept(e, c, timeout, f);
	} else {
		if (container_is_running(c))
			r = engine_stop(e, c, timeout, f);
		if (r == 0)
			r = start_after(e, c, f);
	}
	if (r < 0)
		return r;
	event_container(&e->store, &c->config, "restart");
	return 0;
}
