// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/diff.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pkg/engine/inside.h"
#include "pkg/engine/view.h"
#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "storage/changes.h"
#include "storage/image.h"
#include "storage/layer.h"

enum { DEPTH_MAX = 400, LIST_MAX = 1 << 30 };

/* What every container gets, and no change of anybody's (libpod's list). */
static const char *const own[] = {
	"/dev", "/etc/hostname", "/etc/hosts", "/etc/mtab", "/etc/resolv.conf", "/proc", "/run",
	"/run/.containerenv", "/run/notify", "/run/secrets", "/sys",
};

struct differ {
	const struct lower *lower;
	enum changes_of of;
	struct str out;		/* "A/path\0C/path\0" */
	struct fail *f;
};

/* A folder on the way down. */
struct level {
	struct level *up;
	const char *path;	/* "" is the root */
	bool told;		/* it stands in the list, or need not */
	bool hidden;		/* nothing below is seen in here */
	int depth;
};

static void tell(struct differ *d, char kind, const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (!strcmp(own[i], path))
			return;
	str_addc(&d->out, kind);
	str_addn(&d->out, path, strlen(path) + 1);
}

/* The parents of what was added or is gone are changed, whatever they look like. */
static void tell_parents(struct differ *d, struct level *l)
{
	if (!l->up || l->told)
		return;
	tell_parents(d, l->up);
	l->told = true;
	tell(d, 'C', l->path);
}

