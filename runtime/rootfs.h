/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_ROOTFS_H
#define RUNTIME_ROOTFS_H

#include "pkg/util/fail.h"
#include "runtime/launch.h"
#include "runtime/plan.h"

/* The root of a container: made in a mount namespace of its own, where it lives and dies. */

/* OP_PROPAGATION. */
int rootfs_propagation(const struct op *op, struct fail *f) MUST_USE;

/* Makes a folder the working directory (runtime/init.c's alone to do); 0 or -errno. */
typedef int (*rootfs_enter)(int dirfd);

/*
 * OP_OVERLAY: mounts the overlay on R->rw, in this mount namespace alone, and returns its root
 * (O_PATH, the caller's). Lower folders are named as seen from R->base, which is entered: names
 * stay short, and the container's /proc/mounts tells nothing of the host.
 * More layers than fit mount's one page go in by fsconfig(lowerdir+), else by short links on a
 * private tmpfs.
 */
int rootfs_overlay(const struct launch_rootfs *r, rootfs_enter enter, const struct op *op,
		   struct fail *f) MUST_USE;

/*
 * After rootfs_overlay has failed with F: mounts a fuse file system on R->rw, to be served by somebody
 * else (runtime/fuse.h) on the descriptor returned, before rootfs_fuse_root opens it. Where that can't be
 * either, F stays as it was and its code is returned.
 */
int rootfs_fuse(const struct launch_rootfs *r, struct fail *f) MUST_USE;
int rootfs_fuse_root(const struct launch_rootfs *r, const struct op *op, struct fail *f) MUST_USE;

/* Takes the root that rootfs_overlay or rootfs_fuse_root made off again, before this returns. */
void rootfs_leave(const struct launch_rootfs *r);

/* OP_ROOT_DIR: binds the folder onto itself, with what is mounted below. */
int rootfs_dir(const struct op *op, struct fail *f) MUST_USE;

/* OP_ROOT_READONLY: the root's own mount, not what lies below. */
int rootfs_readonly(int root_fd, const struct op *op, struct fail *f) MUST_USE;

/* OP_PIVOT: the caller has entered the new root. The old one and all below it is let go. */
int rootfs_pivot(const struct op *op, struct fail *f) MUST_USE;

#endif
