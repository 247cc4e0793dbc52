// SPDX-License-Identifier: Apache-2.0
#include "pkg/util/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/links.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "pkg/util/str.h"
#include "pkg/util/xattr.h"

/* Each level holds three descriptors, of 1,024 at most. */
enum { DEPTH_MAX = 300, PATH_TEXT_MAX = 1 << 20 };

/* Not in every header. */
#ifndef MQUEUE_MAGIC
#define MQUEUE_MAGIC 0x19800202
#endif

struct copier {
	const struct copy_opts *o;
	struct links links;	/* names below TOP */
	int top;		/* the folder copied into */
	struct stat top_st;
	struct str path;	/* of what is being copied, below TOP: for messages and links */
	int depth;
	bool owner_noted;
	struct fail *f;
};

static int copy_entry(struct copier *c, int from_dir, const char *from_name, int to_dir, const char *name);

static int failed(struct copier *c, int err, const char *what)
{
	int r = fail(c->f, err, "%s '%s'", what, str_cstr(&c->path));

	if (err == EROFS)
		fail_hint(c->f, "the file system there is read-only (--read-only, or a volume with :ro): copy to a "
			  "tmpfs or to a volume that is writable");
	return r;
}

static void note(struct copier *c, const char *why)
{
	if (c->o->note)
		c->o->note(c->o->ctx, str_cstr(&c->path), why);
}

static bool same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* --- attributes --- */

static int copy_xattrs(struct copier *c, int from, int to)
{
	auto_xattrs struct xattrs all = { .v = NULL };
	int r = xattrs_read(from, xattr_travels, XATTRS_MAX, &all);

	if (r == -E2BIG)
		return refuse(c->f, E2BIG, "the extended attributes of '%s' are larger than " XATTRS_MAX_TEXT " in all",
			      str_cstr(&c->path));
	if (r < 0)
		return failed(c, -r, "read the extended attributes of");
	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (!c->o->untrusted || strcmp(all.v[i].name, "security.capability") != 0)
			r = xattr_set(to, all.v[i].name, all.v[i].value, all.v[i].len);
	return r < 0 ? failed(c, -r, "set an extended attribute of") : 0;
}

/* The owner of NAME in DIR, or of the folder DIR itself with NAME "". */
static int set_owner(struct copier *c, int dir, const char *name, const struct stat *st)
{
	uid_t uid = c->o->owner == COPY_GIVEN ? c->o->uid : st->st_uid;
	gid_t gid = c->o->owner == COPY_GIVEN ? c->o->gid : st->st_gid;

	if (c->o->owner == COPY_OURS ||
	    fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH)) == 0)
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return failed(c, errno, "give an owner to");
	if (!c->owner_noted)
		note(c, "and maybe others belong to root now: the owner's id is not mapped here");
	c->owner_noted = true;
	return 0;
}

static mode_t mode_of(const struct copier *c, const struct stat *st)
{
	return st->st_mode & (c->o->untrusted && !S_ISDIR(st->st_mode) ? 0777 : 07777);
}

/* What stands at the open file or folder TO, once its content is there. */
static int set_meta(struct copier *c, int from, int to, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int r = set_owner(c, to, "", st);

	/* After the owner, whose change takes the bits and the capabilities away. */
	if (r == 0)
		r = copy_xattrs(c, from, to);
	if (r == 0 && fchmod(to, mode_of(c, st)) < 0)
		r = failed(c, errno, "set the mode of");
	if (r == 0 && futimens(to, times) < 0)
		r = failed(c, errno, "set the time of");
	return r;
}

/* --- what is in the way --- */

enum way { WAY_FREE, WAY_FOLDER, WAY_IN_PLACE };

static int way_folder(struct copier *c, int dir, const char *name, bool folder)
{
	int r;

	if (folder)
		return WAY_FOLDER;
	if (!c->o->overwrite) {
		(void)refuse(c->f, EISDIR, "cannot overwrite folder '%s' with what is none", str_cstr(&c->path));
		fail_hint(c->f, "--overwrite allows it");
		return -EISDIR;
	}
	r = file_remove_tree(dir, name);
	return r < 0 ? failed(c, -r, "remove the folder") : WAY_FREE;
}

