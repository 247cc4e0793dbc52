/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_REQUIRES_H
#define PKG_ENGINE_REQUIRES_H

#include "pkg/engine/container.h"

/*
 * --requires: containers that are started before this one and can't be removed before it. Who depends on a container
 * is told by empty files needed.<id> in its folder, so that a removal reads one folder; a mark whose container is
 * gone counts for nothing. Dependents are stopped by nobody when it stops (podman).
 */

/* The names in TYPED (each may be a list with commas) as ids in C, and the marks. C->id must be set. */
int requires_set(struct engine *e, char *const *typed, struct container_config *c, struct fail *f) MUST_USE;

/* Starts what C requires and doesn't run, and what that requires. */
int requires_start(struct engine *e, const struct container_config *c, struct fail *f) MUST_USE;

/* The ids of those that require the container whose folder is DIR_FD; the caller frees the list. */
char **requires_dependents(struct engine *e, int dir_fd) MUST_USE;
/* -EEXIST, in podman's words, when there are any. */
int requires_check_free(struct engine *e, const struct container *c, struct fail *f) MUST_USE;

#endif
