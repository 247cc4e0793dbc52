// SPDX-License-Identifier: Apache-2.0
#include "runtime/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pkg/util/fd.h"
#include "pkg/util/io.h"
#include "pkg/util/mem.h"
#include "pkg/util/path.h"
#include "runtime/userns.h"

/* mount(2) takes one page of options, its end included. */
enum { PAGE_OPTIONS = 4095, LINKS_MAX = 62 * 62 };

int rootfs_propagation(const struct op *op, struct fail *f)
{
	return mount(NULL, "/", NULL, op->flags, NULL) < 0 ? op_fail(op, errno, f) : 0;
}

/* A folder in an option: what separates (":" and ",") and the escape itself are escaped. */
static void add_escaped(struct str *s, const char *path)
{
	for (; *path; path++) {
		if (*path == ':' || *path == ',' || *path == '\\')
			str_addc(s, '\\');
		str_addc(s, *path);
	}
}

/* rw_fd's folders by number: no host path to be too long, to need escapes, or to be shown. */
static void add_upper(struct str *s, int rw_fd, bool is_volatile)
{
	str_addf(s, ",upperdir=/proc/self/fd/%d/upper,workdir=/proc/self/fd/%d/work,userxattr%s", rw_fd,
		 rw_fd, is_volatile ? ",volatile" : "");
}

static int mount_page(const char *target, const struct str *options)
{
	return mount("overlay", target, "overlay", 0, options->s) < 0 ? -errno : 0;
}