/* Makes NAME free in DIR for SRC, or says how it is to be written. */
static int make_way(struct copier *c, int dir, const char *name, const struct stat *src)
{
	bool folder = S_ISDIR(src->st_mode);
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? WAY_FREE : failed(c, errno, "look at");
	if (!folder && same_inode(&st, src))
		return refuse(c->f, EINVAL, "source and destination are the same file: '%s'", str_cstr(&c->path));
	if (S_ISDIR(st.st_mode))
		return way_folder(c, dir, name, folder);
	if (folder && !c->o->overwrite) {
		(void)refuse(c->f, ENOTDIR, "cannot overwrite '%s', which is no folder, with a folder",
			     str_cstr(&c->path));
		fail_hint(c->f, "--overwrite allows it");
		return -ENOTDIR;
	}
	if (unlinkat(dir, name, 0) == 0)
		return WAY_FREE;
	/* A file that is mounted there can't be taken away; it can be written. */
	if (errno == EBUSY && S_ISREG(st.st_mode) && S_ISREG(src->st_mode))
		return WAY_IN_PLACE;
	return failed(c, errno, "replace");
}

/* --- files --- */

/* One stretch of data after another; what lies between is left out. 0; 1: holes can't be told here. */
static int copy_sparse(int in, int out, off_t size)
{
	for (off_t at = 0; at < size;) {
		off_t data = lseek(in, at, SEEK_DATA), hole;
		int r;

		if (data < 0 && errno == ENXIO)
			break;
		if (data < 0)
			return at ? -errno : 1;
		hole = lseek(in, data, SEEK_HOLE);
		if (hole < 0 || lseek(in, data, SEEK_SET) < 0 || lseek(out, data, SEEK_SET) < 0)
			return -errno;
		r = io_copy(in, out, (uint64_t)(hole - data));
		if (r < 0)
			return r;
		at = hole;
	}
	return ftruncate(out, size) < 0 ? -errno : 0;
}

static int copy_data(int in, int out, const struct stat *st)
{
	int r = 1;

	if (st->st_size > 0 && st->st_blocks < st->st_size / 512)
		r = copy_sparse(in, out, st->st_size);
	return r == 1 ? io_copy(in, out, UINT64_MAX) : r;
}

/* Opens the very file an O_PATH descriptor names: no name that could have changed meanwhile is looked up. */
static int reopen(int fd, int flags)
{
	char path[FD_PATH_MAX];

	return fd_open(AT_FDCWD, fd_path(fd, path), flags | O_NOCTTY | O_NONBLOCK, 0);
}

