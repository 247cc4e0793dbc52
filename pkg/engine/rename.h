/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_RENAME_H
#define PKG_ENGINE_RENAME_H

#include "pkg/engine/container.h"

/*
 * Gives container C the name TEXT (as ctr_name_typed), in any state it may be in; c->config.name is the new one then. The old
 * name is free. Killed at any moment the container is found by one of the two or by both, and no name is lost;
 * rename_heal ends what was begun.
 */
int engine_rename(struct engine *e, struct container *c, const char *text, struct fail *f) MUST_USE;

/*
 * For who has found container ID by TEXT, which begins no id. The name of a container is the one in its config; a link
 * of another name is what a rename left that was killed: it is removed, and ps is told the right one. True when TEXT
 * was such a name. Waits for nobody: false while the container is being changed.
 */
bool rename_heal(struct engine *e, const char *id, const char *text);

#endif
