// SPDX-License-Identifier: Apache-2.0
#include "runtime/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/file.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "runtime/copyup.h"

enum { LINKS_MAX = 20, MOUNTINFO_MAX = 16 << 20 };

/* --- targets --- */

/* Makes the last component of PATH; returns 1 with *RET_LINK where a dangling link stands for it. */
static int make_last(int root_fd, const char *path, bool folder, char **ret_link)
{
	auto_free char *dir = mem_strdup(path);
	char target[4096];
	auto_fd int parent = -EBADF, file = -EBADF;
	char *slash = strrchr(dir, '/');
	const char *base;
	ssize_t n;

	base = path + (slash ? slash + 1 - dir : 0);
	if (slash)
		*slash = '\0';
	parent = path_mkdirs_in_root(root_fd, slash ? dir : "/", 0755);
	if (parent < 0)
		return parent;
	if (folder)
		return mkdirat(parent, base, 0755) < 0 && errno != EEXIST ? -errno : 0;
	file = fd_open(parent, base, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0644);
	if (file != -EEXIST)
		return file < 0 ? file : 0;
	n = readlinkat(parent, base, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	*ret_link = *target == '/' ? mem_strdup(target) : path_join(dir, target);
	return 1;
}

int mount_target(int root_fd, const char *path, bool folder)
{
	int flags = O_PATH | (folder ? O_DIRECTORY : 0);
	auto_free char *at = NULL;
	int fd = path_open_in_root(root_fd, path, flags, 0);

	if (fd != -ENOENT)
		return fd;
	at = path_clean(path);
	for (int i = 0; i < LINKS_MAX; i++) {
		auto_free char *link = NULL;
		int r = make_last(root_fd, at, folder, &link);

		if (r < 0)
			return r;
		if (r == 0)
			return path_open_in_root(root_fd, path, flags, 0);
		mem_replace(&at, path_clean(link));
	}
	return -ELOOP;
}

/* --- attributes --- */

static uint64_t attr_of(unsigned long flags)
{
	static const struct {
		unsigned long ms;
		uint64_t attr;
	} rows[] = {
		{ MS_RDONLY, MOUNT_ATTR_RDONLY }, { MS_NOSUID, MOUNT_ATTR_NOSUID },
		{ MS_NODEV, MOUNT_ATTR_NODEV }, { MS_NOEXEC, MOUNT_ATTR_NOEXEC },
		{ MS_NODIRATIME, MOUNT_ATTR_NODIRATIME }, { MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	};
	uint64_t attr = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (flags & rows[i].ms)
			attr |= rows[i].attr;
	return attr;
}

static const unsigned long KEPT_FLAGS = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NODIRATIME |
					MS_NOSYMFOLLOW;

/* statfs's f_flags as MS_*: what a remount has to repeat, since users can't take it away. */
static unsigned long locked_flags(int fd)
{
	struct statfs st;
	unsigned long f = 0;

	if (fstatfs(fd, &st) < 0)
		return 0;
	f = (unsigned long)st.f_flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME |
					 MS_NODIRATIME);
	/* ST_RELATIME is 0x1000 in statfs, 1 << 21 in mount. */
	return f | ((unsigned long)st.f_flags & 0x1000 ? MS_RELATIME : 0);
}

static int remount_one(const char *path, unsigned long flags)
{
	auto_fd int fd = fd_open(AT_FDCWD, path, O_PATH, 0);

	if (fd < 0)
		return fd;
	flags = (flags & KEPT_FLAGS) | locked_flags(fd);
	return mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | flags, NULL) < 0 ? -errno : 0;
}

