/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_VIEW_H
#define RUNTIME_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "pkg/util/fail.h"
#include "runtime/launch.h"
#include "runtime/plan.h"

/*
 * The root file system of a container as a descriptor, for whoever copies, exports or commits. The
 * caller is in U (runtime/userns.h) and stays there: what lies below the descriptor is opened with
 * path_open_in_root alone, and none of the container's processes can see or trace the caller.
 *
 * A running container's root is opened by a child that joins its namespaces, so that volumes, binds
 * and tmpfs show as inside. A stopped one's is mounted in a mount namespace of the child's own; the
 * container's lock is the caller's to hold meanwhile, since an overlay can't be mounted twice.
 */
struct view {
	int root_fd;	/* O_PATH */
	pid_t holder;	/* keeps the private mounts; 0: none */
	int hold_fd;	/* closed to let it go */
	pid_t fuse_pid;
};
#define VIEW_INIT { .root_fd = -EBADF, .hold_fd = -EBADF }

/*
 * PIDFD and PID: the container's first process, checked by the caller. BARE: the root's own file system
 * alone, as it is below all that is mounted on it.
 */
int view_running(pid_t pid, int pidfd, bool bare, struct view *ret, struct fail *f) MUST_USE;

/* BINDS (OP_BIND) are mounted over it, as they would be at a start. */
int view_stopped(const struct launch_rootfs *r, const struct op *binds, size_t n, struct view *ret,
		 struct fail *f) MUST_USE;

/*
 * Lets go of everything; waits until a private mount is gone, so that the lock may be let go after it:
 * of several the one opened last goes first, whose holder has copies of the others' descriptors.
 */
void view_done(struct view *v);
#define auto_view __attribute__((cleanup(view_done)))

#endif
