/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_PAUSE_H
#define PKG_ENGINE_PAUSE_H

#include "pkg/engine/container.h"

/*
 * Pausing is the freezer of the container's own cgroup (runtime/cgroup.h), which takes no controller. A container
 * without a cgroup can't be paused (-ENOTSUP, with what kept it from one): stopping its processes one by one (SIGSTOP)
 * would be seen by their parents and undone by any SIGCONT. The container's state is judged first, in podman's words.
 */
int engine_pause(struct engine *e, struct container *c, struct fail *f) MUST_USE;
int engine_unpause(struct engine *e, struct container *c, struct fail *f) MUST_USE;

/* The container's own cgroup, opened; -ENOENT: it runs without one. */
int container_cgroup(const struct container *c) MUST_USE;

#endif
