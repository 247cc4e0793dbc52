/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_RENAME_H
#define PKG_ENGINE_RENAME_H

#include "pkg/engine/container.h"

/*
 * Gives container C the name TO, in any state it may be in; c->config.name is the new one then. The old
 * name is free. Killed at any moment the container is found by one of the two or by both, and no name is lost.
 */
int engine_rename(struct engine *e, struct container *c, const char *to, struct fail *f) MUST_USE;

#endif
