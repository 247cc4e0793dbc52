/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_REMOVE_H
#define PKG_ENGINE_REMOVE_H

#include "pkg/engine/container.h"

/* Takes a container away. Running: refused, unless FORCE (stopped first with TIMEOUT, as engine_stop). */
int engine_remove(struct engine *e, struct container *c, bool force, int timeout, struct fail *f) MUST_USE;

/* --replace: removes whatever bears NAME; none is success. */
int remove_by_name(struct engine *e, const char *name, struct fail *f) MUST_USE;

#endif
