/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_UPDATE_H
#define PKG_ENGINE_UPDATE_H

#include "pkg/engine/container.h"

/*
 * Other limits for C: what is given in G replaces what it had. They are saved for its next start, and hold
 * from now on while it runs (-ENOTSUP where its cgroup can't have them, or it has none: nothing is changed or saved
 * then). C's config and state are read again, under the lock.
 */
int engine_update(struct container *c, const struct resource_group *g, struct fail *f) MUST_USE;

#endif