static int config_upper(int fs, int rw_fd, bool is_volatile)
{
	char path[FD_PATH_MAX + 8];

	if (fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0)
		return -errno;
	if (is_volatile && fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/upper", rw_fd);
	if (fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", path, 0) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/work", rw_fd);
	return fsconfig(fs, FSCONFIG_SET_STRING, "workdir", path, 0) < 0 ? -errno : 0;
}

/*
 * One fsconfig a layer (Linux 6.8): no page to fill. A value holds 255 bytes, enough for names
 * relative to the store. -ENOSYS and -EINVAL: try otherwise.
 */
static int mount_by_fsconfig(const struct launch_rootfs *r, int rw_fd)
{
	auto_fd int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	auto_fd int mnt = -EBADF;
	int ret;

	if (fs < 0)
		return -errno;
	strv_each(it, r->lowers)
		if (fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", *it, 0) < 0)
			return -errno;
	ret = config_upper(fs, rw_fd, r->is_volatile);
	if (ret < 0)
		return ret;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mnt < 0)
		return -errno;
	return move_mount(mnt, "", AT_FDCWD, r->rw, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

/* Digits of base 62: 300 layers need two characters each, and 3,844 would. */
static const char *link_name(size_t i, char buf[4])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = 0;

	if (i >= 62)
		buf[n++] = digits[i / 62 % 62];
	buf[n++] = digits[i % 62];
	buf[n] = '\0';
	return buf;
}

/*
 * Links of one or two characters on a tmpfs that nobody else sees stand for long names; they reach
 * the layers by descriptor. The tmpfs lies on the folder that the overlay then covers.
 */
static int mount_by_links(const struct launch_rootfs *r, int base_fd, int rw_fd, rootfs_enter enter)
{
	auto_str struct str options = STR_INIT(PAGE_OPTIONS);
	auto_fd int links = -EBADF;
	char name[4];
	size_t i = 0;
	int ret;

	if (mount("tmpfs", r->rw, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4m,mode=700") < 0)
		return -errno;
	links = fd_open(AT_FDCWD, r->rw, O_PATH | O_DIRECTORY, 0);
	if (links < 0)
		return links;
	str_add(&options, "lowerdir=");
	strv_each(it, r->lowers) {
		auto_free char *to = mem_printf("/proc/self/fd/%d/%s", base_fd, *it);

		if (i == LINKS_MAX)
			return -E2BIG;
		str_addf(&options, "%s%s", i ? ":" : "", link_name(i, name));
		i++;
		if (symlinkat(to, links, name) < 0)
			return -errno;
	}
	add_upper(&options, rw_fd, r->is_volatile);
	if (str_failed(&options))
		return -E2BIG;
	ret = enter(links);
	return ret < 0 ? ret : mount_page(r->rw, &options);
}

/* By what the page's options hold, one of three ways. */
static int mount_overlay(const struct launch_rootfs *r, const struct str *options, int base_fd, int rw_fd,
			 rootfs_enter enter)
{
	int ret;

	if (!str_failed(options))
		return mount_page(r->rw, options);
	ret = mount_by_fsconfig(r, rw_fd);
	return ret == -ENOSYS || ret == -EINVAL ? mount_by_links(r, base_fd, rw_fd, enter) : ret;
}

/*
 * The mark that a volatile mount leaves, over which the kernel mounts nothing more: a crash of the machine
 * since then may have lost data. What was volatile is voided by a boot, and here nobody has it mounted any
 * more (the container's lock is held), so that the mark says nothing. Forgotten before each mount, volatile
 * or not: whether a container's is may change.
 */
static void forget_volatile(int rw_fd)
{
	(void)unlinkat(rw_fd, "work/work/incompat/volatile/dirty", 0);
	(void)unlinkat(rw_fd, "work/work/incompat/volatile", AT_REMOVEDIR);
}

static int overlay_error(const struct launch_rootfs *r, const struct op *op, int err, struct fail *f)
{
	int ret = op_fail(op, err, f);

	if (err == EINVAL || err == EPERM || err == ENODEV)
		fail_hint(f, "the kernel makes no overlay over '%s' (is it on an overlay or a network "
			  "file system itself?): put the store elsewhere with XDG_DATA_HOME", r->rw);
	userns_hint(f, err);
	return ret;
}

/*
 * An overlay shows its upper folder's owner, mode and time as the root's: they have to be the
 * image's. What can't be (an owner that isn't mapped) stays as it is.
 */
static int liken_root(const struct launch_rootfs *r, int base_fd, int rw_fd, struct fail *f)
{
	auto_fd int upper = path_open_beneath(rw_fd, "upper", O_RDONLY | O_DIRECTORY, 0);
	struct timespec times[2];
	struct stat st;

	if (!r->root_like)
		return 0;
	if (upper < 0)
		return fail(f, -upper, "open '%s/upper'", r->rw);
	if (fstatat(base_fd, r->root_like, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(f, errno, "look at layer '%.12s'", r->root_like);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	(void)!fchown(upper, st.st_uid, st.st_gid);
	(void)!fchmod(upper, st.st_mode & 07777);
	(void)!futimens(upper, times);
	return 0;
}

int rootfs_overlay(const struct launch_rootfs *r, rootfs_enter enter, const struct op *op, struct fail *f)
{
	auto_str struct str options = STR_INIT(PAGE_OPTIONS);
	auto_fd int rw = fd_open(AT_FDCWD, r->rw, O_PATH | O_DIRECTORY, 0);
	auto_fd int base = fd_open(AT_FDCWD, r->base, O_PATH | O_DIRECTORY, 0);
	int ret, fd;

	if (rw < 0)
		return fail(f, -rw, "open the writable layer '%s'", r->rw);
	if (base < 0)
		return fail(f, -base, "open the layers' folder '%s'", r->base);
	ret = enter(base);
	if (ret < 0)
		return fail(f, -ret, "enter the layers' folder '%s'", r->base);
	ret = liken_root(r, base, rw, f);
	if (ret < 0)
		return ret;
	str_add(&options, "lowerdir=");
	strv_each(it, r->lowers) {
		if (it != r->lowers)
			str_addc(&options, ':');
		add_escaped(&options, *it);
	}
	add_upper(&options, rw, r->is_volatile);
	forget_volatile(rw);
	ret = mount_overlay(r, &options, base, rw, enter);
	if (ret < 0)
		return overlay_error(r, op, -ret, f);
	fd = fd_open(AT_FDCWD, r->rw, O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? op_fail(op, -fd, f) : fd;
}

/* What the kernel says where an overlay can't be, and not where something else is wrong. */
static bool no_overlay(int err)
{
	return err == EINVAL || err == EPERM || err == ENODEV || err == EOPNOTSUPP;
}

int rootfs_fuse(const struct launch_rootfs *r, struct fail *f)
{
	char options[160];
	int fd = no_overlay(f->code) ? fd_open(AT_FDCWD, "/dev/fuse", O_RDWR, 0) : -ENOSYS;

	if (fd < 0)
		return -f->code;
	/* Opened by us, in the user namespace that mounts: the kernel insists (fuse_fill_super). */
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", fd);
	if (mount("fuse-overlayfs", r->rw, "fuse.fuse-overlayfs", MS_NODEV, options) < 0) {
		fd_close(fd);
		return -f->code;
	}
	fail_clear(f);
	return fd;
}

int rootfs_fuse_root(const struct launch_rootfs *r, const struct op *op, struct fail *f)
{
	int fd = fd_open(AT_FDCWD, r->rw, O_PATH | O_DIRECTORY, 0);

	return fd < 0 ? op_fail(op, -fd, f) : fd;
}

void rootfs_leave(const struct launch_rootfs *r)
{
	/* Left to the end of the namespace, it would go some time after its last process (task_work). */
	if (r->rw)
		(void)umount2(r->rw, MNT_DETACH);
}

int rootfs_dir(const struct op *op, struct fail *f)
{
	int fd;

	if (mount(op->source, op->source, NULL, MS_BIND | MS_REC, NULL) < 0)
		return op_fail(op, errno, f);
	fd = fd_open(AT_FDCWD, op->source, O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? op_fail(op, -fd, f) : fd;
}

int rootfs_readonly(int root_fd, const struct op *op, struct fail *f)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	char path[FD_PATH_MAX];

	if (mount_setattr(root_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0)
		return 0;
	if (errno != ENOSYS)
		return op_fail(op, errno, f);
	if (mount(NULL, fd_path(root_fd, path), NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		return op_fail(op, errno, f);
	return 0;
}

int rootfs_pivot(const struct op *op, struct fail *f)
{
	/* The old root comes to lie over the new one and is taken off: no folder for it is needed. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return op_fail(op, errno, f);
	if (umount2(".", MNT_DETACH) < 0)
		return op_fail(op, errno, f);
	return 0;
}
