/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_MOUNTOPT_H
#define PKG_ENGINE_MOUNTOPT_H

#include "pkg/engine/config.h"

/*
 * -v, --mount and --tmpfs as podman writes them, into config mounts (sorted by destination, so
 * that a parent is mounted before what lies in it). Sources of binds are made absolute and must exist; those of
 * volumes are found by volumes_take. What does not work yet (:U, :O, ...) is refused by name, never ignored.
 */
int mountopt_parse(const struct run_opts *o, struct container_config *c, struct fail *f) MUST_USE;

void mountopt_sort(struct container_config *c);

#endif
