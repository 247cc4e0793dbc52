// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/update.h"

#include <errno.h>
#include <string.h>

#include "pkg/engine/override.h"
#include "pkg/engine/pause.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "runtime/cgroup.h"

/* Those of NEW that differ from OLD. */
static char **changed(char *const *old, char *const *new)
{
	char **v = NULL;

	strv_each(it, new)
		if (!strv_has(old, *it))
			strv_add(&v, *it);
	return v;
}

static int apply(const struct container *c, char *const *old, char *const *new, struct fail *f)
{
	auto_strv char **v = changed(old, new);
	auto_fd int fd = -EBADF;
	struct fail ignored = { 0 };
	int r;

	if (!v)
		return 0;
	fd = container_cgroup(c);
	if (fd == -ENOENT) {
		(void)refuse(f, ENOTSUP, "cannot update container %.12s: it runs without a cgroup of its own", c->id);
		fail_hint(f, "stop it first: its next start makes one");
		return -ENOTSUP;
	}
	if (fd < 0)
		return fail(f, -fd, "open the cgroup of container %.12s", c->id);
	r = cgroup_set(fd, v, f);
	/* Half an update is none. */
	if (r < 0)
		(void)!cgroup_set(fd, old, &ignored);
	return r < 0 ? fail_in(f, r, "container %.12s", c->id) : 0;
}

static int save(const struct container *c, const struct resource_group *g, struct fail *f)
{
	struct override o;
	int r = override_load(c->dir_fd, &o, f);

	if (r < 0)
		return r;
	resource_merge(&o.resources, g);
	r = override_save(c->dir_fd, &o, f);
	override_done(&o);
	return r;
}

/* What holds now: another may have changed, started or ended it since C was read. The caller holds ctr_lock. */
static int reload(struct container *c, struct fail *f)
{
	int r;

	config_done(&c->config);
	state_done(&c->state);
	r = config_load(c->dir_fd, &c->config, f);
	if (r == 0)
		r = state_load(c->dir_fd, &c->state, f);
	return r < 0 ? fail_in(f, r, "container %.12s", c->id) : 0;
}

int engine_update(struct container *c, const struct resource_group *g, struct fail *f)
{
	auto_json json_t *given = jsonf_write(resource_fields, g);
	auto_strv char **old = NULL;
	auto_strv char **new = NULL;
	auto_fd int lock = -EBADF;
	int r = resource_check_known(g, f);

	if (r < 0 || !json_object_size(given))
		return r;
	lock = r = ctr_lock(c->dir_fd, f);
	if (r >= 0)
		r = reload(c, f);
	if (r == 0)
		r = resource_settings(&c->config.resources, false, &old, f);
	if (r < 0)
		return r;
	resource_merge(&c->config.resources, g);
	r = resource_settings(&c->config.resources, false, &new, f);
	if (r == 0 && (container_is_running(c) || container_is_prepared(c)))
		r = apply(c, old, new, f);
	else if (r == 0)
		r = resource_check(g, f);
	return r == 0 ? save(c, g, f) : r;
}
