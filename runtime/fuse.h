/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_FUSE_H
#define RUNTIME_FUSE_H

#include <sys/types.h>

#include "pkg/util/fail.h"
#include "runtime/launch.h"

/*
 * fuse-overlayfs where the kernel makes no overlay (the store lies on one, or on NFS). The
 * container's first process opens /dev/fuse and mounts; the server runs outside, on the descriptor passed
 * to it: inside, it would hold the mount that holds it. It ends by itself when the mount is gone.
 * Returns the server's pid; the caller waits for it once the container has ended. FD stays the caller's.
 */
#define FUSE_MARK "fuse"	/* a file in R->rw from then on: the upper folder may hold fuse-overlayfs's marks */
pid_t fuse_serve(const struct launch_rootfs *r, int fd, struct fail *f) MUST_USE;

#endif
