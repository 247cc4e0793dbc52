// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pkg/engine/event.h"
#include "pkg/engine/requires.h"
#include "pkg/engine/stop.h"
#include "pkg/engine/volumes.h"
#include "pkg/util/fd.h"
#include "runtime/cgroup.h"
#include "runtime/monitor/ask.h"
#include "runtime/state.h"
#include "storage/volume.h"

enum { REMOVE_TRIES = 5, WRECK_WAIT_MS = 10000 };

static int refuse_running(const struct container *c, struct fail *f)
{
	(void)refuse(f, EBUSY, "cannot remove container %s as it is %s - running or paused containers cannot be "
		     "removed without force: container state improper", c->id,
		     status_word((enum status)c->state.status));
	fail_hint(f, "rbox rm -f %s", c->config.name);
	f->status = 2;
	return -EBUSY;
}

/* Under its lock; also what somebody else wanted who was killed before the removal. */
static void mark_volumes(const struct container *c)
{
	if (c->with_volumes)
		fd_close(fd_open(c->dir_fd, CTR_DROP, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600));
	else
		(void)unlinkat(c->dir_fd, CTR_DROP, 0);
}

/* Nobody can say which process it is: its monitor, which knows without the file, ends it. */
static int end_unknown(struct engine *e, struct container *c, struct fail *f)
{
	struct state s = { 0 };
	struct fail ignored = { 0 };
	int r = state_load(c->dir_fd, &s, &ignored);

	state_done(&s);
	if (r == 0)
		return 0;
	if (ctr_is_running(c->dir_fd)) {
		stop_mark(c);
		ask_stop(e->run_dir, c->id, 0);
		r = stop_await(c, WRECK_WAIT_MS, f);
		if (r < 0)
			return r;
	}
	(void)unlinkat(c->dir_fd, "state.json", 0);
	return 0;
}

/* -EAGAIN, without a failure recorded: it runs after all (a start was under way, or came between). */
static int try_remove(struct engine *e, struct container *c, bool force, int timeout, struct fail *f)
{
	auto_fd int lock = -EBADF;
	int r;

	if (force || !container_is_running(c)) {
		r = requires_check_free(e, c, f);
		if (r < 0)
			return r;
	}
	if (c->wrecked) {
		r = end_unknown(e, c, f);
		if (r < 0)
			return r;
	}
	if (container_is_running(c) || container_is_prepared(c)) {
		r = force || container_is_prepared(c) ? engine_stop(e, c, timeout, f) : refuse_running(c, f);
		if (r < 0)
			return r;
	}
	lock = ctr_lock(c->dir_fd, f);
	if (lock < 0)
		return lock;
	/* A monitor that only clears up is waited for. */
	if (!state_settle(c->dir_fd))
		return -EAGAIN;
	/* Of a monitor that was killed in another login, whose runtime folder has gone. */
	if (c->state.cgroup)
		(void)cgroup_remove(c->state.cgroup);
	mark_volumes(c);
	r = ctr_remove(&e->store, c->id, c->config.name, f);
	if (r == 0)
		event_container(&e->store, &c->config, "remove");
	if (r == 0 && (c->config.life.rm || c->with_volumes))
		volumes_drop_anonymous(&e->store, &c->config);
	if (r == 0 && c->wrecked)
		e->warn("container %.12s: its config.json could not be read: anonymous volumes of its own, if it had any, "
			"stay (rbox volume prune)", c->id);
	return r;
}

int engine_remove(struct engine *e, struct container *c, bool force, int timeout, struct fail *f)
{
	int r = -EAGAIN;

	for (int i = 0; i < REMOVE_TRIES && r == -EAGAIN; i++) {
		r = try_remove(e, c, force, timeout, f);
		if (r != -EAGAIN || f->code)
			break;
		state_done(&c->state);
		c->state = (struct state){ 0 };
		if (state_load(c->dir_fd, &c->state, f) < 0)
			return -f->code;
	}
	if (r == -EAGAIN && !f->code)
		return refuse(f, EBUSY, "container %.12s is started again and again", c->id);
	/* --rm's own monitor may have been quicker. */
	if (r == -ENOENT) {
		fail_clear(f);
		r = 0;
	}
	return r;
}

int remove_by_name(struct engine *e, const char *name, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	int r = container_open(e, name, &c, f);

	if (r == -ENOENT || (r == 0 && strcmp(c.config.name, name))) {
		fail_clear(f);
		return 0;
	}
	if (r < 0)
		return r;
	return engine_remove(e, &c, true, LIFE_TIMEOUT_UNSET, f);
}