static int open_in_place(int dir, const char *name)
{
	auto_fd int fd = fd_open(dir, name, O_PATH | O_NOFOLLOW, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EBUSY;
	return reopen(fd, O_WRONLY | O_TRUNC);
}

/* 0; 1: it was met under another name, and this one is another link to it. */
static int link_again(struct copier *c, const struct stat *st, int dir, const char *name)
{
	const char *first = links_met(&c->links, st, str_cstr(&c->path));
	auto_fd int fd = -EBADF;
	char path[FD_PATH_MAX];
	struct stat is;

	if (!first)
		return 0;
	/* Found again below the top alone, whatever was put in the way since. */
	fd = path_open_in_root(c->top, first, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0 || fstat(fd, &is) < 0 || !S_ISREG(is.st_mode))
		return 0;
	return linkat(AT_FDCWD, fd_path(fd, path), dir, name, AT_SYMLINK_FOLLOW) < 0 ? 0 : 1;
}

static int write_file(struct copier *c, int from, const struct stat *st, int dir, const char *name,
		      enum way way)
{
	auto_fd int in = reopen(from, O_RDONLY);
	auto_fd int out = -EBADF;
	int r;

	if (in < 0 && c->o->skip_unreadable && (in == -EACCES || in == -EPERM)) {
		note(c, "is not copied: it can't be read");
		return 0;
	}
	if (in < 0)
		return failed(c, -in, "read");
	out = way == WAY_IN_PLACE ? open_in_place(dir, name) :
				    fd_open(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0600);
	if (out < 0)
		return failed(c, -out, "make");
	r = copy_data(in, out, st);
	if (r < 0)
		r = failed(c, -r, "copy");
	/* A file mounted there keeps its owner and mode: it is somebody else's. */
	if (r == 0 && way != WAY_IN_PLACE)
		r = set_meta(c, from, out, st);
	if (r < 0 && way != WAY_IN_PLACE)
		(void)unlinkat(dir, name, 0);
	return r;
}

static int copy_file(struct copier *c, int from, const struct stat *st, int dir, const char *name)
{
	int r = make_way(c, dir, name, st);

	if (r < 0)
		return r;
	if (st->st_nlink > 1 && r == WAY_FREE && link_again(c, st, dir, name))
		return 0;
	return write_file(c, from, st, dir, name, (enum way)r);
}

/* --- links and FIFOs --- */

static int copy_special(struct copier *c, int from, const struct stat *st, int dir, const char *name)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[4097];
	int r = make_way(c, dir, name, st);

	if (r < 0)
		return r;
	if (S_ISLNK(st->st_mode)) {
		ssize_t n = readlinkat(from, "", target, sizeof(target) - 1);

		/* The kernel's own may lead to what is not seen from here. */
		if (n < 0 && errno == ENOENT) {
			note(c, "is not copied: the link can't be read");
			return 0;
		}
		if (n < 0)
			return failed(c, errno, "read the link");
		target[n] = '\0';
		if (symlinkat(target, dir, name) < 0)
			return failed(c, errno, "make the link");
	} else if (mknodat(dir, name, S_IFIFO | mode_of(c, st), 0) < 0) {
		return failed(c, errno, "make the FIFO");
	}
	r = set_owner(c, dir, name, st);
	if (r == 0 && utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(c, errno, "set the time of");
	return r;
}

/* --- folders --- */

bool copy_is_kernels(int fd)
{
	static const unsigned long kinds[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC,
					       CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC,
					       TRACEFS_MAGIC, SECURITYFS_MAGIC, BPF_FS_MAGIC, MQUEUE_MAGIC };
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if ((unsigned long)st.f_type == kinds[i])
			return true;
	return false;
}

static int refuse_kernels(struct copier *c, int from)
{
	if (!copy_is_kernels(from))
		return 0;
	return refuse(c->f, EINVAL, "cannot copy %s%s%s: it shows the kernel, no files", c->path.len ? "'" : "the folder",
		      str_cstr(&c->path), c->path.len ? "'" : "");
}

static int read_folder(struct copier *c, int from, int to)
{
	struct dirent *e;
	DIR *d;
	int r = fd_opendir(reopen(from, O_RDONLY | O_DIRECTORY), &d);

	if ((r == -EACCES || r == -EPERM) && c->o->skip_unreadable) {
		note(c, "is not copied: it can't be read");
		return 0;
	}
	if (r < 0)
		return failed(c, -r, "read the folder");
	while (r == 0) {
		size_t len = c->path.len;

		errno = 0;
		e = readdir(d);
		if (!e) {
			r = errno ? failed(c, errno, "read the folder") : 0;
			break;
		}
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		str_addf(&c->path, "%s%s", len ? "/" : "", e->d_name);
		r = copy_entry(c, from, e->d_name, to, e->d_name);
		/* After a failure it may stay: nobody looks at it any more. */
		if (r == 0) {
			c->path.len = len;
			if (c->path.s)
				c->path.s[len] = '\0';
		}
	}
	closedir(d);
	return r;
}

static int copy_folder(struct copier *c, int from, const struct stat *st, int dir, const char *name)
{
	auto_fd int to = -EBADF;
	bool merged;
	int r;

	if (same_inode(st, &c->top_st))
		return refuse(c->f, EINVAL, "cannot copy '%s' into itself", str_cstr(&c->path));
	if (c->depth >= DEPTH_MAX || str_failed(&c->path))
		return refuse(c->f, ELOOP, "copy '%.200s...': folders are nested more than %d deep",
			      str_cstr(&c->path), DEPTH_MAX);
	r = c->depth ? 0 : refuse_kernels(c, from);
	if (r == 0)
		r = make_way(c, dir, name, st);
	if (r < 0)
		return r;
	merged = r == WAY_FOLDER;
	if (!merged && mkdirat(dir, name, 0700) < 0)
		return failed(c, errno, "make the folder");
	to = fd_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (to < 0)
		return failed(c, -to, "open the folder");
	r = 0;
	c->depth++;
	if (copy_is_kernels(from))
		note(c, "is not copied: it shows the kernel, no files");
	else
		r = read_folder(c, from, to);
	c->depth--;
	if (r == 0)
		r = set_meta(c, from, to, st);
	/* A folder of somebody else's that we may only put things into (/tmp). */
	if (r == -EPERM && merged && c->o->owner == COPY_OURS) {
		fail_clear(c->f);
		r = 0;
	}
	return r;
}

static int copy_opened(struct copier *c, int from, int to_dir, const char *name)
{
	struct stat st;

	if (fstat(from, &st) < 0)
		return failed(c, errno, "look at");
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return copy_folder(c, from, &st, to_dir, name);
	case S_IFREG:
		return copy_file(c, from, &st, to_dir, name);
	case S_IFLNK:
	case S_IFIFO:
		return copy_special(c, from, &st, to_dir, name);
	case S_IFSOCK:
		note(c, "is not copied: it is a socket");
		return 0;
	default:
		note(c, "is not copied: it is a device");
		return 0;
	}
}

