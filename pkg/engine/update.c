// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/update.h"

#include <errno.h>
#include <string.h>

#include "pkg/engine/override.h"
#include "pkg/engine/pause.h"
#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "runtime/cgroup.h"

/* What takes V back: as it is before V is written. NULL: nothing. Caller frees. */
static char **undo_of(int fd, char *const *v)
{
	auto_strv char **now = NULL;

	strv_each(it, v) {
		auto_free char *file = mem_strndup(*it, strcspn(*it, "="));
		auto_str struct str text = STR_INIT(64 * 1024);

		/* What isn't there won't be written either. */
		if (file_read(fd, file, &text) < 0)
			continue;
		while (text.len && text.s[text.len - 1] == '\n')
			text.s[--text.len] = 0;
		strv_addf(&now, "%s=%s", file, str_cstr(&text));
	}
	return resource_changes(v, now);
}

/* Half an update is none. One that can't be taken back doesn't keep the others. */
static void undo(int fd, char *const *v)
{
	strv_each(it, v) {
		char *one[] = { *it, NULL };
		struct fail ignored = { 0 };

		(void)!cgroup_set(fd, one, &ignored);
	}
}

/* Gives what would take it back (RET_FD, RET_UNDO). */
static int apply(const struct container *c, char *const *v, int *ret_fd, char ***ret_undo, struct fail *f)
{
	int r;

	if (!v)
		return 0;
	*ret_fd = container_cgroup(c);
	if (*ret_fd == -ENOENT) {
		(void)refuse(f, ENOTSUP, "cannot update container %.12s: it runs without a cgroup of its own", c->id);
		fail_hint(f, "stop it first: its next start makes one");
		return -ENOTSUP;
	}
	if (*ret_fd < 0)
		return fail(f, -*ret_fd, "open the cgroup of container %.12s", c->id);
	*ret_undo = undo_of(*ret_fd, v);
	r = cgroup_set(*ret_fd, v, f);
	if (r < 0)
		undo(*ret_fd, *ret_undo);
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

/* Where its cgroup is, and what is written into files of it that rbox has no word for, is settled when it is made. */
static int check_fixed(const struct resource_group *g, struct fail *f)
{
	const char *given = g->cgroup_conf ? "--cgroup-conf" : g->cgroup_parent ? "--cgroup-parent" :
			    g->cgroups ? "--cgroups" : NULL;

	return given ? refuse(f, ENOTSUP, "%s can't be changed: it is given when a container is made", given) : 0;
}

int engine_update(struct container *c, const struct resource_group *g, struct fail *f)
{
	auto_json json_t *given = jsonf_write(resource_fields, g);
	auto_strv char **old = NULL;
	auto_strv char **new = NULL;
	auto_strv char **v = NULL;
	auto_strv char **back = NULL;
	auto_fd int lock = -EBADF;
	auto_fd int fd = -EBADF;
	int r = check_fixed(g, f);

	if (r == 0)
		r = resource_check_known(g, f);
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
	v = resource_changes(old, new);
	if (r == 0 && (container_is_running(c) || container_is_prepared(c)))
		r = apply(c, v, &fd, &back, f);
	else if (r == 0)
		r = resource_check(g, f);
	if (r < 0)
		return r;
	r = save(c, g, f);
	if (r < 0)
		undo(fd, back);
	return r;
}
