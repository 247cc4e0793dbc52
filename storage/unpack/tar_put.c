// SPDX-License-Identifier: Apache-2.0
#include "storage/unpack/tar_put.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "pkg/util/xattr.h"

enum { TIMES_MAX = 1 << 20 };

struct folder_time {
	char *path;
	struct timespec mtime;
};

struct putter {
	struct tar *t;
	const struct put_opts *o;
	struct put_result *ret;
	struct folder_time *times;	/* set when nothing is put into folders any more */
	size_t n_times;
	struct fail *f;
};

/* One entry on its way. */
struct place {
	const struct tar_entry *e;
	char *path;		/* in the root */
	int dir_fd;
	const char *name;	/* in dir_fd; points into path */
};

static int failed(const struct putter *p, int err, const char *what, const struct place *at)
{
	return fail(p->f, err, "%s '%.500s'", what, at->path);
}

/* The folder of a name in the tar; "" for what means the destination itself. */
static int find_place(const struct putter *p, struct place *at)
{
	/* As if it began at "/": no ".." gets above the destination. */
	auto_free char *rooted = path_join("/", at->e->name);
	auto_free char *clean = path_clean(rooted), *dir = NULL;

	at->path = path_join(p->o->folder, clean + 1);
	at->name = clean[1] ? path_base(at->path) : "";
	if (!*at->name)
		return 0;
	dir = mem_strndup(at->path, (size_t)(at->name - at->path));
	at->dir_fd = path_mkdirs_in_root(p->o->root_fd, dir, 0755);
	return at->dir_fd < 0 ? failed(p, -at->dir_fd, "make the folder of", at) : 0;
}

/* --- attributes --- */

static int set_owner(const struct putter *p, const struct place *at, int fd)
{
	uid_t uid = p->o->give ? p->o->uid : (uid_t)at->e->uid;
	gid_t gid = p->o->give ? p->o->gid : (gid_t)at->e->gid;
	int r = fd >= 0 ? fchown(fd, uid, gid) : fchownat(at->dir_fd, at->name, uid, gid, AT_SYMLINK_NOFOLLOW);

	if (r == 0)
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return failed(p, errno, "give an owner to", at);
	p->ret->owners++;
	return 0;
}

static int set_meta(const struct putter *p, const struct place *at, int fd)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, at->e->mtime };
	int r = set_owner(p, at, fd);

	if (r < 0)
		return r;
	for (size_t i = 0; i < at->e->n_xattrs; i++) {
		const struct tar_xattr *x = &at->e->xattrs[i];

		r = xattr_travels(x->name) ? xattr_set(fd, x->name, x->value, x->len) : 0;
		if (r < 0)
			return failed(p, -r, "set an extended attribute of", at);
	}
	if (fchmod(fd, at->e->mode & 07777) < 0)
		return failed(p, errno, "set the mode of", at);
	return futimens(fd, times) < 0 ? failed(p, errno, "set the time of", at) : 0;
}

/* --- what is in the way --- */