static int copy_entry(struct copier *c, int from_dir, const char *from_name, int to_dir, const char *name)
{
	auto_fd int from = fd_open(from_dir, from_name, O_PATH | O_NOFOLLOW, 0);

	/* Gone since the folder was read. */
	if (from == -ENOENT)
		return 0;
	return from < 0 ? failed(c, -from, "open") : copy_opened(c, from, to_dir, name);
}

/*
 * The folder copied into may lie in the one that is copied: said before anything is made. Only looked at, upwards
 * until a root.
 */
static int check_not_within(struct copier *c, const struct stat *from)
{
	auto_fd int at = fd_open(c->top, ".", O_PATH | O_DIRECTORY, 0);
	struct stat st = c->top_st, before = { 0 };

	for (int i = 0; at >= 0 && !same_inode(&st, &before); i++) {
		int up;

		if (i && same_inode(&st, from))
			return refuse(c->f, EINVAL, "cannot copy %s%s%s into itself", c->path.len ? "'" : "the folder",
				      str_cstr(&c->path), c->path.len ? "'" : "");
		up = fd_open(at, "..", O_PATH | O_DIRECTORY, 0);
		fd_close(at);
		at = up;
		before = st;
		if (at >= 0 && fstat(at, &st) < 0)
			break;
	}
	return 0;
}

static int begin(struct copier *c, int from, int to_dir)
{
	struct stat st;

	c->top = to_dir;
	if (fstat(to_dir, &c->top_st) < 0)
		return fail(c->f, errno, "look at the destination");
	if (fstat(from, &st) < 0)
		return fail(c->f, errno, "look at the source");
	return S_ISDIR(st.st_mode) ? check_not_within(c, &st) : 0;
}

static void end(struct copier *c)
{
	links_done(&c->links);
	str_done(&c->path);
}

int copy_object(int from, int to_dir, const char *name, const struct copy_opts *o, struct fail *f)
{
	struct copier c = { .o = o, .path = STR_INIT(PATH_TEXT_MAX), .f = f };
	int r;

	str_add(&c.path, name);
	r = begin(&c, from, to_dir);
	if (r == 0)
		r = copy_opened(&c, from, to_dir, name);
	end(&c);
	return r;
}

int copy_contents(int from, int to_dir, const struct copy_opts *o, struct fail *f)
{
	struct copier c = { .o = o, .path = STR_INIT(PATH_TEXT_MAX), .f = f };
	struct stat st;
	int r = begin(&c, from, to_dir);

	if (r == 0 && fstat(from, &st) < 0)
		r = fail(f, errno, "look at the source");
	if (r == 0 && same_inode(&st, &c.top_st))
		r = refuse(f, EINVAL, "source and destination are the same folder");
	if (r == 0)
		r = refuse_kernels(&c, from);
	c.depth = 1;
	if (r == 0)
		r = read_folder(&c, from, to_dir);
	end(&c);
	return r;
}

int copy_likeness(int from, int to, const struct copy_opts *o, struct fail *f)
{
	struct copier c = { .o = o, .path = STR_INIT(PATH_TEXT_MAX), .f = f };
	struct stat st;
	int r;

	str_add(&c.path, ".");
	r = fstat(from, &st) < 0 ? failed(&c, errno, "look at") : set_meta(&c, from, to, &st);
	end(&c);
	return r;
}
