// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/restart.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "pkg/engine/event.h"
#include "pkg/engine/notify.h"
#include "pkg/engine/requires.h"
#include "pkg/engine/start.h"
#include "pkg/engine/stop.h"
#include "pkg/util/fd.h"
#include "runtime/monitor/ask.h"

#define MARK "restart"

bool restart_is_marked(int dir_fd)
{
	return faccessat(dir_fd, MARK, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
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

static int stop_for_restart(struct engine *e, struct container *c, int timeout, struct fail *f)
{
	int fd, r;

	if (!c->config.life.rm)
		return engine_stop(e, c, timeout, f);
	fd = fd_open(c->dir_fd, MARK, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(f, -fd, "mark container %.12s (--rm) as one to be kept", c->id);
	fd_close(fd);
	r = engine_stop(e, c, timeout, f);
	if (r < 0)
		restart_unmark(c->dir_fd);
	return r;
}

int engine_restart(struct engine *e, struct container *c, int timeout, struct fail *f)
{
	int r = 0;

	if (container_is_running(c))
		r = stop_for_restart(e, c, timeout, f);
	if (r < 0)
		return r;
	/* Its monitor has ended, and read it; the next end is one for --rm again. */
	restart_unmark(c->dir_fd);
	r = engine_start_again(e, c, false, f);
	if (r < 0)
		return fail_in(f, r, "unable to start container %s", c->id);
	event_container(&e->store, &c->config, "restart");
	return 0;
}
