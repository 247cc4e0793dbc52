// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/attach.h"

#include <errno.h>

#include "pkg/engine/container.h"
#include "pkg/engine/event.h"
#include "pkg/util/fd.h"
#include "runtime/state.h"

static int connect_running(int dir, const char *id, struct fail *f)
{
	struct state s = { 0 };
	int r = state_load(dir, &s, f);

	if (r < 0)
		return r;
	if (s.status != STATUS_RUNNING && s.status != STATUS_PAUSED && s.status != STATUS_STOPPING)
		r = refuse(f, EINVAL, "you can only attach to running containers");
	else
		r = attach_connect(s.run_dir, id, f);
	state_done(&s);
	return r;
}

int engine_attach(struct engine *e, const char *name, const struct attach_opts *o,
		  struct attach_result *ret, struct fail *f)
{
	auto_config struct container_config c = { 0 };
	auto_fd int dir = -EBADF, sock = -EBADF;
	struct attach_opts with = *o;
	char id[CTR_ID_LEN + 1];
	int r = container_find(e, name, id, f);

	if (r < 0)
		return r;
	dir = ctr_open(&e->store, id, f);
	if (dir < 0)
		return dir;
	r = config_load(dir, &c, f);
	if (r < 0)
		return r;
	sock = connect_running(dir, id, f);
	if (sock < 0)
		return sock;
	event_container(&e->store, &c, "attach");
	with.tty = c.process.tty;
	with.want_stdin = o->want_stdin && c.process.interactive;
	return attach_run(sock, &with, ret, f);
}