/* "\040" and the like of /proc/self/mountinfo, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*to++ = (char)(((s[1] - '0') << 6) | ((s[2] - '0') << 3) | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* mount_setattr(AT_RECURSIVE) by hand: every mount at or below the place of FD. */
static int remount_below(int fd, unsigned long flags, unsigned long propagation)
{
	auto_str struct str text = STR_INIT(MOUNTINFO_MAX);
	auto_strv char **lines = NULL;
	char proc[FD_PATH_MAX], top[4096];
	ssize_t n = readlink(fd_path(fd, proc), top, sizeof(top) - 1);
	int r;

	if (n < 0)
		return -errno;
	top[n] = '\0';
	if (propagation && mount(NULL, top, NULL, propagation, NULL) < 0)
		return -errno;
	if (!(flags & KEPT_FLAGS))
		return 0;
	r = file_read(AT_FDCWD, "/proc/self/mountinfo", &text);
	if (r < 0)
		return r;
	lines = strv_split(str_cstr(&text), "\n", true);
	strv_each(it, lines) {
		auto_strv char **words = strv_split(*it, " ", false);

		if (strv_len(words) < 5)
			continue;
		unescape(words[4]);
		if (!str_starts(words[4], top) || (words[4][n] && words[4][n] != '/'))
			continue;
		r = remount_one(words[4], flags);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- binds --- */

/* A copy of the mount at FD, detached; -ENOSYS where the kernel can't. */
static int tree_clone(int fd, bool recursive)
{
	int tree = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
			     (recursive ? AT_RECURSIVE : 0));

	return tree < 0 ? -errno : tree;
}

static int tree_setattr(int tree, unsigned long flags, unsigned long propagation)
{
	struct mount_attr attr = {
		.attr_set = attr_of(flags),
		.propagation = propagation & ~(unsigned long)MS_REC,
	};

	if (!attr.attr_set && !attr.propagation)
		return 0;
	return mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

static int tree_attach(int tree, int target)
{
	return move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ?
		       -errno : 0;
}

/* The same by mount(2): PATH is opened again to reach what was just mounted on it. */
static int bind_classic(int root_fd, int source, int target, const struct op *op, const char *path)
{
	char from[FD_PATH_MAX], to[FD_PATH_MAX];
	auto_fd int mounted = -EBADF;

	if (mount(fd_path(source, from), fd_path(target, to), NULL,
		  MS_BIND | (op->how & OP_RECURSIVE ? MS_REC : 0), NULL) < 0)
		return -errno;
	if (!(op->flags & KEPT_FLAGS) && !op->propagation)
		return 0;
	mounted = path_open_in_root(root_fd, path, O_PATH, 0);
	return mounted < 0 ? mounted : remount_below(mounted, op->flags, op->propagation);
}

static int bind_at(int root_fd, int source, int target, const struct op *op, const char *path)
{
	auto_fd int tree = tree_clone(source, op->how & OP_RECURSIVE);
	int r;

	if (tree == -ENOSYS)
		return bind_classic(root_fd, source, target, op, path);
	if (tree < 0)
		return tree;
	r = tree_setattr(tree, op->flags, op->propagation);
	if (r == 0)
		r = tree_attach(tree, target);
	return r == -ENOSYS ? bind_classic(root_fd, source, target, op, path) : r;
}

int mount_bind(int root_fd, const struct op *op, struct fail *f)
{
	auto_fd int source = fd_open(AT_FDCWD, op->source, O_PATH, 0);
	auto_fd int target = -EBADF;
	struct stat st;
	int r;

	if (source < 0)
		return fail(f, -source, "bind '%s' to '%s': open the source", op->source, op->target);
	if (fstat(source, &st) < 0)
		return op_fail(op, errno, f);
	target = mount_target(root_fd, op->target, S_ISDIR(st.st_mode));
	if (target < 0)
		return fail(f, -target, "bind '%s' to '%s': open the destination in the container",
			    op->source, op->target);
	r = bind_at(root_fd, source, target, op, op->target);
	if (r == 0)
		return 0;
	r = op_fail(op, -r, f);
	/* The kernel keeps what the host mounted over something from being uncovered. */
	if (r == -EINVAL && !(op->how & OP_RECURSIVE))
		fail_hint(f, "other mounts lie below '%s': use rbind", op->source);
	return r;
}

int mount_fd(int root_fd, int fd, const struct op *op, const char *target, struct fail *f)
{
	auto_fd int at = mount_target(root_fd, target, false);
	char from[FD_PATH_MAX], to[FD_PATH_MAX];

	if (at < 0)
		return op_fail(op, -at, f);
	if (mount(fd_path(fd, from), fd_path(at, to), NULL, MS_BIND, NULL) < 0)
		return op_fail(op, errno, f);
	return 0;
}

static bool stat_is_device(const struct stat *st, unsigned major_, unsigned minor_)
{
	return (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) && st->st_rdev == makedev(major_, minor_);
}

static bool is_device(int fd, unsigned major_, unsigned minor_)
{
	struct stat st;

	return fstat(fd, &st) == 0 && stat_is_device(&st, major_, minor_);
}

/* On a /dev of our own nothing can be but what we made: three calls a device. */
static int device_own(int dev_fd, const struct op *op, struct fail *f)
{
	const char *name = path_base(op->target);
	char to[FD_PATH_MAX + 256], proc[FD_PATH_MAX];
	struct stat st;

	if (mknodat(dev_fd, name, S_IFREG | 0644, 0) < 0 && errno != EEXIST)
		return op_fail(op, errno, f);
	snprintf(to, sizeof(to), "%s/%s", fd_path(dev_fd, proc), name);
	if (mount(op->source, to, NULL, MS_BIND, NULL) < 0)
		return op_fail(op, errno, f);
	if (fstatat(dev_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return op_fail(op, errno, f);
	if (!stat_is_device(&st, op->major, op->minor))
		return refuse(f, ENODEV, "bind device '%s': it is not device %u:%u of this machine",
			      op->source, op->major, op->minor);
	return 0;
}

int mount_device(const struct mount_root *root, const struct op *op, struct fail *f)
{
	auto_fd int source = -EBADF, made = -EBADF;
	int r;

	if ((op->how & OP_OWN_DEV) && root->dev_fd >= 0)
		return device_own(root->dev_fd, op, f);
	source = fd_open(AT_FDCWD, op->source, O_PATH, 0);
	if (source < 0)
		return op_fail(op, -source, f);
	if (!is_device(source, op->major, op->minor))
		return refuse(f, ENODEV, "bind device '%s': it is not device %u:%u of this machine",
			      op->source, op->major, op->minor);
	r = mount_fd(root->fd, source, op, op->target, f);
	if (r < 0)
		return r;
	made = path_open_in_root(root->fd, op->target, O_PATH, 0);
	if (made < 0)
		return op_fail(op, -made, f);
	if (!is_device(made, op->major, op->minor))
		return refuse(f, ENODEV, "bind device '%s': something else came to stand at '%s'", op->source,
			      op->target);
	return 0;
}

int mount_link(const struct mount_root *root, const struct op *op, struct fail *f)
{
	const char *base = path_base(op->target);
	bool own = (op->how & OP_OWN_DEV) && root->dev_fd >= 0;
	auto_free char *dir = mem_strndup(op->target, (size_t)(base - op->target));
	auto_fd int fd = own ? -EBADF : path_open_in_root(root->fd, dir, O_PATH | O_DIRECTORY, 0);

	if (!own && fd < 0)
		return op->how & OP_OPTIONAL ? 0 : op_fail(op, -fd, f);
	if (symlinkat(op->source, own ? root->dev_fd : fd, base) < 0 && errno != EEXIST &&
	    /* A volume there that is read-only. */
	    !((op->how & OP_OPTIONAL) && errno == EROFS))
		return op_fail(op, errno, f);
	return 0;
}

int mount_clone(int fd)
{
	int tree = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	return tree < 0 ? -errno : tree;
}

/* --- file systems --- */

/* The outer file system at SOURCE instead of a fresh one, with op's flags. */
static int bind_outer(int root_fd, int target, const struct op *op, const char *source)
{
	struct op outer = *op;
	auto_fd int from = fd_open(AT_FDCWD, source, O_PATH | O_DIRECTORY, 0);

	if (from < 0)
		return from;
	outer.how = OP_RECURSIVE;
	return bind_at(root_fd, from, target, &outer, op->target);
}

static const char *outer_place(const struct op *op)
{
	static const char *const rows[][2] = {
		{ "proc", "/proc" }, { "sysfs", "/sys" }, { "mqueue", "/dev/mqueue" },
		{ "cgroup2", "/sys/fs/cgroup" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(rows[i][0], op->type))
			return rows[i][1];
	return NULL;
}

/* DATA without "gid=...": devpts refuses an id that isn't mapped. */
static char *without_gid(const char *data)
{
	auto_strv char **words = strv_split(data, ",", true);
	auto_strv char **left = NULL;

	strv_each(it, words)
		if (!str_starts(*it, "gid="))
			strv_add(&left, *it);
	return strv_join(left, ",");
}

/* HAD: the root had the folder BELOW before; one made for the mount has nothing to tell, not even a mode. */
static int copy_up(int root_fd, int below, bool had, const struct op *op, struct fail *f)
{
	auto_fd int top = path_open_in_root(root_fd, op->target, O_RDONLY | O_DIRECTORY, 0);
	bool keep_mode = op->data && strstr(op->data, "mode=");

	if (top < 0)
		return op_fail(op, -top, f);
	return copyup_tree(below, top, had && !keep_mode, f);
}

static int mount_fresh(int target, const struct op *op, const char *data)
{
	char to[FD_PATH_MAX];

	return mount(op->source, fd_path(target, to), op->type, op->flags, data) < 0 ? -errno : 0;
}

/* A folder of our own /dev; anything unusual is left to the careful way. */
static int target_in_dev(const struct mount_root *root, const struct op *op)
{
	const char *name = path_base(op->target);

	if (!(op->how & OP_OWN_DEV) || root->dev_fd < 0 || mkdirat(root->dev_fd, name, 0755) < 0)
		return -EEXIST;
	return fd_open(root->dev_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* What else can be done where the kernel refused with R. */
static int mount_instead(int root_fd, int target, const struct op *op, int r)
{
	const char *outer = outer_place(op);
	char to[FD_PATH_MAX];

	if (r == -EINVAL && !strcmp(op->type, "devpts") && op->data && strstr(op->data, "gid=")) {
		auto_free char *data = without_gid(op->data);

		r = mount_fresh(target, op, data);
	}
	if (r == -EPERM && outer)
		r = bind_outer(root_fd, target, op, outer);
	/* No control groups to show are no reason not to start. */
	if (r < 0 && op->kind == OP_CGROUP)
		r = mount("tmpfs", fd_path(target, to), "tmpfs",
			  MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k") < 0 ? -errno : 0;
	return r;
}

int mount_fs(struct mount_root *root, const struct op *op, struct fail *f)
{
	auto_fd int target = target_in_dev(root, op);
	bool had;
	int r;

	if (target < 0)
		target = path_open_in_root(root->fd, op->target, O_PATH | O_DIRECTORY, 0);
	had = target >= 0;
	if (target == -ENOENT)
		target = mount_target(root->fd, op->target, true);
	if (target < 0)
		return op_fail(op, -target, f);
	r = mount_fresh(target, op, op->data);
	if (r < 0)
		r = mount_instead(root->fd, target, op, r);
	if (r < 0)
		return op_fail(op, -r, f);
	if (!strcmp(op->target, "/dev") && !strcmp(op->type, "tmpfs")) {
		fd_close(root->dev_fd);
		root->dev_fd = path_open_in_root(root->fd, "/dev", O_PATH | O_DIRECTORY, 0);
		if (root->dev_fd < 0)
			return op_fail(op, -root->dev_fd, f);
	}
	return op->how & OP_COPYUP ? copy_up(root->fd, target, had, op, f) : 0;
}

/* --- masked and read-only paths --- */

static int check_on_proc(int fd, const struct op *op, struct fail *f)
{
	struct statfs st;

	if (!(op->how & OP_ON_PROC))
		return 0;
	if (fstatfs(fd, &st) < 0)
		return op_fail(op, errno, f);
	if (st.f_type != PROC_SUPER_MAGIC)
		return refuse(f, EXDEV, "'%s' is not on procfs", op->target);
	return 0;
}

/* Opens what is to be hidden; 0 (no descriptor of ours is ever 0) where there is nothing. */
static int open_hidden(int root_fd, const struct op *op, struct fail *f)
{
	auto_fd int fd = path_open_in_root(root_fd, op->target, O_PATH, 0);
	int r;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return op_fail(op, -fd, f);
	r = check_on_proc(fd, op, f);
	return r < 0 ? r : fd_take(&fd);
}

static int mask_file(int root_fd, struct mount_masks *m, int target, const struct op *op, struct fail *f)
{
	char from[FD_PATH_MAX], to[FD_PATH_MAX];
	auto_fd int made = -EBADF;

	if (m->null_fd < 0) {
		m->null_fd = fd_open(AT_FDCWD, "/dev/null", O_PATH | O_NOFOLLOW, 0);
		if (m->null_fd < 0)
			return fail(f, -m->null_fd, "open '/dev/null'");
		if (!is_device(m->null_fd, 1, 3))
			return refuse(f, ENODEV, "the host's '/dev/null' is not device 1:3");
	}
	if (mount(fd_path(m->null_fd, from), fd_path(target, to), NULL, MS_BIND, NULL) < 0)
		return op_fail(op, errno, f);
	made = path_open_in_root(root_fd, op->target, O_PATH, 0);
	if (made < 0 || !is_device(made, 1, 3))
		return refuse(f, EXDEV, "mask '%s': something else came to stand there", op->target);
	return 0;
}

static int mask_folder(int root_fd, struct mount_masks *m, int target, const struct op *op, struct fail *f)
{
	char from[FD_PATH_MAX], to[FD_PATH_MAX];
	auto_fd int made = -EBADF;
	struct statfs st;
	int r;

	if (m->empty_fd < 0)
		r = mount("tmpfs", fd_path(target, to), "tmpfs",
			  MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=2,mode=755");
	else
		r = mount(fd_path(m->empty_fd, from), fd_path(target, to), NULL, MS_BIND, NULL);
	if (r < 0)
		return op_fail(op, errno, f);
	made = path_open_in_root(root_fd, op->target, O_PATH | O_DIRECTORY, 0);
	if (made < 0 || fstatfs(made, &st) < 0 || st.f_type != TMPFS_MAGIC)
		return refuse(f, EXDEV, "mask '%s': something else came to stand there", op->target);
	if (m->empty_fd < 0)
		m->empty_fd = fd_take(&made);
	return 0;
}

int mount_mask(int root_fd, struct mount_masks *m, const struct op *op, struct fail *f)
{
	auto_fd int target = -EBADF;
	struct stat st;
	int fd = open_hidden(root_fd, op, f);

	if (fd <= 0)
		return fd;
	target = fd;
	if (fstat(target, &st) < 0)
		return op_fail(op, errno, f);
	return S_ISDIR(st.st_mode) ? mask_folder(root_fd, m, target, op, f) :
				     mask_file(root_fd, m, target, op, f);
}

int mount_readonly(int root_fd, const struct op *op, struct fail *f)
{
	struct op ro = *op;
	auto_fd int target = -EBADF;
	int fd = open_hidden(root_fd, op, f);
	int r;

	if (fd <= 0)
		return fd;
	target = fd;
	ro.flags = MS_RDONLY;
	ro.how = OP_RECURSIVE;
	r = bind_at(root_fd, target, target, &ro, op->target);
	return r < 0 ? op_fail(op, -r, f) : 0;
}

int mount_text(int root_fd, const char *over, const struct op *op, const char *target, const char *text,
	       struct fail *f)
{
	auto_fd int place = -EBADF, file = -EBADF, old = -EBADF;
	struct stat st = { .st_mode = 0644 };
	int r;

	/* Attached to a place outside of the root: it goes with the old root, its file stays bound. */
	if (mount("tmpfs", over, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m,mode=700") < 0)
		return op_fail(op, errno, f);
	place = fd_open(AT_FDCWD, over, O_PATH | O_DIRECTORY, 0);
	if (place < 0)
		return op_fail(op, -place, f);
	old = path_open_in_root(root_fd, target, O_PATH, 0);
	if (old >= 0 && fstat(old, &st) < 0)
		return op_fail(op, errno, f);
	file = fd_open(place, "file", O_CREAT | O_EXCL | O_RDWR, 0600);
	r = file < 0 ? file : io_write_full(file, text, strlen(text));
	if (r < 0)
		return op_fail(op, -r, f);
	/* As the image has it; an owner that isn't mapped stays ours. */
	if (old >= 0 && fchown(file, st.st_uid, st.st_gid) < 0 && errno != EINVAL && errno != EPERM)
		return op_fail(op, errno, f);
	if (fchmod(file, st.st_mode & 0777) < 0)
		return op_fail(op, errno, f);
	return mount_fd(root_fd, file, op, target, f);
}
