/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_STOP_H
#define PKG_ENGINE_STOP_H

#include "pkg/engine/container.h"

/* Stops by the container's stop signal, SIGKILL after TIMEOUT seconds (LIFE_TIMEOUT_UNSET: its own; -1:
 * never). Returns when it has ended and its exit status is on disk. Not running: success. */
int engine_stop(struct engine *e, struct container *c, int timeout, struct fail *f) MUST_USE;

/* Sends SIG to the container's first process. -ESRCH when it isn't running. */
int engine_kill(struct engine *e, struct container *c, int sig, struct fail *f) MUST_USE;

/* Waits until the monitor has ended; MS < 0: without limit. -ETIMEDOUT. */
int stop_await(struct container *c, int ms, struct fail *f) MUST_USE;

#endif
