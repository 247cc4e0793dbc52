// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/policy.h"

#include <errno.h>

#include "pkg/engine/event.h"
#include "pkg/engine/override.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "runtime/monitor/ask.h"
#include "runtime/monitor/restart.h"

int policy_check(const struct container *c, const char *text, struct fail *f)
{
	struct restart_policy want, has;
	struct fail ignored = { 0 };
	int r = restart_parse(text, &want, f);

	if (r < 0)
		return r;
	(void)!restart_parse(c->config.life.restart, &has, &ignored);
	if (c->config.life.rm && want.kind != RESTART_NO && (has.kind == RESTART_NO || want.kind != RESTART_ON_FAILURE))
		return refuse(f, EINVAL, "the --rm option conflicts with --restart, when the restartPolicy is not "
			      "\"\" and \"no\"");
	return 0;
}

int policy_set(struct engine *e, struct container *c, const char *text, struct fail *f)
{
	auto_fd int lock = ctr_lock(c->dir_fd, f);
	struct override o;
	int r;

	if (lock < 0)
		return lock;
	r = override_load(c->dir_fd, &o, f);
	if (r < 0)
		return r;
	/* "" is "no", and must not be "as it was made". */
	mem_replace(&o.restart, mem_strdup(*text ? text : restart_names[RESTART_NO]));
	r = override_save(c->dir_fd, &o, f);
	if (r == 0)
		mem_replace(&c->config.life.restart, mem_take(&o.restart));
	override_done(&o);
	if (r < 0)
		return r;
	if (container_is_running(c))
		ask_look(c->state.run_dir, c->id);
	event_container(&e->store, &c->config, "update");
	return 0;
}
