// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pkg/engine/cp.h"
#include "pkg/engine/image/serve.h"
#include "pkg/engine/inside.h"
#include "pkg/engine/view.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/spawn.h"
#include "pkg/util/str.h"
#include "storage/unpack/inflate.h"
#include "storage/unpack/tar_put.h"
#include "storage/unpack/wall.h"

/*
 * rbox cp - CONTAINER:FOLDER. Three processes: this one; its child in U, which opens the container's
 * root; and the child of that, which walls itself into the root before it reads the first byte of the tar.
 */
enum { CHUNK = 256 * 1024 };

struct job {
	struct xfer *x;
	struct container ctr;
	int report;	/* a struct outcome comes back here */
};

struct outcome {
	struct put_result put;
	struct fail fail;
};

/* --- behind the wall --- */

struct input {
	struct inflate *z;
	char *buf;
};

static ssize_t from_stdin(void *ctx, void *buf, size_t len, struct fail *f)
{
	ssize_t n = io_read(0, buf, len);
	bool *any = ctx;

	*any |= n > 0;
	return n < 0 ? fail(f, (int)-n, "read stdin") : n;
}

static ssize_t next_chunk(void *ctx, const void **ret, struct fail *f)
{
	struct input *in = ctx;

	*ret = in->buf;
	return inflate_read(in->z, in->buf, CHUNK, f);
}

static int put_walled(const struct put_opts *o, struct put_result *ret, struct fail *f)
{
	bool any = false;
	auto_inflate struct inflate *z = inflate_new(from_stdin, &any);
	auto_free char *buf = mem_alloc(CHUNK);
	struct input in = { z, buf };
	struct tar t;
	int r;

	/* 1: a kernel without Landlock; the calls are walled all the same. */
	r = wall_folders(o->root_fd, NULL, 0, f);
	if (r >= 0)
		r = wall_calls(f);
	if (r < 0)
		return r;
	tar_init(&t, next_chunk, &in);
	r = tar_put(&t, o, ret, f);
	/* Read to the end: who writes must not die of a broken pipe. */
	if (r == 0)
		r = tar_drain(&t, f);
	tar_done(&t);
	/* Whoever should have made the tar has failed: no success, as with podman. */
	if (r == 0 && !any)
		r = refuse(f, EBADMSG, "nothing came");
	return r;
}

/* --- in U --- */

static int put_by_child(const struct put_opts *o, int report, struct fail *f)
{
	pid_t pid = fork();
	struct outcome out = { .put = { 0 } };

	if (pid < 0)
		return fail(f, errno, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (put_walled(o, &out.put, &out.fail) < 0 && !out.fail.code)
			(void)refuse(&out.fail, EIO, "the tar could not be unpacked");
		(void)!io_write_full(report, &out, sizeof(out));
		_exit(0);
	}
	(void)!spawn_wait(pid);
	return 0;
}

static int find(struct job *j, const struct ctr_view *v, struct put_opts *o, char **ret_folder, struct fail *f)
{
	const char *path = xfer_text(j->x, "path"), *shown = xfer_text(j->x, "shown");
	struct cp_place p = CP_PLACE_INIT;
	int r = cp_find_in_container(v, &j->ctr, path ? path : "/", shown ? shown : j->ctr.id, &p, f);

	if (r == 0 && !p.is_folder)
		r = refuse(f, ENOTDIR, "destination must be a directory when copying from stdin");
	if (r == 0 && ctr_view_path(v, p.fd, ret_folder) < 0)
		r = fail(f, ENAMETOOLONG, "find the place of '%s'", path);
	cp_place_done(&p);
	*o = (struct put_opts){ .root_fd = v->view.root_fd, .folder = *ret_folder, .give = xfer_flag(j->x, "archive"),
				.overwrite = xfer_flag(j->x, "overwrite") };
	if (r == 0 && o->give)
		r = cp_container_owner(v, &j->ctr, &o->uid, &o->gid, f);
	return r;
}

static int cp_inside(void *ctx, struct inside *in, struct fail *f)
{
	struct job *j = ctx;
	auto_ctr_view struct ctr_view v = CTR_VIEW_INIT;
	auto_free char *folder = NULL;
	struct put_opts o;
	int r = ctr_view_open(&j->x->store, &j->ctr, CTR_VIEW_MOUNTED, &v, f);

	(void)in;
	if (r == 0)
		r = find(j, &v, &o, &folder, f);
	return r < 0 ? r : put_by_child(&o, j->report, f);
}

/* --- here --- */

static void nobody(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void nobody(const char *fmt, ...)
{
	(void)fmt;
}

static int put_stdin(struct job *j, struct fail *f)
{
	auto_fd int memory = fd_memfd("outcome", 0);
	struct outcome out;
	int r = memory < 0 ? fail(f, -memory, "make a place for the outcome") : 0;

	j->report = memory;
	if (r == 0)
		r = inside_run(container_userns_hint(&j->ctr, xfer_userns_hint(j->x)), cp_inside, j, nobody, f);
	if (r < 0)
		return r;
	if (lseek(memory, 0, SEEK_SET) < 0 || io_read_full(memory, &out, sizeof(out)) != (ssize_t)sizeof(out))
		return refuse(f, ECHILD, "the process that unpacks was killed");
	if (out.fail.code) {
		out.fail.msg[sizeof(out.fail.msg) - 1] = out.fail.hint[sizeof(out.fail.hint) - 1] = '\0';
		*f = out.fail;
		return -f->code;
	}
	if (out.put.devices)
		event_warning(&j->x->events, "%zu devices of the tar are not copied: users can't make devices",
			      out.put.devices);
	if (out.put.owners)
		event_warning(&j->x->events, "%zu entries belong to ids that are not mapped here: they are root's now",
			      out.put.owners);
	return 0;
}

int cp_serve(struct xfer *x, struct fail *f)
{
	struct engine e = { .store = x->store, .warn = nobody };
	struct job j = { .x = x, .ctr = CONTAINER_INIT };
	int r = container_open_id(&e, xfer_text(x, "container"), &j.ctr, f);

	if (r == 0)
		r = put_stdin(&j, f);
	container_done(&j.ctr);
	/* podman's two sentences, which scripts may look for: this one, and that of find(). */
	if (r == -EBADMSG)
		return fail_in(f, r, "source must be a (compressed) tar archive when copying from stdin");
	return r < 0 && !str_ends(f->msg, "from stdin") ? fail_in(f, r, "copy from stdin") : r;
}
