/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_PAUSE_H
#define PKG_ENGINE_PAUSE_H

#include "pkg/engine/container.h"

/*
 * Pausing takes the freezer of a cgroup that is the container's own. No cgroup is made yet: both are refused
 * (-ENOTSUP) with what keeps it from us. Stopping the processes one by one (SIGSTOP) would be seen by
 * their parents and undone by any SIGCONT: no pause. The container's state is judged first, in podman's words.
 */
int engine_pause(struct engine *e, struct container *c, struct fail *f) MUST_USE;
int engine_unpause(struct engine *e, struct container *c, struct fail *f) MUST_USE;

#endif
