// SPDX-License-Identifier: Apache-2.0
#include "storage/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/links.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"
#include "pkg/util/xattr.h"
#include "storage/tar_write.h"

enum {
	DEPTH_MAX = 400, CHUNK = 256 * 1024, LINK_MAX = 4096,
};
#define OWNER_ATTR "user.rbox.owner"

struct packer {
	const struct pack_opts *o;
	struct tar_writer w;
	struct links links;
	char *chunk;
	int depth;
	struct fail *f;
};

static int pack_opened(struct packer *p, int fd, int dir_fd, const char *name, bool hidden);

static int failed(struct packer *p, int err, const char *what, const char *name)
{
	return fail(p->f, err, "%s '%.500s'", what, name);
}

/* --- attributes --- */

/* What goes into the tar, and the owner that is written down in an attribute. */
static bool wanted(const char *name)
{
	return xattr_travels(name) || !strcmp(name, OWNER_ATTR);
}

struct attrs {
	struct xattrs all;
	struct tar_attr *v;	/* into ALL */
};

static void attrs_done(struct attrs *a)
{
	xattrs_done(&a->all);
	free(a->v);
}

/* An owner that could not be stored is in an attribute, while the file has the one that stands for it. */
static void true_owner(const char *text, struct tar_item *it)
{
	long long uid, gid;
	char end;

	if ((it->uid == 0 || it->uid == 65534 || it->gid == 0 || it->gid == 65534) &&
	    sscanf(text, "%lld:%lld%c", &uid, &gid, &end) == 2 && uid >= 0 && gid >= 0) {
		it->uid = uid;
		it->gid = gid;
	}
}

static void owner_from(const char *path, const char *attr, struct tar_item *it)
{
	char text[64];
	ssize_t n = getxattr(path, attr, text, sizeof(text) - 1);

	if (n < 0)
		return;
	text[n] = '\0';
	true_owner(text, it);
}

static int read_attrs(struct packer *p, int fd, struct attrs *a, struct tar_item *it)
{
	int r = xattrs_read(fd, wanted, XATTRS_MAX, &a->all);

	if (r == -E2BIG)
		return refuse(p->f, E2BIG, "the extended attributes of '%.500s' are larger than " XATTRS_MAX_TEXT " in all",
			      it->name);
	if (r < 0)
		return failed(p, -r, "read the extended attributes of", it->name);
	a->v = mem_array(a->all.n + 1, sizeof(*a->v));
	for (size_t i = 0; i < a->all.n; i++) {
		const struct xattr *x = &a->all.v[i];

		if (!strcmp(x->name, OWNER_ATTR))
			true_owner(x->value, it);
		else
			a->v[it->n_attrs++] = (struct tar_attr){ x->name, x->value, x->len };
	}
	it->attrs = a->v;
	return 0;
}

/* Of what has no attributes of its own: on the folder. */
static void owner_of_special(int dir_fd, const char *name, struct tar_item *it)
{
	const char *slash = strrchr(name, '/');
	auto_free char *attr = mem_printf(OWNER_ATTR ".%s", slash ? slash + 1 : name);
	char path[FD_PATH_MAX];

	if (dir_fd >= 0 && strlen(attr) < 256)
		owner_from(fd_path(dir_fd, path), attr, it);
}

/* --- one object --- */

static struct tar_item item_of(const char *name, const struct stat *st)
{
	return (struct tar_item){
		.name = name, .mode = st->st_mode & 07777, .uid = st->st_uid, .gid = st->st_gid,
		.mtime = st->st_mtim.tv_sec,
	};
}

