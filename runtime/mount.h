/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_MOUNT_H
#define RUNTIME_MOUNT_H

#include <sys/types.h>

#include "pkg/util/fail.h"
#include "runtime/plan.h"

/*
 * Mounts inside a container's root, made before the pivot. ROOT_FD is the new root; targets are
 * resolved within it (path_open_in_root), made when missing, and never left by a link; sources are
 * the host's. Where the kernel lacks open_tree, move_mount or mount_setattr (before 5.12, or an outer
 * engine's filter: ENOSYS), mount(2) on /proc/self/fd does the same.
 */

/* Opens PATH below ROOT_FD (O_PATH); a missing one is made, as a folder or an empty file. */
int mount_target(int root_fd, const char *path, bool folder) MUST_USE;

/*
 * The new root, and the folder of the tmpfs that OP_MOUNT made on its /dev: names on that are
 * nobody's but ours, so that they need no lookup (OP_OWN_DEV).
 */
struct mount_root {
	int fd;
	int dev_fd;	/* -EBADF until there is one */
};

/* OP_MOUNT, OP_CGROUP. Where a fresh proc, sysfs, mqueue or cgroup2 is refused (masked outside,
 * a namespace of somebody else's), the outer one is bound instead. */
int mount_fs(struct mount_root *root, const struct op *op, struct fail *f) MUST_USE;

/* OP_BIND and OP_INIT: read-only and the like hold for all that comes with it. */
int mount_bind(int root_fd, const struct op *op, struct fail *f) MUST_USE;

/*
 * FD's mount by itself, without all that is mounted on it and attached to nothing: an O_PATH descriptor of
 * its root. In FD's own mount namespace and with rights over it; Linux 5.2 (-ENOSYS before).
 */
int mount_clone(int fd) MUST_USE;

/* OP_DEVICE, checked afterwards to be that very device. */
int mount_device(const struct mount_root *root, const struct op *op, struct fail *f) MUST_USE;

/* OP_LINK. */
int mount_link(const struct mount_root *root, const struct op *op, struct fail *f) MUST_USE;

/* FD, a file or device, to TARGET. */
int mount_fd(int root_fd, int fd, const struct op *op, const char *target, struct fail *f) MUST_USE;

/* OP_MASK and OP_READONLY; a missing target is success. Keep the state between calls. */
struct mount_masks {
	int null_fd;	/* the host's /dev/null, verified; -EBADF at first */
	int empty_fd;	/* an empty read-only tmpfs that all masked folders share; -EBADF at first */
};
int mount_mask(int root_fd, struct mount_masks *m, const struct op *op, struct fail *f) MUST_USE;
int mount_readonly(int root_fd, const struct op *op, struct fail *f) MUST_USE;

/* A file with TEXT on a private tmpfs, bound over TARGET: the image's own file stays as it is. */
int mount_text(int root_fd, const char *over, const struct op *op, const char *target, const char *text,
	       struct fail *f) MUST_USE;

#endif
