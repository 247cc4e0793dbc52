/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_POLICY_H
#define PKG_ENGINE_POLICY_H

#include "pkg/engine/container.h"

/* The restart policy of a container that exists (runtime/monitor/restart.h). */

/*
 * Whether C can have the policy TEXT: one that can be read, and none for a container with --rm that had none, whose
 * root can be mounted only once.
 */
int policy_check(const struct container *c, const char *text, struct fail *f) MUST_USE;

/*
 * Writes it down (override.json) and tells the monitor, if there is one: it holds from the next end on, and for
 * the run that the container waits for. A monitor of the version before learns of it at its next start only.
 */
int policy_set(struct engine *e, struct container *c, const char *text, struct fail *f) MUST_USE;

#endif
