// SPDX-License-Identifier: Apache-2.0
#include "storage/unpack/tar_apply.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "storage/unpack/tree.h"

#define WHITEOUT ".wh."
#define WHITEOUT_META ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"
#define OWNER_ATTR "user.rbox.owner"

enum { NOBODY = 65534 };
static const int64_t DISK_CHECK = INT64_C(64) << 20, DISK_RESERVE = INT64_C(1) << 30;

struct apply {
	const struct apply_opts *o;
	struct apply_result *ret;
	struct tar *tar;
	struct tree tree;
	bool single;		/* one id only: owners are kept in attributes, without a word each */
	bool opaque_root;
	uint32_t nobody_uid, nobody_gid;
	int64_t disk_checked;
	int64_t owners_kept;
	size_t n_whiteouts;	/* of ret->whiteouts */
	/* The entry at hand. */
	struct tar_entry *e;
	int at;			/* its folder */
	char *name;		/* in it */
};

void apply_result_done(struct apply_result *r)
{
	strv_free(r->changed);
	strv_free(r->whiteouts);
	free(r->depends);
	memset(r, 0, sizeof(*r));
}

int id_ranges_load(const char *proc_file, struct id_ranges *ret, struct fail *f)
{
	auto_str struct str text = STR_INIT(64 * 1024);
	auto_strv char **lines = NULL;
	int r = file_read(AT_FDCWD, proc_file, &text);

	if (r < 0)
		return fail(f, -r, "read %s", proc_file);
	lines = strv_split(str_cstr(&text), "\n", true);
	ret->n = 0;
	strv_each(it, lines) {
		auto_strv char **v = strv_split(*it, " \t", true);
		struct id_range *range = &ret->v[ret->n];

		if (ret->n == APPLY_RANGES_MAX || strv_len(v) != 3 || str_to_i64(v[0], &range->first) < 0 ||
		    str_to_i64(v[2], &range->count) < 0)
			return refuse(f, EBADMSG, "%s makes no sense", proc_file);
		ret->n++;
	}
	return 0;
}

static bool mapped(const struct id_ranges *r, int64_t id)
{
	for (size_t i = 0; i < r->n; i++)
		if (id >= r->v[i].first && id - r->v[i].first < r->v[i].count)
			return true;
	return false;
}

static void changed(struct apply *a, const char *what, const char *name)
{
	auto_str struct str s = STR_INIT(2048);
	auto_free char *cut = mem_strndup(name, 300);

	if (a->ret->n_changed++ >= APPLY_CHANGED_MAX)
		return;
	str_add(&s, "'");
	str_add_escaped(&s, cut);
	str_addf(&s, "': %s", what);
	strv_add(&a->ret->changed, str_cstr(&s));
}

/* "/proc/self/fd/N/NAME": for the attributes of links and special files, which can't be opened. */
static char *proc_path(int dir_fd, const char *name)
{
	return mem_printf("/proc/self/fd/%d/%s", dir_fd, name);
}

/* The owner as the tar has it, where it can't be stored: on the object, or on its folder. */
static void keep_owner(struct apply *a)
{
	auto_free char *path = NULL, *attr = NULL;
	auto_free char *value = mem_printf("%" PRId64 ":%" PRId64, a->e->uid, a->e->gid);
	bool own = a->e->type == TAR_FILE || a->e->type == TAR_DIR;

	path = own ? proc_path(a->at, a->name) : proc_path(a->at, ".");
	attr = own ? mem_strdup(OWNER_ATTR) : mem_printf(OWNER_ATTR ".%s", a->name);
	a->owners_kept++;
	if (lsetxattr(path, attr, value, strlen(value), 0) < 0)
		changed(a, "its owner could not be kept in an attribute", a->e->name);
	if (!a->single) {
		auto_free char *what = mem_printf("owner %s is outside the ids of this user, kept as an attribute",
						  value);

		changed(a, what, a->e->name);
	}
}

/* Whom the kernel is told: the owner of the tar, or who stands in for it. True when kept aside. */
static bool owner_of(const struct apply *a, uid_t *uid, gid_t *gid)
{
	bool u = mapped(&a->o->uids, a->e->uid), g = mapped(&a->o->gids, a->e->gid);

	*uid = u ? (uid_t)a->e->uid : a->nobody_uid;
	*gid = g ? (gid_t)a->e->gid : a->nobody_gid;
	return !u || !g;
}

