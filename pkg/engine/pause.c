// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/pause.h"

#include <errno.h>

#include "pkg/engine/event.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "runtime/cgroup.h"
#include "runtime/cgroup_site.h"

int container_cgroup(const struct container *c)
{
	return c->state.cgroup ? cgroup_open(c->state.cgroup) : -ENOENT;
}

static int no_freezer(const struct container *c, const char *what, struct fail *f)
{
	auto_site struct cgroup_site site = { .rung = CGROUP_NONE };

	cgroup_site_look(NULL, &site);
	if (site.rung == CGROUP_NONE) {
		(void)refuse(f, ENOTSUP, "cannot %s container %s: it needs the freezer of a cgroup of its own, and rbox has "
			     "none to use (%s)", what, c->id, site.why);
		if (site.fix)
			fail_hint(f, "%s", site.fix);
		return -ENOTSUP;
	}
	(void)refuse(f, ENOTSUP, "cannot %s container %s: it needs the freezer of a cgroup of its own, and the container was "
		     "started without one", what, c->id);
	fail_hint(f, "rbox restart %s   # from here: its next start makes one", c->config.name);
	return -ENOTSUP;
}

static int freeze(struct engine *e, struct container *c, bool on, struct fail *f)
{
	auto_fd int fd = container_cgroup(c);
	int r = fd;

	if (fd == -ENOENT)
		return no_freezer(c, on ? "pause" : "unpause", f);
	if (fd < 0)
		return fail(f, -fd, "open the cgroup of container %.12s", c->id);
	r = cgroup_freeze(fd, on, f);
	if (r < 0)
		return fail_in(f, r, "container %.12s", c->id);
	event_container(&e->store, &c->config, on ? "pause" : "unpause");
	return 0;
}

int engine_pause(struct engine *e, struct container *c, struct fail *f)
{
	if (c->state.status == STATUS_PAUSED)
		return refuse(f, EINVAL, "\"%s\" is already paused: container state improper", c->id);
	if (c->state.status != STATUS_RUNNING)
		return refuse(f, EINVAL, "\"%s\" is not running, can't pause: container state improper",
			      status_word((enum status)c->state.status));
	return freeze(e, c, true, f);
}

int engine_unpause(struct engine *e, struct container *c, struct fail *f)
{
	if (c->state.status != STATUS_PAUSED)
		return refuse(f, EINVAL, "\"%s\" is not paused, can't unpause: container state improper", c->id);
	return freeze(e, c, false, f);
}
