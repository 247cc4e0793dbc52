/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_STOP_H
#define PKG_ENGINE_STOP_H

#include "pkg/engine/container.h"

/* Stops by the container's stop signal, SIGKILL after TIMEOUT seconds (LIFE_TIMEOUT_UNSET: its own; -1:
 * never). Returns when it has ended and its exit status is on disk. Not running: success. A paused one is
 * killed at once: for who only stops, stop_refuse_paused comes first. */
int engine_stop(struct engine *e, struct container *c, int timeout, struct fail *f) MUST_USE;

/* A paused container isn't stopped: -EINVAL in podman's words; 0 for any other. */
int stop_refuse_paused(const struct container *c, struct fail *f) MUST_USE;

/*
 * The first half of engine_stop: asks for the end and returns at once, so that several end side by side.
 * c->stop_asked keeps the time; engine_stop with the same TIMEOUT waits for what is left of it, and asks no
 * second time (a second SIGTERM means "at once" to many programs).
 */
int stop_begin(struct container *c, int timeout, struct fail *f) MUST_USE;

/* Says that its user wants it to end, so that no policy starts it again. Says so to nobody who sleeps: ask_stop. */
void stop_mark(const struct container *c);

/* Whether C runs and was asked to stop, by whom is gone or waits for it: "stopping" in podman's words. */
bool stop_is_under_way(const struct container *c);

/* Sends SIG to the container's first process. -ESRCH when it isn't running (podman's words). */
int engine_kill(struct engine *e, struct container *c, int sig, struct fail *f) MUST_USE;

/* Waits until the monitor has ended; MS < 0: without limit. -ETIMEDOUT. */
int stop_await(struct container *c, int64_t ms, struct fail *f) MUST_USE;

#endif
