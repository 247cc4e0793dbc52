// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/prune.h"

#include <errno.h>

#include "pkg/engine/event.h"
#include "pkg/engine/filter.h"
#include "pkg/engine/remove.h"
#include "pkg/engine/select.h"

/* 1: it is gone. 0: it stays, and may. */
static int prune_one(struct engine *e, const char *id, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	int r = container_open_id(e, id, &c, f);

	if (r == 0 && (container_is_running(&c) || c.state.status == STATUS_CREATING ||
		       c.state.status == STATUS_CREATED))
		return 0;
	if (r == 0)
		r = engine_remove(e, &c, false, LIFE_TIMEOUT_UNSET, f);
	/* Somebody removed it, or started it, in between. */
	if (r == -ENOENT || r == -EBUSY) {
		fail_clear(f);
		return 0;
	}
	return r < 0 ? r : 1;
}

/*
 * Over those of S that are left (their id is emptied when they are done with). Whether any was removed. One
 * that others depend on is left for the next round, unless this is the LAST.
 */
static bool prune_round(struct engine *e, struct selection *s, bool last, const struct prune_told *told,
			struct fail *f)
{
	bool any = false;

	for (size_t i = 0; i < s->n; i++) {
		struct selected *one = &s->v[i];
		int r = one->id[0] ? prune_one(e, one->id, f) : 0;

		if (r == -EEXIST && !last) {
			fail_clear(f);
			continue;
		}
		if (r < 0)
			told->trouble(told->ctx, f);
		else if (r > 0)
			told->done(told->ctx, one->id);
		any |= r > 0;
		one->id[0] = '\0';
	}
	return any;
}

int engine_prune(struct engine *e, char **filters, const struct prune_told *told, struct fail *f)
{
	static const char *const keys[] = { "until", "label", "label!", NULL };
	const struct select_opts o = { .all = true, .filters = filters };
	auto_selection struct selection s = { NULL, 0 };
	int r = filter_check(filters, keys, f);

	if (r == 0)
		r = engine_select(e, &o, &(struct select_rule){ 0 }, NULL, &s, f);
	if (r < 0)
		return r;
	while (prune_round(e, &s, false, told, f))
		;
	(void)prune_round(e, &s, true, told, f);
	return 0;
}

int engine_cleanup(struct engine *e, struct container *c, struct fail *f)
{
	if (container_is_running(c) || !state_settle(c->dir_fd))
		return refuse(f, EBUSY, "failed to clean up container %s: container %s is running or paused, refusing to "
			      "clean up: container state improper", c->id, c->id);
	event_container(&e->store, &c->config, "cleanup");
	return 0;
}
