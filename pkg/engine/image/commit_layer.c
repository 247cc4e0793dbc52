// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/image/commit_layer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pkg/engine/image/gzip.h"
#include "pkg/engine/inside.h"
#include "pkg/engine/view.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "storage/layer.h"
#include "storage/pack.h"
#include "storage/unpack/blob_writer.h"

enum { CHUNK = 256 * 1024, PIPE_SIZE = 1024 * 1024 };

/* --- in the child --- */

struct packing {
	const struct store *store;
	const struct container *ctr;
	bool whole;
	int out, other_end;
};

/*
 * What the engine makes for its own mounts, where the image has no such file: empty, and no
 * change of anybody's.
 */
static bool is_engines(void *ctx, const char *path, const struct stat *st, int dir_fd)
{
	static const char *const files[] = { "etc/hostname", "etc/hosts", "etc/resolv.conf",
					     "run/.containerenv" };
	static const char *const folders[] = { "dev", "proc", "sys", "run/secrets" };
	struct stat below;
	bool ours = false;

	(void)dir_fd;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		ours = ours || (!strcmp(path, files[i]) && S_ISREG(st->st_mode) && st->st_size == 0);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		ours = ours || (!strcmp(path, folders[i]) && S_ISDIR(st->st_mode));
	ours = ours || (!strcmp(path, "etc/mtab") && S_ISLNK(st->st_mode));
	if (!ours)
		return false;
	auto_fd int fd = lower_find(ctx, path, &below);

	return fd < 0;
}

/* The layer says what "/" is like only where the container has changed that. */
static bool root_changed(const struct packing *p, int upper)
{
	struct stat is, was = { .st_mode = S_IFDIR | 0755 };
	struct digest key;
	struct fail ignored = { 0 };

	if (p->ctr->config.root_layer && digest_parse(p->ctr->config.root_layer, &key, &ignored) == 0) {
		auto_fd int fd = layer_open_tree(p->store, &key, &ignored);

		if (fd >= 0)
			(void)!fstat(fd, &was);
	}
	return fstat(upper, &is) == 0 &&
	       (is.st_mode != was.st_mode || is.st_uid != was.st_uid || is.st_gid != was.st_gid);
}

static int pack_changes(const struct packing *p, struct fail *f)
{
	__attribute__((cleanup(lower_done))) struct lower lower = { 0 };
	struct pack_opts o = { .out_fd = p->out, .lower = &lower, .of = ctr_view_upper_of(p->ctr), .layer = true,
			       .skip = is_engines, .ctx = &lower };
	auto_fd int upper = ctr_view_upper(p->ctr, f);
	int r = upper < 0 ? upper : ctr_view_lower(p->store, p->ctr, &lower, f);

	if (r < 0)
		return r;
	o.root_entry = root_changed(p, upper);
	return pack_tree(upper, &o, f);
}

static int pack_whole(const struct packing *p, struct fail *f)
{
	struct pack_opts o = { .out_fd = p->out, .root_entry = true, .layer = true };
	auto_ctr_view struct ctr_view v = CTR_VIEW_INIT;
	int r = ctr_view_open(p->store, p->ctr, CTR_VIEW_BARE, &v, f);

	return r < 0 ? r : pack_tree(v.view.root_fd, &o, f);
}

static int pack_inside(void *ctx, struct inside *in, struct fail *f)
{
	struct packing *p = ctx;

	(void)in;
	/* Held here too, the reader's end would hide its death. */
	fd_close(p->other_end);
	return p->whole ? pack_whole(p, f) : pack_changes(p, f);
}

/* --- here --- */

static int to_blob(void *ctx, const void *data, size_t n, struct fail *f)
{
	return blob_writer_add(ctx, data, n, f);
}

static int take(int in, struct blob_writer *blob, void *hash, struct fail *f)
{
	auto_gzip struct gzip *z = gzip_new(to_blob, blob);
	auto_free char *buf = mem_alloc(CHUNK);
	ssize_t n;

	while ((n = io_read(in, buf, CHUNK)) > 0) {
		int r;

		hash_add(hash, buf, (size_t)n);
		r = gzip_add(z, buf, (size_t)n, f);
		if (r < 0)
			return r;
	}
	return n < 0 ? fail(f, (int)-n, "read the layer's tar") : gzip_end(z, f);
}

static void warn_nobody(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void warn_nobody(const char *fmt, ...)
{
	(void)fmt;
}

static int pack_and_take(struct xfer *x, struct packing *p, struct blob_writer *blob, void *hash, struct fail *f)
{
	struct inside_job job;
	struct fail own = { 0 }, its = { 0 };
	auto_fd int in = -EBADF;
	int ends[2], r = fd_pipe(ends), its_r;

	if (r < 0)
		return fail(f, -r, "make a pipe");
	(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	in = ends[0];
	p->out = ends[1];
	p->other_end = ends[0];
	r = inside_begin(container_userns_hint(p->ctr, xfer_userns_hint(x)), pack_inside, p, &job, f);
	fd_close(ends[1]);
	if (r < 0)
		return r;
	r = take(in, blob, hash, &own);
	in = fd_close(in);
	its_r = inside_end(&job, warn_nobody, &its);
	/* A failure of ours shows there as a broken pipe. */
	if (r < 0 || its_r >= 0) {
		*f = own;
		return r;
	}
	*f = its;
	return its_r;
}

int commit_layer_make(struct xfer *x, const struct container *c, bool whole, struct commit_layer *ret,
		      struct fail *f)
{
	struct packing p = { .store = &x->store, .ctr = c, .whole = whole };
	auto_blob struct blob_writer blob = { .fd = -EBADF };
	void *hash = hash_new("sha256");
	int r = blob_writer_init(&blob, &x->temp, NULL, -1, f);

	if (r == 0)
		r = pack_and_take(x, &p, &blob, hash, f);
	if (r == 0)
		r = blob_writer_commit(&blob, &ret->blob, f);
	if (r == 0) {
		ret->blob_size = blob.written;
		hash_get(hash, "sha256", &ret->diff_id);
	}
	hash_free(hash);
	return r < 0 ? fail_in(f, r, "make a layer of container %.12s", c->id) : 0;
}