static bool attr_is_ours(const char *name)
{
	return str_starts(name, "user.overlay.") || str_starts(name, "trusted.overlay.") ||
	       str_starts(name, "user.fuseoverlayfs.") || str_starts(name, "user.rbox.");
}

static void set_attrs(struct apply *a)
{
	auto_free char *path = NULL;

	for (size_t i = 0; i < a->e->n_xattrs; i++) {
		const struct tar_xattr *x = &a->e->xattrs[i];

		if (attr_is_ours(x->name))
			continue;
		if (!path)
			path = proc_path(a->at, a->name);
		if (lsetxattr(path, x->name, x->value, x->len, 0) < 0) {
			auto_free char *what = mem_printf("attribute '%.100s' could not be set (%s)", x->name,
							  strerror(errno));

			changed(a, what, a->e->name);
		}
	}
}

/* Owner, then attributes (chown drops file capabilities), then mode (chown drops setuid), then time. */
static int set_meta(struct apply *a, bool is_link, struct fail *f)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, a->e->mtime };
	uid_t uid;
	gid_t gid;
	bool kept = owner_of(a, &uid, &gid);

	if (fchownat(a->at, a->name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(f, errno, "give '%.300s' the owner %u:%u", a->e->name, uid, gid);
	if (kept)
		keep_owner(a);
	set_attrs(a);
	/* No link can stand here: the object was made or looked at a moment ago, by us alone. */
	if (!is_link && fchmodat(a->at, a->name, a->e->mode, 0) < 0)
		return fail(f, errno, "set the mode of '%.300s'", a->e->name);
	if (utimensat(a->at, a->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(f, errno, "set the time of '%.300s'", a->e->name);
	return 0;
}

static int check_disk(struct apply *a, struct fail *f)
{
	struct statvfs v;
	int64_t unit, reserve;

	if (a->ret->size - a->disk_checked < DISK_CHECK)
		return 0;
	a->disk_checked = a->ret->size;
	if (fstatvfs(a->o->tree_fd, &v) < 0)
		return 0;
	unit = (int64_t)v.f_frsize;
	reserve = (int64_t)v.f_blocks / 100 * unit;
	if (reserve > DISK_RESERVE)
		reserve = DISK_RESERVE;
	if ((int64_t)v.f_bavail * unit >= reserve)
		return 0;
	refuse(f, ENOSPC, "the store's disk is nearly full: %lld MB are left",
	       (long long)((int64_t)v.f_bavail * unit / 1000000));
	fail_hint(f, "rbox container prune; rbox volume prune; rbox rmi IMAGE...");
	return -ENOSPC;
}

/*
 * Makes way for an entry where the layer has put something already. RET_OPAQUE: what stood there
 * hid what is below, so a folder that takes its place has to do so too.
 */
static int clear_way(struct apply *a, bool *ret_opaque, struct fail *f)
{
	struct stat st;
	int r;

	*ret_opaque = false;
	if (fstatat(a->at, a->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(f, errno, "look at '%.300s'", a->e->name);
	if (S_ISDIR(st.st_mode)) {
		if (a->e->type == TAR_DIR)
			return 1;	/* the same folder again: its content stays */
		tree_forget(&a->tree);
		r = file_remove_tree(a->at, a->name);
		return r < 0 ? fail(f, -r, "replace '%.300s'", a->e->name) : 0;
	}
	*ret_opaque = true;
	if (unlinkat(a->at, a->name, 0) < 0)
		return fail(f, errno, "replace '%.300s'", a->e->name);
	return 0;
}

static int write_data(struct apply *a, int fd, struct fail *f)
{
	int64_t at = 0, want = 0;
	const void *p;
	ssize_t n;

	while ((n = tar_data(a->tar, &p, &want, f)) > 0) {
		int r;

		if (want != at && lseek(fd, want, SEEK_SET) < 0)
			return fail(f, errno, "seek in '%.300s'", a->e->name);
		r = io_write_full(fd, p, (size_t)n);
		if (r < 0)
			return fail(f, -r, "write '%.300s'", a->e->name);
		at = want + n;
		a->ret->size += n;
		if (check_disk(a, f) < 0)
			return -ENOSPC;
	}
	if (n == 0 && tar_is_sparse(a->tar) && ftruncate(fd, a->e->size) < 0)
		return fail(f, errno, "set the size of '%.300s'", a->e->name);
	return (int)n;
}

/* The hot path: everything by the open descriptor, no call that isn't needed. */
static int put_file(struct apply *a, struct fail *f)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, a->e->mtime };
	auto_fd int fd = -EBADF;
	bool opaque, kept;
	uid_t uid;
	gid_t gid;
	int r;

	fd = fd_open(a->at, a->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd == -EEXIST) {
		r = clear_way(a, &opaque, f);
		if (r < 0)
			return r;
		fd = fd_open(a->at, a->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	}
	if (fd < 0)
		return fail(f, -fd, "make the file '%.300s'", a->e->name);
	r = write_data(a, fd, f);
	if (r < 0)
		return r;
	kept = owner_of(a, &uid, &gid);
	if (fchown(fd, uid, gid) < 0)
		return fail(f, errno, "give '%.300s' the owner %u:%u", a->e->name, uid, gid);
	if (kept)
		keep_owner(a);
	if (a->e->n_xattrs)
		set_attrs(a);
	if (fchmod(fd, a->e->mode) < 0)
		return fail(f, errno, "set the mode of '%.300s'", a->e->name);
	if (futimens(fd, times) < 0)
		return fail(f, errno, "set the time of '%.300s'", a->e->name);
	return 0;
}

static int put_dir(struct apply *a, struct fail *f)
{
	bool opaque = false;
	int r = 0;

	if (mkdirat(a->at, a->name, 0700) < 0) {
		if (errno != EEXIST)
			return fail(f, errno, "make the folder '%.300s'", a->e->name);
		r = clear_way(a, &opaque, f);
		if (r < 0)
			return r;
		if (r == 0 && mkdirat(a->at, a->name, 0700) < 0)
			return fail(f, errno, "make the folder '%.300s'", a->e->name);
	}
	if (opaque) {
		auto_free char *path = proc_path(a->at, a->name);

		if (setxattr(path, OVERLAY_OPAQUE, "y", 1, 0) < 0)
			return fail(f, errno, "make '%.300s' opaque", a->e->name);
	}
	r = set_meta(a, false, f);
	if (r == 0)
		tree_time_add(&a->tree, walk_path(&a->tree.main, a->name), a->e->mtime);
	return r;
}

static int put_symlink(struct apply *a, struct fail *f)
{
	bool opaque;
	int r;

	if (symlinkat(a->e->link, a->at, a->name) < 0) {
		if (errno != EEXIST)
			return fail(f, errno, "make the link '%.300s'", a->e->name);
		r = clear_way(a, &opaque, f);
		if (r < 0)
			return r;
		if (symlinkat(a->e->link, a->at, a->name) < 0)
			return fail(f, errno, "make the link '%.300s'", a->e->name);
	}
	return set_meta(a, true, f);
}

/* A fifo, or the empty file that stands for a device. */
static int put_special(struct apply *a, struct fail *f)
{
	bool device = a->e->type != TAR_FIFO, opaque;
	mode_t mode = device ? S_IFREG : S_IFIFO;
	int r;

	if (mknodat(a->at, a->name, mode, 0) < 0) {
		if (errno != EEXIST)
			return fail(f, errno, "make '%.300s'", a->e->name);
		r = clear_way(a, &opaque, f);
		if (r < 0)
			return r;
		if (mknodat(a->at, a->name, mode, 0) < 0)
			return fail(f, errno, "make '%.300s'", a->e->name);
	}
	if (device) {
		auto_free char *what = mem_printf("%s device %u:%u needs privileges, an empty file holds its place",
						  a->e->type == TAR_CHAR ? "character" : "block",
						  a->e->dev_major, a->e->dev_minor);

		changed(a, what, a->e->name);
		a->e->mode = 0;
	}
	return set_meta(a, false, f);
}

/* A file of the lower layers becomes one of this layer, as overlay copies up what gets a new link. */
static int copy_up(struct apply *a, const char *name, struct fail *f)
{
	int dir = walk_fd(&a->tree, &a->tree.link), r;
	auto_fd int low = -EBADF, from = -EBADF, to = -EBADF;
	char path[FD_PATH_MAX];
	struct stat st;

	low = tree_lower(&a->tree, &a->tree.link, name, &st);
	if (low < 0 || S_ISDIR(st.st_mode))
		return refuse(f, ENOENT, "hard link '%.200s' to '%.200s', which is no file of the image",
			      a->e->name, a->e->link);
	if (S_ISLNK(st.st_mode)) {
		char target[4097];
		ssize_t n = readlinkat(low, "", target, sizeof(target) - 1);

		target[n < 0 ? 0 : n] = '\0';
		if (n < 0 || symlinkat(target, dir, name) < 0)
			return fail(f, errno, "copy the link '%.300s' of a lower layer", a->e->link);
		return tree_copy_meta(low, &st, dir, name, f);
	}
	if (!S_ISREG(st.st_mode)) {
		if (mknodat(dir, name, st.st_mode & (S_IFMT | 07777), 0) < 0)
			return fail(f, errno, "copy '%.300s' of a lower layer", a->e->link);
		return tree_copy_meta(low, &st, dir, name, f);
	}
	from = fd_open(AT_FDCWD, fd_path(low, path), O_RDONLY, 0);
	if (from < 0)
		return fail(f, -from, "open '%.300s' of a lower layer", a->e->link);
	to = fd_open(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	r = to < 0 ? to : io_copy(from, to, UINT64_MAX);
	if (r < 0)
		return fail(f, -r, "copy '%.300s' of a lower layer", a->e->link);
	a->ret->size += st.st_size;
	return tree_copy_meta(low, &st, dir, name, f);
}

/* "/a/./b//../c" -> a, c; ".." at the top stays at the top. */
static char **components(const char *path)
{
	char **in = strv_split(path, "/", true);
	size_t n = 0;

	for (size_t i = 0; in && in[i]; i++) {
		bool up = !strcmp(in[i], "..");

		if (up && n)
			mem_free_ptr(&in[--n]);
		if (up || !strcmp(in[i], ".")) {
			mem_free_ptr(&in[i]);
			continue;
		}
		if (n != i) {
			in[n] = in[i];
			in[i] = NULL;
		}
		n++;
	}
	if (in)
		in[n] = NULL;
	return in;
}

static int put_link(struct apply *a, struct fail *f)
{
	auto_strv char **to = components(a->e->link);
	size_t n = strv_len(to);
	struct stat st;
	bool opaque;
	int dir, r;

	if (!n)
		return refuse(f, EINVAL, "hard link '%.300s' to nothing", a->e->name);
	r = tree_enter(&a->tree, &a->tree.link, to, n - 1, f);
	if (r)
		return r;
	dir = walk_fd(&a->tree, &a->tree.link);
	r = fstatat(dir, to[n - 1], &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
	if (r == -ENOENT) {
		if (tree_depends(&a->tree, "a hard link to what isn't in the layer", a->e->link))
			return TREE_DEPENDS;
		r = copy_up(a, to[n - 1], f);
		if (r < 0)
			return r;
		if (fstatat(dir, to[n - 1], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return fail(f, errno, "look at '%.300s'", a->e->link);
	} else if (r < 0) {
		return fail(f, -r, "look at '%.300s'", a->e->link);
	} else if (S_ISDIR(st.st_mode) || is_whiteout(&st)) {
		return refuse(f, EPERM, "hard link '%.200s' to '%.200s', which is no file", a->e->name,
			      a->e->link);
	}
	/* To itself: nothing to do, and clear_way would take the only name away. */
	if (linkat(dir, to[n - 1], a->at, a->name, 0) == 0)
		return 0;
	if (errno == EEXIST) {
		auto_fd int held = -EBADF;
		struct stat own;

		if (fstatat(a->at, a->name, &own, AT_SYMLINK_NOFOLLOW) == 0 && own.st_ino == st.st_ino)
			return 0;
		/* A folder that goes takes the way to the target with it (tree_forget), but not this. */
		held = fd_open(dir, ".", O_PATH | O_DIRECTORY, 0);
		if (held < 0)
			return fail(f, -held, "open the folder of '%.300s'", a->e->link);
		r = clear_way(a, &opaque, f);
		if (r < 0)
			return r;
		/* What was cleared away may have held the target. */
		if (linkat(held, to[n - 1], a->at, a->name, 0) == 0)
			return 0;
	}
	return fail(f, errno, "make the hard link '%.200s' to '%.200s'", a->e->name, a->e->link);
}

/*
 * An overlay keeps the marks of overlays for itself: a store that lies on one has no place for what a layer deletes.
 * F is the failure so far.
 */
static int unmarkable(int r, struct fail *f)
{
	if (r == -EPERM || r == -EOPNOTSUPP)
		fail_hint(f, "the store lies on an overlay (in a container?), which can't keep what a layer deletes: put "
			  "it on another file system, a volume or a tmpfs, with XDG_DATA_HOME");
	return r;
}

static int put_opaque(struct apply *a, struct fail *f)
{
	auto_free char *path = proc_path(a->at, ".");

	if (!a->tree.main.depth) {
		a->opaque_root = true;
		if (tree_depends(&a->tree, "an opaque root folder", "/"))
			return TREE_DEPENDS;
	}
	if (setxattr(path, OVERLAY_OPAQUE, "y", 1, 0) == 0)
		return 0;
	return unmarkable(fail(f, errno, "make the folder of '%.300s' opaque", a->e->name), f);
}

static void note_whiteout(struct apply *a)
{
	auto_free char *folder = walk_path(&a->tree.main, NULL);
	char ***v = &a->ret->whiteouts;
	size_t n = a->n_whiteouts;

	/* The root always merges; a folder's whiteouts come in a row. */
	if (!*folder || (n && !strcmp((*v)[n - 1], folder)))
		return;
	/* A stranger's layer may have millions: not by strv_add, which counts them each time. */
	if (!(n & (n + 1)))
		*v = mem_resize(*v, (n + 1) * 2, sizeof(char *));
	(*v)[n] = mem_take(&folder);
	(*v)[n + 1] = NULL;
	a->n_whiteouts++;
}

static int put_whiteout(struct apply *a, struct fail *f)
{
	const char *name = a->name + strlen(WHITEOUT);
	struct stat st;

	if (!path_is_component(name))
		return refuse(f, EINVAL, "'%.300s' is a whiteout of no name", a->e->name);
	if (fstatat(a->at, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		auto_free char *path = proc_path(a->at, name);

		/* The layer has the name itself; a folder must not show what is below. */
		if (S_ISDIR(st.st_mode) && setxattr(path, OVERLAY_OPAQUE, "y", 1, 0) < 0)
			return fail(f, errno, "make '%.300s' opaque", a->e->name);
		return 0;
	}
	if (a->tree.lower) {
		auto_fd int low = tree_lower(&a->tree, &a->tree.main, name, &st);

		if (low == -ENOENT)
			return tree_depends(&a->tree, "a whiteout of what isn't there", a->e->name);
	}
	if (mknodat(a->at, name, S_IFCHR, makedev(0, 0)) < 0)
		return unmarkable(fail(f, errno, "make the whiteout '%.300s'", a->e->name), f);
	note_whiteout(a);
	return 0;
}

/* The entry "." or "/": what the root is like. */
static int put_root(struct apply *a, struct fail *f)
{
	int r;

	if (a->e->type != TAR_DIR)
		return refuse(f, EINVAL, "an entry that is no folder takes the place of the root");
	a->at = a->o->tree_fd;
	a->name = mem_strdup(".");
	r = set_meta(a, false, f);
	if (r == 0)
		tree_time_add(&a->tree, mem_strdup(""), a->e->mtime);
	a->ret->root_named = true;
	return r;
}

static int put(struct apply *a, struct fail *f)
{
	if (!strcmp(a->name, WHITEOUT_OPAQUE))
		return put_opaque(a, f);
	if (str_starts(a->name, WHITEOUT_META))
		return 0;
	if (str_starts(a->name, WHITEOUT))
		return put_whiteout(a, f);
	switch (a->e->type) {
	case TAR_FILE: return put_file(a, f);
	case TAR_DIR: return put_dir(a, f);
	case TAR_SYMLINK: return put_symlink(a, f);
	case TAR_LINK: return put_link(a, f);
	default: return put_special(a, f);
	}
}

static int apply_entry(struct apply *a, struct fail *f)
{
	auto_strv char **comps = components(a->e->name);
	size_t n = strv_len(comps);
	int r;

	if (++a->ret->files > APPLY_ENTRIES_MAX)
		return refuse(f, E2BIG, "the layer has more than %d entries", APPLY_ENTRIES_MAX);
	mem_free_ptr(&a->name);
	if (!n)
		return put_root(a, f);
	r = tree_enter(&a->tree, &a->tree.main, comps, n - 1, f);
	if (r)
		return r < 0 ? fail_in(f, r, "entry '%.300s'", a->e->name) : r;
	a->at = walk_fd(&a->tree, &a->tree.main);
	a->name = mem_strdup(comps[n - 1]);
	return put(a, f);
}

static int dir_names(int dir, char ***ret)
{
	DIR *d;
	int r = fd_opendir(fd_open(dir, ".", O_RDONLY | O_DIRECTORY, 0), &d);

	if (r < 0)
		return r;
	for (struct dirent *e; (e = readdir(d));)
		if (path_is_component(e->d_name))
			strv_add(ret, e->d_name);
	closedir(d);
	return 0;
}

/*
 * Overlay takes no notice of an opaque root: every name of the lower root that the layer
 * lacks gets a whiteout, every folder it has becomes opaque.
 */
static int hide_lower_root(struct apply *a, struct fail *f)
{
	char path[FD_PATH_MAX];

	if (removexattr(fd_path(a->o->tree_fd, path), OVERLAY_OPAQUE) < 0 && errno != ENODATA)
		return fail(f, errno, "take the mark from the root folder");
	for (size_t i = 0; i < a->tree.lower->n; i++) {
		auto_strv char **names = NULL;
		int r = dir_names(a->tree.lower->fds[i], &names);

		if (r < 0)
			return fail(f, -r, "list the root of a lower layer");
		strv_each(it, names) {
			auto_free char *own = proc_path(a->o->tree_fd, *it);
			struct stat st;

			if (fstatat(a->o->tree_fd, *it, &st, AT_SYMLINK_NOFOLLOW) < 0)
				r = mknodat(a->o->tree_fd, *it, S_IFCHR, makedev(0, 0));
			else if (S_ISDIR(st.st_mode))
				r = setxattr(own, OVERLAY_OPAQUE, "y", 1, 0);
			if (r < 0)
				return unmarkable(fail(f, errno, "hide '%.300s' of the lower layers", *it), f);
		}
	}
	return 0;
}

static void apply_init(struct apply *a)
{
	a->nobody_uid = mapped(&a->o->uids, NOBODY) ? NOBODY : 0;
	a->nobody_gid = mapped(&a->o->gids, NOBODY) ? NOBODY : 0;
	a->single = !mapped(&a->o->uids, 1);
	tree_init(&a->tree, a->o->tree_fd, a->o->lower);
}

static void apply_done(struct apply *a)
{
	mem_free_ptr(&a->name);
	a->ret->depends = mem_take(&a->tree.depends);
	tree_done(&a->tree);
}

int tar_apply(struct tar *t, const struct apply_opts *o, struct apply_result *ret, struct fail *f)
{
	struct apply a = { .o = o, .ret = ret, .tar = t };
	int r;

	apply_init(&a);
	while ((r = tar_next(t, &a.e, f)) > 0) {
		r = apply_entry(&a, f);
		if (r)
			break;
	}
	if (r == 0 && a.opaque_root)
		r = hide_lower_root(&a, f);
	if (r == 0)
		r = tree_times_apply(&a.tree, f);
	if (r == 0 && a.single && a.owners_kept)
		strv_addf(&ret->changed, "%" PRId64 " owners are kept as attributes: this user has no "
			  "subordinate ids", a.owners_kept);
	apply_done(&a);
	return r;
}
