/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ENGINE_LATEST_H
#define PKG_ENGINE_LATEST_H

#include "pkg/engine/engine.h"
#include "storage/ctr.h"

/* --latest: the container that was made last, running or not. -ENOENT: there is none. */
int engine_latest(struct engine *e, char ret[CTR_ID_LEN + 1], struct fail *f) MUST_USE;

#endif
