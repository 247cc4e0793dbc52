/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_WAIT_H
#define PKG_ENGINE_WAIT_H

#include "pkg/engine/engine.h"
#include "runtime/state.h"

/*
 * Waiting for a container to reach a state. CONDITIONS are podman's words (configured created exited
 * initialized paused removing running stopped stopping; an empty list means that it has ended; healthy
 * unhealthy, for one with a health check). The end of a run counts, also when another follows it, and one that
 * was never started has ended: nothing says that it ever will be.
 */
int wait_conditions(char *const *words, unsigned *ret_mask, struct fail *f) MUST_USE;

/*
 * *RET_CODE: the exit status when the container has ended and that was waited for, else -1. No lock
 * is taken; when it returns after the end, the monitor's lock.run is free: start and rm find no
 * monitor that only clears up.
 */
int engine_wait(struct engine *e, const char *name, unsigned mask, int *ret_code, struct fail *f) MUST_USE;

/*
 * Until the run that RUN tells of is over in the container of the folder DIR_FD: it has ended or is gone, or
 * (NEXT) the run that was to follow has begun, or couldn't. Only for a run whose end has been asked for.
 */
void wait_run_over(int dir_fd, const struct state *run, bool next);

#endif
