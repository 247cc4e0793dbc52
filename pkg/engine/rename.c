// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/rename.h"

#include <errno.h>

#include "pkg/engine/event.h"
#include "pkg/engine/override.h"
#include "pkg/engine/summary.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

static int take(struct engine *e, const struct container *c, const char *to, struct fail *f)
{
	char holder[CTR_ID_LEN + 1];
	int r = ctr_rename(&e->store, c->id, NULL, to, f);

	if (r != -EEXIST)
		return r;
	fail_clear(f);
	r = container_find(e, to, holder, f);
	fail_clear(f);
	/* Taken by a rename that was killed: ours already, or its holder's no more. */
	if (r == 0 && str_eq(holder, c->id))
		return 0;
	if (r == -ENOENT)
		return ctr_rename(&e->store, c->id, NULL, to, f);
	return refuse(f, EEXIST, "renaming container %s: name %s already in use, cannot rename container %s: "
		      "container already exists", c->id, to, c->id);
}

static int write_name(const struct container *c, const char *to, struct fail *f)
{
	struct override o;
	int r = override_load(c->dir_fd, &o, f);

	if (r < 0)
		return r;
	mem_replace(&o.name, mem_strdup(to));
	r = override_save(c->dir_fd, &o, f);
	override_done(&o);
	return r == 0 ? summary_rename(c->dir_fd, to, f) : r;
}

int engine_rename(struct engine *e, struct container *c, const char *text, struct fail *f)
{
	const char *to = ctr_name_typed(text);
	auto_free char *from = NULL;
	auto_fd int lock = ctr_lock(c->dir_fd, f);
	struct override now;
	struct fail ignored = { 0 };
	int r;

	if (lock < 0)
		return lock;
	/* Under the lock: somebody may have renamed it since it was read. */
	r = override_load(c->dir_fd, &now, f);
	if (r < 0)
		return r;
	from = mem_strdup(now.name ? now.name : c->config.name);
	override_done(&now);
	if (str_eq(from, to))
		return 0;
	r = take(e, c, to, f);
	if (r < 0)
		return r;
	r = write_name(c, to, f);
	if (r < 0) {
		(void)!ctr_rename(&e->store, c->id, to, NULL, &ignored);
		return r;
	}
	mem_replace(&c->config.name, mem_strdup(to));
	r = ctr_rename(&e->store, c->id, from, NULL, f);
	if (r == 0)
		event_container(&e->store, &c->config, "rename");
	return r;
}
