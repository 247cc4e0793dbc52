// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/pause.h"

#include <errno.h>

#include "runtime/host_check.h"

static int no_freezer(const struct container *c, const char *what, struct fail *f)
{
	auto_host struct host_report host = { 0 };

	host_check_cgroup(&host);
	(void)refuse(f, ENOTSUP, "cannot %s container %s: it needs the freezer of a cgroup of its own, and rbox has "
		     "none to use (%s)", what, c->id, host.n ? host.v[0].found : "no cgroup");
	if (host.n && host.v[0].fix)
		fail_hint(f, "%s", host.v[0].fix);
	else
		fail_hint(f, "rbox stop %s: this version of rbox makes no cgroups yet", c->config.name);
	return -ENOTSUP;
}

int engine_pause(struct engine *e, struct container *c, struct fail *f)
{
	(void)e;
	if (c->state.status == STATUS_PAUSED)
		return refuse(f, EINVAL, "\"%s\" is already paused: container state improper", c->id);
	if (c->state.status != STATUS_RUNNING)
		return refuse(f, EINVAL, "\"%s\" is not running, can't pause: container state improper",
			      status_word((enum status)c->state.status));
	return no_freezer(c, "pause", f);
}

int engine_unpause(struct engine *e, struct container *c, struct fail *f)
{
	(void)e;
	if (c->state.status != STATUS_PAUSED)
		return refuse(f, EINVAL, "\"%s\" is not paused, can't unpause: container state improper", c->id);
	return no_freezer(c, "unpause", f);
}