static bool same_folder(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int walk(struct differ *d, int dir_fd, struct level *l);

static int enter(struct differ *d, int dir_fd, const char *name, struct level *l)
{
	auto_fd int fd = fd_open(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd < 0)
		return fail(d->f, -fd, "open '%s'", l->path);
	return walk(d, fd, l);
}

/* An entry of the upper layer: what is it to the layers below? */
static int entry(struct differ *d, int dir_fd, const struct change *c, const char *path, struct level *up)
{
	struct level here = { .up = up, .path = path, .told = true, .hidden = true, .depth = up->depth + 1 };
	bool folder = S_ISDIR(c->st.st_mode);
	struct stat below;
	auto_fd int low = up->hidden ? -ENOENT : lower_find(d->lower, path + 1, &below);
	bool opaque = false;

	if (low < 0 && low != -ENOENT && low != -ENOTDIR)
		return fail(d->f, -low, "look for '%s' in the image", path);
	if (folder && low >= 0) {
		auto_fd int fd = fd_open(dir_fd, c->name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);

		opaque = fd >= 0 && change_is_opaque(fd, d->of);
	}
	if (low < 0) {
		tell_parents(d, up);
		tell(d, 'A', path);
	} else if (opaque) {
		tell_parents(d, up);
		tell(d, 'D', path);
	} else {
		here.hidden = !S_ISDIR(below.st_mode);
		here.told = !folder || here.hidden || !same_folder(&c->st, &below);
		if (here.told)
			tell(d, 'C', path);
	}
	return folder ? enter(d, dir_fd, c->name, &here) : 0;
}

static int walk(struct differ *d, int dir_fd, struct level *l)
{
	auto_changes struct changes c = { 0 };
	int r = changes_read(dir_fd, d->of, &c);

	if (r < 0)
		return fail(d->f, -r, "read '%s'", *l->path ? l->path : "/");
	if (l->depth > DEPTH_MAX)
		return refuse(d->f, ELOOP, "folders are nested more than %d deep", DEPTH_MAX);
	l->hidden = l->hidden || c.opaque;
	for (size_t i = 0; r == 0 && i < c.n; i++) {
		auto_free char *path = mem_printf("%s/%s", l->path, c.v[i].name);

		if (c.v[i].kind == CHANGE_ENTRY) {
			r = entry(d, dir_fd, &c.v[i], path, l);
			continue;
		}
		tell_parents(d, l);
		tell(d, 'D', path);
	}
	return r;
}

/* --- whose --- */

struct job {
	struct engine *e;
	const struct container *ctr;	/* NULL: IMAGE */
	const struct image *image;
	int out;
};

static int open_layers(const struct job *j, struct lower *lower, struct fail *f)
{
	const struct image *i = j->image;
	int fd;

	if (j->ctr) {
		fd = ctr_view_lower(&j->e->store, j->ctr, lower, f);
		return fd < 0 ? fd : ctr_view_upper(j->ctr, f);
	}
	lower->fds = mem_array(i->n_layers + 1, sizeof(int));
	for (size_t n = i->n_layers; n-- > 1;) {
		fd = layer_open_tree(&j->e->store, &i->layers[n - 1].key, f);
		if (fd < 0)
			return fd;
		lower->fds[lower->n++] = fd;
	}
	return i->n_layers ? layer_open_tree(&j->e->store, &i->layers[i->n_layers - 1].key, f) :
			     refuse(f, ENOENT, "the image has no layers");
}

static int diff_inside(void *ctx, struct inside *in, struct fail *f)
{
	const struct job *j = ctx;
	__attribute__((cleanup(lower_done))) struct lower lower = { 0 };
	auto_fd int top = open_layers(j, &lower, f);
	struct differ d = { .lower = &lower, .of = CHANGES_KERNEL, .out = STR_INIT(LIST_MAX), .f = f };
	struct level root = { .path = "", .told = true };
	int r = top;

	(void)in;
	if (j->ctr)
		d.of = ctr_view_upper_of(j->ctr);
	if (r >= 0)
		r = walk(&d, top, &root);
	if (r == 0 && str_failed(&d.out))
		r = refuse(f, E2BIG, "the list of changes is longer than %d bytes", LIST_MAX);
	if (r == 0)
		r = io_write_full(j->out, str_cstr(&d.out), d.out.len);
	if (r < 0 && !f->code)
		r = fail(f, -r, "write the list of changes");
	str_done(&d.out);
	return r;
}

static int read_list(int fd, char ***ret)
{
	auto_str struct str s = STR_INIT(LIST_MAX);
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : io_read_all(fd, &s);
	size_t n = 0, i = 0;

	for (size_t k = 0; k < s.len; k++)
		n += !s.s[k];
	/* Not by strv_add, which counts all there are. */
	*ret = mem_array(n + 1, sizeof(**ret));
	for (size_t at = 0; r == 0 && i < n; at += strlen(s.s + at) + 1)
		(*ret)[i++] = mem_strdup(s.s + at);
	return r;
}

static int run(struct job *j, char ***ret, struct fail *f)
{
	auto_fd int out = fd_memfd("changes", 0);
	int r = out;

	j->out = out;
	if (r >= 0)
		r = inside_run(engine_userns_hint(j->e), diff_inside, j, j->e->warn, f);
	if (r >= 0)
		r = read_list(out, ret);
	return r < 0 && !f->code ? fail(f, -r, "list the changes") : r;
}

int engine_diff(struct engine *e, const char *text, enum diff_what what, char ***ret, struct fail *f)
{
	auto_container struct container c = CONTAINER_INIT;
	auto_image struct image image = { 0 };
	struct job j = { .e = e, .ctr = &c };
	struct digest id;
	int r = what == DIFF_IMAGE ? -ENOENT : container_open(e, text, &c, f);

	if (r == 0)
		return run(&j, ret, f);
	if (r != -ENOENT || what == DIFF_CONTAINER)
		return r;
	fail_clear(f);
	r = image_find(&e->store, text, &id, NULL, f);
	if (r == -ENOENT && what == DIFF_ANY) {
		fail_clear(f);
		return refuse(f, ENOENT, "%.300s not found: no such container or image", text);
	}
	if (r == 0)
		r = image_load(&e->store, &id, &image, f);
	j.ctr = NULL;
	j.image = &image;
	return r < 0 ? r : run(&j, ret, f);
}
