/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_WAIT_H
#define PKG_ENGINE_WAIT_H

#include "pkg/engine/engine.h"
#include "runtime/state.h"

/*
 * Waiting for a container to reach a state. CONDITIONS are podman's words (configured created exited
 * initialized paused removing running stopped stopping; an empty list means that it has ended; healthy
 * unhealthy, for one with a health check). The end of a run counts, also when another follows it.
 */
int wait_conditions(char *const *words, unsigned *ret_mask, struct fail *f) MUST_USE;

/*
 * *RET_CODE: the exit status when the container has ended and that was waited for, else -1. No lock
 * is taken; when it returns after the end, the monitor's lock.run is free: start and rm find no
 * monitor that only clears up.
 */
int engine_wait(struct engine *e, const char *name, unsigned mask, int *ret_code, struct fail *f) MUST_USE;

#endif
