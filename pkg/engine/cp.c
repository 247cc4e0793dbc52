// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/cp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pkg/engine/cp_path.h"
#include "pkg/engine/inside.h"
#include "pkg/engine/view.h"
#include "pkg/engine/view_far.h"
#include "pkg/util/copy.h"
#include "pkg/util/fd.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "storage/pack.h"

/* One end, as the child sees it. */
struct side {
	const struct cp_end *end;
	struct container ctr;
	struct ctr_view view;
	struct ctr_view *v;	/* NULL: this machine */
};

struct job {
	struct engine *e;
	const struct cp_opts *o;
	struct side from, to;
	struct side *last;	/* opened after the other one, to be closed before it */
	struct far_view far;	/* of TO, where it lives in another user namespace than FROM */
	int out_fd;
};

static void job_done(struct job *j)
{
	/* The views are the child's alone. */
	container_done(&j->from.ctr);
	container_done(&j->to.ctr);
}

/* --- in the child --- */

static int open_side(struct job *j, struct side *s, struct fail *f)
{
	int r = s == &j->to && j->far.sock >= 0 ?
			far_view_open(&j->far, &s->view, f) :
			ctr_view_open(&j->e->store, &s->ctr, CTR_VIEW_MOUNTED, &s->view, f);

	if (r == 0)
		s->v = &s->view;
	return r;
}

/* A stopped container is locked while it is open: two in the order of their ids, one only once. */
static int open_sides(struct job *j, struct fail *f)
{
	bool both = j->from.end->container && j->to.end->container;
	bool same = both && !strcmp(j->from.ctr.id, j->to.ctr.id);
	struct side *first = &j->from, *second = &j->to;
	int r = 0;

	if (both && strcmp(j->from.ctr.id, j->to.ctr.id) > 0) {
		first = &j->to;
		second = &j->from;
	}
	if (first->end->container)
		r = open_side(j, first, f);
	if (r == 0 && same)
		second->v = first->v;
	else if (r == 0 && second->end->container)
		r = open_side(j, second, f);
	j->last = second;
	return r;
}

static void noted(void *ctx, const char *path, const char *what)
{
	inside_warn(ctx, "'%s' %s", path, what);
}

static int how_to_copy(const struct job *j, struct inside *in, struct copy_opts *ret, struct fail *f)
{
	*ret = (struct copy_opts){
		.owner = j->to.v ? COPY_KEEP : COPY_OURS,
		.untrusted = !j->to.v,
		.overwrite = j->o->overwrite,
		.skip_unreadable = j->from.v,
		.note = noted,
		.ctx = in,
	};
	if (!j->to.v || !j->o->archive)
		return 0;
	ret->owner = COPY_GIVEN;
	return cp_container_owner(j->to.v, &j->to.ctr, &ret->uid, &ret->gid, f);
}

/* A folder that wasn't there gets the source's mode, too. */
static int put(const struct cp_source *s, const struct cp_place *p, const struct copy_opts *o, struct fail *f)
{
	if (s->is_folder && p->fd >= 0 && !p->is_folder)
		return refuse(f, ENOTDIR, "destination must be a directory when copying a directory");
	if (!p->is_folder)
		return copy_object(s->fd, p->dir_fd, p->name, o, f);
	if (s->content)
		return copy_contents(s->fd, p->fd, o, f);
	return copy_object(s->fd, p->fd, s->name, o, f);
}

/* A single thing, or what a folder holds, as a tar. */
static int find_and_pack(struct job *j, struct fail *f)
{
	const struct pack_opts o = { .out_fd = j->out_fd };
	struct cp_source s = CP_SOURCE_INIT;
	int r = cp_source_container(j->from.v, &j->from.ctr, j->from.end, &s, f);

	if (r == 0 && s.is_folder && copy_is_kernels(s.fd))
		r = refuse(f, EINVAL, "cannot copy '%.500s': it shows the kernel, no files", j->from.end->path);
	if (r == 0)
		r = s.content ? pack_tree(s.fd, &o, f) : pack_object(s.fd, s.name, &o, f);
	cp_source_done(&s);
	return r;
}

static int find_and_put(struct job *j, struct inside *in, struct fail *f)
{
	struct cp_source s = CP_SOURCE_INIT;
	struct cp_place p = CP_PLACE_INIT;
	struct copy_opts how;
	int r = j->from.v ? cp_source_container(j->from.v, &j->from.ctr, j->from.end, &s, f) :
			    cp_source_host(j->from.end->path, &s, f);

	if (r == 0)
		r = j->to.v ? cp_find_in_container(j->to.v, &j->to.ctr, j->to.end->path, j->to.end->container, &p, f) :
			      cp_place_host(j->to.end->path, &p, f);
	if (r == 0 && !j->to.v)
		r = cp_check_name(&s, j->from.end, &p, f);
	if (r == 0)
		r = how_to_copy(j, in, &how, f);
	if (r == 0)
		r = put(&s, &p, &how, f);
	cp_source_done(&s);
	cp_place_done(&p);
	return r;
}

static int cp_inside(void *ctx, struct inside *in, struct fail *f)
{
	struct job *j = ctx;
	int r = open_sides(j, f);

	if (r == 0)
		r = j->out_fd >= 0 ? find_and_pack(j, f) : find_and_put(j, in, f);
	ctr_view_done(&j->last->view);
	ctr_view_done(&j->from.view);
	ctr_view_done(&j->to.view);
	return r;
}

/* --- here --- */

static int run(struct job *j, struct fail *f)
{
	pid_t own = engine_userns_hint(j->e);
	pid_t from = container_userns_hint(&j->from.ctr, 0), to = container_userns_hint(&j->to.ctr, 0);
	struct fail far = { 0 };
	int r = 0;

	if (far_view_needed(from, to))
		r = far_view_begin(&j->e->store, &j->to.ctr, to, &j->far, f);
	if (r < 0)
		return r;
	r = inside_run(from ? from : to ? to : own, cp_inside, j, j->e->warn, f);
	if (j->far.sock >= 0 && far_view_end(&j->far, j->e->warn, &far) < 0) {
		*f = far;
		r = -f->code;
	}
	return r;
}

int engine_cp(struct engine *e, const struct cp_end *src, const struct cp_end *dst, const struct cp_opts *o,
	      int out_fd, struct fail *f)
{
	struct job j = {
		.e = e, .o = o, .far = FAR_VIEW_INIT, .out_fd = dst->container || strcmp(dst->path, "-") ? -EBADF : out_fd,
		.from = { .end = src, .ctr = CONTAINER_INIT, .view = CTR_VIEW_INIT },
		.to = { .end = dst, .ctr = CONTAINER_INIT, .view = CTR_VIEW_INIT },
	};
	int r = 0;

	if (src->container)
		r = container_open(e, src->container, &j.from.ctr, f);
	if (r == 0 && dst->container)
		r = container_open(e, dst->container, &j.to.ctr, f);
	if (r == 0)
		r = run(&j, f);
	job_done(&j);
	return r;
}
