// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/export.h"

#include "pkg/engine/event.h"
#include "pkg/engine/inside.h"
#include "pkg/engine/view.h"
#include "storage/pack.h"

struct job {
	struct engine *e;
	struct container ctr;
	int out_fd;
};

static int export_inside(void *ctx, struct inside *in, struct fail *f)
{
	const struct job *j = ctx;
	struct pack_opts o = { .out_fd = j->out_fd, .root_entry = true };
	auto_ctr_view struct ctr_view v = CTR_VIEW_INIT;
	int r = ctr_view_open(&j->e->store, &j->ctr, CTR_VIEW_BARE, &v, f);

	(void)in;
	return r < 0 ? r : pack_tree(v.view.root_fd, &o, f);
}

int engine_export(struct engine *e, const char *text, int out_fd, struct fail *f)
{
	struct job j = { .e = e, .ctr = CONTAINER_INIT, .out_fd = out_fd };
	int r = container_open(e, text, &j.ctr, f);

	if (r == 0)
		r = inside_run(container_userns_hint(&j.ctr, engine_userns_hint(e)), export_inside, &j, e->warn, f);
	if (r == 0)
		event_container(&e->store, &j.ctr.config, "export");
	container_done(&j.ctr);
	return r;
}
