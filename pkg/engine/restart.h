/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_RESTART_H
#define PKG_ENGINE_RESTART_H

#include "pkg/engine/container.h"

/*
 * Starts a container that exists, namespace and all: engine_start for commands that didn't create it; a
 * prepared one's command is run. ATTACH: the attach socket comes back, else 0.
 */
int engine_start_again(struct engine *e, struct container *c, bool attach, struct fail *f) MUST_USE;

/* Makes all of it but has its command wait for the start. -EINVAL: it runs, or is prepared already. */
int engine_init(struct engine *e, struct container *c, struct fail *f) MUST_USE;

/* Stops it when it runs (TIMEOUT as in engine_stop), then starts it with the config it has. One with --rm
 * lives on: its end is no reason to remove it this time. */
int engine_restart(struct engine *e, struct container *c, int timeout, struct fail *f) MUST_USE;

/*
 * The mark "restart" in a container's folder, for its monitor and the sweep: this end is not the last, --rm
 * waits. It is a lock, made and held by engine_restart, so that it ends with a restart that is killed.
 * Removed by the start, under the container's lock.
 */
#define RESTART_TRACE "restart"	/* beside its socket in the runtime folder: for the sweep */
bool restart_is_marked(int dir_fd);
void restart_unmark(int dir_fd);

#endif
