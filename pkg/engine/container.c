// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/container.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "pkg/engine/rename.h"
#include "pkg/engine/summary.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

/* Its name, or where that can't be read either, the beginning of its id. Caller frees. */
static char *name_in_summary(int dir_fd, const char *id)
{
	struct summary s = { 0 };
	struct fail ignored = { 0 };
	char *name = summary_load(dir_fd, &s, &ignored) == 0 && s.name && *s.name ? mem_strdup(s.name) :
										  mem_strndup(id, 12);

	summary_done(&s);
	return name;
}

int container_open_id(struct engine *e, const char *id, struct container *ret, struct fail *f)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	memcpy(ret->id, id, CTR_ID_LEN);
	ret->dir_fd = ctr_open(&e->store, id, f);
	if (ret->dir_fd < 0)
		return ret->dir_fd;
	r = config_load(ret->dir_fd, &ret->config, f);
	if (r == 0)
		r = state_load(ret->dir_fd, &ret->state, f);
	if (r == -ENOENT) {
		/* Removed by somebody else, as a rule. */
		container_done(ret);
		return fail_in(f, r, "container %.12s", id);
	}
	if (r < 0) {
		auto_free char *name = name_in_summary(ret->dir_fd, id);

		container_done(ret);
		fail_hint(f, "rbox rm -f %s", name);
		return fail_in(f, r, "container %.12s", id);
	}
	return 0;
}

int container_open_wreck(struct engine *e, const char *id, struct container *ret, struct fail *f)
{
	int r = container_open_id(e, id, ret, f);

	if (r == 0)
		return 0;
	fail_clear(f);
	ret->dir_fd = ctr_open(&e->store, id, f);
	if (ret->dir_fd < 0)
		return ret->dir_fd;
	ret->wrecked = true;
	ret->config.id = mem_strdup(id);
	ret->config.name = name_in_summary(ret->dir_fd, id);
	ret->config.stop_signal = SIGTERM;
	ret->config.life.stop_timeout = LIFE_TIMEOUT_DEFAULT;
	if (state_load(ret->dir_fd, &ret->state, f) < 0) {
		fail_clear(f);
		state_done(&ret->state);
		ret->state = (struct state){ 0 };
	}
	return 0;
}

int container_find(struct engine *e, const char *text, char ret[CTR_ID_LEN + 1], struct fail *f)
{
	const char *name = ctr_name_typed(text);
	int r = ctr_find(&e->store, text, ret, f);

	/* A second look: it may begin an id. */
	return r == 0 && !str_starts(ret, name) && rename_heal(e, ret, name) ? ctr_find(&e->store, text, ret, f) : r;
}

int container_open(struct engine *e, const char *text, struct container *ret, struct fail *f)
{
	char id[CTR_ID_LEN + 1];
	int r = container_find(e, text, id, f);

	if (r < 0) {
		memset(ret, 0, sizeof(*ret));
		ret->dir_fd = -EBADF;
		return r;
	}
	return container_open_id(e, id, ret, f);
}

void container_done(struct container *c)
{
	c->dir_fd = fd_close(c->dir_fd);
	config_done(&c->config);
	state_done(&c->state);
	memset(&c->state, 0, sizeof(c->state));
}

bool container_is_running(const struct container *c)
{
	return c->state.status == STATUS_RUNNING || c->state.status == STATUS_PAUSED ||
	       c->state.status == STATUS_STOPPING || c->state.status == STATUS_RESTARTING;
}

bool container_is_prepared(const struct container *c)
{
	return c->state.status == STATUS_CREATED;
}

pid_t container_userns_hint(const struct container *c, pid_t otherwise)
{
	bool lives = container_is_running(c) || container_is_prepared(c);

	return lives && c->state.monitor_pid > 1 ? c->state.monitor_pid : otherwise;
}