static int pack_file(struct packer *p, int fd, const struct stat *st, struct tar_item *it)
{
	auto_fd int in = -EBADF;
	char path[FD_PATH_MAX];
	int r;

	it->type = '0';
	it->size = st->st_size;
	in = fd_open(AT_FDCWD, fd_path(fd, path), O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (in < 0)
		return failed(p, -in, "read", it->name);
	(void)posix_fadvise(in, 0, 0, POSIX_FADV_SEQUENTIAL);
	r = tar_write_item(&p->w, it, p->f);
	for (int64_t left = st->st_size; r == 0 && left > 0;) {
		ssize_t n = io_read(in, p->chunk, left < CHUNK ? (size_t)left : CHUNK);

		if (n < 0)
			return failed(p, (int)-n, "read", it->name);
		if (n == 0)
			break;
		r = tar_write_data(&p->w, p->chunk, (size_t)n, p->f);
		left -= n;
	}
	return r;
}

static int pack_special(struct packer *p, int fd, int dir_fd, const struct stat *st, struct tar_item *it)
{
	char target[LINK_MAX + 1];
	ssize_t n;

	owner_of_special(dir_fd, it->name, it);
	switch (st->st_mode & S_IFMT) {
	case S_IFLNK:
		n = readlinkat(fd, "", target, LINK_MAX);
		if (n < 0)
			return failed(p, errno, "read the link", it->name);
		target[n] = '\0';
		it->link = target;
		it->type = '2';
		it->mode = 0777;
		break;
	case S_IFIFO:
		it->type = '6';
		break;
	case S_IFCHR:
	case S_IFBLK:
		it->type = S_ISCHR(st->st_mode) ? '3' : '4';
		it->dev_major = major(st->st_rdev);
		it->dev_minor = minor(st->st_rdev);
		break;
	default:
		/* A socket means nothing without the process that listens. */
		return 0;
	}
	return tar_write_item(&p->w, it, p->f);
}

static int whiteout(struct packer *p, const char *folder, const char *name)
{
	auto_free char *text = mem_printf("%s%s.wh.%s", folder, *folder ? "/" : "", name);
	struct tar_item it = { .name = text, .type = '0', .mode = 0 };

	return tar_write_item(&p->w, &it, p->f);
}

/* --- folders --- */

static bool is_below(const struct packer *p, const char *path, bool hidden)
{
	struct stat st;
	auto_fd int fd = hidden ? -ENOENT : lower_find(p->o->lower, path, &st);

	return fd >= 0;
}

static int reserved(struct packer *p, const char *name)
{
	(void)refuse(p->f, EINVAL, "'/%.500s' can't be in a layer of an image: there a name that begins with '.wh.' "
		     "says that another file is gone", name);
	fail_hint(p->f, "rename or remove it in the container");
	return -EINVAL;
}

static int pack_child(struct packer *p, int dir_fd, const struct change *c, const char *folder, bool hidden)
{
	auto_free char *name = mem_printf("%s%s%s", folder, *folder ? "/" : "", c->name);
	auto_fd int fd = -EBADF;

	if (c->kind == CHANGE_GONE)
		return is_below(p, name, hidden) ? whiteout(p, folder, c->name) : 0;
	if (p->o->skip && p->o->skip(p->o->ctx, name, &c->st, dir_fd))
		return 0;
	if (p->o->layer && str_starts(c->name, ".wh."))
		return reserved(p, name);
	fd = fd_open(dir_fd, c->name, O_PATH | O_NOFOLLOW, 0);
	if (fd == -ENOENT)
		return 0;
	return fd < 0 ? failed(p, -fd, "open", name) : pack_opened(p, fd, dir_fd, name, hidden);
}

/* HIDDEN: of what is below nothing is seen in here anyway. */
static int pack_content(struct packer *p, int fd, const char *folder, bool hidden)
{
	auto_changes struct changes c = { 0 };
	int r = changes_read(fd, p->o->of, &c);

	if (r < 0)
		return failed(p, -r, "read the folder", *folder ? folder : "/");
	if (p->o->lower && c.opaque && !hidden) {
		/* Said only where there is something to hide: the kernel marks every new folder. */
		if (is_below(p, folder, false))
			r = whiteout(p, folder, ".wh..opq");
		hidden = true;
	}
	for (size_t i = 0; r == 0 && i < c.n; i++)
		r = pack_child(p, fd, &c.v[i], folder, hidden);
	return r;
}

static int pack_folder(struct packer *p, int fd, struct tar_item *it, bool hidden)
{
	int r;

	if (p->depth >= DEPTH_MAX)
		return refuse(p->f, ELOOP, "'%.200s...': folders are nested more than %d deep", it->name, DEPTH_MAX);
	it->type = '5';
	r = tar_write_item(&p->w, it, p->f);
	p->depth++;
	if (r == 0)
		r = pack_content(p, fd, it->name, hidden);
	p->depth--;
	return r;
}

static int pack_opened(struct packer *p, int fd, int dir_fd, const char *name, bool hidden)
{
	__attribute__((cleanup(attrs_done))) struct attrs attrs = { .v = NULL };
	struct tar_item it;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return failed(p, errno, "look at", name);
	it = item_of(name, &st);
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1) {
		it.link = links_met(&p->links, &st, name);
		if (it.link) {
			it.type = '1';
			return tar_write_item(&p->w, &it, p->f);
		}
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return pack_special(p, fd, dir_fd, &st, &it);
	r = read_attrs(p, fd, &attrs, &it);
	if (r < 0)
		return r;
	return S_ISDIR(st.st_mode) ? pack_folder(p, fd, &it, hidden) : pack_file(p, fd, &st, &it);
}

static int pack_root(struct packer *p, int fd)
{
	__attribute__((cleanup(attrs_done))) struct attrs attrs = { .v = NULL };
	struct tar_item it;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return failed(p, errno, "look at", "/");
	it = item_of("./", &st);
	it.type = '5';
	r = read_attrs(p, fd, &attrs, &it);
	return r < 0 ? r : tar_write_item(&p->w, &it, p->f);
}

static void begin(struct packer *p, const struct pack_opts *o, struct fail *f)
{
	*p = (struct packer){ .o = o, .chunk = mem_alloc(CHUNK), .f = f };
	tar_writer_init(&p->w, o->out_fd);
}

static int end(struct packer *p, int r)
{
	if (r == 0)
		r = tar_write_end(&p->w, p->f);
	tar_writer_done(&p->w);
	links_done(&p->links);
	free(p->chunk);
	return r;
}

int pack_tree(int dir_fd, const struct pack_opts *o, struct fail *f)
{
	struct packer p;
	int r = 0;

	begin(&p, o, f);
	if (o->root_entry)
		r = pack_root(&p, dir_fd);
	if (r == 0)
		r = pack_content(&p, dir_fd, "", false);
	return end(&p, r);
}

int pack_object(int fd, const char *name, const struct pack_opts *o, struct fail *f)
{
	struct packer p;
	int r;

	begin(&p, o, f);
	r = pack_opened(&p, fd, -EBADF, name, false);
	return end(&p, r);
}