/* 0: the name is free; 1: a folder for a folder; 2: a mounted file, to be written as it stands. */
static int make_way(const struct putter *p, const struct place *at)
{
	bool folder = at->e->type == TAR_DIR;
	struct stat st;
	int r;

	if (fstatat(at->dir_fd, at->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : failed(p, errno, "look at", at);
	if (folder && S_ISDIR(st.st_mode))
		return 1;
	if (folder != S_ISDIR(st.st_mode) && (folder || S_ISDIR(st.st_mode)) && !p->o->overwrite) {
		(void)refuse(p->f, folder ? ENOTDIR : EISDIR, folder ?
			     "cannot overwrite '%s', which is no folder, with a folder" :
			     "cannot overwrite folder '%s' with what is none", at->path);
		fail_hint(p->f, "--overwrite allows it");
		return -p->f->code;
	}
	if (S_ISDIR(st.st_mode)) {
		r = file_remove_tree(at->dir_fd, at->name);
		return r < 0 ? failed(p, -r, "remove the folder", at) : 0;
	}
	if (unlinkat(at->dir_fd, at->name, 0) == 0)
		return 0;
	if (errno == EBUSY && S_ISREG(st.st_mode) && at->e->type == TAR_FILE)
		return 2;
	return failed(p, errno, "replace", at);
}

/* --- by kind --- */

static int write_data(struct putter *p, const struct place *at, int fd)
{
	const void *data;
	int64_t pos;
	ssize_t n;

	while ((n = tar_data(p->t, &data, &pos, p->f)) > 0) {
		int r;

		if (lseek(fd, pos, SEEK_SET) < 0)
			return failed(p, errno, "write", at);
		r = io_write_full(fd, data, (size_t)n);
		if (r < 0)
			return failed(p, -r, "write", at);
	}
	if (n < 0)
		return (int)n;
	return ftruncate(fd, at->e->size) < 0 ? failed(p, errno, "write", at) : 0;
}

static int open_mounted(const struct place *at)
{
	auto_fd int fd = fd_open(at->dir_fd, at->name, O_PATH | O_NOFOLLOW, 0);
	char path[FD_PATH_MAX];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EBUSY;
	return fd_open(AT_FDCWD, fd_path(fd, path), O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY, 0);
}

static int put_file(struct putter *p, const struct place *at)
{
	auto_fd int fd = -EBADF;
	int way = make_way(p, at), r;

	if (way < 0)
		return way;
	fd = way == 2 ? open_mounted(at) :
			fd_open(at->dir_fd, at->name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0600);
	if (fd < 0)
		return failed(p, -fd, "make", at);
	r = write_data(p, at, fd);
	if (r == 0 && way == 0)
		r = set_meta(p, at, fd);
	if (r < 0 && way == 0)
		(void)unlinkat(at->dir_fd, at->name, 0);
	return r;
}

static int put_folder(struct putter *p, const struct place *at)
{
	auto_fd int fd = -EBADF, linked = path_open_in_root(p->o->root_fd, at->path, O_PATH | O_DIRECTORY, 0);
	struct stat st;
	int way, r;

	/* A link to a folder stands for it: /var/run in most images. */
	if (linked >= 0 && fstatat(at->dir_fd, at->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return 0;
	way = make_way(p, at);
	if (way < 0)
		return way;
	if (way == 0 && mkdirat(at->dir_fd, at->name, 0700) < 0)
		return failed(p, errno, "make the folder", at);
	fd = fd_open(at->dir_fd, at->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return failed(p, -fd, "open the folder", at);
	r = set_meta(p, at, fd);
	/* An archive that names folders without end doesn't get our memory: its last ones keep the time of now. */
	if (p->n_times >= TIMES_MAX)
		return r;
	if (!(p->n_times & (p->n_times - 1)))
		p->times = mem_resize(p->times, p->n_times ? p->n_times * 2 : 1, sizeof(*p->times));
	p->times[p->n_times++] = (struct folder_time){ mem_strdup(at->path), at->e->mtime };
	return r;
}

/* To what the tar, or somebody before, has put there: looked up in the root, and no folder. */
static int put_hard_link(struct putter *p, const struct place *at)
{
	auto_free char *rooted = path_join("/", at->e->link), *clean = path_clean(rooted);
	auto_free char *target = path_join(p->o->folder, clean + 1);
	auto_fd int fd = path_open_in_root(p->o->root_fd, target, O_PATH | O_NOFOLLOW, 0);
	struct stat st, there;
	char path[FD_PATH_MAX];
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || S_ISDIR(st.st_mode))
		return refuse(p->f, ENOENT, "'%.300s' is a hard link to '%.300s', which isn't there", at->path, target);
	if (fstatat(at->dir_fd, at->name, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_dev == st.st_dev &&
	    there.st_ino == st.st_ino)
		return 0;
	r = make_way(p, at);
	if (r < 0)
		return r;
	return linkat(AT_FDCWD, fd_path(fd, path), at->dir_fd, at->name, AT_SYMLINK_FOLLOW) < 0 ?
		       failed(p, errno, "make the hard link", at) : 0;
}

static int put_special(struct putter *p, const struct place *at)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, at->e->mtime };
	int r;

	if (at->e->type == TAR_CHAR || at->e->type == TAR_BLOCK) {
		p->ret->devices++;
		return 0;
	}
	r = make_way(p, at);
	if (r < 0)
		return r;
	r = at->e->type == TAR_SYMLINK ? symlinkat(at->e->link, at->dir_fd, at->name) :
					 mknodat(at->dir_fd, at->name, S_IFIFO | (at->e->mode & 0777), 0);
	if (r < 0)
		return failed(p, errno, "make", at);
	r = set_owner(p, at, -EBADF);
	if (r == 0 && utimensat(at->dir_fd, at->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		r = failed(p, errno, "set the time of", at);
	return r;
}

static int put_entry(struct putter *p, const struct tar_entry *e)
{
	struct place at = { .e = e, .dir_fd = -EBADF };
	int r = find_place(p, &at);

	/* The destination itself is there and stays as it is. */
	if (r == 0 && *at.name) {
		switch (e->type) {
		case TAR_FILE:
			r = put_file(p, &at);
			break;
		case TAR_DIR:
			r = put_folder(p, &at);
			break;
		case TAR_LINK:
			r = put_hard_link(p, &at);
			break;
		default:
			r = put_special(p, &at);
		}
	}
	fd_close(at.dir_fd);
	free(at.path);
	return r;
}

/* Best effort: what stands there by now may be another thing. */
static void set_times(struct putter *p)
{
	for (size_t i = p->n_times; i-- > 0;) {
		struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, p->times[i].mtime };
		auto_fd int fd = path_open_in_root(p->o->root_fd, p->times[i].path,
						   O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

		if (fd >= 0)
			(void)!futimens(fd, times);
		free(p->times[i].path);
	}
	free(p->times);
}

int tar_put(struct tar *t, const struct put_opts *o, struct put_result *ret, struct fail *f)
{
	struct putter p = { .t = t, .o = o, .ret = ret, .f = f };
	struct tar_entry *e;
	int r;

	*ret = (struct put_result){ 0 };
	while ((r = tar_next(t, &e, f)) > 0) {
		r = put_entry(&p, e);
		if (r < 0)
			break;
	}
	set_times(&p);
	return r;
}
